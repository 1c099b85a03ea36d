"""`omnimsg send-many --resume` with other flags than the first run."""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from support.command import Ran, Run

    from omnimsg.sandbox import Sandbox

PHONE = "+27820990001"
NO_COUNTRY = "082 099 0001"
RESULTS = "many.csv.results.jsonl"
FLAGS = {
    "--account": "clickatell",
    "--encoding": "cp1252",
    "--map": "phone=to",
    "--region": "ZA",
    "--text": "Hello {name}",
}


def _first_run(run: Run, folder: Path, flags: dict[str, str], *rows: str) -> None:
    """Send a file whose lines stay retryable, because the account has a wrong key."""
    (folder / "many.csv").write_text("".join(f"{row}\n" for row in rows), encoding="cp1252")
    config = folder / "omnimsg.toml"
    right = config.read_text()
    config.write_text(right.replace("sandbox-not-a-secret-A==", "hunter2"))
    run("send-many", "many.csv", *_words(flags))
    config.write_text(right)


def _set_default(folder: Path, account: str, more: str = "") -> None:
    config = folder / "omnimsg.toml"
    text = config.read_text().replace('default = "clickatell"', f'default = "{account}"')
    config.write_text(text + more)


def _resume(run: Run, flags: dict[str, str], *more: str) -> Ran:
    return run("send-many", "many.csv", "--resume", "--json", *more, *_words(flags))


def _words(flags: dict[str, str]) -> list[str]:
    return [word for pair in flags.items() for word in pair]


@pytest.mark.parametrize(
    ("flag", "value", "named"),
    [
        ("--account", "messente", "--account clickatell"),
        ("--account", None, "--account clickatell"),
        ("--encoding", "cp1250", "--encoding cp1252"),
        ("--map", "tel=to", "--map phone=to"),
        ("--region", None, "--region ZA"),
        ("--region", "EE", "--region ZA"),
        ("--text", "Goodbye {name}", "another --text"),
    ],
)
def test_another_flag_is_refused(
    run: Run, sandbox: Sandbox, tmp_path: Path, flag: str, value: str | None, named: str
) -> None:
    """A resumed run with another flag than the first sends nothing, and names that flag."""
    _set_default(tmp_path, "messente")
    _first_run(run, tmp_path, FLAGS, "phone;tel;name", f"{NO_COUNTRY};{PHONE};Zoë")
    before, requests = (tmp_path / RESULTS).read_bytes(), len(sandbox.requests)
    others = {name: each for name, each in FLAGS.items() if name != flag}

    ran = _resume(run, others | ({flag: value} if value is not None else {}))

    assert (2, f"error: {RESULTS}: the first run had {named}") == (ran.code, ran.error)
    assert "--allow-other-flags" in ran.err.splitlines()[-1]
    assert before == (tmp_path / RESULTS).read_bytes()
    assert requests == len(sandbox.requests)


@pytest.mark.parametrize(
    ("first", "then"),
    [({}, {"--account": "clickatell"}), ({"--account": "clickatell"}, {})],
)
def test_the_default_account_may_be_named(
    run: Run, sandbox: Sandbox, tmp_path: Path, first: dict[str, str], then: dict[str, str]
) -> None:
    """A run that names the default account and one that names none have the same flags."""
    _first_run(run, tmp_path, first, "to,text", f"{PHONE},Hello")

    ran = _resume(run, then)

    assert (0, 1) == (ran.code, ran.rows[0]["accepted"])


@pytest.mark.parametrize(
    ("first", "then", "named"),
    [
        ({}, {"--account": "clickatell"}, "no --account"),
        ({"--account": "clickatell"}, {}, "--account clickatell"),
    ],
)
def test_the_default_account_is_another_one_where_there_are_routes(
    run: Run,
    sandbox: Sandbox,
    tmp_path: Path,
    first: dict[str, str],
    then: dict[str, str],
    named: str,
) -> None:
    """Routes choose the account of a run that names none, so naming the default one differs."""
    _set_default(tmp_path, "clickatell", '\n[[routes]]\naccounts = ["messente"]\n')
    _first_run(run, tmp_path, first, "to,text", f"{PHONE},Hello")

    ran = _resume(run, then)

    assert (2, f"error: {RESULTS}: the first run had {named}") == (ran.code, ran.error)


def test_all_flags_that_differ_are_named(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """Of several flags that differ, each is named, also one that the first run did not have."""
    _first_run(run, tmp_path, {"--region": "ZA"}, "to,text", f"{NO_COUNTRY},Hello")
    (tmp_path / "other.toml").write_text((tmp_path / "omnimsg.toml").read_text())

    ran = _resume(run, {"--account": "messente", "--config": "other.toml"})

    assert (
        f"error: {RESULTS}: the first run had no --account, --config"
        f" {tmp_path / 'omnimsg.toml'} and --region ZA"
    ) == ran.error


def test_other_flags_can_be_allowed(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """With --allow-other-flags, such as after an empty account, the rest is sent with these."""
    _first_run(run, tmp_path, {"--region": "ZA"}, "to,text", f"{PHONE},Hello")

    ran = _resume(run, {"--account": "messente"}, "--allow-other-flags")

    assert (0, 1) == (ran.code, ran.rows[0]["accepted"])
    assert ["messente"] == [each.provider for each in sandbox.handsets.received(PHONE)]


def test_the_same_flags_in_other_words(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """Flags that mean the same are the same: a region in small letters, another path."""
    flags = {"--region": "ZA", "--encoding": "cp1252"}
    _first_run(run, tmp_path, flags, "to,text", f"{NO_COUNTRY},Zoë")

    ran = _resume(
        run,
        {
            "--region": "za",
            "--encoding": "windows-1252",
            "--config": f"../{tmp_path.name}/omnimsg.toml",
        },
    )

    assert (0, 1) == (ran.code, ran.rows[0]["accepted"])


def test_another_release_has_the_same_configuration(
    run: Run, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A configuration is the same one where a symbolic link leads to another release by now."""
    config, current = (tmp_path / "omnimsg.toml").read_text(), tmp_path / "current"
    releases = [tmp_path / "1", tmp_path / "2"]
    for each in releases:
        each.mkdir()
        (each / "omnimsg.toml").write_text(config)

    def enter(release: Path) -> None:
        current.unlink(missing_ok=True)
        current.symlink_to(release)
        monkeypatch.chdir(current)
        monkeypatch.setenv("PWD", str(current))

    enter(releases[0])
    _first_run(run, releases[0], {}, "to;text", f"{PHONE};Hello")
    for name in ("many.csv", RESULTS):
        (releases[0] / name).rename(releases[1] / name)
    enter(releases[1])

    ran = _resume(run, {})

    assert (0, 1) == (ran.code, json.loads(ran.out)["accepted"])
    assert ["Hello"] == [each.text for each in sandbox.handsets.received(PHONE)]


def test_the_results_file_has_no_text(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """The flags are in the first line of the results file, the text as a digest only."""
    _first_run(run, tmp_path, FLAGS, "phone;tel;name", f"{NO_COUNTRY};{PHONE};Zoë")

    flags = _header(tmp_path)["flags"]

    text = flags.pop("text")
    assert {
        "account": "clickatell",
        "config": str(tmp_path / "omnimsg.toml"),
        "encoding": "cp1252",
        "map": {"phone": "to"},
        "region": "ZA",
    } == flags
    assert f"sha256:{hashlib.sha256(FLAGS['--text'].encode()).hexdigest()}" == text


def test_a_results_file_without_flags(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """A results file of an earlier version, which has no flags, is resumed with any."""
    _first_run(run, tmp_path, {"--region": "ZA"}, "to,text", f"{NO_COUNTRY},Hello")
    header = {name: each for name, each in _header(tmp_path).items() if name != "flags"}
    _, *entries = (tmp_path / RESULTS).read_text().splitlines(keepends=True)
    (tmp_path / RESULTS).write_text("".join((f"{json.dumps(header)}\n", *entries)))

    ran = _resume(run, {"--region": "ZA", "--account": "clickatell"})

    assert (0, 1) == (ran.code, ran.rows[0]["accepted"])


def test_names_and_a_text_that_are_not_utf_8(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """Names of files may have any bytes. A text may not, and is refused before anything is tried.

    All lines were bad, and so they stayed when the text was corrected.
    """
    config, file = os.fsdecode(b"\xff.toml"), os.fsdecode(b"\xff.csv")
    (tmp_path / config).write_text((tmp_path / "omnimsg.toml").read_text())
    (tmp_path / file).write_text(f"to\n{PHONE}\n")
    flags = ("--config", config, "--text", "Olá")

    refused = run("send-many", file, "--config", config, "--text", os.fsdecode(b"Ol\xe1"))
    first = run("send-many", file, *flags)
    second = run("send-many", file, "--resume", *flags, "--json")
    other = run("send-many", file, "--resume", "--text", "Hello")

    assert (2, "error: --text: has a byte that is not UTF-8") == (refused.code, refused.error)
    assert (0, "1 line: 1 accepted") == (first.code, first.out.splitlines()[0])
    assert (0, 1) == (second.code, second.rows[0]["skipped"])
    assert f"the first run had --config {tmp_path}/\\xff.toml and another --text" in other.error


def test_a_refused_file_is_sent_with_other_flags(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    """A file that was refused as a whole may be resumed with other flags: nothing was tried."""
    _first_run(run, tmp_path, {}, "phone,text", f"{PHONE},Hello")

    ran = _resume(run, {"--map": "phone=to"})

    assert (0, 1) == (ran.code, ran.rows[0]["accepted"])


def test_other_flags_are_allowed_to_a_resumed_run_only(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    """A first run has nothing to differ from: --allow-other-flags is an error there."""
    (tmp_path / "many.csv").write_text(f"to,text\n{PHONE},Hello\n")

    ran = run("send-many", "many.csv", "--allow-other-flags")

    assert (2, "error: --allow-other-flags belongs to --resume") == (ran.code, ran.error)


def _header(folder: Path) -> dict[str, Any]:
    header: dict[str, Any] = json.loads((folder / RESULTS).read_text().splitlines()[0])
    return header


def test_failed_lines_are_written_with_the_flags_of_their_run(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Read without its region, the row of a repeated reference was bad anyhow, and got no mark.

    So the next run with that region sent it, and texted the person a second time.
    """
    row = f"{NO_COUNTRY},Hello,r-1"
    (tmp_path / "many.csv").write_text(f"to,text,reference\n{row}\n{row}\n")
    run("send-many", "many.csv", "--region", "ZA")

    refused = run("results", "many.csv", "--failed", "failed.csv")
    counted = run("results", "many.csv")
    written = run("results", "many.csv", "--failed", "failed.csv", "--region", "ZA")
    again = run("send-many", "failed.csv", "--region", "ZA", "--json")

    assert (2, "error: many.csv: was sent with --region ZA") == (refused.code, refused.error)
    assert "hint: give the flags of that run" == refused.hint
    assert (1, "2 lines: 1 accepted, 1 bad\n", "") == (counted.code, counted.out, counted.err)
    assert "failed    1 written to failed.csv" in written.out
    assert (0, 1) == (again.rows[0]["accepted"], again.rows[0]["bad"])
    assert 1 == len(sandbox.handsets.received(PHONE))


def test_doubtful_lines_are_written_without_the_flags_of_their_run(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    """They are written as they stand in the file, so the region does not matter."""
    (tmp_path / "many.csv").write_text(f"to,text\n{NO_COUNTRY},Hello\n")
    sandbox.faults.add("reset_after")
    run("send-many", "many.csv", "--region", "ZA")

    ran = run("results", "many.csv", "--doubtful", "doubtful.csv", "--json")

    assert (3, 1) == (ran.code, ran.rows[0]["doubtful"])
    assert f"{NO_COUNTRY},Hello,2," in (tmp_path / "doubtful.csv").read_text()


def test_a_file_that_cannot_be_read_without_the_flags_of_its_run(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    """The error and the hint name all flags of the run, not only the first that is missed."""
    _first_run(run, tmp_path, FLAGS, "phone;tel;name", f"{NO_COUNTRY};{PHONE};Zoë")
    sent_with = "was sent with --encoding cp1252, --map phone=to, --region ZA and a --text"

    counted = run("results", "many.csv")
    refused = run("results", "many.csv", "--failed", "failed.csv")

    expected = f"hint: many.csv: {sent_with}; the counts are those of the results file"
    assert expected == counted.hint
    assert (2, f"error: many.csv: {sent_with}") == (refused.code, refused.error)
