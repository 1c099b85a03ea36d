"""The interfaces that a stream of messages uses: hand-over, and fallback legs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import NotSent, Outcome
    from omnimsg.engine.sending.admission import StreamOwner


class StreamAdmission(Protocol):
    """Where the messages of a stream are handed over: one account, or the routes of a client."""

    @property
    def settle(self) -> Callable[[Sequence[Message], Sequence[Outcome]], None] | None:
        """Called with the outcomes of messages that were handed over; `None` where not needed."""

    def read_stream(
        self, source: Iterator[Message], owner: StreamOwner, keys: Sequence[Any], timeout: float
    ) -> bool:
        """Hand over the next messages of a stream; see `Admission.read_stream`."""


class StreamLegs(Protocol):
    """Runs the fallback legs of a stream's messages, where no provider does."""

    @property
    def pending(self) -> bool:
        """Whether any message has legs left."""

    def first_leg(self, message: Message, position: int, run: StreamRun) -> Message | NotSent:
        """Return the first leg of a message; the message with its legs if a provider runs them.

        Args:
            message: A message with fallback legs.
            position: Its position.
            run: Told the outcomes that come later.

        Returns:
            Also the outcome of the message, where one of its legs cannot be sent.
        """

    def keep(self, positions: Sequence[int], outcomes: Sequence[Outcome]) -> list[Outcome]:
        """Take the outcomes after which other legs are tried; return the others."""


class StreamRun(Protocol):
    """A stream, as `StreamLegs` sees it."""

    @property
    def may_abandon(self) -> bool:
        """Whether the caller has left the stream, so that nothing more is sent for it."""

    def conclude_legs(self, position: int, outcome: Outcome) -> None:
        """Take the outcome of a message whose later legs were handed over by themselves."""
