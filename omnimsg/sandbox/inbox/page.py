"""Serve the files of the inbox page, with security headers.

The page requests nothing from other hosts. Its content security policy allows no inline script or
style, and trusted types disable the DOM sinks that would turn text into markup.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import anyio.to_thread
import attrs
from aiohttp import hdrs, web

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omnimsg.sandbox.media_store import Media

INDEX: Final = "index.html"

_POLICY: Final = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "media-src 'self'",
        "connect-src 'self'",
        "frame-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    ]
)
# Allows the inline styles of an e-mail, but no script, navigation or remote content.
_MAIL_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none';"
    " base-uri 'none'; frame-ancestors 'self'; sandbox"
)
_FILE_POLICY: Final = "default-src 'none'; sandbox"

_COMMON: Final[Mapping[str, str]] = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-DNS-Prefetch-Control": "off",
}
_TYPES: Final[Mapping[str, str]] = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
# Types that a browser shows without running code; every other file is downloaded.
_SHOWN_TYPES: Final = frozenset(
    {"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp"}
)


@attrs.frozen
class _Asset:
    """A file of the page."""

    content_type: str
    data: bytes = attrs.field(repr=False)
    tag: str


@cache
def _read_assets() -> Mapping[str, _Asset]:
    assets = {}
    for each in (files("omnimsg.sandbox.inbox") / "page").iterdir():
        content_type = _TYPES.get(f".{each.name.rpartition('.')[2]}")
        if content_type is not None:
            data = each.read_bytes()
            tag = f'"{hashlib.sha256(data).hexdigest()[:16]}"'
            assets[each.name] = _Asset(content_type, data, tag)
    return assets


async def asset(request: web.Request, name: str) -> web.Response | None:
    """Return a file of the page, None if there is none of that name."""
    found = (await anyio.to_thread.run_sync(_read_assets)).get(name)
    if found is None:
        return None
    headers = {
        **_COMMON,
        "Content-Security-Policy": _POLICY,
        hdrs.CACHE_CONTROL: "no-cache",
        hdrs.ETAG: found.tag,
        hdrs.VARY: hdrs.ACCEPT,
    }
    if request.headers.get(hdrs.IF_NONE_MATCH) == found.tag:
        return web.Response(status=304, headers=headers)
    return web.Response(
        body=found.data, content_type=found.content_type, charset="utf-8", headers=headers
    )


def mail(html: str) -> web.Response:
    """Return an e-mail for a frame in which no script runs."""
    headers = {**_COMMON, "Content-Security-Policy": _MAIL_POLICY, hdrs.CACHE_CONTROL: "no-store"}
    return web.Response(text=html, content_type="text/html", headers=headers)


def media_file(media: Media) -> web.Response:
    """Return a file of a message: pictures, audio and video for display, others as download."""
    plain = media.content_type.partition(";")[0].strip().lower()
    is_shown = plain in _SHOWN_TYPES or plain.startswith(("audio/", "video/"))
    headers = {
        **_COMMON,
        "Content-Security-Policy": _FILE_POLICY,
        hdrs.CACHE_CONTROL: "no-store",
        hdrs.CONTENT_TYPE: plain
        if is_shown and plain.isprintable()
        else "application/octet-stream",
    }
    if not is_shown:
        name = quote(media.name or media.id, safe="")
        headers[hdrs.CONTENT_DISPOSITION] = f"attachment; filename*=UTF-8''{name}"
    return web.Response(body=media.data, headers=headers)


def prefers_html(accept: str) -> bool:
    """Return whether an ``Accept`` header names HTML, with at least the weight of JSON.

    That of a browser does; ``*/*`` alone does not.
    """
    weights = {"text/html": 0.0, "application/json": 0.0}
    for each in accept.split(","):
        kind, *parameters = (part.strip().lower() for part in each.split(";"))
        weight = next((part[2:] for part in parameters if part.startswith("q=")), "1")
        if kind in weights:
            try:
                weights[kind] = float(weight)
            except ValueError:
                weights[kind] = 0.0
    return weights["text/html"] > 0 and weights["text/html"] >= weights["application/json"]
