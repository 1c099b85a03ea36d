"""Recognize this machine's own addresses: the only ones that may be used without encryption."""

from __future__ import annotations

from ipaddress import ip_address


def is_loopback(host: str | None) -> bool:
    """Whether a host is this machine, by its name or its address.

    Args:
        host: Without port and brackets. Only the exact name counts: `127.example.com` and
            `localhost.example.com` are other machines.
    """
    if host is None or host.lower() == "localhost":
        return host is not None
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
