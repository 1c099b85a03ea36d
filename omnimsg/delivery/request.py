"""What the receiver is asked and answers, whichever server carries it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from enum import StrEnum
from typing import ClassVar

import attrs

from omnimsg.adapter.callback import values_by_name
from omnimsg.domain.quick import quick


@quick
@attrs.frozen(kw_only=True, weakref_slot=False)
class CallbackRequest:
    """One HTTP request, before its body is read.

    Attributes:
        method: The method, in capital letters.
        path: The path, percent-encoded as it came.
        query: The query, percent-encoded as it came; without the question mark.
        headers: The header lines; names in small letters.
        peer: The address of who connected; `None` if the server does not tell.
        body: Reads the body, piece by piece.
        at_hand: Reads the body at once where all of it has come with the head, as of most reports;
            returns `None` where `body` has to be read.
        values: The value of each header line, by its name; `None` where several lines have it.
    """

    make: ClassVar[Callable[..., "CallbackRequest"]]

    method: str
    path: str = attrs.field(repr=False)
    query: str = attrs.field(repr=False)
    headers: tuple[tuple[bytes, bytes], ...] = attrs.field(repr=False)
    peer: str | None
    body: Callable[[], AsyncIterator[bytes]] = attrs.field(repr=False)
    at_hand: Callable[[], bytes | None] | None = attrs.field(default=None, repr=False)
    values: dict[bytes, bytes | None] = attrs.field(
        default=attrs.Factory(lambda self: values_by_name(self.headers), takes_self=True),
        init=False,
        eq=False,
        repr=False,
    )

    def header(self, name: bytes) -> bytes | None:
        """Return the value of a header line; `None` if there is none, or several."""
        value = self.values.get(name)
        return None if value is None else value.strip()


# Whoever is not read to the end must not use the connection again.
_CLOSE = ("Connection", "close")


@attrs.frozen
class Answer:
    """What the provider is answered: a status, and never a word of detail.

    Attributes:
        status: The HTTP status.
        headers: Further header lines.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def closes(self) -> bool:
        """Whether the connection must not be used again."""
        return _CLOSE in self.headers


class RefusedBecause(StrEnum):
    """Why a request was refused."""

    NO_SUCH_ACCOUNT = "no_such_account"
    WRONG_METHOD = "wrong_method"
    TOO_LARGE = "too_large"
    TOO_SLOW = "too_slow"
    BROKEN_OFF = "broken_off"
    TOO_MANY = "too_many"
    UNKNOWN_ADDRESS = "unknown_address"
    NOT_GENUINE = "not_genuine"
    NOT_HANDLED = "not_handled"

    @property
    def answer(self) -> Answer:
        """What is answered. The reason phrase of the status is all that a stranger is told."""
        return _ANSWERS[self]


# A provider that is answered so sends it again; all three do for hours.
_LATER = Answer(503, (("Retry-After", "5"),))
_ANSWERS = {
    RefusedBecause.NO_SUCH_ACCOUNT: Answer(404),
    RefusedBecause.WRONG_METHOD: Answer(405, (("Allow", "POST"),)),
    RefusedBecause.TOO_LARGE: Answer(413, (_CLOSE,)),
    RefusedBecause.TOO_SLOW: Answer(408, (_CLOSE,)),
    RefusedBecause.BROKEN_OFF: Answer(400, (_CLOSE,)),
    RefusedBecause.TOO_MANY: Answer(503, (("Retry-After", "5"), _CLOSE)),
    RefusedBecause.UNKNOWN_ADDRESS: Answer(401),
    RefusedBecause.NOT_GENUINE: Answer(401),
    RefusedBecause.NOT_HANDLED: _LATER,
}
HANDLED = Answer(204)
