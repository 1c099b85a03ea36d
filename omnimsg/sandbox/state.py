"""What all emulators of one sandbox share: a clock, a pace, a seed and the handsets."""

from __future__ import annotations

import random
import time
import uuid
from collections import OrderedDict
from typing import TYPE_CHECKING

from omnimsg.sandbox.handsets import Handsets
from omnimsg.sandbox.limits import Limits
from omnimsg.sandbox.message_records import Step, paced

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class World:
    """The surroundings that an emulator is given.

    Args:
        pace: Seconds between two steps of a message's life; 0 plays them all at once.
        seed: Equal seeds give equal ids for equal requests in equal order.
        clock: Epoch seconds.
        limits: How much is remembered.
    """

    def __init__(
        self,
        *,
        pace: float = 0.0,
        seed: int = 0,
        clock: Callable[[], float] = time.time,
        limits: Limits | None = None,
    ) -> None:
        self.pace = pace
        self.clock = clock
        self.limits: Limits = limits or Limits()
        self.handsets: Handsets = Handsets(clock, self.limits)
        # Ids must repeat from run to run; nothing here is a secret.
        self.random: random.Random = random.Random(seed)  # noqa: S311
        self._throttled: OrderedDict[tuple[str, str], None] = OrderedDict()

    def hex_id(self) -> str:
        """Return a new id of 32 lower-case hexadecimal digits."""
        return f"{self.random.getrandbits(128):032x}"

    def uuid(self) -> str:
        """Return a new id in the form of a random UUID."""
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def paced(self, steps: Sequence[Step]) -> tuple[Step, ...]:
        """Lay a table's steps out at this world's pace."""
        return paced(steps, self.pace)

    def throttles(self, provider: str, to: str) -> bool:
        """Say whether this attempt is the one to throttle: every odd one of a recipient."""
        key = (provider, to)
        if key in self._throttled:
            del self._throttled[key]
            return False
        self._throttled[key] = None
        if len(self._throttled) > self.limits.handsets:
            self._throttled.popitem(last=False)
        return True

    def reset(self) -> None:
        """Empty the handsets and forget who was throttled."""
        self.handsets.clear()
        self._throttled.clear()
