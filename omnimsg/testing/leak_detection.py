"""Find what must not be seen: credentials, numbers, and the words of a message."""

from __future__ import annotations

import base64
import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import attrs

from omnimsg.adapter import Multipart, Request, Source
from omnimsg.domain.redaction import private_texts
from omnimsg.domain.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from omnimsg.domain.message import Message

# Shorter texts turn up by accident and would prove nothing.
LEAST = 6


def credentials_of(settings: object, authorization: Mapping[str, str]) -> dict[str, str]:
    """Find an account's credentials, in every spelling a request could hold them in.

    Returns:
        What each spelling is, by the spelling.
    """
    found: dict[str, str] = {}
    for name, secret in _secrets(settings, "settings"):
        value = secret.reveal()
        for spelling in (
            value,
            quote(value, safe=""),
            base64.b64encode(value.encode()).decode().rstrip("="),
        ):
            found.setdefault(spelling, name)
    for name, line in authorization.items():
        for part in (line, line.rpartition(" ")[2]):
            found.setdefault(part, f"the header line {name!r}")
    return {value: name for value, name in found.items() if len(value) >= LEAST}


def private_words(message: Message) -> dict[str, str]:
    """Find a message's recipient and words, which no repr, error or log line may show.

    Returns:
        The path of each, by the words.
    """
    found = {each: path for path, each in private_texts(message.content, "content")}
    if isinstance(message.to, str):
        found[message.to.lstrip("+")] = "to"
    return {words: path for words, path in found.items() if len(words) >= LEAST}


def text_of(request: Request) -> dict[str, str]:
    """Return all parts of a request that reach the wire, as text, by their name."""
    body = request.body
    if isinstance(body, Multipart):
        shown = "\n".join(f"{name}={value}" for name, value in body.fields) + body.file_name
    elif isinstance(body, Source):
        shown = body.data.decode("latin-1") if isinstance(body.data, bytes) else ""
    else:
        shown = (body or b"").decode("utf-8", "replace")
    return {
        "url": request.url,
        "query": "\n".join(f"{name}={value}" for name, value in request.query),
        "headers": "\n".join(f"{name}: {value}" for name, value in request.headers.items()),
        "body": shown,
    }


def leaks(text: str, forbidden: Mapping[str, str]) -> list[str]:
    """Name what of the forbidden a text holds, without repeating it."""
    return sorted({name for value, name in forbidden.items() if value in text})


@contextmanager
def logged() -> Iterator[list[str]]:
    """Collect every log line written inside, at every level."""
    lines: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(f"{record.getMessage()} {record.args!r} {record.exc_text or ''}")

    root, handler = logging.getLogger(), Keep(level=0)
    before = root.level
    root.addHandler(handler)
    root.setLevel(0)
    try:
        yield lines
    finally:
        root.setLevel(before)
        root.removeHandler(handler)


def _secrets(value: Any, path: str) -> Iterator[tuple[str, Secret]]:  # noqa: ANN401 - anything
    if isinstance(value, Secret):
        yield path, value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _secrets(each, f"{path}.{key}")
    elif isinstance(value, (list, tuple)):
        for position, each in enumerate(value):
            yield from _secrets(each, f"{path}[{position}]")
    elif attrs.has(type(value)):
        for field in attrs.fields(type(value)):
            yield from _secrets(getattr(value, field.name), f"{path}.{field.name}")
