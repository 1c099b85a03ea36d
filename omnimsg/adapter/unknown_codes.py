"""Convert provider codes that have no row in an adapter's tables to text that may be shown."""

from __future__ import annotations

from omnimsg.domain.redaction import mask_text

# A longer text is not a code: a sentence in the place of a code is cut off.
MAX_CODE_LENGTH = 64


def code_text(value: object) -> str | None:
    """Return a provider's code as text that may be shown; `None` if it is not a code.

    Numbers and addresses in it are masked, and a text of more than 64 characters is cut off.

    Args:
        value: The value in the place of a code: text or a whole number.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return None
    try:
        text = " ".join(str(value).split())
    except ValueError:  # a whole number of more digits than Python converts to text
        return None
    if not text.isprintable():
        return None
    text = mask_text(text)
    if len(text) > MAX_CODE_LENGTH:
        text = f"{text[: MAX_CODE_LENGTH - 1]}…"
    return text or None
