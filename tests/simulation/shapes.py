"""The shapes of worlds, and which of them a seed has."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from simulation.legged import legged
from simulation.power_cut import power_cut
from simulation.routed import routed
from simulation.worlds import doubts, everyday, held

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulation.harness import Main

SHAPES: Mapping[str, Main] = MappingProxyType(
    {
        "everyday": everyday,
        "power-cut": power_cut,
        "held": held,
        "doubts": doubts,
        "routed": routed,
        "legged": legged,
    }
)

# One of these after the other, by seed; worlds of routes and legs have seeds of their own.
_TURNS = ("everyday", "everyday", "power-cut", "everyday", "held", "doubts")


def shape_of(seed: int) -> str:
    """Return the shape of the world that a seed has."""
    return _TURNS[seed % len(_TURNS)]
