"""Send many messages through a client, and measure the run."""

from __future__ import annotations

import math
import sys
import time
from array import array
from collections import Counter
from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

import anyio
import attrs

from omnimsg.cli.errors import CommandError
from omnimsg.client import Client
from omnimsg.domain.errors import AmbiguousError, NotSentError, RejectedError
from omnimsg.domain.message import Message
from omnimsg.engine.limits.rate_limiter import slots_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from omnimsg.adapter import Adapter, Capabilities
    from omnimsg.config import Config
    from omnimsg.domain.channel import Channel
    from omnimsg.domain.outcome import Outcome
    from omnimsg.engine.policy import Limits

    OnOutcome = Callable[[int, Outcome], object]

# Messages that are sent before the measurement: their share of the measured ones, and the maximum.
# The first messages open connections and import modules.
_WARM_UP_SHARE = 1 / 10
_MAX_WARM_UP = 500

# The share of a run's time that a limit must explain to be reported as decisive.
_DECISIVE_SHARE = 0.8


@attrs.frozen(kw_only=True)
class LoadPlan:
    """The parameters of a run.

    Attributes:
        messages: How many messages are measured.
        callers: How many tasks send one message after the other; 0 for one `send_many`.
        latency: Seconds by which the sandbox delays each answer.
        deadline: Seconds until the deadline of each message.
    """

    messages: int
    callers: int
    latency: float
    deadline: float

    @property
    def warm_up(self) -> int:
        """How many messages are sent before the measurement."""
        return min(_MAX_WARM_UP, math.ceil(self.messages * _WARM_UP_SHARE))


@attrs.frozen(kw_only=True)
class DecisiveLimit:
    """The limit that determined the duration of a run.

    Attributes:
        name: A key of the account, or `capabilities.requests_per_second`, which is the provider's
            documented rate.
        value: The value of the limit.
    """

    name: str
    value: float


@attrs.frozen(kw_only=True)
class LoadResult:
    """The figures of a run.

    Attributes:
        messages: How many messages were sent.
        seconds: Seconds from the first message to the last outcome.
        cpu: Seconds of CPU time, user and system, of the thread in which the client does all its
            work; the progress bar has a thread of its own.
        requests: How many send requests reached the sandbox.
        outcomes: How many outcomes there were of each kind.
        waits: Seconds from the call of `send` to its outcome, sorted; empty without callers.
    """

    messages: int
    seconds: float
    cpu: float
    requests: int
    outcomes: Mapping[str, int]
    waits: array[float] = attrs.field(repr=False)

    def wait_percentile(self, share: float) -> float | None:
        """Return the wait, in seconds, that this share of the messages did not exceed.

        `None` without callers.
        """
        return self.waits[math.ceil(share * len(self.waits)) - 1] if self.waits else None

    def limited_by(
        self, limits: Limits, capabilities: Capabilities, latency: float
    ) -> DecisiveLimit | None:
        """Find the limit that determined the duration of the run; `None` if none did.

        Each limit implies a minimum duration. The limit with the longest minimum is the decisive
        one, if it explains most of the actual duration.
        """
        batch_size = self.messages / max(1, self.requests)
        slots = slots_of(limits, capabilities)
        # One slot is reserved for high priority, which these messages do not have.
        rounds = math.ceil(self.requests / max(1, slots - 1))
        minimum_seconds = {
            DecisiveLimit(name=name, value=value): count / value
            for name, value, count in (
                ("limits.requests_per_second", limits.requests_per_second, self.requests - 1),
                (
                    "capabilities.requests_per_second",
                    capabilities.requests_per_second,
                    self.requests - 1,
                ),
                (
                    "limits.messages_per_second",
                    limits.messages_per_second,
                    self.messages - batch_size,
                ),
            )
            if value is not None
        }
        concurrency = DecisiveLimit(name="limits.concurrency", value=slots)
        minimum_seconds[concurrency] = latency * rounds if rounds > 1 else 0.0
        decisive = max(minimum_seconds, key=lambda limit: minimum_seconds[limit])
        decided = minimum_seconds[decisive] >= self.seconds * _DECISIVE_SHARE
        return decisive if decided else None


def phone_numbers() -> Iterator[str]:
    """Yield different numbers, none of them a magic number of the sandbox."""
    # A number is magic if its last six digits are 990001 or more.
    return (f"+278{high:02}{low:06}" for high in range(100) for low in range(990_000))


def text_messages() -> Iterator[Message]:
    """Yield short text messages, each to a different number."""
    return (Message(to, f"Your table is ready, {to[3:]}") for to in phone_numbers())


def channel_for_text(adapter: Adapter[Any]) -> Channel:
    """Return the account's channel, if it carries a plain text to a number.

    Raises:
        CommandError: The account has no channel, or its channel does not carry such a message.
    """
    message = next(text_messages())
    failure, channel = adapter.check(message), adapter.channel_of(message)
    if failure is None and channel is not None:
        return channel
    why = "no channel" if failure is None else failure.sentence()
    raise CommandError(
        f"account {adapter.account.name!r} cannot send a plain text to a number: {why}",
        "give the account a `channel` that carries one, such as sms",
    )


async def run_load(
    loaded: Config,
    plan: LoadPlan,
    *,
    count_requests: Callable[[], int],
    on_outcome: OnOutcome,
) -> LoadResult:
    """Send messages through the default account of a configuration, and measure the run.

    Args:
        loaded: The configuration.
        plan: The parameters of the run.
        count_requests: Returns the number of send requests so far.
        on_outcome: Is called with each measured outcome and the number of its message, from 1.
    """
    messages = text_messages()
    outcomes: Counter[str] = Counter()

    def count_outcome(number: int, outcome: Outcome) -> None:
        outcomes[outcome.kind] += 1
        on_outcome(number, outcome)

    async with Client.from_config(loaded) as client:
        await _send(client, islice(messages, plan.warm_up), plan, lambda *_: None)
        requests_before = count_requests()
        started, cpu_before = time.perf_counter(), time.thread_time()
        waits = await _send(client, islice(messages, plan.messages), plan, count_outcome)
        seconds, cpu = time.perf_counter() - started, time.thread_time() - cpu_before
        requests = count_requests() - requests_before
    return LoadResult(
        messages=plan.messages,
        seconds=seconds,
        cpu=cpu,
        requests=requests,
        outcomes=dict(outcomes),
        waits=array("d", sorted(waits)),
    )


async def _send(
    client: Client, messages: Iterator[Message], plan: LoadPlan, on_outcome: OnOutcome
) -> array[float]:
    """Send messages; return the seconds that the callers waited for each of them."""
    waits = array("d")
    if not plan.callers:
        async for outcome in client.send_many(messages, deadline=plan.deadline):
            on_outcome((outcome.position or 0) + 1, outcome)
        return waits
    numbered = enumerate(messages, 1)

    async def send_in_turn() -> None:
        for number, message in numbered:
            started = time.perf_counter()
            outcome: Outcome
            try:
                outcome = await client.send(message, deadline=plan.deadline)
            except (RejectedError, NotSentError, AmbiguousError) as error:
                outcome = error.outcome
            waits.append(time.perf_counter() - started)
            on_outcome(number, outcome)

    async with anyio.create_task_group() as group:
        for _ in range(plan.callers):
            group.start_soon(send_in_turn)
    return waits


def peak_memory() -> int | None:
    """Return the peak resident memory of this process in bytes; `None` if it is not known."""
    try:
        import resource  # noqa: PLC0415 - not on every system
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
