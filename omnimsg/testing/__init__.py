"""Tools for tests of an application and of an adapter.

* `TestSandbox` is the value of the fixture `omnimsg_sandbox`: read phones, wait for messages, reply
  from a phone. `serve_sandbox` serves one without pytest. `docs/test-your-application.md` shows it.
* `FakeProvider` is a provider in memory, and `MemoryTransport` a transport without sockets.
* `AdapterConformance` is the base class for the tests of an adapter; `docs/write-an-adapter.md`
  shows how.
* `StoreConformance`, `JournalConformance` and `SuppressionConformance` are those for a store, a
  journal and a suppression list of an application's own; `docs/receive.md` shows how.

Nothing here imports pytest. Each name is imported when it is first used.
"""

from importlib import import_module

_EXPORTS = {
    "omnimsg.testing.adapters.conformance": ("AdapterConformance",),
    "omnimsg.testing.adapters.flow_driver": ("Driven", "drive"),
    "omnimsg.testing.adapters.scripted_answers": ("Accept", "Missing", "Refuse", "Said"),
    "omnimsg.testing.journal_conformance": ("JournalConformance",),
    "omnimsg.testing.memory.fake_adapter": ("FakeAdapter",),
    "omnimsg.testing.memory.fake_provider": ("FakeProvider",),
    "omnimsg.testing.memory.memory_transport": ("MemoryTransport",),
    "omnimsg.testing.sandbox.config": ("SandboxConfig",),
    "omnimsg.testing.sandbox.facade": ("InjectedFault", "TestSandbox", "serve_sandbox"),
    "omnimsg.testing.sandbox.phone": ("Phone",),
    "omnimsg.testing.sandbox.phone_message": ("PhoneMessage",),
    "omnimsg.testing.sandbox.session": ("StrayMessageWarning",),
    "omnimsg.testing.stores.conformance": ("StoreConformance",),
    "omnimsg.testing.suppression_conformance": ("SuppressionConformance",),
}
_MODULES = {name: module for module, names in _EXPORTS.items() for name in names}

__all__ = list(dict.fromkeys(sorted(_MODULES)))


def __getattr__(name: str) -> object:
    """Import a name when it is first used."""
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(module), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the names, whether or not they were imported."""
    return sorted({*globals(), *_MODULES})
