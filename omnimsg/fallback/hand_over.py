"""Hand over messages whose legs omnimsg runs: one by itself, or those of a stream."""

from __future__ import annotations

from contextvars import Context, copy_context
from typing import TYPE_CHECKING

from omnimsg.domain.outcome import NotSent
from omnimsg.engine.deadline import to_seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome
    from omnimsg.engine.sending.stream_interfaces import StreamRun
    from omnimsg.fallback.chain import Chain
    from omnimsg.fallback.chain_leg import LegTarget
    from omnimsg.fallback.legs import Legs


class LegsTarget:
    """Hands over messages whose legs omnimsg runs.

    Args:
        legs: Runs the legs.
        target: Where legs that name no account are handed over.
    """

    def __init__(self, legs: Legs, target: LegTarget) -> None:
        self._legs = legs
        self._target = target

    async def submit(self, message: Message, deadline: float) -> Outcome:
        """Hand over legs until one is accepted, or none may be tried any more."""
        seconds = to_seconds(deadline)
        chain = self._legs.begin(self._target, message, seconds)
        if isinstance(chain, NotSent):
            return self._legs.told(message, chain)
        return await chain.run(seconds)


class LegsOfStream:
    """Runs the fallback legs of one stream's messages; the first legs are sent in the stream.

    Args:
        legs: Runs the legs.
        target: Where the stream is handed over.
        timeout: Seconds that the hand-over of each leg may take.
    """

    def __init__(self, legs: Legs, target: LegTarget, timeout: float) -> None:
        self._legs = legs
        self._target = target
        self._timeout = timeout
        # By position: messages whose first leg is in flight, each with the context in which the
        # stream is read. Their later legs are handed over in it, for observers.
        self._chains: dict[int, tuple[Chain, StreamRun, Context]] = {}

    @property
    def pending(self) -> bool:
        """Whether the outcomes of messages with legs are still to come, for `keep`."""
        return bool(self._chains)

    def first_leg(self, message: Message, position: int, run: StreamRun) -> Message | NotSent:
        """Return the first leg of a message; the message with its legs if a provider runs them.

        Returns:
            Also the outcome of the message, where one of its legs cannot be sent.
        """
        carried = self._target.carried(message)
        if carried is not None:
            return carried
        chain = self._legs.begin(self._target, message, self._timeout)
        if isinstance(chain, NotSent):
            return chain
        self._chains[position] = chain, run, copy_context()
        return chain.legs[0].message

    def keep(self, positions: Sequence[int], outcomes: Sequence[Outcome]) -> list[Outcome]:
        """Take the outcomes after which other legs are tried; return the others."""
        last: list[Outcome] = []
        for position, outcome in zip(positions, outcomes, strict=True):
            found = self._chains.pop(position, None)
            if found is None:
                last.append(outcome)
                continue
            chain, run, context = found
            if not context.run(self._takes, chain, run, position, outcome):
                last.append(outcome)
        return last

    def _takes(self, chain: Chain, run: StreamRun, position: int, outcome: Outcome) -> bool:
        """Pass on the outcome of a first leg; return whether other legs are tried now."""
        goes_on = chain.take(outcome, is_left=run.may_abandon)
        if goes_on:
            work = self._go_on(chain, run, position, outcome)
            self._legs.spawn(work, outlives_close=True)
        return goes_on

    async def _go_on(self, chain: Chain, run: StreamRun, position: int, outcome: Outcome) -> None:
        last = outcome
        try:
            last = await chain.run(self._timeout, outcome, is_left=lambda: run.may_abandon)
        finally:
            run.conclude_legs(position, last)
