"""Faults to plant in the product, one at a time: the simulation must find each of them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def planted(name: str | None) -> Iterator[None]:
    """Plant a fault, by its name, for as long as this lasts; `None` plants nothing."""
    assert name is None
    yield
