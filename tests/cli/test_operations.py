"""The commands that ask a provider for something other than sending."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any

import pytest
from support.toy import ToyConformance

from omnimsg.adapter import Operation
from omnimsg.config import plugins
from omnimsg.transport import aiohttp_transport
from omnimsg_clickatell.emulator import ClickatellEmulator

if TYPE_CHECKING:
    from pathlib import Path

    from support.command import Run

    from omnimsg.adapter import Request, Response
    from omnimsg.sandbox import Sandbox

PHONE = "+27820990001"
WORDS = b"The menu of tonight"
DIGEST = hashlib.sha256(WORDS).hexdigest()


@pytest.fixture
def menu(tmp_path: Path) -> Path:
    """A file to upload."""
    file = tmp_path / "menu.txt"
    file.write_bytes(WORDS)
    return file


class ToyWire:
    """A wire that ends at Toy's side of the talk."""

    asked: list[Request]

    def __init__(self, *_: object, **__: object) -> None:
        type(self).asked = []

    async def exchange(self, request: Request, **_: Any) -> Response:
        """Answer as Toy does."""
        self.asked.append(request)
        wanted = Operation.INTERACTIONS if "/taps" in request.url else Operation.HISTORY
        return ToyConformance().answer_operation(wanted, request)

    async def aclose(self) -> None:
        """There is nothing to close."""


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> type[ToyWire]:
    """Install Toy beside the others, as the only account."""
    found = EntryPoint("toy", "support.toy:ToyAdapter", plugins.GROUP)

    def installed(*, group: str) -> list[EntryPoint]:
        return [*entry_points(group=group), found]

    monkeypatch.setattr(plugins, "entry_points", installed)
    monkeypatch.setattr(aiohttp_transport, "HttpTransport", ToyWire)
    (tmp_path / "omnimsg.toml").write_text('[accounts.toy]\nprovider = "toy"\nkey = "s3cret"\n')
    return ToyWire


def test_what_upload_prints_is_what_the_others_take(run: Run, sandbox: Sandbox, menu: Path) -> None:
    """Its JSON line finds the file again, and the file comes back as it went."""
    up = run("upload", "menu.txt", "--content-type", "text/plain", "--json")
    told = run("media-info", up.out, "--json")
    down = run("download", up.out, "--output", "back.txt", "--json")

    assert [0, 0, 0] == [up.code, told.code, down.code]
    assert {"type": "stored", "account": "clickatell", "sha256": DIGEST}.items() <= up.rows[
        0
    ].items()
    assert (up.rows[0]["id"], True) == (told.rows[0]["id"], told.rows[0]["broadcast_allowed"])
    assert told.rows[0]["expires"]
    assert [{"path": "back.txt", "bytes": len(WORDS), "sha256": DIGEST}] == down.rows
    assert menu.with_name("back.txt").read_bytes() == WORDS


def test_what_upload_prints_is_a_source_of_media(
    run: Run, sandbox: Sandbox, menu: Path, tmp_path: Path
) -> None:
    """Its JSON line stands in a message as it is."""
    up = run("upload", "menu.txt", "--content-type", "text/plain", "--json")
    item = {"kind": "document", "source": up.rows[0], "content_type": "text/plain"}
    message = {
        "to": PHONE,
        "channel": "whatsapp",
        "content": {"type": "media", "items": [item]},
    }
    (tmp_path / "message.json").write_text(json.dumps(message))

    assert run("send", "--message", "message.json").code == 0
    assert ["media"] == [each.kind for each in sandbox.handsets.received(PHONE)]


def test_a_file_by_its_id(run: Run, sandbox: Sandbox, menu: Path) -> None:
    """The id and the digest are enough, and what people see tells both."""
    up = run("upload", "menu.txt", "--content-type", "text/plain", "--to", PHONE)
    shown = dict(line.split(maxsplit=1) for line in up.out.splitlines())

    down = run("download", shown["id"], "--sha256", shown["sha256"], "--output", "back.txt")
    told = run("media-info", shown["id"])

    assert (0, 0, DIGEST) == (down.code, told.code, shown["sha256"])
    assert "19 bytes" in down.out
    assert "one recipient" in told.out
    assert PHONE[1:] not in up.out + up.err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("upload", "menu.txt"), "--content-type"),
        (("upload", "missing.txt", "--content-type", "text/plain"), "missing.txt: no such file"),
        (("upload", "menu.txt", "--content-type", "text"), "--content-type: must be a media type"),
        (
            ("upload", "menu.txt", "--content-type", "text/plain", "--to", "5550100"),
            "--to: must be a number",
        ),
        (
            ("upload", "menu.txt", "--content-type", "a/b", "--account", "main"),
            "no account 'main'",
        ),
        (("download", "1"), "--output"),
        (("download", "{", "--output", "x"), "the file: is not JSON"),
        (("media-info", '{"type": "link", "url": "https://x"}'), "is not a stored one"),
        (("media-info", '{"account": "clickatell"}'), "give the provider's id"),
        (("media-info", '{"id": "1", "ids": 1}'), "ids"),
        (
            ("media-info", '{"account": "clickatell", "id": "1"}', "--account", "bird"),
            "--account: the JSON says another one",
        ),
        (("download", "1", "--sha256", "abc", "--output", "x"), "must be a SHA-256"),
        (("mark-read",), "no id is given"),
        (("mark-read", "no-colon"), "must look like 'account:provider-id'"),
        (("cancel", "other:1"), "no account 'other'"),
        (("history", "--since", "soon"), "--since: is not a time"),
        (("history", "--until", "2030-05-01T09:00"), "--until: must say its offset"),
        (("history", "--limit", "0"), "--limit"),
    ],
)
def test_a_wrong_command_line_asks_nothing(
    run: Run, sandbox: Sandbox, menu: Path, arguments: tuple[str, ...], expected: str
) -> None:
    """It is one line that names the flag or the file, and exit code 2."""
    ran = run(*arguments)

    assert ran.code == 2
    assert expected in ran.error
    assert ran.hint
    assert not sandbox.requests


def test_a_file_that_is_not_there(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """The provider's refusal is exit code 1, and no file appears."""
    ran = run("download", "nothing", "--sha256", DIGEST, "--output", "x")

    assert ran.code == 1
    assert "media_not_found" in ran.error
    assert not (tmp_path / "x").exists()


def test_an_output_that_cannot_be_written(run: Run, sandbox: Sandbox, menu: Path) -> None:
    """It is one line that names it."""
    up = run("upload", "menu.txt", "--content-type", "text/plain", "--json")

    ran = run("download", up.out, "--output", "missing/x")

    assert ran.code == 1
    assert ran.error == "error: missing/x: cannot be written: no such file or directory"


def test_balance(run: Run, sandbox: Sandbox) -> None:
    """The amount is text, as decimals are everywhere."""
    assert run("balance", "--json").rows == [
        {"account": "clickatell", "amount": "1000.0", "currency": "EUR"}
    ]
    assert run("balance").out == "1000.0 EUR  clickatell\n"


def test_a_wrong_key_shows_in_the_balance(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """A refusal of the credentials is exit code 1, with advice."""
    text = (tmp_path / "omnimsg.toml").read_text()
    (tmp_path / "omnimsg.toml").write_text(text.replace("sandbox-not-a-secret-A==", "hunter2"))

    ran = run("balance", "--json")

    assert (ran.code, ran.out) == (1, "")
    assert "unauthorized" in ran.error
    assert "credentials" in ran.hint


def test_a_scheduled_message_is_stopped_once(run: Run, sandbox: Sandbox) -> None:
    """The first time it is stopped, the second time it is too late: exit codes 0 and 1."""
    sent = run(
        *("send", "--account", "messente", "--to", PHONE, "--text", "Hello"),
        *("--at", "2099-01-01T00:00:00Z", "--json"),
    )
    found = sent.rows[0]["id"]

    first, second = run("cancel", found, "--json"), run("cancel", found)

    assert [{"id": found, "cancelled": True}] == first.rows
    assert (0, 1) == (first.code, second.code)
    assert f"omnimsg status {found}" in second.hint


def test_an_answer_that_is_lost(run: Run, sandbox: Sandbox) -> None:
    """Whether it is stopped is not certain: exit code 3, and how to find out."""
    sandbox.faults.add("reset_after", on="any", provider="messente")

    ran = run("cancel", "messente:1", "--json")

    assert (ran.code, ran.out) == (3, "")
    assert "omnimsg status messente:1" in ran.hint


def test_a_cancel_that_cannot_be_asked(run: Run, sandbox: Sandbox) -> None:
    """A refusal is certain: exit code 1."""
    sandbox.faults.add("status", status=401, on="any", provider="messente")

    ran = run("cancel", "messente:1")

    assert ran.code == 1
    assert "credentials" in ran.hint


def test_mark_read(run: Run, sandbox: Sandbox) -> None:
    """There is one result an id, in the order given; one refusal is exit code 1."""
    good = f"clickatell:{sandbox.emulator(ClickatellEmulator).inbox.receive(PHONE[1:]).id}"

    ran = run("mark-read", "clickatell:no-such", good, "--json")

    assert ran.code == 1
    assert [("clickatell:no-such", "rejected"), (good, "accepted")] == [
        (row["id"], row["outcome"]) for row in ran.rows
    ]
    assert "clickatell:no-such: rejected by clickatell" in ran.error
    assert run("mark-read", good).out == f"marked as read  {good}\n"


@pytest.mark.parametrize(
    ("arguments", "able"),
    [
        (("cancel", "clickatell:1"), "messente"),
        (("balance", "--account", "messente"), "clickatell"),
        (("media-info", "1", "--account", "messente"), "clickatell"),
        (("mark-read", "messente:1"), "clickatell"),
        (("history",), "toy"),
        (("interactions", "clickatell:1"), "toy"),
    ],
)
def test_what_a_provider_does_not_have(
    run: Run, toy: object, sandbox: Sandbox, arguments: tuple[str, ...], able: str
) -> None:
    """It is one line that names who has it, and exit code 2."""
    ran = run(*arguments, "--json")

    assert (ran.code, ran.out) == (2, "")
    assert "has no operation" in ran.error
    assert able in ran.error.partition("offered by")[2]


def test_history(run: Run, toy: type[ToyWire]) -> None:
    """All pages are gone through, and each message is one object."""
    ran = run("history", "--json")

    assert ran.code == 0
    assert [f"toy:{page}-{number}" for page in (1, 2, 3) for number in (0, 1)] == [
        row["id"] for row in ran.rows
    ]
    assert {
        "id": "toy:1-0",
        "direction": None,
        "channel": None,
        "status": "delivered",
        "reason": None,
        "to": [],
        "sender": None,
        "reference": None,
        "created": None,
    } == ran.rows[0]
    assert "toy:3-1" in run("history").out


def test_history_stops_at_its_limit(run: Run, toy: type[ToyWire]) -> None:
    """No more pages are fetched than it takes to know that there is more."""
    ran = run("history", "--limit", "2", "--json")

    assert ["toy:1-0", "toy:1-1"] == [row["id"] for row in ran.rows]
    assert "more than 2" in ran.hint
    assert len(toy.asked) == 2


def test_interactions(run: Run, toy: type[ToyWire]) -> None:
    """Each is one object, with the unified word and the provider's own."""
    ran = run("interactions", "toy:7", "--json")

    assert ran.code == 0
    assert len(ran.rows) == 6
    assert {
        "message_id": "toy:7",
        "kind": "clicked",
        "provider_kind": "1-0",
        "at": None,
        "channel": None,
        "url": None,
        "emoji": None,
        "payload": None,
    } == ran.rows[0]
    assert "clicked" in run("interactions", "toy:7").out
