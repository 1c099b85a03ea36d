"""`omnimsg send`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from omnimsg.cli.send import outcome_to_json_with_id
from omnimsg.domain.failure import Failure
from omnimsg.domain.outcome import Accepted, Rejected
from omnimsg.domain.reason import Reason, Retry
from omnimsg.domain.serialization import outcome_from_json

if TYPE_CHECKING:
    from pathlib import Path

    from support.command import Run

    from omnimsg.sandbox import Sandbox

PHONE = "+27820990001"
NO_SUCH_PHONE = "+27820990003"
TEXT = "Your table is ready"


def test_an_accepted_message_reaches_its_handset(run: Run, sandbox: Sandbox) -> None:
    """A message built from flags arrives with its text, and the exit code is 0."""
    ran = run("send", "--to", PHONE, "--text", TEXT)

    assert ran.code == 0
    assert [TEXT] == [each.text for each in sandbox.handsets.received(PHONE)]


def test_the_printed_id_finds_the_message(run: Run, sandbox: Sandbox) -> None:
    """The id that `send` prints is accepted by `status`."""
    ran = run("send", "--to", PHONE, "--text", TEXT)
    (message_id,) = [line.split()[1] for line in ran.out.splitlines() if line.startswith("id ")]

    assert message_id in ran.hint
    assert run("status", message_id).out.startswith(f"delivered  {message_id}")


def test_several_accepted_messages_have_one_hint(run: Run, sandbox: Sandbox) -> None:
    """Each accepted message has its id; how to look one up is said once, below all of them."""
    ran = run("send", "--to", PHONE, "--to", f"{PHONE[:-1]}2", "--text", TEXT)

    ids = [line.split()[1] for line in ran.out.splitlines() if line.startswith("id ")]
    assert 2 == len(ids)
    assert f"hint: `omnimsg status {ids[-1]}` shows whether it arrived" == ran.hint


def test_json_is_the_outcome_with_its_id(run: Run, sandbox: Sandbox) -> None:
    """`--json` prints the JSON form of each outcome, in the order of the recipients."""
    ran = run("send", "--to", PHONE, "--to", NO_SUCH_PHONE, "--text", TEXT, "--json")

    rows = ran.rows
    ids = [row.pop("id") for row in rows]
    first, second = map(outcome_from_json, rows)
    assert isinstance(first, Accepted)
    assert isinstance(second, Rejected)
    assert ids == [f"clickatell:{first.provider_id}", None]


def test_one_rejected_among_several_is_exit_code_1(run: Run, sandbox: Sandbox) -> None:
    """The other messages are sent, and the error names the masked recipient."""
    ran = run("send", "--to", NO_SUCH_PHONE, "--to", PHONE, "--text", TEXT)

    assert ran.code == 1
    assert "+278…03: rejected by clickatell" in ran.error
    assert len(sandbox.handsets.received(PHONE)) == 1


def test_a_lost_answer_is_exit_code_3(run: Run, sandbox: Sandbox) -> None:
    """A lost answer is exit code 3, and the hint warns against repeating the message."""
    sandbox.faults.add("reset_after")

    ran = run("send", "--to", PHONE, "--text", TEXT, "--json")

    assert ran.code == 3
    assert [row["outcome"] for row in ran.rows] == ["ambiguous"]
    assert "do not repeat it" in ran.hint


def test_uncertainty_outweighs_a_refusal(run: Run, sandbox: Sandbox) -> None:
    """With one message not sent and one ambiguous, the exit code is 3."""
    sandbox.faults.add("reset_after")

    ran = run("send", "--to", "ola@example.test", "--to", PHONE, "--text", TEXT, "--json")

    assert ["not_sent", "ambiguous"] == [row["outcome"] for row in ran.rows]
    assert ran.code == 3


def test_what_a_channel_cannot_carry_is_not_sent(run: Run, sandbox: Sandbox) -> None:
    """Content that the channel does not support is refused without a request, naming the field."""
    url = "https://example.test/a.png"

    ran = run("send", "--to", PHONE, "--channel", "sms", "--media", url)

    assert ran.code == 1
    assert "not sent by clickatell: content: unsupported_content: is media" in ran.error
    assert "omnimsg providers" in ran.hint
    assert not sandbox.requests


@pytest.mark.parametrize(
    ("flags", "kind"),
    [
        (
            ("--account", "bird", "--channel", "whatsapp", "--media", "https://e.test/a.png"),
            "image",
        ),
        (
            (
                "--channel",
                "whatsapp",
                "--template",
                "table_ready",
                "--param",
                "Ola",
                "--param",
                "7",
            ),
            "template",
        ),
    ],
)
def test_content_flags(run: Run, sandbox: Sandbox, flags: tuple[str, ...], kind: str) -> None:
    """The flags for media and templates send these kinds of content."""
    ran = run("send", "--to", PHONE, *flags)

    assert ran.code == 0, ran.err
    assert [kind] == [each.kind for each in sandbox.handsets.received(PHONE)]


def test_an_email(run: Run, sandbox: Sandbox) -> None:
    """--subject sends an e-mail, with --text as its plain body."""
    ran = run(
        *("send", "--account", "bird", "--channel", "email", "--to", "ola@example.test"),
        *("--subject", "Ready", "--html", "<b>Ready</b>", "--text", "Ready"),
    )

    assert ran.code == 0, ran.err
    assert len(sandbox.handsets.received("ola@example.test")) == 1


def test_an_email_address_is_no_number_of_a_region(run: Run, sandbox: Sandbox) -> None:
    """With --region an e-mail address stays as it is."""
    flags = ("--subject", "Table", "--text", TEXT, "--region", "ZA", "--account", "bird")

    ran = run("send", "--to", "ola@example.test", *flags)

    assert (0, 1) == (ran.code, len(sandbox.handsets.received("ola@example.test")))


def test_a_scheduled_message_waits(run: Run, sandbox: Sandbox) -> None:
    """With --at the message is accepted now and not delivered yet."""
    ran = run("send", "--to", PHONE, "--text", TEXT, "--at", "2126-05-01T09:00:00+02:00", "--json")

    assert ran.code == 0, ran.err
    assert run("status", ran.rows[0]["id"], "--json").rows[0]["status"] == "scheduled"
    assert not sandbox.handsets.received(PHONE)


def test_a_message_from_a_file(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """--message sends a message in the JSON form."""
    content = {"type": "location", "latitude": 59.4, "longitude": 24.7}
    message = {"to": PHONE, "channel": "whatsapp", "content": content, "reference": "r-1"}
    (tmp_path / "message.json").write_text(json.dumps(message))

    ran = run("send", "--message", "message.json", "--json")

    assert ran.code == 0, ran.err
    assert [("location", "r-1")] == [
        (each.kind, each.reference) for each in sandbox.handsets.received(PHONE)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{", "is not JSON, see line 1"),
        ("{}", "'to' is missing"),
        ('{"to": "+27820990001", "content": {"type": "txt"}}', "did you mean 'text'"),
        (
            '{"to": "+27820990001", "contents": 1, "content": {"type": "text", "text": "x"}}',
            "contents",
        ),
    ],
)
def test_a_file_that_is_not_a_message(
    run: Run, sandbox: Sandbox, tmp_path: Path, text: str, expected: str
) -> None:
    """The error names the file and the position or field in it."""
    (tmp_path / "message.json").write_text(text)

    ran = run("send", "--message", "message.json")

    assert ran.code == 2
    assert ran.error.startswith("error: message.json: ")
    assert expected in ran.error
    assert not sandbox.requests


def test_a_file_that_names_two_recipients(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """A key that a message has twice is an error, because the wrong person might be texted."""
    (tmp_path / "message.json").write_text(
        '{"to": "+27820990001", "content": {"type": "text", "text": "x"}, "to": "+27820990002"}'
    )

    ran = run("send", "--message", "message.json")

    assert (2, "error: --message: has the key 'to' twice") == (ran.code, ran.error)
    assert not sandbox.requests


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ((), "--to is missing"),
        (("--to", PHONE), "there is no content"),
        (("--to", "5550100", "--text", "x"), "--to: must be a number in E.164 form"),
        (("--to", "ola@@example.test", "--text", "x"), "--to: is not an e-mail address"),
        (
            ("--to", PHONE, "--text", "x", "--template", "y"),
            "--template, --text exclude each other",
        ),
        (("--to", PHONE, "--text", "x", "--caption", "y"), "--caption belongs to --media"),
        (("--to", PHONE, "--text", "x", "--at", "soon"), "--at: is not a time"),
        (("--to", PHONE, "--text", "x", "--at", "2030-05-01T09:00"), "--at: must say its offset"),
        (("--to", PHONE, "--text", "x", "--ttl", "0"), "--ttl: must be at least 1"),
        (("--to", PHONE, "--text", "x", "--ttl", "soon"), "--ttl"),
        (("--to", PHONE, "--text", "x", "--channel", "pigeon"), "--channel"),
        (("--to", PHONE, "--media", "https://e.test/a"), "--media: the URL's ending does not tell"),
        (("--to", PHONE, "--media", "a.png"), "--media: must be an absolute http(s) URL"),
        (
            ("--to", PHONE, "--to", PHONE, "--text", "x", "--reference", "r"),
            "--reference is for one",
        ),
        (("--message", "m.json", "--text", "x"), "--text cannot be used with --message"),
        (("--message", "missing.json"), "missing.json: cannot be used: no such file"),
        (("--to", PHONE, "--txt", "x"), "--txt"),
        (("--to", PHONE, "--text", "two", "words"), "1 word belongs to no flag"),
    ],
)
def test_a_wrong_command_line_sends_nothing(
    run: Run, sandbox: Sandbox, flags: tuple[str, ...], expected: str
) -> None:
    """A wrong command line is one error line that names the flag, one hint, and exit code 2."""
    ran = run("send", *flags)

    assert ran.code == 2
    assert expected in ran.error
    assert ran.hint
    assert not ran.out
    assert not sandbox.requests


def test_a_wrong_key(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """Refused credentials are reported, and not printed."""
    _rewrite(tmp_path, 'api_key = "sandbox-not-a-secret-A=="', 'api_key = "hunter2-hunter2"')

    ran = run("send", "--to", PHONE, "--text", TEXT)

    assert ran.code == 1
    assert "not sent by clickatell: unauthorized" in ran.error
    assert "check the account's credentials" in ran.hint
    assert "hunter2" not in ran.out + ran.err


def test_the_same_advice_is_given_once(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """Of several recipients each has its error line, and the advice about them is not repeated."""
    _rewrite(tmp_path, 'api_key = "sandbox-not-a-secret-A=="', 'api_key = "hunter2-hunter2"')

    ran = run("send", "--to", PHONE, "--to", "+27820990002", "--text", TEXT)

    assert 2 == ran.err.count("error: ")
    assert "check the account's credentials" in ran.hint


def test_an_error_about_one_of_several_recipients_says_which(run: Run, sandbox: Sandbox) -> None:
    """Of several `--to`, the wrong one is named by its place, and nothing is sent."""
    ran = run("send", "--to", PHONE, "--to", "082 000 1000", "--text", TEXT)

    assert 2 == ran.code
    assert "error: --to 2 of 2: must be a number in E.164 form" in ran.error
    assert not sandbox.requests


def test_a_wrong_base_url(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """A 404 is reported as a mistake in the account, not in the message."""
    _rewrite(tmp_path, "/clickatell", "/nowhere")

    ran = run("send", "--to", PHONE, "--text", TEXT)

    assert ran.code == 1
    assert "misconfigured" in ran.error
    assert "base_url" in ran.hint


def test_an_unreachable_server(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """A refused connection is `not_sent`; the hint names the sandbox, and that a retry is safe."""
    _rewrite(tmp_path, f":{sandbox.port}/", ":9/")

    ran = run("send", "--to", PHONE, "--text", TEXT, "--deadline", "3", "--json")

    assert ran.code == 1
    assert [row["outcome"] for row in ran.rows] == ["not_sent"]
    assert "connection_failed" in ran.error
    assert "safe to try again" in ran.hint
    assert "`omnimsg sandbox --port 9`" in ran.hint


def test_a_proxy_that_does_not_answer_is_no_sandbox(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Where a proxy refuses the connection, the advice is not to start a sandbox."""
    own = 'base_url = "https://127.0.0.1:9/clickatell"\nproxy = "http://127.0.0.1:9"'
    _rewrite(tmp_path, f'base_url = "http://127.0.0.1:{sandbox.port}/clickatell"', own)

    ran = run("send", "--to", PHONE, "--text", TEXT, "--deadline", "1")

    assert "by the proxy 127.0.0.1:9" in ran.error
    assert "omnimsg sandbox" not in ran.hint


def test_an_unknown_account_names_the_nearest(run: Run, sandbox: Sandbox) -> None:
    """An unknown --account is exit code 2, and the hint names the nearest account."""
    ran = run("send", "--to", PHONE, "--text", TEXT, "--account", "clickatel")

    assert ran.code == 2
    assert ran.hint == "hint: did you mean 'clickatell'?"


def test_the_named_account_has_the_message(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """With --account the routes do not decide."""
    with (tmp_path / "omnimsg.toml").open("a") as file:
        file.write('\n[[routes]]\naccounts = ["messente"]\n')

    routed = run("send", "--to", PHONE, "--text", TEXT, "--json")
    named = run("send", "--to", PHONE, "--text", TEXT, "--json", "--account", "bird")

    assert ["messente", "bird"] == [each.rows[0]["account"] for each in (routed, named)]


def test_a_number_in_the_place_of_another_value(run: Run, sandbox: Sandbox) -> None:
    """The error of a wrong value shows no number."""
    ran = run("send", "--text", TEXT, "--ttl", PHONE + "x", "--to", PHONE)

    assert (2, True) == (ran.code, "--ttl" in ran.error)
    assert PHONE[1:] not in ran.out + ran.err


def test_what_the_provider_says_is_masked() -> None:
    """In the JSON form, numbers in the provider's words are masked, at any depth."""
    failure = Failure(
        reason=Reason.UNROUTABLE,
        retry=Retry.NEVER,
        detail=f"no way to {PHONE}",
        raw={"errors": [{"to": PHONE}]},
    )
    outcome = Rejected(reference="r-27820990001", account="main", failure=failure)

    found = outcome_to_json_with_id(outcome)

    assert "r-27820990001" == found["reference"]
    assert "no way to +278******01" == found["failure"]["detail"]
    assert {"errors": [{"to": "+278******01"}]} == found["failure"]["raw"]


@pytest.mark.parametrize("outcome", ["accepted", "rejected", "ambiguous"])
@pytest.mark.parametrize("json_flag", [(), ("--json",)])
def test_no_number_or_secret_is_printed(
    run: Run, sandbox: Sandbox, outcome: str, json_flag: tuple[str, ...]
) -> None:
    """For every outcome, the recipient is masked and no secret and no text is printed."""
    to = NO_SUCH_PHONE if outcome == "rejected" else PHONE
    if outcome == "ambiguous":
        sandbox.faults.add("truncate")

    ran = run("send", "--to", to, "--text", TEXT, *json_flag)

    shown = ran.out + ran.err
    assert to[1:] not in shown
    assert TEXT not in shown
    assert "sandbox-not-a-secret" not in shown


def _rewrite(folder: Path, old: str, new: str) -> None:
    file = folder / "omnimsg.toml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
