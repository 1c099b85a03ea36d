"""Resolve a request of one account to its URL and header lines, or refuse it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import unquote

from multidict import CIMultiDict
from yarl import URL

from omnimsg.adapter import Request, Source
from omnimsg.domain.reason import Reason
from omnimsg.transport.interface import TransportFault
from omnimsg.transport.loopback import is_loopback

if TYPE_CHECKING:
    from collections.abc import Mapping

# The most targets that an account keeps in memory.
_CACHE_SIZE = 64

_Key: TypeAlias = tuple[str, str | None, bool]
Target: TypeAlias = tuple[URL, CIMultiDict[str]]


class Endpoints:
    """The URLs and header lines of one account's requests.

    Args:
        base_url: The URL that paths of requests are appended to.
        hosts: The hosts that may get the credentials.
        authorization: The header lines with the credentials.
        allow_http: Whether the host of an `http` base URL may be another machine.
    """

    def __init__(
        self,
        base_url: str,
        *,
        hosts: frozenset[str],
        authorization: Mapping[str, str],
        allow_http: bool = False,
    ) -> None:
        self._base_url = base_url
        self._http_host = URL(base_url).host if allow_http else None
        # Plain HTTP is allowed only if the account's base URL has it.
        self._schemes = ("https", "http") if base_url[:5].lower() == "http:" else ("https",)
        self._trusted = {
            _origin(URL(f"{scheme}://{host}")) for host in hosts for scheme in self._schemes
        }
        self._authorization = dict(authorization)
        # Most requests of an account have the same URL and header lines, and are checked once.
        self._cache: dict[_Key, Target] = {}

    def resolve(self, request: Request) -> Target:
        """Return the URL and the header lines of a request.

        Raises:
            TransportFault: The URL cannot be used, is not encrypted or may not get the
                credentials, or a header line cannot be written.
        """
        body = request.body
        content_type = (
            request.content_type if body.__class__ is bytes or isinstance(body, Source) else None
        )
        if not (request.headers or request.query):
            key = request.url, content_type, request.authenticated
            return self._cache.get(key) or self._resolve_and_cache(key)
        url = self._check_url(request.url, request.authenticated)
        headers = self._build_headers(content_type, request.authenticated, request.headers)
        return url.extend_query(request.query), headers

    def _resolve_and_cache(self, key: _Key) -> Target:
        reference, content_type, authenticated = key
        target = (
            self._check_url(reference, authenticated),
            self._build_headers(content_type, authenticated, {}),
        )
        if len(self._cache) >= _CACHE_SIZE:
            self._cache.clear()
        self._cache[key] = target
        return target

    def _check_url(self, reference: str, authenticated: bool) -> URL:
        """Return the URL for a path or an absolute URL, or refuse it."""
        text = self._base_url + reference if reference[:1] == "/" else reference
        try:
            url = URL(text)
            port = url.explicit_port
        except ValueError:
            raise TransportFault(Reason.MISCONFIGURED, "the address is not a valid URL") from None
        if _has_dot_segments(text):
            # An id `..` would be resolved, and turn "this message" into "all messages".
            raise TransportFault(Reason.MISCONFIGURED, "the address has '.' or '..' in its path")
        if url.raw_user is not None or url.raw_password is not None:
            # aiohttp would send these instead of the account's credentials.
            raise TransportFault(Reason.MISCONFIGURED, "the address has credentials in it")
        origin = f"{url.scheme}://{url.host}" + ("" if port is None else f":{port}")
        if url.scheme not in self._schemes or (
            url.scheme == "http" and not is_loopback(url.host) and url.host != self._http_host
        ):
            raise TransportFault(
                Reason.MISCONFIGURED,
                f"{origin} is not encrypted; plain http is for this machine, or for the host of"
                " base_url with allow_http",
            )
        if authenticated and _origin(url) not in self._trusted:
            raise TransportFault(
                Reason.MISCONFIGURED, f"the account's credentials are not sent to {origin}"
            )
        # A fragment is never sent; aiohttp would take it off, and with it the URL for another one.
        return url.with_fragment(None)

    def _build_headers(
        self, content_type: str | None, authenticated: bool, own: Mapping[str, str]
    ) -> CIMultiDict[str]:
        """Join the header lines of a request; the credentials override the request's own."""
        headers = dict(own)
        if content_type is not None:
            headers["Content-Type"] = content_type
        if authenticated:
            headers.update(self._authorization)
        for name, value in headers.items():
            if not value.isprintable():
                # aiohttp checks this too, but only after the request counts as written.
                detail = f"the header {name} has a character that headers cannot carry"
                raise TransportFault(Reason.MISCONFIGURED, detail)
        return CIMultiDict(headers)


def _has_dot_segments(text: str) -> bool:
    """Whether a path has a segment `.` or `..`, escaped or not."""
    path = text.partition("?")[0].partition("#")[0]
    return not {".", ".."}.isdisjoint(map(unquote, path.split("/")))


def _origin(url: URL) -> tuple[str, str | None, int | None]:
    return url.scheme, url.host, url.port
