"""The state that all emulators of one sandbox share: clock, pace, ids, handsets, throttling."""

from __future__ import annotations

import random
import time
from collections import OrderedDict
from types import NoneType
from typing import TYPE_CHECKING

import attrs

from omnimsg.sandbox.arguments import require, require_range
from omnimsg.sandbox.capacity import Limits
from omnimsg.sandbox.handsets import Handsets
from omnimsg.sandbox.ids import random_uuid

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from omnimsg.sandbox.message_records import LifecycleStep


class SandboxState:
    """The state that the emulators of one sandbox share.

    Args:
        pace: Seconds between two steps of a message's timeline; 0 reaches all of them at once.
        seed: Equal seeds give equal ids for equal requests in equal order.
        clock: Returns epoch seconds.
        limits: How much is stored.

    Raises:
        TypeError: An argument has another type.
        ValueError: The pace is negative, infinite or NaN.
    """

    def __init__(
        self,
        *,
        pace: float = 0.0,
        seed: int = 0,
        clock: Callable[[], float] = time.time,
        limits: Limits | None = None,
    ) -> None:
        require(int, float, pace=pace)
        require_range("pace", pace, 0)
        require(int, seed=seed)
        require(Limits, NoneType, limits=limits)
        if not callable(clock):
            raise TypeError(f"clock: must be a function, not {type(clock).__name__}")
        self.pace = pace
        self.clock = clock
        self.limits: Limits = limits or Limits()
        self.handsets: Handsets = Handsets(clock, self.limits)
        # Ids must repeat from run to run; nothing here is a secret.
        self._rng = random.Random(seed)  # noqa: S311
        self._throttled: OrderedDict[tuple[str, str], None] = OrderedDict()

    def hex_id(self) -> str:
        """Return a new id of 32 lower-case hexadecimal digits."""
        return f"{self._rng.getrandbits(128):032x}"

    def uuid(self) -> str:
        """Return a new id in the form of a random UUID."""
        return random_uuid(self._rng.getrandbits(128))

    def apply_pace(self, steps: Sequence[LifecycleStep]) -> tuple[LifecycleStep, ...]:
        """Return the steps of a table ``pace`` seconds apart."""
        if not self.pace:
            # Most sandboxes have no pace; the steps of a table can be used unchanged.
            return tuple(steps)
        return tuple(attrs.evolve(each, offset=n * self.pace) for n, each in enumerate(steps))

    def should_throttle(self, provider: str, to: str) -> bool:
        """Count an attempt to send to a recipient; return True for every odd attempt."""
        key = (provider, to)
        if key in self._throttled:
            del self._throttled[key]
            return False
        self._throttled[key] = None
        if len(self._throttled) > self.limits.handsets:
            self._throttled.popitem(last=False)
        return True

    def reset(self) -> None:
        """Empty the handsets, and reset the throttling of recipients."""
        self.handsets.clear()
        self._throttled.clear()
