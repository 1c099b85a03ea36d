"""Sending many messages through a client, and what that took."""

from __future__ import annotations

import math
import sys
import time
from array import array
from collections import Counter
from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING

import anyio
import attrs

from omnimsg.domain.errors import AmbiguousError, NotSentError, RejectedError
from omnimsg.domain.message import Message
from omnimsg.engine.limits.rate_limiter import slots_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from omnimsg.adapter import Capabilities
    from omnimsg.client import Client
    from omnimsg.domain.outcome import Outcome
    from omnimsg.engine.policy import Limits

    Heard = Callable[[int, Outcome], object]

# Of the messages, how many go ahead unmeasured, and at most: connections and imports come first.
_WARM_UP = 1 / 10
_MOST_WARM_UP = 500

# Of the time that a run took, how much a limit must account for to be named.
_DECISIVE = 0.8


@attrs.frozen(kw_only=True)
class Plan:
    """What to send.

    Attributes:
        messages: How many are measured.
        callers: Tasks that send one message after the other; 0 is one `send_many`.
        latency: Seconds by which each answer is delayed.
        deadline: Seconds of patience for each message.
    """

    messages: int
    callers: int
    latency: float
    deadline: float

    @property
    def warm_up(self) -> int:
        """How many messages go ahead unmeasured."""
        return min(_MOST_WARM_UP, math.ceil(self.messages * _WARM_UP))


@attrs.frozen(kw_only=True)
class Limit:
    """A limit that decided how long a run took.

    Attributes:
        name: Where it stands: a key of the account, or `capabilities.requests_per_second`, which
            is the provider's documented rate.
        value: It.
    """

    name: str
    value: float


@attrs.frozen(kw_only=True)
class Measured:
    """What a run took.

    Attributes:
        messages: How many were sent.
        seconds: From the first message to the last outcome.
        cpu: Seconds of CPU time, user and system, of the thread in which the client does all its
            work: a progress bar has another.
        requests: How many reached the sandbox.
        outcomes: How many of each kind.
        waits: Seconds from the hand-over of a message to its outcome, of callers only; sorted.
    """

    messages: int
    seconds: float
    cpu: float
    requests: int
    outcomes: Mapping[str, int]
    waits: array[float] = attrs.field(repr=False)

    def wait(self, share: float) -> float | None:
        """Return the seconds that this share of the messages needed at most; `None` if unknown."""
        return self.waits[math.ceil(share * len(self.waits)) - 1] if self.waits else None

    def limited_by(
        self, limits: Limits, capabilities: Capabilities, latency: float
    ) -> Limit | None:
        """Find the limit that decided; `None` where none did.

        Each limit has a time that the run cannot have been shorter than; the one whose time is
        longest decided, if the run was not much longer.
        """
        each = self.messages / max(1, self.requests)
        room = slots_of(limits, capabilities)
        # The last place is kept for high priority, and these messages have none.
        rounds = math.ceil(self.requests / max(1, room - 1))
        least = {
            Limit(name=name, value=value): needed / value
            for name, value, needed in (
                ("limits.requests_per_second", limits.requests_per_second, self.requests - 1),
                (
                    "capabilities.requests_per_second",
                    capabilities.requests_per_second,
                    self.requests - 1,
                ),
                ("limits.messages_per_second", limits.messages_per_second, self.messages - each),
            )
            if value is not None
        }
        least[Limit(name="limits.concurrency", value=room)] = latency * rounds * (rounds > 1)
        decisive = max(least, key=lambda limit: least[limit])
        return decisive if least[decisive] >= self.seconds * _DECISIVE else None


def numbers() -> Iterator[str]:
    """Go through different numbers, none of which is a magic one of the sandbox."""
    # Magic are the last six digits from 990001 on.
    return (f"+278{high:02}{low:06}" for high in range(100) for low in range(990_000))


def texts() -> Iterator[Message]:
    """Go through short texts, each to a number of its own."""
    return (Message(each, f"Your table is ready, {each[3:]}") for each in numbers())


async def measure(
    client: Client, plan: Plan, *, count: Callable[[], int], heard: Heard
) -> Measured:
    """Send through the client's default account.

    Args:
        client: The client.
        plan: What to send.
        count: Counts the requests so far.
        heard: Told of each outcome that is measured, with the number of its message from 1 on.
    """
    messages = texts()
    await _sent(client, islice(messages, plan.warm_up), plan, lambda *_: None)
    outcomes: Counter[str] = Counter()

    def noted(number: int, outcome: Outcome) -> None:
        outcomes[outcome.kind] += 1
        heard(number, outcome)

    asked, began, used = count(), time.perf_counter(), time.thread_time()
    waits = await _sent(client, islice(messages, plan.messages), plan, noted)
    seconds, cpu = time.perf_counter() - began, time.thread_time() - used
    return Measured(
        messages=plan.messages,
        seconds=seconds,
        cpu=cpu,
        requests=count() - asked,
        outcomes=dict(outcomes),
        waits=array("d", sorted(waits)),
    )


async def _sent(
    client: Client, messages: Iterator[Message], plan: Plan, heard: Heard
) -> array[float]:
    """Send messages, and return the seconds that callers had to wait for each."""
    waits = array("d")
    if not plan.callers:
        async for outcome in client.send_many(messages, deadline=plan.deadline):
            heard((outcome.position or 0) + 1, outcome)
        return waits
    numbered = enumerate(messages, 1)

    async def call() -> None:
        for number, message in numbered:
            began = time.perf_counter()
            outcome: Outcome
            try:
                outcome = await client.send(message, deadline=plan.deadline)
            except (RejectedError, NotSentError, AmbiguousError) as error:
                outcome = error.outcome
            waits.append(time.perf_counter() - began)
            heard(number, outcome)

    async with anyio.create_task_group() as group:
        for _ in range(plan.callers):
            group.start_soon(call)
    return waits


def peak_memory() -> int | None:
    """Return the most bytes that this process has held at once; `None` where nobody knows."""
    try:
        import resource  # noqa: PLC0415 - not on every system
    except ImportError:
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
