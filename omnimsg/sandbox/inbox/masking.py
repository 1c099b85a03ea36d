"""Mask the credentials of requests and shorten their bodies for display; build curl commands."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import attrs

from omnimsg.json_codec import JSONDecodeError, dumps, loads
from omnimsg.sandbox.capacity import MEBIBYTE

if TYPE_CHECKING:
    from collections.abc import Iterable

MASK: Final = "***"
SHOWN_BYTES: Final = 64 * 1024
"""The maximum size of a kept body; of a larger one, only the size of the rest is known."""
_SHORTENED_BYTES: Final = 4 * MEBIBYTE
# Longer texts are data, such as an encoded picture, and are shortened.
_LONGEST_TEXT: Final = 8 * 1024

_HEADER = re.compile(
    r"auth|cookie|secret|token|password|signature|(api|access)[-_]?key", re.IGNORECASE
)
_MEMBER = re.compile(
    r"(^|[-_])(signature|token|password|secret|credential|policy)$|^(encryption|api|access)[-_]?key$",
    re.IGNORECASE,
)
_TEXTUAL = re.compile(
    r"text/|application/([\w.+-]+\+)?(json|xml)|application/x-www-form-url", re.IGNORECASE
)
# A JSON string of at least 1,000 characters without escapes, such as base64.
_LONG_TEXT = re.compile(rb'"([^"\\]{60})([^"\\]{940,})"')
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")

# The headers that curl sets itself.
_OWN_HEADERS: Final = {
    "accept-encoding",
    "connection",
    "content-length",
    "host",
    "transfer-encoding",
    "user-agent",
}


@attrs.frozen(kw_only=True)
class ShownBody:
    """A body for display.

    Attributes:
        text: The text with credentials masked; None for a body that is not text, or was not read.
        bytes: The size of the whole body.
        is_cut: Whether the text is incomplete.
    """

    text: str | None
    bytes: int
    is_cut: bool = False


def mask_headers(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return header lines with credentials masked; the scheme of an ``Authorization`` stays."""
    return [(name, _mask_header(name, value)) for name, value in headers]


def _mask_header(name: str, value: str) -> str:
    if name.lower() == "location":
        return mask_target(value)
    if not _HEADER.search(name):
        return value
    scheme, space, _ = value.partition(" ")
    return f"{scheme} {MASK}" if space and name.lower().endswith("authorization") else MASK


def mask_target(target: str) -> str:
    """Return an address, or a request target, with the credentials in its query masked."""
    parts = urlsplit(target)
    if not parts.query:
        return target
    return urlunsplit(parts._replace(query=_mask_pairs(parts.query, _HEADER)))


def _mask_pairs(form: str, names: re.Pattern[str]) -> str:
    """Mask the values of some names in a form or a query; the rest is unchanged."""
    return "&".join(
        f"{name}={quote(MASK, safe='*')}" if equals and names.search(unquote(name)) else pair
        for pair in form.split("&")
        for name, equals, _ in [pair.partition("=")]
    )


def kept_body(data: bytes) -> tuple[bytes, bool]:
    """Return the part of a body to keep, and whether it is incomplete.

    Long texts in a large body are shortened first, so that a document with a picture in it stays
    readable.
    """
    if len(data) <= SHOWN_BYTES:
        return data, False
    short = _LONG_TEXT.sub(
        lambda found: b'"%b... %d more characters"' % (found[1], len(found[2])),
        data[:_SHORTENED_BYTES],
    )
    return short[:SHOWN_BYTES], True


def with_short_texts(value: Any) -> Any:  # noqa: ANN401 - JSON data
    """Return a document with long texts, such as an encoded picture, shortened."""
    if isinstance(value, dict):
        return {name: with_short_texts(each) for name, each in value.items()}
    if isinstance(value, list):
        return [with_short_texts(each) for each in value]
    if isinstance(value, str) and len(value) > _LONGEST_TEXT:
        return f"{value[:60]}... {len(value) - 60} more characters"
    return value


def show_body(content_type: str, data: bytes, size: int, *, is_cut: bool = False) -> ShownBody:
    """Prepare a body for display.

    Args:
        content_type: The content type; a body that is not text is not shown.
        data: The kept part of the body.
        size: The size of the whole body.
        is_cut: Whether the kept part is incomplete.
    """
    if not data or not _TEXTUAL.match(content_type):
        return ShownBody(text="" if size == 0 else None, bytes=size)
    text = data.decode(errors="replace")
    if "json" in content_type.lower():
        text = _mask_json(data, text)
    elif "form" in content_type.lower():
        text = _mask_pairs(text, _MEMBER)
    return ShownBody(text=text, bytes=size, is_cut=is_cut)


def _mask_json(data: bytes, text: str) -> str:
    """Return a document with credentials masked; one without any is unchanged."""
    try:
        document = loads(data)
    except JSONDecodeError:
        return _mask_broken_json(text)
    masked = _masked(document)
    return text if masked == document else dumps(masked).decode()


def _masked(value: Any) -> Any:  # noqa: ANN401 - JSON data
    if isinstance(value, dict):
        return {
            name: MASK if isinstance(each, str) and _MEMBER.search(name) else _masked(each)
            for name, each in value.items()
        }
    return [_masked(each) for each in value] if isinstance(value, list) else value


def _mask_broken_json(text: str) -> str:
    """Mask credentials in text that is not valid JSON, such as the beginning of a document."""
    return re.sub(
        r'"([^"\\]+)"(\s*:\s*)"(?:[^"\\]|\\.)*"',
        lambda found: f'"{found[1]}"{found[2]}"{MASK}"' if _MEMBER.search(found[1]) else found[0],
        text,
        flags=re.DOTALL,
    )


def curl_command(
    method: str, url: str, headers: Iterable[tuple[str, str]], body: ShownBody
) -> str | None:
    """Return the curl command that repeats a request, once its credentials are filled in.

    None if the body is not completely known. Quoting prevents that text of a message ends an
    argument, or that a control character reaches the terminal.
    """
    if body.is_cut or body.text is None:
        return None
    lines = [f"curl --request {_quoted(method)} {_quoted(url)}"]
    lines += [
        f"  --header {_quoted(f'{name}: {value}')}"
        for name, value in headers
        if name.lower() not in _OWN_HEADERS
    ]
    if body.text:
        lines.append(f"  --data-raw {_quoted(body.text)}")
    return " \\\n".join(lines)


def _quoted(text: str) -> str:
    if not _CONTROL.search(text):
        return shlex.quote(text)
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return "$'" + _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", escaped) + "'"
