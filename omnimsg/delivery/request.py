"""The requests and answers of the receiver, independent of the web server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from enum import StrEnum
from typing import ClassVar

import attrs

from omnimsg.adapter.callback import header_value
from omnimsg.domain.quick import quick


@quick
@attrs.frozen(kw_only=True, weakref_slot=False)
class CallbackRequest:
    """One HTTP request, before its body is read.

    Attributes:
        method: The method, in upper case.
        path: The path, percent-encoded as it came.
        query: The query, percent-encoded as it came; without the question mark.
        headers: The header lines, as they came.
        peer: The IP address of the client; `None` if the server does not say.
        body: The body, if all of it arrived with the head, as is usual for reports; otherwise a
            function that reads it, piece by piece.
    """

    make: ClassVar[Callable[..., "CallbackRequest"]]

    method: str
    path: str = attrs.field(repr=False)
    query: str = attrs.field(repr=False)
    headers: tuple[tuple[bytes, bytes], ...] = attrs.field(repr=False)
    peer: str | None
    body: bytes | Callable[[], AsyncIterator[bytes]] = attrs.field(repr=False)

    def header(self, name: bytes) -> bytes | None:
        """Return the value of a header line; `None` if there is none, or several.

        Args:
            name: Its name, in lower case.
        """
        return header_value(self.headers, name)


def mount_prefix(path: str) -> str:
    """Return what paths below a path begin with; its outer slashes may be left out."""
    return f"/{path.strip('/')}/".replace("//", "/")


# If a body was not read to the end, its rest would be taken for the next request.
_CLOSE = ("Connection", "close")


@attrs.frozen
class Answer:
    """The answer to a provider: a status, never a detail.

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
        """The answer. It has no text, so that a stranger learns no more than the status."""
        return _ANSWERS[self]


# On this answer a provider sends the callback again: Bird for hours, Clickatell for a time that it
# does not publish. Messente documents nothing of it.
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
