"""`omnimsg send-many --check`, and files that are refused as a whole."""

from __future__ import annotations

import errno
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from omnimsg import Client, NotSent, Preview, Reason, Retry
from omnimsg.cli.message_files import unusable_file
from omnimsg.domain.failure import Failure

if TYPE_CHECKING:
    from support.command import Run

    from omnimsg.sandbox import Sandbox

PHONE = "+27820990001"
OTHER = "+27820990002"
RESULTS = "many.csv.results.jsonl"


def _write(folder: Path, *rows: str, name: str = "many.csv", encoding: str = "utf-8") -> None:
    (folder / name).write_text("".join(f"{row}\n" for row in rows), encoding=encoding)


def test_a_check_sends_nothing(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """A check reports bad rows, repeated recipients and what would be sent, and sends nothing."""
    bad = ["082 099 0001,Hello", "2.7E+10,Hello", f"{PHONE},", f'{OTHER},"Hello', "a@@b.test,Hello"]
    _write(tmp_path, "to,text", f"{PHONE},Hello", *bad * 6, f"{OTHER},Hello", f"{PHONE},Bye")

    ran = run("send-many", "many.csv", "--check")

    errors = [line for line in ran.err.splitlines() if line.startswith("error: ")]
    assert 1 == ran.code
    assert [f"error: line {number}: " for number in range(3, 33)] == [
        error[: error.index(": ", 7) + 2] for error in errors
    ]
    assert all(
        why in error
        for error, why in zip(
            errors,
            ["national number", "scientific", "no content", "no other quote", "e-mail address"] * 6,
            strict=True,
        )
        if "looks like a row" not in error
    )
    assert "3 messages would be sent, 30 bad" in ran.out
    assert "3 text by sms through clickatell" in ran.out
    assert "+278******01 lines 2, 34" in ran.out
    assert PHONE not in ran.out + ran.err
    assert not sandbox.requests
    assert not (tmp_path / RESULTS).exists()


def test_a_check_as_json(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """With `--json` each bad line, each repeated recipient and the summary is one object."""
    _write(tmp_path, "to,text,city", f"{PHONE},Hello,Tartu", ",Hello,", f"{PHONE},Hello,")
    _write(tmp_path, "to,text,city", f"{PHONE},Hello,Tartu", name="good.csv")

    ran = run("send-many", "many.csv", "--check", "--json")
    good = run("send-many", "good.csv", "--check", "--json")

    bad, repeated, summary = ran.rows
    assert (3, "to") == (bad["line"], bad["bad"][0]["field"])
    assert {"recipient": "+278******01", "lines": [2, 4]} == repeated
    assert {
        "messages": 2,
        "bad": 1,
        "refused": 0,
        "repeated": 1,
        "kept": ["city"],
        "encoding": "UTF-8",
        "numbers_read": 0,
        "to_send": [{"account": "clickatell", "channel": "sms", "content": "text", "count": 2}],
    } == summary
    assert [1, 0] == [ran.code, good.code]


def test_repetitions_are_those_of_the_same_recipient(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Only recipients of several messages are listed, in whichever form their numbers are."""
    rows = [f"{PHONE},Hello", f"{OTHER},Hello", "082 099 0001,Bye", "+27820990003,Hello"]
    _write(tmp_path, "to,text", *rows)

    ran = run("send-many", "many.csv", "--check", "--json", "--region", "ZA")

    *repeated, summary = ran.rows
    assert [{"recipient": "+278******01", "lines": [2, 4]}] == repeated
    assert (4, 1, 1) == (summary["messages"], summary["repeated"], summary["numbers_read"])


def test_what_the_account_would_refuse(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """A check reports a message that the provider does not support, without a request."""
    _write(tmp_path, "to,text", "ola@example.test,Hello", f"{PHONE},Hello")

    ran = run("send-many", "many.csv", "--check")

    assert 1 == ran.code
    assert "line 2: would not be sent by clickatell: " in ran.error
    assert "1 message would be sent, 1 refused" in ran.out


def test_the_named_account_is_checked(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """With --account the routes do not decide what would be refused."""
    _write(tmp_path, "to,subject,text", "ola@example.test,Hello,Hello")
    with (tmp_path / "omnimsg.toml").open("a") as file:
        file.write('\n[[routes]]\naccounts = ["messente"]\n')

    routed = run("send-many", "many.csv", "--check", "--json")
    named = run("send-many", "many.csv", "--check", "--json", "--account", "bird")

    assert [(1, 1), (0, 0)] == [(each.code, each.rows[-1]["refused"]) for each in (routed, named)]


@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_a_number_in_a_refusal(
    run: Run,
    sandbox: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    flags: tuple[str, ...],
) -> None:
    """A number in the reason of a refusal is masked."""
    _write(tmp_path, "to,text", f"{PHONE},Hello")

    def preview(*_: object, **__: object) -> Preview:
        failure = Failure(
            reason=Reason.INVALID_SENDER, retry=Retry.NEVER, detail="no sender +27820990009"
        )
        refusal = NotSent(reference="r", account="bird", failure=failure)
        return Preview(channel=None, refusal=refusal, request=None, wait=0.0)

    monkeypatch.setattr(Client, "preview", preview)

    ran = run("send-many", "many.csv", "--check", *flags)

    assert (1, True) == (ran.code, "no sender +278******09" in ran.out + ran.err)


def test_an_email_address_is_no_number_of_a_region(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    """With `--region` too, an e-mail address is a recipient, which other providers can send to."""
    _write(tmp_path, "to,text", "ola@example.test,Hello")

    ran = run("send-many", "many.csv", "--check", "--json", "--region", "ZA")

    refused, summary = ran.rows
    assert "refused" in refused
    assert (0, 1) == (summary["bad"], summary["refused"])


def test_json_lines_are_checked(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """A check reads JSON Lines files as well."""
    message = {"to": PHONE, "content": {"type": "text", "text": "Hello"}, "reference": "r"}
    _write(tmp_path, json.dumps(message), json.dumps(message), "{", name="many.jsonl")

    ran = run("send-many", "many.jsonl", "--check")

    assert "line 2: reference: repeats the reference of another line" in ran.error
    assert "1 message would be sent, 2 bad" in ran.out


def test_a_refused_file_is_sent_once_it_is_corrected(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    """A file that is not UTF-8 is refused as a whole, and is sent once after its correction."""
    rows = ["to,text", f"{PHONE},Hello", f"{PHONE},Open 10 \u2013 20"]
    _write(tmp_path, *rows, encoding="cp1252")

    refused = run("send-many", "many.csv")
    requests = len(sandbox.requests)
    again = run("send-many", "many.csv")
    _write(tmp_path, *rows)
    sent = run("send-many", "many.csv", "--resume")
    resumed = run("send-many", "many.csv", "--resume", "--json")

    assert [2, 2, 0, 0] == [refused.code, again.code, sent.code, resumed.code]
    assert "line 3 is not UTF-8" in refused.error
    assert "--encoding cp1252" in refused.hint
    assert 0 == requests
    assert 2 == resumed.rows[0]["skipped"]
    assert ["Hello", "Open 10 \u2013 20"] == sorted(
        each.text or "" for each in sandbox.handsets.received(PHONE)
    )


def test_a_corrected_file_is_sent_without_a_flag(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    """After a file was refused as a whole, its corrected version is sent without `--resume`."""
    _write(tmp_path, f"{PHONE},Hello")
    refused = run("send-many", "many.csv")
    _write(tmp_path, "to,text", f"{PHONE},Hello")

    sent = run("send-many", "many.csv")
    second = run("send-many", "many.csv")

    assert [2, 0, 2] == [refused.code, sent.code, second.code]
    assert "the first line is no header" in refused.error
    assert "exists already" in second.error
    assert 1 == len(sandbox.handsets.received(PHONE))


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (("--check", "--resume"), "--check reads the whole file"),
        (("--map", "phone"), "--map: must be NAME=COLUMN"),
        (("--map", "phone=to"), "--map: the header has no column 'phone'"),
        (("--text", "Hello {name}"), "column 'text' and --text exclude each other"),
        (("--encoding", "utf-9"), "--encoding: 'utf-9' is not an encoding"),
        (("--region", "QQ"), "--region: must be an ISO 3166-1 code"),
    ],
)
def test_a_wrong_flag(
    run: Run, sandbox: Sandbox, tmp_path: Path, flags: tuple[str, ...], expected: str
) -> None:
    """A wrong flag is one error and one hint with exit code 2, and nothing is sent."""
    _write(tmp_path, "to,text", f"{PHONE},Hello")

    ran = run("send-many", "many.csv", *flags)

    assert 2 == ran.code
    assert expected in ran.error
    assert ran.hint
    assert not sandbox.requests


def test_a_file_of_people(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """Columns are renamed, numbers read and placeholders filled; unused columns are reported."""
    rows = ["sep=;", "Phone;First name;City", "082 099 0001;Ola;Tartu", f"{OTHER};Zoë;Paide"]
    _write(tmp_path, *rows, encoding="cp1252")
    flags = ("--encoding", "cp1252", "--region", "ZA", "--map", "phone=to")

    ran = run("send-many", "many.csv", *flags, "--text", "Hi {first name}", "--json")

    assert 0 == ran.code, ran.err
    assert 1 == ran.rows[0]["numbers_read"]
    assert "1 number was read with --region ZA" in ran.err
    assert "no message uses the column City" in ran.err
    assert ["Hi Ola"] == [each.text for each in sandbox.handsets.received(PHONE)]
    assert ["Hi Zoë"] == [each.text for each in sandbox.handsets.received(OTHER)]


@pytest.mark.parametrize(
    "command",
    [("send-many", "many.csv", "--check"), ("send-many", "many.csv"), ("plan", "many.csv")],
    ids=["check", "send-many", "plan"],
)
@pytest.mark.usefixtures("sandbox")
def test_numbers_without_a_plus_have_one_piece_of_advice(
    run: Run, tmp_path: Path, command: tuple[str, ...]
) -> None:
    """Where a region would read the numbers of a file, `--region` is named once."""
    _write(tmp_path, "to,text", "27820990001,x", "082 099 0001,x", "n/a,x")

    ran = run(*command)

    assert 1 == ran.err.count("--region reads such numbers")


@pytest.mark.usefixtures("sandbox")
def test_a_region_that_was_named_is_not_advised(run: Run, tmp_path: Path) -> None:
    """A number that the region did not make readable has no advice to name one."""
    _write(tmp_path, "to,text", "2782x,x")

    ran = run("send-many", "many.csv", "--check", "--region", "ZA")

    assert "it has no plus" in ran.err
    assert "--region reads such numbers" not in ran.err


def test_one_number_without_a_plus_has_advice(run: Run) -> None:
    """`send` names `--region` where it would read the number."""
    ran = run("send", "--to", "27820990001", "--text", "Hello")

    assert "--region reads such numbers" in ran.hint


def test_one_number_is_read(run: Run, sandbox: Sandbox) -> None:
    """`send --region` reads a national number and prints, masked, which number it was read as."""
    sent = run("send", "--to", "082 099 0001", "--text", "Hello", "--region", "ZA")
    refused = run("send", "--to", "2.7E+10", "--text", "Hello", "--region", "ZA")

    assert (0, 2) == (sent.code, refused.code)
    assert "--to was read as +278…01, with --region ZA" in sent.err
    assert "--to: must be a number in E.164 form" in refused.error
    assert 1 == len(sandbox.handsets.received(PHONE))


def test_without_the_extra(
    run: Run, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--region` without the phone extra is an error that names what to install."""
    monkeypatch.setitem(sys.modules, "phonenumbers", None)
    _write(tmp_path, "to,text", f"{PHONE},Hello")

    for arguments in (
        ("send-many", "many.csv", "--region", "ZA"),
        ("send", "--to", "082", "--text", "x", "--region", "ZA"),
    ):
        ran = run(*arguments)
        assert 2 == ran.code
        assert "pip install 'omnimsg[phone]'" in ran.hint


@pytest.mark.parametrize("flag", ["--check", "--resume"])
def test_only_a_first_run_records_a_refusal(
    run: Run, sandbox: Sandbox, tmp_path: Path, flag: str
) -> None:
    """A refused file has no results file after a check, or a resumption with a mistyped name.

    With one, the corrected file would be sent from its start by --resume.
    """
    _write(tmp_path, "to,txt", f"{PHONE},Hello")

    ran = run("send-many", "many.csv", flag)

    assert (2, True) == (ran.code, "column 'txt'" in ran.error)
    assert not (tmp_path / RESULTS).exists()


@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("many.txt", ()),
        ("many.xlsx", ()),
        ("many.jsonl", ("--map", "phone=to")),
        ("many.jsonl", ("--text", "Hello")),
        ("many.csv", ("--encoding", "cp0")),
        ("many.csv", ("--encoding", "cp1252")),
        ("many.csv", ("--map", "phone=to")),
        ("done.results.jsonl", ()),
    ],
)
def test_a_file_that_needs_no_correction_gets_no_results_file(
    run: Run, sandbox: Sandbox, tmp_path: Path, name: str, flags: tuple[str, ...]
) -> None:
    """Where another file or other flags are meant, nothing is left beside the file."""
    content = {"many.xlsx": "PK\x03\x04", "done.results.jsonl": '{"omnimsg":"send-many"}'}
    _write(tmp_path, content.get(name, "to,text"), f"{PHONE},Zo\u00eb", name=name)
    before = sorted(tmp_path.iterdir())

    ran = run("send-many", name, *flags)

    assert (2, before) == (ran.code, sorted(tmp_path.iterdir()))


def test_a_configuration_that_no_client_can_use_leaves_no_results_file(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Once it is corrected, the file is sent without `--resume`: no earlier run has begun."""
    _write(tmp_path, "to,text", f"{PHONE},Hello")
    config = tmp_path / "omnimsg.toml"
    right = config.read_text()
    name = "[accounts.clickatell]\n"
    config.write_text(right.replace(name, f'{name}on_ambiguous = "resend_if_not_found"\n'))

    refused = run("send-many", "many.csv")
    left = (tmp_path / RESULTS).exists()
    config.write_text(right)
    sent = run("send-many", "many.csv")

    assert [(2, False), 0] == [(refused.code, left), sent.code]
    assert "use hold or resend" in refused.hint


@pytest.mark.parametrize(
    ("row", "flags", "names"),
    [
        ("0820001000,,soon,urgent,", (), ["there is no content", "ttl", "to", "priority"]),
        ("0820001000,Hello,soon,urgent,sm", (), ["ttl", "to", "channel", "priority"]),
        ("0820001000,Hello,0,,", (), ["to", "ttl"]),
        ("0820001000,,soon,,", ("--region", "ZA"), ["there is no content", "ttl"]),
        ("5,Hello,0,,", ("--region", "ZA"), ["to: is not a number in ZA", "ttl"]),
    ],
)
def test_every_bad_cell_of_a_row_is_named(
    run: Run, sandbox: Sandbox, tmp_path: Path, row: str, flags: tuple[str, ...], names: list[str]
) -> None:
    """All cells of a row that must be corrected are named at once, each once.

    Only the first was: each of the others had to wait for another run.
    """
    (tmp_path / "many.csv").write_text(f"to,text,ttl,priority,channel\n{row}\n")

    ran = run("send-many", "many.csv", "--check", "--json", *flags)

    bad = [f"{each['field']}: {each['why']}".removeprefix("line: ") for each in ran.rows[0]["bad"]]
    assert len(names) == len(bad)
    for name, found in zip(names, bad, strict=True):
        assert found.startswith(name)


def test_every_bad_field_of_a_line_of_json_is_named(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    """So are the fields of a line of JSON Lines, those that are missing at the end."""
    line = {"to": "0820001000", "txt": "x", "ttl": 0, "channel": "sm"}
    (tmp_path / "many.jsonl").write_text(f"{json.dumps(line)}\n")

    ran = run("send-many", "many.jsonl", "--check", "--json")

    fields = [each["field"] for each in ran.rows[0]["bad"]]
    assert ["to", "txt", "ttl", "channel", "content"] == fields


def test_a_row_of_one_cell(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """The number of cells of a row is given in correct words."""
    (tmp_path / "many.csv").write_text(f"to,text\n{PHONE}\n")

    ran = run("send-many", "many.csv", "--check")

    assert "error: line 2: has 1 cell, the header has 2" == ran.error


@pytest.mark.parametrize(
    ("column", "flags", "is_warned"),
    [
        ("Hotel name", (), True),
        ("metadata.Hotel name", (), True),
        ("hotel_name", (), False),
        ("Hotel name", ("--map", "Hotel name=metadata.hotel_name"), False),
        ("Hotel name", ("--account", "clickatell"), False),
        ("City", (), False),
    ],
)
def test_a_route_that_asks_for_another_spelling_of_a_column(
    run: Run, sandbox: Sandbox, tmp_path: Path, column: str, flags: tuple[str, ...], is_warned: bool
) -> None:
    """A route that takes no line, because of a capital letter or a space, is a warning with advice.

    It is none where a column has the name, or where no route is asked.
    """
    config = tmp_path / "omnimsg.toml"
    route = '[[routes]]\nmatch = { metadata = { hotel_name = "Ritz" } }\naccounts = ["messente"]\n'
    config.write_text(f"{config.read_text()}\n{route}")
    _write(tmp_path, f"to,text,{column}", f"{PHONE},Hello,Ritz")

    ran = run("send-many", "many.csv", "--check", *flags)

    assert 0 == ran.code
    lines = [
        f"warning: a route asks for metadata 'hotel_name', and the column is {column!r}",
        f"hint: --map '{column}=metadata.hotel_name' lets the route take these messages",
    ]
    assert is_warned == (lines == ran.err.splitlines()[-2:])
    assert is_warned == ("warning" in ran.err)


@pytest.mark.parametrize(
    ("header", "flags", "hint"),
    [
        ("to,text,Hotel", (), "no message uses the column Hotel; it is kept as metadata"),
        ("to,text,Hotel", ("--map", "Hotel=metadata.hotel"), None),
        ("to,text,metadata.Hotel", (), None),
    ],
)
def test_a_column_that_no_message_uses(
    run: Run,
    sandbox: Sandbox,
    tmp_path: Path,
    header: str,
    flags: tuple[str, ...],
    hint: str | None,
) -> None:
    """It is named, because it may be misspelt; not so if its user says that it is metadata."""
    _write(tmp_path, header, f"{PHONE},Hello,Ritz")

    ran = run("send-many", "many.csv", "--check", *flags)

    assert [f"hint: {hint}"] * (hint is not None) == ran.err.splitlines()


@pytest.mark.parametrize("name", ["Cafe\u0301.csv", "\u092e\u0947.csv", "\u2764\ufe0f.csv"])
def test_marks_that_are_seen_in_the_name_of_a_file(run: Run, sandbox: Sandbox, name: str) -> None:
    """An accent as macOS writes it, a vowel sign or an emoji is not called an invisible mark."""
    assert "hint: check its name and permissions" == run("send-many", name).hint


def test_a_file_that_is_there_has_the_right_name() -> None:
    """For a file that may not be read, its name is no explanation, whatever it has."""
    error = unusable_file(Path("guests\u200b.csv"), PermissionError(errno.EACCES, "not yours"))

    assert "check its name and permissions" == error.hint


def test_a_line_break_in_the_name_of_a_file(run: Run, sandbox: Sandbox) -> None:
    """The error for a missing file names what nobody sees in its name, on one line."""
    ran = run("send-many", "guests.csv\r")

    assert 2 == ran.code
    assert "error: guests.csv\\r: cannot be used: no such file or directory" == ran.error
    assert "hint: look at its name: it has U+000D (CARRIAGE RETURN) at the end" == ran.hint
