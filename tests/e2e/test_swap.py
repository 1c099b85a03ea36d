"""One program with three providers: only the configuration differs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import attrs
import pytest

from omnimsg.sandbox import Received
from omnimsg_clickatell.emulator import ClickatellEmulator

if TYPE_CHECKING:
    from omnimsg.sandbox import Sandbox

pytestmark = pytest.mark.anyio

PROGRAM = Path(__file__).with_name("program.py")
TO = "+27820000001"
PROVIDERS = ("bird", "clickatell", "messente")

# Each provider's own name for the template, and the account's mapping.
TEMPLATES = """
[accounts.clickatell.templates.table_ready]
name = "table_ready_v2"

[accounts.messente.templates.table_ready]
name = "tisch_bereit"
language = "en_GB"

[accounts.bird.templates.table_ready]
id = "0b6f3f0e-5a7c-4b6d-9f5e-0c8b7b1d2a11"
version = "7d7c0c55-6c55-4f4e-8a43-c1c7a9f3b202"
keys = ["guest", "time"]
"""

FILLED: dict[str, Any] = {
    "bird": {
        "projectId": "0b6f3f0e-5a7c-4b6d-9f5e-0c8b7b1d2a11",
        "version": "7d7c0c55-6c55-4f4e-8a43-c1c7a9f3b202",
        "locale": "en",
        "parameters": [
            {"type": "string", "key": "guest", "value": "Thandi"},
            {"type": "string", "key": "time", "value": "19:30"},
        ],
    },
    "clickatell": {
        "templateName": "table_ready_v2",
        "language": "en",
        "body": {"parameters": {"1": "Thandi", "2": "19:30"}},
    },
    "messente": {
        "channel": "whatsapp",
        "template": {
            "name": "tisch_bereit",
            "language": {"code": "en_GB"},
            "components": [
                {
                    "type": "body",
                    "parameters": [
                        {"type": "text", "text": "Thandi"},
                        {"type": "text", "text": "19:30"},
                    ],
                }
            ],
        },
    },
}
PICTURES: dict[str, Any] = {
    "bird": {
        "type": "image",
        "image": {"images": [{"mediaUrl": "https://example.test/menu.png"}], "text": "Tonight"},
    },
    "messente": {
        "channel": "whatsapp",
        "image": {"link": "https://example.test/menu.png", "caption": "Tonight"},
    },
}


@attrs.frozen
class Ran:
    """The program's exit code and output, and the messages on the phone."""

    code: int
    out: str
    errors: str
    phone: list[Received]


async def run(sandbox: Sandbox, folder: Path, default: str, what: str) -> Ran:
    """Run the program in its own process, with an account as the default."""
    text = sandbox.config_toml().replace('default = "clickatell"', f'default = "{default}"')
    text += TEMPLATES
    sandbox.open_windows(TO)
    sandbox.emulator(ClickatellEmulator).templates.add("table_ready_v2", parameters=2)
    config = anyio.Path(folder / "omnimsg.toml")
    await config.write_text(text)
    process = await anyio.run_process(
        [sys.executable, str(PROGRAM), str(config), what], check=False, cwd=folder
    )
    return Ran(
        process.returncode,
        process.stdout.decode(),
        process.stderr.decode(),
        sandbox.handsets.received(TO),
    )


@pytest.mark.parametrize("default", PROVIDERS)
async def test_a_text(sandbox: Sandbox, tmp_path: Path, default: str) -> None:
    """The phone shows the same text whichever account is the default."""
    ran = await run(sandbox, tmp_path, default, "text")

    assert (0, "") == (ran.code, ran.errors)
    assert ran.out.startswith(f"{default}:")
    assert ran.out.endswith(" delivered\n")
    assert [(default, "sms", "Your table is ready")] == [
        (each.provider, each.channel, each.text) for each in ran.phone
    ]


@pytest.mark.parametrize("default", PROVIDERS)
async def test_a_template(sandbox: Sandbox, tmp_path: Path, default: str) -> None:
    """A template is sent with each provider's own name, version and keys, and the same values."""
    ran = await run(sandbox, tmp_path, default, "template")

    assert (0, "") == (ran.code, ran.errors)
    assert [("whatsapp", FILLED[default])] == [(each.channel, each.content) for each in ran.phone]


@pytest.mark.parametrize("default", PICTURES)
async def test_a_picture_by_its_address(sandbox: Sandbox, tmp_path: Path, default: str) -> None:
    """A picture given by its URL is sent through each provider that takes URLs."""
    ran = await run(sandbox, tmp_path, default, "media")

    assert (0, "") == (ran.code, ran.errors)
    assert [("whatsapp", PICTURES[default])] == [(each.channel, each.content) for each in ran.phone]


async def test_what_a_provider_cannot_say(sandbox: Sandbox, tmp_path: Path) -> None:
    """Clickatell takes no picture by URL: the program fails with the field's path, unsent."""
    ran = await run(sandbox, tmp_path, "clickatell", "media")

    assert 1 == ran.code
    assert "NotSentError" in ran.errors
    assert "content.items[0].source" in ran.errors
    assert [] == ran.phone
    assert [] == list(sandbox.requests)
