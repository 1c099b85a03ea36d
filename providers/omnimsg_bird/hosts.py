"""The hosts that get the access key, and the hosts that files may be transferred to and from.

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
"""Bird's media hosts, which require the access key."""

FILES = (*MEDIA, "*.amazonaws.com")
"""The default hosts of files. Files are transferred without the access key."""


def forbidden_host(url: str, base_url: str, patterns: Iterable[str]) -> str | None:
    """Check that files may be transferred to or from the host of a URL.

    Args:
        url: The URL in the provider's answer.
        base_url: The account's API; its host is always allowed.
        patterns: The account's `media_hosts`.

    Returns:
        The host and why it is forbidden; `None` if it is allowed.
    """
    try:
        Link(url)
        scheme, host = _origin(url)
    except (InvalidValue, ValueError):
        return "an address that is not valid"
    own_scheme, own_host = _origin(base_url)
    # Plain HTTP only if the API itself uses it, as a sandbox on this machine does.
    if scheme not in ("https", own_scheme):
        return f"{host}, without encryption"
    if host == own_host or any(fnmatchcase(host, pattern) for pattern in patterns):
        return None
    return f"{host}, which is not among the account's `media_hosts`"


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port
    return parts.scheme, host if port in (None, 443) else f"{host}:{port}"
