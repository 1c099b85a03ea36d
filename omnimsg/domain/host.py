"""Which host and port a URL may name: those that every program reads in the same way."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache

_NAME = re.compile(r"[^\s/\\?#@:%<>\"^`{|}\[\]]{1,253}")
# The last label of an address as a resolver reads it; no top-level domain is a number.
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9a-fA-F]*")
_AUTHORITY = re.compile(r"(?:\[([^\]]*:[^\]]*)\]|([^\[\]:]*))(?::([0-9]{0,5}))?")
_MAX_PORT = 65_535


def _is_host(text: str) -> bool:
    """Return whether a text is a host: a name in any script, or an IP address without brackets."""
    try:
        if ":" in text:
            return ipaddress.IPv6Address(text).scope_id is None
        if not _NAME.fullmatch(text) or not text.isprintable():
            return False
        # As it is looked up: with the usual dots and digits. It raises if a label is empty or long.
        name = text.encode("idna").decode()
        if _NUMBER.fullmatch(name.rstrip(".").rpartition(".")[2]):
            # Browsers and resolvers read such a name as an address, other programs do not.
            return str(ipaddress.IPv4Address(text)) == text
    except ValueError:
        return False
    return True


@lru_cache(maxsize=256)  # many messages name one server
def is_authority(text: str) -> bool:
    """Return whether a text is the authority of a URL, without credentials: a host, and a port."""
    found = _AUTHORITY.fullmatch(text)
    if found is None:
        return False
    address, name, port = found.groups()
    return _is_host(address or name) and int(port or 0) <= _MAX_PORT
