"""What keeps numbers, addresses, texts and secrets out of logs, reprs and errors.

Numbers keep their first three and last two digits: enough to recognise a customer's complaint,
not enough to dial. Short ones keep less.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs

# After a plus a number may be written in groups; without one it may be part of a hexadecimal id.
_NUMBER = re.compile(
    r"\+[0-9](?:[ .()/-]{0,2}[0-9]){6,}|(?<![0-9A-Za-z])[0-9]{7,15}(?![0-9A-Za-z])"
)
# Tried only where a word starts: from every letter of a long one it would take quadratic time.
_BREAKS = r"\s@<>\"',;:()"
_EMAIL = re.compile(rf"(?:(?<=[{_BREAKS}])|^)[^{_BREAKS}]++@[^{_BREAKS}]+")

# Where whoever quotes a text may have escaped it: what lies between arrives as it was.
_ESCAPED = re.compile(r"[\s\"'\\<>&]*[\n\r\t\"'\\<>&][\s\"'\\<>&]*")
_LEAST_PIECE = 4
# So much of a text, and it is that text, though the quotation may be cut off further on.
_OPENING = 12


def mask_number(number: str) -> str:
    """Hide the middle of a phone number: `+37255500001` becomes `+372******01`."""
    plus = number.startswith("+")
    digits = len(number) - plus
    head, tail = (3, 2) if digits >= 8 else (0, 2) if digits >= 5 else (0, 0)
    shown = plus + head
    return number[:shown] + "*" * (digits - head - tail) + number[len(number) - tail :]


def mask_email(address: str) -> str:
    """Hide a mailbox: `ola@example.test` becomes `o***@example.test`."""
    mailbox, _, host = address.partition("@")
    return f"{mailbox[:1]}***@{host}"


def mask_text(text: str) -> str:
    """Hide every phone number and e-mail address inside a provider's sentence.

    Made for error texts such as "Invalid recipient address: ...", which quote the recipient.
    """
    if "@" in text:
        text = _EMAIL.sub(lambda found: mask_email(found[0]), text)
    return _NUMBER.sub(lambda found: mask_number(found[0]), text)


def redact(text: str, words: Iterable[str]) -> str:
    """Take a message's own words out of a sentence that may quote them: each becomes `…`.

    Short words go only where they stand alone. Of longer ones the beginning is enough, because
    quotations are cut off; what was escaped in between does not hide the rest.
    """
    found = {word.strip() for word in words}
    found |= {
        piece for word in found for piece in _ESCAPED.split(word) if len(piece) >= _LEAST_PIECE
    }
    for word in sorted(found - {""}, key=len, reverse=True):
        if word[:_OPENING] not in text:
            continue
        if len(word) <= _OPENING:
            text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", "…", text)
        else:
            text = _without_long(text, word)
    return text


def _without_long(text: str, word: str) -> str:
    kept: list[str] = []
    done = 0
    while (start := text.find(word[:_OPENING], done)) >= 0:
        kept += text[done:start], "…"
        quoted = text[start : start + len(word)]
        pairs = enumerate(zip(word, quoted, strict=False))
        done = start + next((place for place, (a, b) in pairs if a != b), len(quoted))
    return "".join((*kept, text[done:]))


def private_texts(value: Any, path: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - any content
    """Find the words in a value that its repr does not show, with the path to each."""
    if isinstance(value, (list, tuple)):
        for position, each in enumerate(value):
            yield from private_texts(each, f"{path}[{position}]")
    elif attrs.has(type(value)):
        for field in attrs.fields(type(value)):
            each, where = getattr(value, field.name), f"{path}.{field.name}"
            if not (field.repr is hidden or field.repr is False):
                yield from private_texts(each, where)
            elif isinstance(each, str):
                yield where, each
            elif isinstance(each, Mapping):
                yield from ((f"{where}[{key!r}]", word) for key, word in each.items())
            else:
                yield from private_texts(each, where)


def masked(value: Any) -> str:  # noqa: ANN401 - attrs passes any field's value
    """Repr of a field that holds, or may quote, a recipient."""
    return mask_text(repr(value))


def hidden(value: Any) -> str:  # noqa: ANN401 - attrs passes any field's value
    """Repr of a field that is never shown; only its size is."""
    if value is None:
        return "None"
    if isinstance(value, (str, bytes)):
        return f"<{len(value)} {'characters' if isinstance(value, str) else 'bytes'}>"
    return f"<{type(value).__name__}>"
