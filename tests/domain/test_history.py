"""A query of the history refuses what can match nothing."""

from __future__ import annotations

from typing import Any

import pytest

from omnimsg import HistoryQuery, InvalidValue


@pytest.mark.parametrize("field", ["to", "sender", "tag", "batch_id"])
@pytest.mark.parametrize("value", [27820001000, b"+27820001000", ["+27820001000"], "", "a\0"])
def test_a_filter_is_text(field: str, value: Any) -> None:
    """A filter that is not text is refused: it would match nothing, like an empty history."""
    with pytest.raises(InvalidValue, match=rf"HistoryQuery\.{field}: "):
        HistoryQuery(**{field: value})
