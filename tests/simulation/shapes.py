"""The shapes of worlds, and the shape of each seed."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from simulation.leg_worlds import legged
from simulation.power_cut import power_cut
from simulation.route_worlds import routed
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

# The shapes in turn, by seed; worlds of routes and legs have their own seeds.
_TURNS = ("everyday", "everyday", "power-cut", "everyday", "held", "doubts")


def shape_of(seed: int) -> str:
    """Return the shape of a seed's world."""
    return _TURNS[seed % len(_TURNS)]
