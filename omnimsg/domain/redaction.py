"""Mask phone numbers, e-mail addresses and message text in logs, reprs and errors.

A masked number keeps its first three and last two digits: enough to recognise a customer's
complaint, not enough to dial. Shorter numbers keep less.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

import attrs

from omnimsg.domain.quotations import Sentence, national_digits, replaced

# After a plus, digits may be grouped. Without one, they must stand alone: hexadecimal ids have
# digits, too.
_NUMBER = re.compile(
    r"\+[0-9](?:[ .()/-]{0,5}[0-9]){6,}|(?<![0-9A-Za-z])[0-9]{7,15}(?![0-9A-Za-z])"
)
# The separators between two digits of a number that is written in groups.
_GROUPED = r"[\s.()/_-]{0,5}"
# Matches only at the start of a word: a match tried from every letter takes quadratic time.
_WORD_BREAKS = r"\s@<>\"',;:()"
_WORD = rf"[^{_WORD_BREAKS}]++"
# A few apostrophes may be in the name: `o'brien@example.test`.
_EMAIL = re.compile(rf"(?:(?<=[{_WORD_BREAKS}])|^){_WORD}(?:'{_WORD}){{0,3}}@{_WORD}")

# Characters that a provider may escape when it quotes a text; the text between them is unchanged.
# Matches only at the start of a run: tried from each of many spaces it takes quadratic time.
_ESCAPED_CHARACTERS = re.compile(r"(?<![\s\"'\\<>&])[\s\"'\\<>&]*[\n\r\t\"'\\<>&][\s\"'\\<>&]*")
_MIN_PIECE_LENGTH = 4
# A quotation that starts with this many characters of a text quotes it, even if it is cut off.
_PREFIX_LENGTH = 12


def mask_number(number: str) -> str:
    """Mask the middle of a phone number: `+37255500001` becomes `+372******01`."""
    plus = number.startswith("+")
    digits = len(number) - plus
    head, tail = (3, 2) if digits >= 8 else (0, 2) if digits >= 5 else (0, 0)
    shown = plus + head
    return number[:shown] + "*" * (digits - head - tail) + number[len(number) - tail :]


def mask_national(digits: str) -> str:
    """Mask a number that is quoted without its country code: only the last two digits are kept.

    Args:
        digits: The digits of the E.164 form, with the country code.
    """
    national = national_digits(digits)
    return "*" * (len(national) - 2) + national[-2:]


def mask_email(address: str) -> str:
    """Mask a mailbox: `ola@example.test` becomes `o***@example.test`."""
    mailbox, _, host = address.partition("@")
    return f"{mailbox[:1]}***@{host}"


def mask_text(text: str) -> str:
    """Mask every phone number and e-mail address in a text.

    Meant for a provider's error texts, such as "Invalid recipient address: ...", which quote the
    recipient.
    """
    if "@" in text:
        text = _EMAIL.sub(lambda found: mask_email(found[0]), text)
    return _NUMBER.sub(lambda found: mask_number(found[0]), text)


def redact_quotations(
    text: str,
    *,
    secrets: Collection[str] = (),
    recipients: Collection[str] = (),
    texts: Collection[str] = (),
) -> str:
    """Redact the private texts that a sentence quotes, however they are written.

    They are found in any grouping and any case, escaped for a URL, JSON or HTML; a recipient also
    without its country code. Of a text that `…` cuts off, the beginning is found. A text of
    punctuation alone is not found.

    Args:
        text: The sentence.
        secrets: Credentials; found inside words too.
        recipients: Phone numbers in E.164 form, and mailboxes.
        texts: Texts of messages; found inside words only if they are long.
    """
    sentence = Sentence(text)
    spans = [(*span, "…") for each in secrets for span in sentence.secrets(each)]
    private = [*secrets, *recipients, *texts]
    for each in recipients:
        if "@" in each:
            spans += ((*span, mask_email(each)) for span in sentence.secrets(each))
            continue
        digits = each.lstrip("+")
        if digits.isdecimal():
            private.append(national_digits(digits))
            spans += (
                (start, end, mask_number(digits) if is_whole else mask_national(digits))
                for start, end, is_whole in sentence.numbers(digits)
            )
    spans += ((*span, "…") for each in texts for span in sentence.texts(each))
    spans += ((*span, "") for each in private for span in sentence.cut_off(each))
    return replaced(text, spans) if spans else text


def redact(text: str, private: Iterable[str]) -> str:
    """Replace every quotation of a message's private texts in a provider's sentence with `…`.

    Case is ignored.

    A private text of up to 12 characters is replaced where it stands alone, not inside a word. The
    first 12 characters of a longer one are enough, because providers cut quotations off. A text
    with characters that may have been escaped is also replaced by pieces, those between such
    characters, from 4 characters on.

    Args:
        text: The provider's sentence.
        private: The texts that must not remain in it.
    """
    found = {each.strip() for each in private}
    found |= {
        piece
        for each in found
        for piece in _ESCAPED_CHARACTERS.split(each)
        if len(piece) >= _MIN_PIECE_LENGTH
    }
    for each in sorted(found - {""}, key=len, reverse=True):
        if each[:_PREFIX_LENGTH].lower() not in text.lower():
            continue
        if len(each) <= _PREFIX_LENGTH:
            text = re.sub(rf"(?<!\w){re.escape(each)}(?!\w)", "…", text, flags=re.IGNORECASE)
        else:
            text = _redact_by_prefix(text, each)
    return text


def redact_anywhere(text: str, secrets: Iterable[str]) -> str:
    """Replace secrets with `…`, inside words too, whatever their case."""
    for each in secrets:
        text = re.sub(re.escape(each), "…", text, flags=re.IGNORECASE)
        if len(each) > _PREFIX_LENGTH:
            text = _redact_by_prefix(text, each)
    return text


def redact_number(text: str, recipient: str) -> str:
    """Mask a recipient in a text: a number in any grouping, also inside a word, or a mailbox."""
    if "@" in recipient:
        mailbox = re.escape(recipient)
        return re.sub(mailbox, mask_email(recipient), text, flags=re.IGNORECASE)
    digits = recipient.lstrip("+")
    if sum(each.isdecimal() for each in text) < len(digits) or not digits.isdecimal():
        return text
    return re.sub(_GROUPED.join(digits), mask_number(digits), text)


def _redact_by_prefix(text: str, private: str) -> str:
    """Replace every quotation of a long text, up to where it differs from the text."""
    kept: list[str] = []
    end = 0
    prefix = re.compile(re.escape(private[:_PREFIX_LENGTH]), re.IGNORECASE)
    while (found := prefix.search(text, end)) is not None:
        start = found.start()
        kept += text[end:start], "…"
        quoted = text[start : start + len(private)]
        pairs = enumerate(zip(private, quoted, strict=False))
        same = next((i for i, (a, b) in pairs if a.lower() != b.lower()), len(quoted))
        end = max(found.end(), start + same)
    return "".join((*kept, text[end:]))


def private_texts(value: Any, path: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - any content
    """Yield the path and text of every field that the repr of a value does not show.

    Args:
        value: Any value of the model, or a list or tuple of them.
        path: The path to the value itself.
    """
    if isinstance(value, (list, tuple)):
        for index, each in enumerate(value):
            yield from private_texts(each, f"{path}[{index}]")
    elif attrs.has(type(value)):
        for field in attrs.fields(type(value)):
            each, field_path = getattr(value, field.name), f"{path}.{field.name}"
            if not (field.repr is hidden or field.repr is False):
                yield from private_texts(each, field_path)
            elif isinstance(each, str):
                yield field_path, each
            elif isinstance(each, Mapping):
                yield from ((f"{field_path}[{key!r}]", text) for key, text in each.items())
            else:
                yield from private_texts(each, field_path)


def masked(value: Any) -> str:  # noqa: ANN401 - attrs passes any field's value
    """Return the repr of a field that holds or may quote a recipient, with numbers masked."""
    return mask_text(repr(value))


def hidden(value: Any) -> str:  # noqa: ANN401 - attrs passes any field's value
    """Return the repr of a field whose value is never shown: only its size or type."""
    if value is None:
        return "None"
    if isinstance(value, (str, bytes)):
        return f"<{len(value)} {'characters' if isinstance(value, str) else 'bytes'}>"
    return f"<{type(value).__name__}>"
