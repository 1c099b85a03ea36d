"""HTTP requests and responses, as adapters and the engine exchange them.

An adapter's operation is a *flow*: a generator that yields a `Request`, is sent the `Response`,
and returns a unified value. Two requests are two yields. A flow never opens a socket, waits,
retries, reads a clock or the environment: the engine does that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Mapping
from enum import Enum, auto
from pathlib import Path
from typing import Any, ClassVar, TypeAlias, TypeVar
from urllib.parse import quote

import attrs

from omnimsg.adapter.tolerant_json import read_tolerantly
from omnimsg.domain.errors import InvalidValue, Problem
from omnimsg.domain.frozen_dict import EMPTY
from omnimsg.domain.quick import quick
from omnimsg.domain.redaction import hidden
from omnimsg.json_codec import JSONDecodeError, loads

T = TypeVar("T")

_OK = frozenset({200})

# Most ids need no quoting, and this check costs a tenth of quoting.
_is_safe = re.compile(r"[A-Za-z0-9_.~-]+").fullmatch


class Effect(Enum):
    """The side effect of a request, which decides what may follow a lost answer.

    Attributes:
        READ: Changes nothing; may be repeated freely.
        REPEATABLE: Changes something; a repetition changes nothing more.
        SENDS: May send messages. A lost answer makes them ambiguous.
        ONCE: Must not be repeated without a look-up, and a repetition proves nothing: after a lost
            answer to a cancellation, "not found" may mean cancelled or sent. The status decides.
    """

    READ = auto()
    REPEATABLE = auto()
    SENDS = auto()
    ONCE = auto()

    @property
    def is_repeatable(self) -> bool:
        """Whether the request may be repeated although it may have been performed."""
        return self in (Effect.READ, Effect.REPEATABLE)


class Answer(Enum):
    """Where the body of a successful answer is written.

    Attributes:
        BUFFER: To `Response.body`.
        SINK: To the file or writer that the caller of `Client.download` gave; `Response.body` stays
            empty. The body of an error is still buffered, because it says why.
    """

    BUFFER = auto()
    SINK = auto()


@attrs.frozen(kw_only=True)
class Source:
    """A file to send, already opened and measured by the engine.

    Attributes:
        data: The bytes, or the path to read them from in pieces.
        size: Bytes.
        sha256: Digest, 64 lower-case hexadecimal digits.
    """

    data: bytes | Path = attrs.field(repr=hidden)
    size: int
    sha256: str


@attrs.frozen(kw_only=True)
class Multipart:
    """A form with a file, in the order of writing: S3 ignores fields that follow the file.

    Attributes:
        fields: Names and values, in order.
        file_field: The name of the file's field, which is always last.
        file_name: The name of the file.
        content_type: The file's media type.
        source: The file.
    """

    fields: tuple[tuple[str, str], ...] = attrs.field(repr=False)
    file_field: str
    file_name: str
    content_type: str
    source: Source


Body: TypeAlias = bytes | Source | Multipart | None


@quick
@attrs.frozen(weakref_slot=False)
class Request:
    """One HTTP request, without the credentials.

    Attributes:
        method: The HTTP method.
        url: A path below the account's `base_url` (it starts with `/`), or an absolute URL that the
            provider named.
        body: The body.
        effect: The side effect.
        content_type: Media type of a `bytes` or `Source` body.
        query: Names and values, in order, not yet escaped.
        headers: Further header lines.
        authenticated: Whether the account's credentials are added. They are only sent to hosts that
            the adapter declares; any other host is an error, not a request.
        success: The HTTP statuses of success.
        answer: Where the body of a successful answer is written.
    """

    method: str
    url: str = attrs.field(repr=False)
    body: Body = attrs.field(default=None, repr=hidden)
    effect: Effect = attrs.field(default=Effect.READ, kw_only=True)
    content_type: str | None = attrs.field(default=None, kw_only=True)
    query: tuple[tuple[str, str], ...] = attrs.field(default=(), kw_only=True, repr=False)
    headers: Mapping[str, str] = attrs.field(default=EMPTY, kw_only=True, repr=False)
    authenticated: bool = attrs.field(default=False, kw_only=True)
    success: frozenset[int] = attrs.field(default=_OK, kw_only=True)
    answer: Answer = attrs.field(default=Answer.BUFFER, kw_only=True)


def quote_segment(text: str) -> str:
    """Quote an id as one segment of a path.

    Raises:
        InvalidValue: The id is empty, `.` or `..`, which lead to another resource even if quoted,
            or no URL can hold it.
    """
    if text in ("", ".", ".."):
        raise InvalidValue(Problem("id", "must not be empty, '.' or '..'"))
    if _is_safe(text):
        return text
    try:
        return quote(text, safe="")
    except UnicodeEncodeError:
        why = "must not hold half a surrogate pair, which is no text"
        raise InvalidValue(Problem("id", why)) from None


@quick
@attrs.frozen(weakref_slot=False)
class Response:
    """One HTTP answer. A redirect is an answer like any other: the flow may yield another request.

    Attributes:
        status: The HTTP status.
        body: The whole body; empty where it was written to a `SINK`.
        headers: Header lines; `header` looks them up.
    """

    make: ClassVar[Callable[..., Response]]

    status: int
    body: bytes = attrs.field(default=b"", repr=hidden)
    headers: Mapping[str, str] = attrs.field(default=EMPTY, repr=False)

    def header(self, name: str) -> str | None:
        """Return a header line's value, whatever the case of its name."""
        wanted = name.lower()
        return next((value for key, value in self.headers.items() if key.lower() == wanted), None)

    def json(self) -> Any:  # noqa: ANN401 - JSON data
        """Return the decoded body, or `None` if it is empty, cut off, too deep or not JSON.

        Never raises: a page of HTML from a proxy is an answer without a verdict, not an error of
        the program. One bad character does not make an answer unreadable: a lone surrogate, or a
        byte that is not UTF-8, becomes U+FFFD; NaN and infinity become `None`; a byte order mark is
        skipped.
        """
        try:
            return loads(self.body)
        except JSONDecodeError:
            return read_tolerantly(self.body)


Flow: TypeAlias = Generator[Request, Response, T]
"""A running operation: it yields requests, is sent their responses, and returns a value."""
