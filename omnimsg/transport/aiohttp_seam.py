"""aiohttp's inner seam: a request that sets its write mark and writes a small body by itself.

aiohttp calls `ClientRequest.send` with the connection in hand, before the first byte. That is not
a documented interface, so everything that depends on it is in this file:

* `seam_problem` checks at run time what can be checked without a request;
* `MarkedSession` watches the first requests and uses the public way where `send` is not called;
* `tests/transport/test_aiohttp_seam.py` fails where a version of aiohttp changes it.

The public way takes 2.8 times as many instructions per message: it keeps no connections, traces,
and has a task for each body.
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
from omnimsg.transport.interface import WriteMark

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable, Iterator
    from typing import Any, Self

    from aiohttp.abc import AbstractStreamWriter
    from aiohttp.typedefs import LooseHeaders


# The minor versions of aiohttp that the tests of this file have passed with.
TESTED_AIOHTTP: tuple[str, ...] = ("3.14",)

# The largest body that is written without a task, bytes: about what a connection takes without
# making its writer wait.
MAX_SMALL_BODY = 2**16

# What is said in every request.
DEFAULT_HEADERS = {"User-Agent": "omnimsg", "Accept": "application/json"}

# The encodings that every Python decodes. aiohttp would advertise every one whose package is
# installed, also where that package is too old for it to decode an answer.
ACCEPT_ENCODING = "gzip, deflate"


class Head(NamedTuple):
    """What requests to one target have in common.

    Attributes:
        method: Their method.
        url: The target, as aiohttp is given it.
        headers: All header lines but those that tell of the body.
        start: The request line and the same, as bytes.
    """

    method: str
    url: URL
    headers: CIMultiDict[str]
    start: bytes

    @classmethod
    def of(cls, method: str, url: URL, own: CIMultiDict[str]) -> Self:
        """Return the head of requests with these header lines of their own."""
        host = url.host_port_subcomponent or ""
        headers = CIMultiDict({aiohttp.hdrs.HOST: host, **DEFAULT_HEADERS})
        headers.update(own)
        headers.setdefault(aiohttp.hdrs.ACCEPT_ENCODING, ACCEPT_ENCODING)
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return cls(method, url, headers, f"{method} {url.raw_path_qs} HTTP/1.1\r\n{lines}".encode())


# What each task is sending: the mark and the effect of the request, and its head where it has one.
# aiohttp builds and sends a request in the task that asked for it, also when it repeats it. Not a
# context variable: tasks may share their context, and one request would set the mark of another.
sending: dict[asyncio.Task[Any] | None, tuple[WriteMark, Effect, Head | None]] = {}


class UnaskedBytesError(aiohttp.ClientConnectionError):
    """A kept connection had bytes that belong to no request; nothing was written to it.

    aiohttp would take them for the answer to the next request. It closes the connection where
    `send` raises.
    """


class TrackedRequest(aiohttp.ClientRequest):
    """A request that sets its mark before it is written.

    Attributes:
        DEFAULT_HEADERS: What aiohttp adds where the header lines are not complete. Set here,
            because a header line of the session costs more.
    """

    DEFAULT_HEADERS = aiohttp.ClientRequest.DEFAULT_HEADERS | {
        aiohttp.hdrs.ACCEPT_ENCODING: ACCEPT_ENCODING
    }
    _head: Head | None = None

    def update_headers(self, headers: LooseHeaders | None) -> None:
        """Take the header lines of the head; aiohttp would copy them twice, line by line.

        Only of the request itself: one to a proxy must not get the credentials.
        """
        entry = sending.get(asyncio.current_task(self.loop))
        head = None if entry is None else entry[2]
        if head is None or head.url is not self.url:
            super().update_headers(headers)
        else:
            self._head = head
            self.headers: CIMultiDict[str] = head.headers.copy()

    def update_auto_headers(self, skip_auto_headers: Iterable[str] | None) -> None:
        """Leave the header lines of a head as they are."""
        if self._head is None:
            super().update_auto_headers(skip_auto_headers)

    def update_body_from_data(self, body: object, _stacklevel: int = 3) -> None:
        """Take a small body as it is; leave any other to aiohttp, whose search this saves."""
        if not isinstance(body, SmallBody):
            super().update_body_from_data(body, _stacklevel)
            return
        self._body = body
        headers = self.headers
        headers[aiohttp.hdrs.CONTENT_LENGTH] = str(body.size)
        if aiohttp.hdrs.CONTENT_TYPE not in headers:
            headers[aiohttp.hdrs.CONTENT_TYPE] = body.content_type
            self._head = None  # it does not tell the type

    async def send(self, conn: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
        """Write a small request; leave to aiohttp what may have to wait.

        Raises:
            UnaskedBytesError: The connection cannot be used; nothing was written.
        """
        protocol = conn.protocol
        # What came while nobody asked is an answer that nobody has read: whole, interim or cut off.
        # Anything else has closed the connection. `should_close` says the same, at three times the
        # cost.
        if protocol is not None and len(protocol):
            raise UnaskedBytesError("the connection held bytes that no request had asked for")
        entry = sending.get(asyncio.current_task(self.loop))
        if entry is None:
            # aiohttp has moved this call to another task. `MarkedSession` notices the unset mark.
            return await super().send(conn)
        mark, effect, _ = entry
        if mark.written and not effect.is_repeatable:
            # aiohttp repeats a DELETE by itself when a kept-alive connection breaks. A second
            # cancellation finds nothing left to cancel, and its "not found" would be believed.
            raise aiohttp.ClientConnectionError("the connection broke, and this is not repeated")
        transport = None if protocol is None else protocol.transport
        data = None if protocol is None or protocol.writing_paused else self._small_request()
        if data is None or protocol is None or transport is None:
            mark.written = True
            return await super().send(conn)
        # The same as aiohttp does, without a task. Everything that may fail, except the writing,
        # comes before the mark.
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
        """Return the whole request, where it is small; `None` where aiohttp is to write it."""
        body, head = self.body, self._head
        if head is None:
            return None
        if isinstance(body, SmallBody):
            return b"%bContent-Length: %d\r\n\r\n%b" % (head.start, body.size, body.data)
        return head.start + b"\r\n" if not body and self.method == "GET" else None


class SmallBody(aiohttp.Payload):
    """A body of at most `MAX_SMALL_BODY` bytes.

    The same as aiohttp makes of `bytes`, without its search for the fitting class. Every attribute
    of a payload is defined here, so that the base class computes nothing for it, above all no
    header lines, which are the same for every small body.
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


# How `TrackedRequest.send` is called, and what it calls: name in aiohttp, whether it is a
# coroutine function, number of positional arguments (with `self`), keyword arguments.
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
    """Return the first difference between this aiohttp and the one described here, or `None`.

    It must be called in a running event loop, because a request is built in one.
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
    except Exception as error:  # noqa: BLE001 - whatever it is, the public way does without
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
