"""Detect credentials, phone numbers and message text in any text, and collect log lines."""

from __future__ import annotations

import base64
import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import attrs

from omnimsg.domain.redaction import private_texts
from omnimsg.domain.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from omnimsg.domain.message import Message

# Shorter values occur by chance, so finding one would prove nothing.
MIN_LENGTH = 6


def credentials_of(settings: object, authorization: Mapping[str, str]) -> dict[str, str]:
    """Collect an account's credentials: plain, percent-encoded and in base64.

    Returns:
        Each spelling, with the name of its credential.
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
    return {value: name for value, name in found.items() if len(value) >= MIN_LENGTH}


def private_values(message: Message) -> dict[str, str]:
    """Collect a message's recipient and text, which no repr, error or log line may show.

    Returns:
        Each value, with its path in the message.
    """
    found = {text: path for path, text in private_texts(message.content, "content")}
    if isinstance(message.to, str):
        found[message.to.lstrip("+")] = "to"
    return {value: path for value, path in found.items() if len(value) >= MIN_LENGTH}


def find_leaks(text: str, forbidden: Mapping[str, str]) -> list[str]:
    """Return the names of the forbidden values that a text contains, never the values."""
    return sorted({name for value, name in forbidden.items() if value in text})


@contextmanager
def capture_logs() -> Iterator[list[str]]:
    """Collect every log line written inside the block, at every level."""
    lines: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(f"{record.getMessage()} {record.args!r} {record.exc_text or ''}")

    root, collector = logging.getLogger(), Collector(level=0)
    level_before = root.level
    root.addHandler(collector)
    root.setLevel(0)
    try:
        yield lines
    finally:
        root.setLevel(level_before)
        root.removeHandler(collector)


def _secrets(value: Any, path: str) -> Iterator[tuple[str, Secret]]:  # noqa: ANN401 - anything
    if isinstance(value, Secret):
        yield path, value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _secrets(each, f"{path}.{key}")
    elif isinstance(value, (list, tuple)):
        for index, each in enumerate(value):
            yield from _secrets(each, f"{path}[{index}]")
    elif attrs.has(type(value)):
        for field in attrs.fields(type(value)):
            yield from _secrets(getattr(value, field.name), f"{path}.{field.name}")
