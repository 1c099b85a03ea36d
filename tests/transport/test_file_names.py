"""`FileSink` writes files of any name that the system allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from omnimsg.transport.files import FileSink

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("name", ["n" * 250, "n" * 255, "ü" * 127, "-", ".hidden"])
async def test_a_long_name(tmp_path: Path, name: str) -> None:
    """The temporary file's name is valid for any valid name of the target."""
    target = tmp_path / name
    async with FileSink(target) as sink:
        await sink.write(b"whole")

    assert [(name, b"whole")] == [(each.name, each.read_bytes()) for each in tmp_path.iterdir()]  # noqa: ASYNC240 - nothing else runs
