"""The commands for operations other than sending."""

from __future__ import annotations

import hashlib
import json
import re
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
CONTENT = b"The menu of tonight"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def menu(tmp_path: Path) -> Path:
    """Write a file to upload."""
    file = tmp_path / "menu.txt"
    file.write_bytes(CONTENT)
    return file


class ToyTransport:
    """A transport that returns Toy's answers.

    Attributes:
        requests: The requests of the last transport.
    """

    requests: list[Request]

    def __init__(self, *_: object, **__: object) -> None:
        type(self).requests = []

    async def exchange(self, request: Request, **_: Any) -> Response:
        """Record the request and return Toy's answer."""
        self.requests.append(request)
        operation = Operation.INTERACTIONS if "/taps" in request.url else Operation.HISTORY
        return ToyConformance().answer_operation(operation, request)

    async def aclose(self) -> None:
        """Do nothing: there is nothing to close."""


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> type[ToyTransport]:
    """Register Toy beside the other providers, and configure it as the only account."""
    entry_point = EntryPoint("toy", "support.toy:ToyAdapter", plugins.GROUP)

    def installed(*, group: str) -> list[EntryPoint]:
        return [*entry_points(group=group), entry_point]

    monkeypatch.setattr(plugins, "entry_points", installed)
    monkeypatch.setattr(aiohttp_transport, "HttpTransport", ToyTransport)
    (tmp_path / "omnimsg.toml").write_text('[accounts.toy]\nprovider = "toy"\nkey = "s3cret"\n')
    return ToyTransport


def test_the_line_of_upload_names_the_file(run: Run, sandbox: Sandbox, menu: Path) -> None:
    """`media-info` and `download` accept the JSON line of `upload`, and the file is the same."""
    up = run("upload", "menu.txt", "--content-type", "text/plain", "--json")
    info = run("media-info", up.out, "--json")
    down = run("download", up.out, "--output", "back.txt", "--json")

    assert [0, 0, 0] == [up.code, info.code, down.code]
    assert {"type": "stored", "account": "clickatell", "sha256": DIGEST}.items() <= up.rows[
        0
    ].items()
    assert (up.rows[0]["id"], True) == (info.rows[0]["id"], info.rows[0]["broadcast_allowed"])
    assert info.rows[0]["expires"]
    assert [{"path": "back.txt", "bytes": len(CONTENT), "sha256": DIGEST}] == down.rows
    assert menu.with_name("back.txt").read_bytes() == CONTENT


def test_when_a_file_expires(run: Run, sandbox: Sandbox, menu: Path) -> None:
    """`upload` and `media-info` write the time as the tables do, to the second and with offset."""
    up = run("upload", "menu.txt", "--content-type", "text/plain")
    stored = next(line for line in up.out.splitlines() if line.startswith("id "))
    info = run("media-info", stored.split()[1])

    for ran in (up, info):
        line = next(each for each in ran.out.splitlines() if each.startswith("expires"))
        assert re.fullmatch(r"expires  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+0000", line)


def test_the_line_of_upload_is_a_source_of_media(
    run: Run, sandbox: Sandbox, menu: Path, tmp_path: Path
) -> None:
    """The JSON line of `upload` can be used as a media source in a message."""
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
    """The id and the digest, which `upload` prints, are enough to download the file."""
    up = run("upload", "menu.txt", "--content-type", "text/plain", "--to", PHONE)
    shown = dict(line.split(maxsplit=1) for line in up.out.splitlines())

    down = run("download", shown["id"], "--sha256", shown["sha256"], "--output", "back.txt")
    info = run("media-info", shown["id"])

    assert (0, 0, DIGEST) == (down.code, info.code, shown["sha256"])
    assert "19 bytes" in down.out
    assert "one recipient" in info.out
    assert PHONE[1:] not in up.out + up.err


def test_a_file_larger_than_the_user_wants_is_not_written(
    run: Run, sandbox: Sandbox, menu: Path
) -> None:
    """A file over `--max-bytes` is not written, and the error names the flag."""
    up = run("upload", "menu.txt", "--content-type", "text/plain", "--json")
    size = len(CONTENT)

    small = run("download", up.out, "--output", "small.txt", "--max-bytes", str(size - 1))
    whole = run("download", up.out, "--output", "whole.txt", "--max-bytes", str(size))

    assert [1, 0] == [small.code, whole.code]
    assert f"has more than {size - 1} bytes" in small.error
    assert "--max-bytes BYTES" in small.err
    assert [False, True] == [menu.with_name(f"{each}.txt").exists() for each in ("small", "whole")]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("download", "1", "--output", "x", "--max-bytes", "0"), "--max-bytes"),
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
        (("media-info", '{"type": "link", "url": "https://x"}'), "is not a stored file"),
        (("media-info", '{"account": "clickatell"}'), "give the provider's id"),
        (("media-info", '{"id": "1", "ids": 1}'), "ids"),
        (
            ("media-info", '{"account": "clickatell", "id": "1"}', "--account", "bird"),
            "--account: the JSON says another one",
        ),
        (("mark-read",), "no id is given"),
        (("mark-read", "no-colon"), "IDS: no. 1 must look like account:provider-id"),
        (("mark-read", "clickatell:1", "no-colon"), "IDS: no. 2 must look like"),
        (
            ("mark-read", "bird:1", "bird:2 "),
            "IDS: no. 2 must look like account:provider-id: it has a space at the end",
        ),
        (("cancel", "no-colon"), "MESSAGE_ID: must look like account:provider-id"),
        (
            ("cancel", "bird:1\t"),
            "MESSAGE_ID: must look like account:provider-id: it has U+0009 (TAB) at the end",
        ),
        (("interactions", "no-colon"), "MESSAGE_ID: must look like account:provider-id"),
        (("history", "--account", "bird", "--tag", ""), "--tag: must not be empty"),
        (("download", "1", "--sha256", "abc", "--output", "x"), "--sha256: must be a SHA-256"),
        (("cancel", "other:1"), "no account 'other'"),
        (("history", "--since", "soon"), "--since: is not a time"),
        (("history", "--until", "2030-05-01T09:00"), "--until: must say its offset"),
        (
            ("history", "--since", "2030-05-02T00:00:00Z", "--until", "2030-05-01T00:00:00Z"),
            "--since is later than --until",
        ),
        (("history", "--limit", "0"), "--limit"),
        (("history", "--to", "082 000 1111"), "--to: must be a number in E.164 form"),
        (("history", "--to", "27820001111"), "it has no plus"),
    ],
)
def test_a_wrong_command_line_asks_nothing(
    run: Run, sandbox: Sandbox, menu: Path, arguments: tuple[str, ...], expected: str
) -> None:
    """A wrong command line is one error line that names the flag or the file, and exit code 2."""
    ran = run(*arguments)

    assert ran.code == 2
    assert expected in ran.error
    assert ran.hint
    assert not sandbox.requests


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (("mark-read", "no-colon"), 2, "`omnimsg listen --json` prints the id of each received"),
        (("cancel", "no-colon"), 2, "`omnimsg send` prints the id of each message"),
        (("mark-read", "clickatell:no-such"), 1, "check the ids and flags of the command"),
        (("interactions", "bird:1"), 1, "check the ids and flags of the command"),
        (("history", "--account", "bird", "--tag", ""), 2, "`omnimsg history --help`"),
        (("download", "1", "--output", "x"), 1, "give --sha256, which `omnimsg upload` printed"),
        (("download", "1", "--sha256", "abc", "--output", "x"), 2, "give --sha256, which"),
    ],
)
def test_the_advice_is_for_the_command(
    run: Run, sandbox: Sandbox, arguments: tuple[str, ...], code: int, expected: str
) -> None:
    """The hint of an error is about the command itself, and not about sending a message."""
    ran = run(*arguments)

    assert (code, True) == (ran.code, ran.hint.startswith(f"hint: {expected}"))


def test_an_unknown_file(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """A file that the provider does not have is exit code 1, and no file is written."""
    ran = run("download", "nothing", "--sha256", DIGEST, "--output", "x")

    assert ran.code == 1
    assert "media_not_found" in ran.error
    assert not (tmp_path / "x").exists()


def test_an_output_that_cannot_be_written(run: Run, sandbox: Sandbox, menu: Path) -> None:
    """An output that cannot be written is one error line that names it."""
    up = run("upload", "menu.txt", "--content-type", "text/plain", "--json")

    ran = run("download", up.out, "--output", "missing/x")

    assert ran.code == 1
    assert ran.error == "error: missing/x: cannot be written: no such file or directory"


def test_balance(run: Run, sandbox: Sandbox) -> None:
    """The balance is printed for people, and as JSON with the amount as a string."""
    assert run("balance", "--json").rows == [
        {"account": "clickatell", "amount": "1000.0", "currency": "EUR"}
    ]
    assert run("balance").out == "1000.0 EUR  clickatell\n"


def test_a_wrong_key_shows_in_the_balance(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """Refused credentials are exit code 1, with advice."""
    text = (tmp_path / "omnimsg.toml").read_text()
    (tmp_path / "omnimsg.toml").write_text(text.replace("sandbox-not-a-secret-A==", "hunter2"))

    ran = run("balance", "--json")

    assert (ran.code, ran.out) == (1, "")
    assert "unauthorized" in ran.error
    assert "credentials" in ran.hint


def test_a_scheduled_message_is_cancelled_once(run: Run, sandbox: Sandbox) -> None:
    """The first `cancel` is exit code 0, and a second one, which is too late, exit code 1."""
    sent = run(
        *("send", "--account", "messente", "--to", PHONE, "--text", "Hello"),
        *("--at", "2099-01-01T00:00:00Z", "--json"),
    )
    message_id = sent.rows[0]["id"]

    first, second = run("cancel", message_id, "--json"), run("cancel", message_id)

    assert [{"id": message_id, "cancelled": True}] == first.rows
    assert (0, 1) == (first.code, second.code)
    assert f"omnimsg status {message_id}" in second.hint


def test_a_lost_answer_to_cancel(run: Run, sandbox: Sandbox) -> None:
    """A lost answer is exit code 3, and the hint names the command that checks."""
    sandbox.faults.add("reset_after", on="any", provider="messente")

    ran = run("cancel", "messente:1", "--json")

    assert (ran.code, ran.out) == (3, "")
    assert "omnimsg status messente:1" in ran.hint


def test_a_refused_cancel(run: Run, sandbox: Sandbox) -> None:
    """A refused cancel is exit code 1."""
    sandbox.faults.add("status", status=401, on="any", provider="messente")

    ran = run("cancel", "messente:1")

    assert ran.code == 1
    assert "credentials" in ran.hint


def test_mark_read(run: Run, sandbox: Sandbox) -> None:
    """Each id has one outcome, in the given order; one rejection is exit code 1."""
    good = f"clickatell:{sandbox.emulator(ClickatellEmulator).inbox.receive(PHONE[1:]).id}"

    ran = run("mark-read", "clickatell:no-such", good, "--json")

    assert ran.code == 1
    assert [("clickatell:no-such", "rejected"), (good, "accepted")] == [
        (row["id"], row["outcome"]) for row in ran.rows
    ]
    assert "clickatell:no-such: rejected by clickatell" in ran.error
    assert run("mark-read", good).out == f"marked as read  {good}\n"
    assert 1 == run("mark-read", good, "clickatell:no-such").code


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
def test_an_operation_that_the_provider_lacks(
    run: Run, toy: object, sandbox: Sandbox, arguments: tuple[str, ...], able: str
) -> None:
    """An unsupported operation is exit code 2; the error names the providers that offer it."""
    ran = run(*arguments, "--json")

    assert (ran.code, ran.out) == (2, "")
    assert "has no operation" in ran.error
    assert able in ran.error.partition("offered by")[2]


def test_history(run: Run, toy: type[ToyTransport]) -> None:
    """All pages are fetched, and each message is one object."""
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


def test_a_time_of_history_is_one_for_since(run: Run, sandbox: Sandbox) -> None:
    """The table has the offset of a time, so that the time can be given to `--since`."""
    run("send", "--to", "+27820990001", "--text", "Hello", "--account", "bird")

    ran = run("history", "--account", "bird")

    created = "[0-9]{4}(?:-[0-9]{2}){2} [0-9]{2}(?::[0-9]{2}){2}[+-][0-9]{4}"
    found = re.findall(created, ran.out)
    assert 1 == len(found)
    assert 0 == run("history", "--account", "bird", "--since", *found).code


def test_history_stops_at_its_limit(run: Run, toy: type[ToyTransport]) -> None:
    """No page is fetched after the first message over the limit."""
    ran = run("history", "--limit", "2", "--json")

    assert ["toy:1-0", "toy:1-1"] == [row["id"] for row in ran.rows]
    assert "more than 2" in ran.hint
    assert len(toy.requests) == 2


def test_interactions(run: Run, toy: type[ToyTransport]) -> None:
    """Each interaction is one object, with the unified kind and the provider's own."""
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


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("status", "messente:00000000-0000-4000-8000-000000000000"), 1),
        (("cancel", "messente:00000000-0000-4000-8000-000000000000"), 1),
        (("interactions", "bird:1"), 1),
        (("balance", "--account", "bird"), 2),
    ],
)
def test_only_the_secrets_of_the_account_are_needed(
    run: Run, sandbox: Sandbox, tmp_path: Path, arguments: tuple[str, ...], code: int
) -> None:
    """A call through one account works where the secret of the default account is missing."""
    file = tmp_path / "omnimsg.toml"
    file.write_text(file.read_text().replace("api_key = ", 'api_key = "env:NOBODY_SETS_THIS" #'))

    ran = run(*arguments)

    assert code == ran.code
    assert "NOBODY_SETS_THIS" not in ran.err
