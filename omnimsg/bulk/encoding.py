"""The encoding of a file of messages: UTF-8, unless a byte order mark or the caller says otherwise.

Files in every encoding are converted to UTF-8, which the rest of the package reads. An undecodable
byte becomes a byte that is invalid in UTF-8 too, so that its line is reported as bad there.

The encoding is never guessed: a wrong guess would text people gibberish. If a file is not in the
expected encoding, the error names the encoding that it seems to have.
"""

from __future__ import annotations

import codecs
import unicodedata
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_BYTE_ORDER_MARKS = (
    # UTF-32 first: its little-endian mark begins with that of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Codecs for transfer formats and escapes, which are not encodings of files.
_EXCLUDED_CODECS = frozenset(
    ("idna", "punycode", "raw-unicode-escape", "unicode-escape", "utf-7", "undefined")
)
# Replaces an undecodable byte; `surrogateescape` encodes it as a byte that UTF-8 never has.
_UNDECODABLE = "\udcff"
_ERROR_HANDLER = "omnimsg-mark"


def _replace_undecodable(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)  # noqa: S101 - the only one that decoding raises
    return _UNDECODABLE, error.end


codecs.register_error(_ERROR_HANDLER, _replace_undecodable)


def known_encoding(name: str) -> str:
    """Return the canonical name of an encoding.

    Raises:
        ValueError: There is no such text encoding.
    """
    try:
        usual = codecs.lookup(name).name
        if usual.replace("_", "-") not in _EXCLUDED_CODECS:
            "a".encode(usual)  # a LookupError where it is no encoding of text
            return usual
    except (LookupError, ValueError):
        pass
    raise ValueError(f"{name!r} is not an encoding; known are utf-8, utf-16, cp1252 and others")


def encoding_by_mark(head: bytes) -> str | None:
    """Return the encoding that a byte order mark at the start of a file names."""
    return next((name for mark, name in _BYTE_ORDER_MARKS if head.startswith(mark)), None)


def utf16_without_mark(head: bytes) -> str | None:
    """Return the encoding of a file whose bytes alternate with NUL, as in UTF-16."""
    for start, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        if head.count(b"\0") * 3 > len(head) and head[start::2].count(b"\0") * 3 > len(head):
            return name
    return None


def to_utf8(blocks: Iterable[bytes], encoding: str | None) -> Iterator[bytes]:
    """Convert the blocks of a file to UTF-8, without its byte order mark.

    Args:
        blocks: The file from its start.
        encoding: The encoding; `None` for that of the byte order mark, or UTF-8 without a mark.
    """
    blocks = iter(blocks)
    head = next(blocks, b"")
    encoding = encoding or encoding_by_mark(head) or "utf-8"
    if encoding == "utf-8":
        yield head.removeprefix(codecs.BOM_UTF8)
        yield from blocks
        return
    decoder = codecs.getincrementaldecoder(encoding)(_ERROR_HANDLER)
    is_first = True
    for block in chain((head,), blocks):
        text = decoder.decode(block)
        # The codec removes the mark only if its name does not state the byte order.
        yield (text.removeprefix("\ufeff") if is_first else text).encode(errors="surrogateescape")
        is_first = is_first and not text
    yield decoder.decode(b"", final=True).encode(errors="surrogateescape")


# The 8-bit encodings that common programs write, likeliest first, with their names in the error.
_CANDIDATES = {
    "cp1252": "Windows-1252, the encoding of Excel's plain CSV in Western Europe",
    "cp1250": "Windows-1250, the encoding of Excel's plain CSV in Central Europe",
    "cp1251": "Windows-1251, the encoding of Excel's plain CSV for Cyrillic",
    "cp1253": "Windows-1253, the encoding of Excel's plain CSV in Greece",
    "mac_roman": "Mac Roman",
    "cp850": "the DOS code page 850",
}
_USUAL_SYMBOLS = frozenset(
    "\u2018\u2019\u201a\u201c\u201d\u201e\u2013\u2014\u2026\u20ac\u00a3\u00a7\u00ab\u00bb\u00b0\u00bf\u00a1\u2116"
)


def likely_encoding(samples: Iterable[bytes]) -> tuple[str, str] | None:
    """Guess the 8-bit encoding of lines that are not UTF-8, for an error message.

    Returns:
        Python's name of the encoding and a description; `None` where none is likely.
    """
    joined = b"\n".join(samples)
    scores = {name: _plausibility(joined, name) for name in _CANDIDATES}
    best = max(scores, key=lambda name: scores[name])
    return (best, _CANDIDATES[best]) if scores[best] > 0 else None


def _plausibility(data: bytes, encoding: str) -> int:
    """Return a score of how much data, decoded in an encoding, looks like written text."""
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return -1
    padded = f" {text} "
    return sum(
        _plausibility_of(*padded[index : index + 3])
        for index in range(len(text))
        if not padded[index + 1].isascii()
    )


def _plausibility_of(before: str, character: str, after: str) -> int:
    """Judge a character that is not ASCII by its neighbours."""
    if character.isspace():
        return 0
    if not character.isalpha():
        return 1 if character in _USUAL_SYMBOLS else -2
    script = _script(character)
    neighbours = [each for each in (before, after) if each.isalpha()]
    if not neighbours:
        return -1
    if any(_script(each) != script for each in neighbours):
        return -2
    if character.isupper() and before.islower():
        return -2
    if script == "LATIN":
        # In Latin words, most letters that are not ASCII have an ASCII neighbour; letters of other
        # scripts have none.
        return int(any(each.isascii() for each in neighbours))
    return 1


def _script(letter: str) -> str:
    return unicodedata.name(letter, "").partition(" ")[0]
