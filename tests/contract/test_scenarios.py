"""A scenario of the sandbox has the same reason at every provider, or the docs say why not."""

from __future__ import annotations

import asyncio
import importlib
from pathlib import Path
from typing import TYPE_CHECKING

from omnimsg.sandbox import Scenario

if TYPE_CHECKING:
    import pytest

DOCS = Path(__file__).parents[2] / "docs"


def test_reasons_are_the_same_or_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page on swapping providers explains exactly the scenarios whose reasons differ."""
    monkeypatch.syspath_prepend(DOCS)
    played = asyncio.run(importlib.import_module("scenarios").play())
    page = (DOCS / "swap-a-provider.md").read_text(encoding="utf-8")
    notes = page.partition("### Where the reasons differ")[2].partition("\n## ")[0]

    differing = {
        scenario.name
        for scenario in Scenario
        for channel in ("sms", "whatsapp")
        if len({ends[scenario, channel][1] for ends in played.values()}) > 1
    }

    assert len(played) == 3
    assert {name for name in Scenario.__members__ if f"- `{name}`:" in notes} == differing
