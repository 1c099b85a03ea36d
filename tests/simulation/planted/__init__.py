"""Faults to plant in the product, one at a time: the simulation must find each of them.

pytest tests/simulation/test_planted.py --planted 2000     find all, and print the table
pytest tests/simulation --plant retry-of-doubt           plant one, and see a world fail
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from simulation.planted import outcomes, timing
from simulation.planted.planting import Fault, plant

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

FAULTS: tuple[Fault, ...] = outcomes.FAULTS + timing.FAULTS

__all__ = ["FAULTS", "Fault", "plant", "planted"]


def planted(name: str | None) -> AbstractContextManager[None]:
    """Plant the fault of this name while the returned context lasts; `None` plants none.

    Raises:
        LookupError: No fault has this name.
    """
    if name is None:
        return nullcontext()
    for each in FAULTS:
        if each.name == name:
            return plant(each)
    names = ", ".join(each.name for each in FAULTS)
    raise LookupError(f"no fault is called {name!r}; these are: {names}")
