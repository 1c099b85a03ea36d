"""Conformance tests for adapters, for people who write an adapter.

`AdapterConformance` is a test class to derive from; `docs/write-an-adapter.md` shows how. pytest
runs it, but nothing here imports pytest.
"""

from omnimsg.testing.conformance import AdapterConformance
from omnimsg.testing.flow_driver import Driven, drive
from omnimsg.testing.scripted_answers import Accept, Missing, Refuse, Said

__all__ = [
    "Accept",
    "AdapterConformance",
    "Driven",
    "Missing",
    "Refuse",
    "Said",
    "drive",
]
