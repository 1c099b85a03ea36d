"""The origin of a connection: scheme, host and port."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import attrs

from omnimsg.transport.fault_words import host_of

if TYPE_CHECKING:
    from yarl import URL


@attrs.frozen(eq=False)
class Origin:
    """A scheme, host and port. There is one object for each, so they are compared by identity.

    Attributes:
        scheme: `https` or `http`.
        host: A name as the DNS has it, or an address without brackets.
        port: The port.
        name: The host for a person, with the port unless it is the usual one.
    """

    scheme: str
    host: str
    port: int
    name: str

    @classmethod
    def of(cls, url: URL) -> Self:
        """Return the origin of a URL."""
        return cls(url.scheme, url.raw_host or "", url.port or 0, host_of(url))
