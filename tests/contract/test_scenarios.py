"""A scenario of the sandbox has the same reason at every provider, or the docs say why not."""

from __future__ import annotations

import asyncio
from pathlib import Path

import scenarios

from omnimsg.sandbox import Scenario

DOCS = Path(__file__).parents[2] / "docs"


def test_reasons_are_the_same_or_explained() -> None:
    """The page on swapping providers explains exactly the scenarios whose reasons differ."""
    played = asyncio.run(scenarios.play())
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
