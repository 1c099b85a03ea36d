"""Which hosts get the access key, and where files may be put to and fetched from.

Sources: Common API usage and the Messaging page of the Channels API reference (the media host; an
upload to `....s3.eu-west-1.amazonaws.com`), Receiving messages of Programmable WhatsApp (the older
media host).
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from omnimsg.domain.errors import InvalidValue
from omnimsg.domain.media import Link

if TYPE_CHECKING:
    from collections.abc import Iterable

MEDIA = ("media.api.bird.com", "media.nest.messagebird.com")
"""Bird's own, which hand out media for the access key."""

FILES = (*MEDIA, "*.amazonaws.com")
"""Where files lie, unless the account says otherwise; they are reached without the access key."""


def stranger(url: str, base_url: str, patterns: Iterable[str]) -> str | None:
    """Name a host that files may not be put to or fetched from.

    Args:
        url: What the provider's answer names.
        base_url: Where the account's API is; its own host may always be used.
        patterns: The account's `media_hosts`.

    Returns:
        What is wrong, beginning with the host; `None` where nothing is.
    """
    try:
        Link(url)
        scheme, host = _origin(url)
    except (InvalidValue, ValueError):
        return "no host: the address cannot be used"
    own_scheme, own_host = _origin(base_url)
    # Only a sandbox on this machine is spoken to without encryption.
    if scheme not in ("https", own_scheme):
        return f"{host}, without encryption"
    if host == own_host or any(fnmatchcase(host, pattern) for pattern in patterns):
        return None
    return f"{host}, which is not among the account's `media_hosts`"


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port
    return parts.scheme, host if port in (None, 443) else f"{host}:{port}"
