"""Check the URL of a provider's API."""

from __future__ import annotations

from urllib.parse import urlsplit

from omnimsg.domain.host import is_authority
from omnimsg.domain.stray_characters import unseen_in_line
from omnimsg.transport.loopback import is_loopback


def base_url_problem(text: str, *, allow_http: bool) -> str | None:
    """Return what is wrong with a base URL; `None` if nothing is.

    Args:
        text: The URL.
        allow_http: Whether plain HTTP to another machine is allowed.
    """
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "must be an absolute https URL"
    # `urlsplit` drops line breaks and tabs; U+0020 is the only space that is printable.
    if not text.isprintable() or " " in text or "\\" in text:
        unseen = unseen_in_line(text)
        why = "must be a URL without spaces, line breaks and backslashes"
        return f"{why}: {unseen}" if unseen else why
    if (
        parts.scheme not in ("http", "https")
        or not host
        or not is_authority(parts.netloc.rpartition("@")[2])
    ):
        return "must be an absolute https URL"
    if "@" in parts.netloc or parts.query or parts.fragment:
        return "must be only scheme, host, port and path"
    if parts.scheme == "http" and not (allow_http or is_loopback(host)):
        return "must be https; plain http is for this machine only, or needs allow_http = true"
    return None


def is_this_machine(base_url: str) -> bool:
    """Return whether a base URL names this machine, as a sandbox's does."""
    return is_loopback(urlsplit(base_url).hostname)
