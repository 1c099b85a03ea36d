"""The local sandbox: emulated providers, handsets that receive messages, and faults on demand.

The sandbox imports neither the engine nor any adapter, so that adapters are tested against an
independent reading of the providers' documents.

`server.py` gives each request to an emulator, with the faults that hit it, or to the control API.
The emulators are beside their adapters: they check payloads with the rules of `schema.py`, plan the
timeline of each accepted message (`message_records.py`), and store it for its phone
(`handsets.py`). `callbacks/` reports what the timelines reach, and `inbox/` shows it.
"""

from omnimsg.sandbox.callbacks.callbacks import Callbacks
from omnimsg.sandbox.callbacks.draft import CallbackDraft, PlannedReport, SignedCallback
from omnimsg.sandbox.callbacks.phone_reply import (
    Button,
    PhoneReply,
    ReplyError,
    ReplyInteraction,
    ReplyLocation,
    ReplyMedia,
)
from omnimsg.sandbox.callbacks.signer import JSON_TYPE, CallbackSigner
from omnimsg.sandbox.callbacks.source import CallbackSource
from omnimsg.sandbox.capacity import Limits
from omnimsg.sandbox.client_config import config, config_toml
from omnimsg.sandbox.emulator import Emulator, shuffle_entries
from omnimsg.sandbox.fault_scripts import Fault, FaultError, Faults
from omnimsg.sandbox.handsets import Handsets, Received
from omnimsg.sandbox.media_store import Media, MediaStore
from omnimsg.sandbox.message_records import (
    LifecycleStep,
    MessageRecord,
    MessageStore,
    StatusChange,
    describe,
    utc_timestamp,
)
from omnimsg.sandbox.replies import SentReply
from omnimsg.sandbox.responses import explained, json_response
from omnimsg.sandbox.scenarios import MAGIC, Scenario, is_magic, magic_number, scenario
from omnimsg.sandbox.server import Sandbox
from omnimsg.sandbox.service_windows import ServiceWindows
from omnimsg.sandbox.serving import serve
from omnimsg.sandbox.state import SandboxState

__all__ = [
    "JSON_TYPE",
    "MAGIC",
    "Button",
    "CallbackDraft",
    "CallbackSigner",
    "CallbackSource",
    "Callbacks",
    "Emulator",
    "Fault",
    "FaultError",
    "Faults",
    "Handsets",
    "LifecycleStep",
    "Limits",
    "Media",
    "MediaStore",
    "MessageRecord",
    "MessageStore",
    "PhoneReply",
    "PlannedReport",
    "Received",
    "ReplyError",
    "ReplyInteraction",
    "ReplyLocation",
    "ReplyMedia",
    "Sandbox",
    "SandboxState",
    "Scenario",
    "SentReply",
    "ServiceWindows",
    "SignedCallback",
    "StatusChange",
    "config",
    "config_toml",
    "describe",
    "explained",
    "is_magic",
    "json_response",
    "magic_number",
    "scenario",
    "serve",
    "shuffle_entries",
    "utc_timestamp",
]
