"""Find the known name that a wrong one was probably meant to be."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# A typing error is more similar than that; another word for something, such as `text` for `content`
# or `number` for `to`, is not, and the most similar name would be misleading.
_SIMILARITY = 0.65


def nearest_name(name: str, known: Iterable[str]) -> str | None:
    """Return the known name of which `name` may be a typing error."""
    matches = difflib.get_close_matches(name, list(known), n=1, cutoff=_SIMILARITY)
    return matches[0] if matches else None
