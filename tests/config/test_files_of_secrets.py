"""A file with a secret that every user of the machine can read is a warning."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

import pytest
from support.adapters import KEY

from omnimsg.config import load_config

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.skipif(os.name != "posix", reason="other systems have no such rights")
@pytest.mark.parametrize(
    ("name", "mode", "url", "warned"),
    [
        ("omnimsg.toml", 0o644, "https://tiny.example", True),
        ("omnimsg.toml", 0o640, "https://tiny.example", False),
        ("omnimsg.toml", 0o644, "http://127.0.0.1:1", False),
        ("key", 0o604, "https://tiny.example", True),
        ("key", 0o600, "https://tiny.example", False),
    ],
)
def test_a_file_that_everybody_can_read(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    name: str,
    mode: int,
    url: str,
    warned: bool,
) -> None:
    """A world-readable file with a secret gives one warning, unless it is a sandbox's."""
    caplog.set_level(logging.WARNING)
    (tmp_path / "key").write_text(KEY)
    (tmp_path / "key").chmod(0o600)
    config = tmp_path / "omnimsg.toml"
    key = KEY if name == "omnimsg.toml" else "file:key"
    config.write_text(f'[accounts.a]\nprovider = "tiny"\nkey = "{key}"\nbase_url = "{url}"\n')
    config.chmod(0o644)
    (tmp_path / name).chmod(mode)

    load_config(config)
    load_config(config)

    said = [each.getMessage() for each in caplog.records if each.name == "omnimsg.config"]
    assert ([True] if warned else []) == [str(tmp_path / name) in each for each in said]


@pytest.mark.skipif(os.name != "posix", reason="other systems have no such rights")
def test_files_of_one_name_that_everybody_can_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A warning names a file as the configuration does; one of that name elsewhere gets its own."""
    caplog.set_level(logging.WARNING)
    for folder in (tmp_path / "one", tmp_path / "other"):
        folder.mkdir()
        (folder / "a-shared-key").write_text(KEY)
        (folder / "a-shared-key").chmod(0o604)
        (folder / "omnimsg.toml").write_text(
            '[accounts.a]\nprovider = "tiny"\nkey = "file:a-shared-key"\n'
        )

        monkeypatch.chdir(folder)
        load_config("omnimsg.toml")

    said = [each.getMessage() for each in caplog.records if each.name == "omnimsg.config"]
    assert [True, True] == [each.startswith("a-shared-key holds") for each in said]


@pytest.mark.skipif(os.name != "posix", reason="other systems have no such rights")
@pytest.mark.parametrize(
    ("keys", "mode", "warned"),
    [
        ('["file:old", "env:NEW"]', 0o600, []),
        ('["file:old", "env:NEW"]', 0o604, ["old"]),
        ('["file:old", "a-signing-key"]', 0o600, ["omnimsg.toml"]),
    ],
)
def test_a_list_of_secrets_that_everybody_can_read(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    keys: str,
    mode: int,
    warned: list[str],
) -> None:
    """Each secret of a list is checked for readable files; a reference itself is no secret."""
    caplog.set_level(logging.WARNING)
    monkeypatch.setenv("NEW", "new-signing-key")
    (tmp_path / "old").write_text("old-signing-key")
    (tmp_path / "old").chmod(mode)
    config = tmp_path / "omnimsg.toml"
    config.write_text(f'[accounts.a]\nprovider = "toy"\nkey = "env:NEW"\ncallback_keys = {keys}\n')
    config.chmod(0o644)

    load_config(config)

    said = [each.getMessage() for each in caplog.records if each.name == "omnimsg.config"]
    assert [True] * len(warned) == [
        str(tmp_path / name) in each for name, each in zip(warned, said, strict=True)
    ]
