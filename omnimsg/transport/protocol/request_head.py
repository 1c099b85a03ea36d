"""The head of a request (request line and header lines), cached for requests with the same one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

import attrs
from multidict import CIMultiDict

from omnimsg.adapter import Source
from omnimsg.domain.reason import Reason
from omnimsg.transport.content_coding import ACCEPT_ENCODING
from omnimsg.transport.http_defaults import DEFAULT_HEADERS, MAX_SMALL_BODY
from omnimsg.transport.interface import TransportFault
from omnimsg.transport.protocol.origin import Origin

if TYPE_CHECKING:
    from omnimsg.adapter import Request
    from omnimsg.transport.endpoints import Endpoints, Target

# The most heads, and the most hosts, that an account keeps in memory.
_CACHE_SIZE = 64

# Methods for which a server expects no body, so that an empty one needs no `Content-Length`.
_WITHOUT_BODY = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "TRACE"})

_is_token = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+").fullmatch

_Key: TypeAlias = tuple[str, str, str | None, bool, type]


@attrs.frozen
class Head:
    """A request without its body.

    Attributes:
        origin: The origin to send it to.
        start: The request line and the header lines, without the body's length and the empty line.
        length: The length of the body that the request itself announces.
        is_usual: Whether body and answer need no special care: no such `length`, and not HEAD.
    """

    origin: Origin
    start: bytes = attrs.field(repr=False)
    length: int | None = None
    is_usual: bool = True

    def fits(self, body: bytes) -> bool:
        """Whether a body may be written together with it."""
        return self.is_usual and len(body) <= MAX_SMALL_BODY

    def followed_by(self, body: bytes) -> bytes:
        """Return the whole request."""
        return b"".join((self.start, b"Content-Length: %d\r\n\r\n" % len(body), body))

    def before(self, length: int, content_type: str | None = None) -> bytes:
        """Return the request up to a body of this length, which follows in pieces."""
        line = b"" if content_type is None else f"Content-Type: {content_type}\r\n".encode()
        return b"%b%bContent-Length: %d\r\n\r\n" % (self.start, line, length)

    def alone(self) -> bytes:
        """Return the whole request without a body, and without a length."""
        return self.start + b"\r\n"


class RequestHeads:
    """Makes the heads of one account's requests.

    Args:
        endpoints: Resolves requests, or refuses them.
        keeps_connections: Whether connections are used again.
    """

    def __init__(self, endpoints: Endpoints, *, keeps_connections: bool) -> None:
        self._endpoints = endpoints
        self._origins: dict[tuple[str, str | None, int | None], Origin] = {}
        self._keeps_connections = keeps_connections
        self._cache: dict[_Key, Head] = {}

    def of(self, request: Request) -> Head:
        """Return the head of a request.

        Raises:
            TransportFault: The request cannot be sent as it is, or not to its URL.
        """
        if request.headers or request.query:
            return self._make(request, self._endpoints.resolve(request))
        key = (
            request.method,
            request.url,
            request.content_type,
            request.authenticated,
            # Header lines about the body depend on whether there is one, and of which kind.
            request.body.__class__,
        )
        return self._cache.get(key) or self._make_and_cache(request, key)

    def _make_and_cache(self, request: Request, key: _Key) -> Head:
        head = self._make(request, self._endpoints.resolve(request))
        if len(self._cache) >= _CACHE_SIZE:
            self._cache.clear()
        self._cache[key] = head
        return head

    def _make(self, request: Request, target: Target) -> Head:
        url, own = target
        method = request.method
        if not (method.isupper() and _is_token(method)):
            raise TransportFault(Reason.MISCONFIGURED, "the HTTP method is not valid")
        lines = CIMultiDict(
            {
                "Host": url.host_port_subcomponent or "",
                **DEFAULT_HEADERS,
                "Accept-Encoding": ACCEPT_ENCODING,
            }
        )
        if not self._keeps_connections:
            lines["Connection"] = "close"
        lines.update(own)
        length = _own_length(lines, request)
        if isinstance(request.body, (bytes, Source)) and "Content-Type" not in lines:
            lines["Content-Type"] = "application/octet-stream"
        for name in lines:
            if not _is_token(name):
                raise TransportFault(Reason.MISCONFIGURED, "a header has a name that is not valid")
        start = "".join(
            [
                f"{method} {url.raw_path_qs} HTTP/1.1\r\n",
                *(f"{name}: {value}\r\n" for name, value in lines.items()),
            ]
        )
        key = url.scheme, url.raw_host, url.port
        if len(self._origins) >= _CACHE_SIZE:
            self._origins.clear()
            self._cache.clear()
        origin = self._origins.setdefault(key, Origin.of(url))
        is_usual = length is None and method != "HEAD"
        return Head(origin, start.encode(), length, is_usual)


def has_no_body(request: Request) -> bool:
    """Whether a request is written without a body, and without `Content-Length: 0`."""
    return request.body is None and request.method in _WITHOUT_BODY


def _own_length(lines: CIMultiDict[str], request: Request) -> int | None:
    """Remove the `Content-Length` that a request sets itself, and return it.

    Raises:
        TransportFault: The header lines name a transfer encoding, or a length that is not a number
            or exceeds the body.
    """
    length = lines.pop("Content-Length", None)
    if "Transfer-Encoding" in lines:
        raise TransportFault(Reason.MISCONFIGURED, "the header Transfer-Encoding must not be set")
    if length is None:
        return None
    body = request.body
    size = len(body) if isinstance(body, bytes) else body.size if isinstance(body, Source) else 0
    if not (length.isascii() and length.isdigit()) or int(length) > size:
        raise TransportFault(
            Reason.MISCONFIGURED, "the header Content-Length is no number, or exceeds the body"
        )
    return int(length)
