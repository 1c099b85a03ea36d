"""The URL that a provider has called: from the configuration, or from a trusted proxy.

Bird signs this URL. A server behind a proxy sees another one, and anyone can write anything into
`Host` or `X-Forwarded-Host`. So these headers count only from a proxy that the configuration names.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omnimsg.delivery.options import CallbackOptions
    from omnimsg.delivery.request import CallbackRequest

_HOST = re.compile(rb"[A-Za-z0-9.-]+(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?")


class PublicAddress:
    """Finds the URL that a provider has called.

    Args:
        options: They name the public URL, or the proxies to trust.
    """

    def __init__(self, options: CallbackOptions) -> None:
        self._public_url = options.public_url
        self._proxies = tuple(map(ipaddress.ip_network, options.trusted_proxies))

    @property
    def is_known(self) -> bool:
        """Whether a public URL or a trusted proxy is configured."""
        return self._public_url is not None or bool(self._proxies)

    def of(self, request: CallbackRequest, tail: str) -> str | None:
        """Return the URL; `None` if no trusted source names it.

        Args:
            request: The request.
            tail: The last segments of its path: the account, and the secret if there is one.
        """
        query = f"?{request.query}" if request.query else ""
        if self._public_url is not None:
            return f"{self._public_url}/{tail}{query}"
        if not self._is_proxy(request.peer):
            return None
        scheme, host = request.header(b"x-forwarded-proto"), request.header(b"x-forwarded-host")
        if scheme not in (b"http", b"https") or host is None or not _HOST.fullmatch(host):
            return None
        return f"{scheme.decode()}://{host.decode()}{request.path}{query}"

    def why_unknown(self, request: CallbackRequest) -> str:
        """Return why `of` gives `None` for a request, for whoever runs the service."""
        if self._is_proxy(request.peer):
            return (
                "its proxy must set `X-Forwarded-Proto` (http or https) and `X-Forwarded-Host`,"
                " each once and to one value"
            )
        return (
            "it came from no proxy of `trusted_proxies`, or the server hides the proxy"
            " (uvicorn: start it with `--no-proxy-headers`)"
        )

    def _is_proxy(self, peer: str | None) -> bool:
        try:
            address = ipaddress.ip_address((peer or "").partition("%")[0])
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None) or address
        return any(
            mapped.version == network.version and mapped in network for network in self._proxies
        )
