"""The options from which the transport of one account is built."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

import attrs

from omnimsg.transport.network import Network

if TYPE_CHECKING:
    from omnimsg.transport.interface import Transport


@attrs.frozen(kw_only=True)
class TransportOptions:
    """Where the requests of one account go, and with which credentials.

    Attributes:
        base_url: The URL of the account's API; a request names a path below it, or a whole URL.
        hosts: The hosts, with ports where given, that the credentials may be sent to.
        authorization: The header lines that carry the credentials.
        connections: The most connections at once.
        network: Proxy, certificates, timeouts.
    """

    base_url: str
    hosts: frozenset[str]
    authorization: Mapping[str, str] = attrs.field(repr=False)
    connections: int
    network: Network = attrs.field(factory=Network)


TransportFactory: TypeAlias = Callable[[TransportOptions], "Transport"]
"""Builds the transport of one account."""
