"""The types of the package for checkers and editors; at run time `__init__.py` imports lazily."""

from omnimsg.testing.adapters.conformance import AdapterConformance as AdapterConformance
from omnimsg.testing.adapters.flow_driver import Driven as Driven
from omnimsg.testing.adapters.flow_driver import drive as drive
from omnimsg.testing.adapters.scripted_answers import Accept as Accept
from omnimsg.testing.adapters.scripted_answers import Missing as Missing
from omnimsg.testing.adapters.scripted_answers import Refuse as Refuse
from omnimsg.testing.adapters.scripted_answers import Said as Said
from omnimsg.testing.journal_conformance import JournalConformance as JournalConformance
from omnimsg.testing.memory.fake_adapter import FakeAdapter as FakeAdapter
from omnimsg.testing.memory.fake_provider import FakeProvider as FakeProvider
from omnimsg.testing.memory.memory_transport import MemoryTransport as MemoryTransport
from omnimsg.testing.sandbox.config import SandboxConfig as SandboxConfig
from omnimsg.testing.sandbox.facade import InjectedFault as InjectedFault
from omnimsg.testing.sandbox.facade import TestSandbox as TestSandbox
from omnimsg.testing.sandbox.facade import serve_sandbox as serve_sandbox
from omnimsg.testing.sandbox.phone import Phone as Phone
from omnimsg.testing.sandbox.phone_message import PhoneMessage as PhoneMessage
from omnimsg.testing.sandbox.session import StrayMessageWarning as StrayMessageWarning
from omnimsg.testing.stores.conformance import StoreConformance as StoreConformance
from omnimsg.testing.suppression_conformance import SuppressionConformance as SuppressionConformance

__all__ = [
    "Accept",
    "AdapterConformance",
    "Driven",
    "FakeAdapter",
    "FakeProvider",
    "InjectedFault",
    "JournalConformance",
    "MemoryTransport",
    "Missing",
    "Phone",
    "PhoneMessage",
    "Refuse",
    "Said",
    "SandboxConfig",
    "StoreConformance",
    "StrayMessageWarning",
    "SuppressionConformance",
    "TestSandbox",
    "drive",
    "serve_sandbox",
]
