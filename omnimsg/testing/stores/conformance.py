"""The conformance suite for stores: checks of everything that omnimsg relies on in a `Store`."""

from __future__ import annotations

from omnimsg.testing.stores.doubt_checks import DoubtChecks
from omnimsg.testing.stores.event_checks import EventChecks
from omnimsg.testing.stores.name_checks import NameChecks
from omnimsg.testing.stores.overlap_checks import OverlapChecks
from omnimsg.testing.stores.sharing_checks import SharingChecks
from omnimsg.testing.stores.value_checks import ValueChecks


class StoreConformance(
    ValueChecks, NameChecks, DoubtChecks, EventChecks, OverlapChecks, SharingChecks
):
    """Check that a store does everything that omnimsg relies on.

    Derive a test class (pytest collects it by its name, `Test...`), and open an empty store. Each
    check is a plain function that opens a store in an event loop of its own, so no plugin for
    asynchronous tests is needed.

    ```python
    class TestMine(StoreConformance):
        def open_store(self): ...   # an async context manager with an empty store
        def open_second(self): ...  # if processes share it: the same data, through another object
    ```
    """
