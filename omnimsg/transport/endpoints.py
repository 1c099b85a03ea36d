"""Where requests of one account may go, and with which header lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import unquote

from multidict import CIMultiDict
from yarl import URL

from omnimsg.adapter import Request, Source
from omnimsg.domain.reason import Reason
from omnimsg.transport.faults import TransportFault
from omnimsg.transport.loopback import is_loopback

if TYPE_CHECKING:
    from collections.abc import Mapping

# The addresses and header lines that an account keeps in mind.
_KEPT = 64

_Key: TypeAlias = tuple[str, str | None, bool]
Target: TypeAlias = tuple[URL, CIMultiDict[str]]


class Endpoints:
    """What is known of the addresses of one account.

    Args:
        base_url: Where the account lives.
        hosts: Where its credentials may go.
        authorization: The credentials.
    """

    def __init__(
        self, base_url: str, *, hosts: frozenset[str], authorization: Mapping[str, str]
    ) -> None:
        self._base_url = base_url
        # Without encryption only where the account itself lives on this machine.
        self._schemes = ("https", "http") if base_url[:5].lower() == "http:" else ("https",)
        self._trusted = {
            _origin(URL(f"{scheme}://{host}")) for host in hosts for scheme in self._schemes
        }
        self._authorization = dict(authorization)
        # Most requests of an account go to one address with the same header lines. What was looked
        # at once needs no second look.
        self._usual: dict[_Key, Target] = {}

    def of(self, request: Request) -> Target:
        """Say where a request goes and with which header lines, or refuse to let it go there."""
        body = request.body
        kind = request.content_type if body.__class__ is bytes or isinstance(body, Source) else None
        if not (request.headers or request.query):
            key = request.url, kind, request.authenticated
            return self._usual.get(key) or self._looked_at(key)
        url = self._placed(request.url, request.authenticated)
        lines = self._lined(kind, request.authenticated, request.headers)
        return (url.extend_query(request.query) if request.query else url), lines

    def _looked_at(self, key: _Key) -> Target:
        where, kind, authenticated = key
        place = self._placed(where, authenticated), self._lined(kind, authenticated, {})
        if len(self._usual) >= _KEPT:
            self._usual.clear()
        self._usual[key] = place
        return place

    def _placed(self, where: str, authenticated: bool) -> URL:
        """Say where a request goes, or refuse to let it go there."""
        text = self._base_url + where if where[:1] == "/" else where
        try:
            url = URL(text)
            port = url.explicit_port
        except ValueError:
            raise TransportFault(Reason.MISCONFIGURED, "the address cannot be used") from None
        if _climbs(text):
            # Folded away, an id of two dots would turn "this message" into "all messages".
            raise TransportFault(Reason.MISCONFIGURED, "the address has '.' or '..' in its path")
        place = f"{url.scheme}://{url.host}" + ("" if port is None else f":{port}")
        if url.scheme not in self._schemes or (url.scheme == "http" and not is_loopback(url.host)):
            raise TransportFault(
                Reason.MISCONFIGURED,
                f"{place} is not encrypted; only a sandbox on this machine is spoken to so",
            )
        if authenticated and _origin(url) not in self._trusted:
            raise TransportFault(
                Reason.MISCONFIGURED, f"the account's credentials are not for {place}"
            )
        return url

    def _lined(
        self, content_type: str | None, authenticated: bool, own: Mapping[str, str]
    ) -> CIMultiDict[str]:
        """Write the header lines of a request, a later one in the place of an earlier one."""
        lines = dict(own)
        if content_type is not None:
            lines["Content-Type"] = content_type
        if authenticated:
            lines.update(self._authorization)
        for name, value in lines.items():
            if not value.isprintable():
                # aiohttp would notice too, but only after it has announced the request.
                detail = f"the header {name} holds what no header can"
                raise TransportFault(Reason.MISCONFIGURED, detail)
        return CIMultiDict(lines)


def _climbs(text: str) -> bool:
    """Whether a path has segments that lead somewhere else, as `..` does however it is escaped."""
    path = text.partition("?")[0].partition("#")[0]
    return not {".", ".."}.isdisjoint(map(unquote, path.split("/")))


def _origin(url: URL) -> tuple[str, str | None, int | None]:
    return url.scheme, url.host, url.port
