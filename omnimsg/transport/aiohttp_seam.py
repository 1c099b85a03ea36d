"""A request class on aiohttp's internals: it sets its write mark and writes small bodies itself.

aiohttp calls `ClientRequest.send` when it has the connection, before the first byte. That is not
a documented interface, so all code that depends on it is in this file:

* `seam_problem` checks at run time what can be checked without a request;
* `MarkedSession` watches the first requests, and uses aiohttp's public tracing (`aiohttp_tracing`)
  where `send` is not called;
* `tests/transport/test_aiohttp_seam.py` fails where a version of aiohttp changes it.

The tracing takes 2.8 times as many instructions per message: it keeps no connections alive, calls
trace callbacks, and starts a task for each body.
"""

from __future__ import annotations

import asyncio
import inspect
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from omnimsg.adapter import Effect
from omnimsg.transport.content_coding import ACCEPT_ENCODING
from omnimsg.transport.http_defaults import DEFAULT_HEADERS
from omnimsg.transport.interface import WriteMark

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable, Iterator
    from typing import Any, Self

    from aiohttp.abc import AbstractStreamWriter
    from aiohttp.typedefs import LooseHeaders


# The minor versions of aiohttp that the tests of this file have passed with.
TESTED_AIOHTTP: tuple[str, ...] = ("3.14",)


class Head(NamedTuple):
    """The part that requests to one target share: all but the body and its header lines.

    Attributes:
        method: The HTTP method.
        url: The target, the same object that aiohttp is given.
        headers: All header lines except those that describe the body.
        start: The request line and `headers`, as bytes.
    """

    method: str
    url: URL
    headers: CIMultiDict[str]
    start: bytes

    @classmethod
    def of(cls, method: str, url: URL, own: CIMultiDict[str]) -> Self:
        """Return the head for a method, a URL and the request's own header lines."""
        host = url.host_port_subcomponent or ""
        headers = CIMultiDict({aiohttp.hdrs.HOST: host, **DEFAULT_HEADERS})
        headers.update(own)
        headers.setdefault(aiohttp.hdrs.ACCEPT_ENCODING, ACCEPT_ENCODING)
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return cls(method, url, headers, f"{method} {url.raw_path_qs} HTTP/1.1\r\n{lines}".encode())


# The request in flight of each task: its write mark, its effect, and its head where it has one.
# aiohttp builds, sends and repeats a request in the task that called it. A context variable will
# not do: tasks may share a context, and one request would set the mark of another.
sending: dict[asyncio.Task[Any] | None, tuple[WriteMark, Effect, Head | None]] = {}


class UnrequestedBytesError(aiohttp.ClientConnectionError):
    """A kept-alive connection held bytes that belong to no request; nothing was written to it.

    aiohttp would read them as the answer to the next request. It closes the connection when `send`
    raises.
    """


class TrackedRequest(aiohttp.ClientRequest):
    """A request that sets its write mark before it is written.

    Attributes:
        DEFAULT_HEADERS: The header lines that aiohttp adds where they are missing. By itself it
            would advertise every encoding whose package is installed, also where that package is
            too old for it to decode an answer. Set here, because a default header line of the
            session costs more.
    """

    DEFAULT_HEADERS = aiohttp.ClientRequest.DEFAULT_HEADERS | {
        aiohttp.hdrs.ACCEPT_ENCODING: ACCEPT_ENCODING
    }
    _head: Head | None = None

    def update_headers(self, headers: LooseHeaders | None) -> None:
        """Use the header lines of the head; aiohttp would copy them twice, line by line.

        Only for the request itself: a request to a proxy must not get the credentials.
        """
        entry = sending.get(asyncio.current_task(self.loop))
        head = None if entry is None else entry[2]
        if head is None or head.url is not self.url:
            super().update_headers(headers)
        else:
            self._head = head
            self.headers: CIMultiDict[str] = head.headers.copy()

    def update_auto_headers(self, skip_auto_headers: Iterable[str] | None) -> None:
        """Add no default header lines to those of a head, which are complete."""
        if self._head is None:
            super().update_auto_headers(skip_auto_headers)

    def update_body_from_data(self, body: object, _stacklevel: int = 3) -> None:
        """Use a `SmallBody` as it is, without aiohttp's search for a payload class."""
        if not isinstance(body, SmallBody):
            super().update_body_from_data(body, _stacklevel)
            return
        self._body = body
        headers = self.headers
        headers[aiohttp.hdrs.CONTENT_LENGTH] = str(body.size)
        if aiohttp.hdrs.CONTENT_TYPE not in headers:
            headers[aiohttp.hdrs.CONTENT_TYPE] = body.content_type
            self._head = None  # its bytes lack the content type

    async def send(self, conn: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
        """Write a small request at once; let aiohttp write one that may have to wait.

        Raises:
            UnrequestedBytesError: The connection cannot be used; nothing was written.
        """
        protocol = conn.protocol
        # A queued answer here, whole, interim or cut off, arrived without a request. Unrequested
        # bytes of any other kind have closed the connection already. `should_close` tells the same,
        # at three times the cost.
        if protocol is not None and len(protocol):
            raise UnrequestedBytesError("the connection held unrequested bytes")
        entry = sending.get(asyncio.current_task(self.loop))
        if entry is None:
            # aiohttp has moved this call to another task. `MarkedSession` notices the unset mark.
            return await super().send(conn)
        mark, effect, _ = entry
        if mark.written and not effect.is_repeatable:
            # aiohttp repeats a DELETE by itself when a kept-alive connection breaks. The second one
            # would find nothing left to cancel, and its "not found" would be believed.
            raise aiohttp.ClientConnectionError(
                "the connection broke; the request must not be repeated"
            )
        transport = None if protocol is None else protocol.transport
        data = None if protocol is None or protocol.writing_paused else self._small_request()
        if data is None or protocol is None or transport is None:
            mark.written = True
            return await super().send(conn)
        # As aiohttp does it, but without a task. Everything that can fail, except the write, comes
        # before the mark is set.
        if transport.is_closing():
            raise aiohttp.ClientConnectionResetError("the connection was closed")
        writer = aiohttp.http.StreamWriter(protocol, self.loop)
        writer.output_size = len(data)
        response = self.response_class(
            self.method,
            self.original_url,
            writer=None,
            continue100=None,
            timer=self._timer,
            request_info=self.request_info,
            traces=[],
            loop=self.loop,
            session=self.session,
            stream_writer=writer,
        )
        mark.written = True
        transport.write(data)
        return response

    def _small_request(self) -> bytes | None:
        """Return the whole request if it is small, or `None` if aiohttp has to write it."""
        body, head = self.body, self._head
        if head is None:
            return None
        if isinstance(body, SmallBody):
            return b"%bContent-Length: %d\r\n\r\n%b" % (head.start, body.size, body.data)
        return head.start + b"\r\n" if not body and self.method == "GET" else None


class SmallBody(aiohttp.Payload):
    """A body of at most `MAX_SMALL_BODY` bytes.

    It equals the payload that aiohttp makes of `bytes`, without the search for the payload class.
    Every attribute of a payload is defined here, so that the base class computes none, above all
    not the header lines, which are the same for every small body.
    """

    autoclose: bool = True
    consumed: bool = False
    content_type: str = "application/octet-stream"
    encoding: str | None = None
    filename: str | None = None
    headers: CIMultiDict[str] = CIMultiDict({"Content-Type": content_type})
    size: int = 0

    def __init__(self, data: bytes) -> None:
        """Store the whole body."""
        self.data = data
        self.size = len(data)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Return the body as text."""
        return self.data.decode(encoding, errors)

    async def as_bytes(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """Return the body."""
        return self.data

    def write(self, writer: AbstractStreamWriter) -> Coroutine[Any, Any, None]:
        """Write the body, for aiohttp."""
        return writer.write(self.data)

    def write_with_length(
        self, writer: AbstractStreamWriter, content_length: int | None
    ) -> Coroutine[Any, Any, None]:
        """Write at most `content_length` bytes of the body, for aiohttp."""
        return writer.write(self.data[:content_length])

    async def close(self) -> None:
        """Do nothing: there is nothing to close."""


# The calls between aiohttp and `TrackedRequest`, in both directions: name in aiohttp, whether it is
# a coroutine function, number of positional arguments (with `self`), keyword arguments.
_CALLS: tuple[tuple[str, bool, int, tuple[str, ...]], ...] = (
    ("ClientRequest.send", True, 2, ()),
    (
        "ClientResponse.__init__",
        False,
        3,
        (
            "writer",
            "continue100",
            "timer",
            "request_info",
            "traces",
            "loop",
            "session",
            "stream_writer",
        ),
    ),
    ("http.StreamWriter.__init__", False, 3, ()),
    ("ClientRequest.update_headers", False, 2, ()),
    ("ClientRequest.update_auto_headers", False, 2, ()),
    ("ClientRequest.update_body_from_data", False, 3, ()),
    ("Payload.write_with_length", True, 3, ()),
)

# The properties of a connection that `TrackedRequest.send` reads.
_PROPERTIES = (
    "connector.Connection.protocol",
    "base_protocol.BaseProtocol.transport",
    "base_protocol.BaseProtocol.writing_paused",
    "client_proto.ResponseHandler.__len__",
)

# The attributes of a request that `TrackedRequest.send` reads.
_REQUEST_ATTRIBUTES = (
    "_timer",
    "headers",
    "loop",
    "method",
    "original_url",
    "request_info",
    "response_class",
    "session",
    "url",
)


def seam_problem() -> str | None:
    """Return the first difference between this aiohttp and the tables above, or `None`.

    It must be called in a running event loop, because it builds requests.
    """
    return next(_problems(), None)


def _problems() -> Iterator[str]:
    for name, is_coroutine, positional, keywords in _CALLS:
        try:
            function = attrgetter(name)(aiohttp)
            inspect.signature(function).bind(*range(positional), **dict.fromkeys(keywords))
        except AttributeError:
            yield f"there is no {name}"
        except (TypeError, ValueError):
            yield f"{name} takes other arguments"
        else:
            if inspect.iscoroutinefunction(function) is not is_coroutine:
                yield f"{name} is{'' if is_coroutine else ' not'} a plain function"
    for name in _PROPERTIES:
        try:
            attrgetter(name)(aiohttp)
        except AttributeError:
            yield f"there is no {name}"
    body, url = SmallBody(b"{}"), URL("http://localhost/")
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    head = Head.of("POST", url, CIMultiDict({"Content-Type": "text/plain"}))
    try:
        request = TrackedRequest("POST", url, data=body, loop=loop)
        sending[task] = WriteMark(), Effect.SENDS, head
        headed = TrackedRequest("POST", url, data=body, loop=loop, headers={"X-Other": "1"})
    except Exception as error:  # noqa: BLE001 - any error means: use the tracing
        yield f"a request cannot be built ({type(error).__name__})"
        return
    finally:
        sending.pop(task, None)
    for name in _REQUEST_ATTRIBUTES:
        if not hasattr(request, name):
            yield f"there is no ClientRequest.{name}"
    if request.headers.getall("Accept-Encoding", None) != [ACCEPT_ENCODING]:
        yield "a request advertises other encodings"
    if list(headed.headers.items()) != [*head.headers.items(), ("Content-Length", "2")]:
        yield "a request does not keep its header lines as they are"
    if request.body is not body or request.headers.get("Content-Length") != "2":
        yield "a request does not keep its body as it is"
