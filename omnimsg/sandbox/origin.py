"""Refuse control requests that a web page of another site makes, those that only read included.

A browser sends requests to 127.0.0.1 for any page. A page of another site is recognised by its
``Origin``, by ``Sec-Fetch-Site`` (a frame has no ``Origin``), or by a ``Host`` that resolves to
this machine without being one of its names (DNS rebinding).
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from aiohttp import hdrs

if TYPE_CHECKING:
    from aiohttp import web

_NAME: Final = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(\.[A-Za-z0-9_-]{1,63})*")

# The values of ``Sec-Fetch-Site`` that name a page of another site, or of another port.
_OTHER_SITES: Final = frozenset({"cross-site", "same-site"})

# Suffixes that no public DNS server resolves (RFC 6761, RFC 6762, ICANN's .internal).
_PRIVATE_SUFFIXES: Final = (".localhost", ".local", ".internal", ".test")


def _host_name(host: str) -> str | None:
    """Return the name in a Host header without its port, None if it has no valid form."""
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return a host as an address, None if it is a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def is_host(host: str) -> bool:
    """Return whether a value can be a host name or an address, without a port."""
    is_name = len(host) <= 253 and _NAME.fullmatch(host) is not None
    return is_name or _address(host) is not None


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine's loopback interface by its name or address."""
    address = _address(host)
    if address is None:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback


def is_wildcard(host: str) -> bool:
    """Return whether a host stands for every interface of this machine."""
    address = _address(host)
    return address is not None and address.is_unspecified


def _is_private_name(name: str) -> bool:
    """Return whether no public DNS server can give this name to a foreign page."""
    return _address(name) is not None or "." not in name or name.endswith(_PRIVATE_SUFFIXES)


def foreign_page(request: web.Request, bound_host: str) -> str | None:
    """Return why a control request is refused as one of a foreign page, None if it is allowed.

    A link on a foreign page, which a person follows, is allowed: the page cannot read the answer.

    Args:
        request: A request to the control API, whatever its method.
        bound_host: The host that the sandbox listens on. On a loopback address, only loopback names
            are accepted; on another one, addresses and names of a private network too.
    """
    host = request.headers.get(hdrs.HOST, "")
    name = _host_name(host)
    if name is None:
        return "Host: is not a host name"
    own = name == bound_host.lower() or is_loopback(name)
    if not own and (is_loopback(bound_host) or not _is_private_name(name)):
        return f"Host: {name!r} is not a name of this sandbox; call it by its IP address"
    origins = request.headers.getall(hdrs.ORIGIN, [])
    if any(origin.lower() != f"http://{host}".lower() for origin in origins):
        return "Origin: a page of another site may not use the sandbox"
    if (
        request.headers.get("Sec-Fetch-Site") in _OTHER_SITES
        and request.headers.get("Sec-Fetch-Dest") != "document"
    ):
        return "Sec-Fetch-Site: a page of another site may not use the sandbox"
    return None
