"""The local sandbox: emulated providers, handsets that receive, and trouble on demand.

It knows neither the engine nor any adapter, so that adapters are tested against an independent
reading of the providers' documents.
"""

from omnimsg.sandbox.control_api import answer
from omnimsg.sandbox.emulator import Emulator, shuffled
from omnimsg.sandbox.faults import Fault, FaultError, Faults
from omnimsg.sandbox.handsets import Handsets, Received
from omnimsg.sandbox.limits import Limits
from omnimsg.sandbox.media_store import Media, MediaStore
from omnimsg.sandbox.message_records import Change, Messages, Record, Step, iso
from omnimsg.sandbox.scenarios import MAGIC, Scenario, magic_number, scenario
from omnimsg.sandbox.server import Sandbox, serve
from omnimsg.sandbox.settings import config, config_toml
from omnimsg.sandbox.state import World

__all__ = [
    "MAGIC",
    "Change",
    "Emulator",
    "Fault",
    "FaultError",
    "Faults",
    "Handsets",
    "Limits",
    "Media",
    "MediaStore",
    "Messages",
    "Received",
    "Record",
    "Sandbox",
    "Scenario",
    "Step",
    "World",
    "answer",
    "config",
    "config_toml",
    "iso",
    "magic_number",
    "scenario",
    "serve",
    "shuffled",
]
