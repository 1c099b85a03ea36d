"""The names that the columns of a CSV file of messages have, and what those of a header stand for.

* message fields: `to`, `channel`, `sender`, `reference`, `send_at`, `ttl`, `priority`,
  `callback_url`, and `tags`, separated by `|`
* content: `text`; or `media` with `media_kind` and `caption`; or `template` with `language`,
  `param.1`, `param.2` and so on; or, for an e-mail, `subject` with `html` and `text`
* `metadata.NAME`: the caller's own data, which is never sent to the provider
* any other column is kept as metadata under its name, unless it looks like a misspelling of one of
  the above, which is an error

Names are compared without regard to case, and a space or hyphen is equivalent to an underscore.
"""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from omnimsg.domain.redaction import mask_text
from omnimsg.domain.stray_characters import visible
from omnimsg.domain.structuring import unknown_key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

METADATA_PREFIX = "metadata."
COPIED_COLUMNS = ("to", "channel", "sender", "reference", "send_at", "priority", "callback_url")
"""The columns whose cell is copied to the message field of the same name."""
CONTENT_COLUMNS = ("subject", "template", "media", "text")
"""The columns of which a row fills one, which is the kind of its content."""
PARAMETER = re.compile(r"param\.([1-9][0-9]?)")

# The content column that exclusively owns each of these.
_OWNERS = {
    "html": "subject",
    "language": "template",
    "media_kind": "media",
    "caption": "media",
}
_KNOWN_COLUMNS = {*COPIED_COLUMNS, "ttl", "tags", *CONTENT_COLUMNS, *_OWNERS}

# The names that an error suggests. A header name that is this similar to one of them is a typo.
_SUGGESTED_COLUMNS = [*_KNOWN_COLUMNS, "param.1", f"{METADATA_PREFIX}NAME"]
_TYPO_SIMILARITY = 0.76
# The most characters of a name that an error shows.
_SHOWN_NAME = 40

# The columns whose name differs from their JSON path.
_COLUMN_BY_PATH = {
    "content.name": "template",
    "content.items[0].kind": "media_kind",
    "content.items[0].source.url": "media",
}
_PARAMETER_PATH = re.compile(r"content\.body\[([0-9]+)\].*")


def column_of_path(path: str) -> str:
    """Return the name of the column that fills a path of the JSON form."""
    if match := _PARAMETER_PATH.fullmatch(path):
        return f"param.{int(match[1]) + 1}"
    return _COLUMN_BY_PATH.get(path, path.removeprefix("content."))


def owner_of(column: str) -> str | None:
    """Return the content column that exclusively owns a column; `None` if none does."""
    return "template" if column.startswith("param.") else _OWNERS.get(column)


def visible_name(name: str) -> str:
    """Return the name of a column without invisible characters, and with single spaces."""
    return " ".join(visible(name).split())


def shown_name(name: str) -> str:
    """Quote the name of a column for an error, masked: without a header it may be private data."""
    return repr(mask_text(name[:_SHOWN_NAME]))


def normalized(name: str) -> str:
    """Return the form of a name that is compared: case folded, with underscores."""
    return re.sub(r"[\s-]+", "_", name).casefold()


def renamed_names(names: Sequence[str], renamed: Mapping[str, str]) -> list[str]:
    """Return the header names with the renamed ones replaced.

    Raises:
        ValueError: A name is not in the header, or is to stand for an unknown column.
    """
    result = list(names)
    for name, column in renamed.items():
        if not _is_column(normalized(column)):
            raise ValueError(f"--map: {column!r} {unknown_key(column, _SUGGESTED_COLUMNS)}")
        indexes = [i for i, each in enumerate(names) if normalized(each) == normalized(name)]
        if not indexes:
            raise ValueError(f"--map: the header has no column {shown_name(name)}")
        for index in indexes:
            result[index] = column
    return result


def column_of_name(name: str) -> str:
    """Return the column that a header name stands for; a metadata column for an unknown name.

    Raises:
        ValueError: The name looks like a misspelling.
    """
    known = normalized(name)
    if is_metadata(known):
        return METADATA_PREFIX + name[len(METADATA_PREFIX) :]
    if not name or _is_column(known):
        return known
    if difflib.get_close_matches(known, _SUGGESTED_COLUMNS, n=1, cutoff=_TYPO_SIMILARITY):
        raise ValueError(f"column {shown_name(name)} {unknown_key(known, _SUGGESTED_COLUMNS)}")
    return METADATA_PREFIX + name


def is_metadata(column: str) -> bool:
    """Return whether a column is one of metadata."""
    return column.startswith(METADATA_PREFIX) and len(column) > len(METADATA_PREFIX)


def _is_column(name: str) -> bool:
    return name in _KNOWN_COLUMNS or bool(PARAMETER.fullmatch(name)) or is_metadata(name)
