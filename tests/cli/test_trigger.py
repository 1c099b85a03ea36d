"""`omnimsg trigger`, against a server that another thread runs."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import shlex
import subprocess
from typing import TYPE_CHECKING

import pytest
from anyio.from_thread import start_blocking_portal
from support.callback_target import Target, serve_target

from omnimsg.cli import trigger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.command import Run

    from omnimsg.sandbox import Sandbox

PROVIDERS = ["bird", "clickatell", "messente"]


@pytest.fixture
def target() -> Iterator[Target]:
    """Serve an endpoint for callbacks."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(serve_target()) as served,
    ):
        yield served


def test_a_sample_is_sent(run: Run, target: Target) -> None:
    """Without an account, a sample is signed with the sandbox's public secret for the given URL."""
    url = f"{target.url}/hooks?a=1"
    ran = run("trigger", "status.delivered", "--provider", "bird", "--url", url)

    (call,) = target.calls
    time = call.headers["messagebird-request-timestamp"]
    signed = f"{time}\n{url}\n".encode() + hashlib.sha256(call.body).digest()
    expected = hmac.new(b"sandbox-signing-key", signed, hashlib.sha256).digest()
    assert 0 == ran.code
    assert base64.b64encode(expected).decode() == call.headers["messagebird-signature"]
    assert "delivered" == call.document["payload"]["status"]
    assert ["event    status.delivered of bird", "answer   200: bird counts it as success"] == [
        ran.out.splitlines()[0],
        ran.out.splitlines()[2],
    ]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_sample_can_be_sent(run: Run, target: Target, provider: str) -> None:
    """Every event that `--list` has for a provider can be sent, and is one JSON object."""
    listed = [
        row for row in run("trigger", "--list", "--json").rows if provider in row["providers"]
    ]
    url = f"{target.url}/hooks"

    sent = [
        run("trigger", row["event"], "--provider", provider, "--url", url, "--json").rows[0]
        for row in listed
    ]

    assert [row["event"] for row in listed] == [row["event"] for row in sent]
    assert len(target.calls) == len(listed)
    assert {(provider, url, True, 200, None, True)} == {
        tuple(row[name] for name in ("provider", "url", "genuine", "status", "error", "taken"))
        for row in sent
    }


def test_a_status_by_the_providers_name(run: Run, target: Target) -> None:
    """A status can be named by the provider's own name, without a unified one."""
    arguments = ("--provider", "clickatell", "--url", target.url)
    ran = run("trigger", "status.WHATSAPP_TEMPLATE_PAUSED", *arguments)

    assert 0 == ran.code
    assert "WHATSAPP_TEMPLATE_PAUSED" == target.calls[0].clickatell["status"]


@pytest.mark.parametrize("query", ["", "?a=1"])
def test_an_accounts_secrets(run: Run, target: Target, sandbox: Sandbox, query: str) -> None:
    """`--account` takes provider and secrets from the configuration, and prints no secret."""
    path = f"{target.url}/callbacks/clickatell{query}"
    ran = run("trigger", "inbound.stop", "--account", "clickatell", "--url", path)

    secret = sandbox.config()["accounts"]["clickatell"]["callback_secrets"][0]
    assert 0 == ran.code
    assert [f"/callbacks/clickatell/{secret}{query}"] == [call.path for call in target.calls]
    assert secret not in ran.out


def test_a_changed_secret(run: Run, target: Target, tmp_path: Path) -> None:
    """A callback for an account is signed with the account's own password, not the sandbox's."""
    (tmp_path / "omnimsg.toml").write_text(
        '[accounts.main]\nprovider = "messente"\nusername = "u"\npassword = "mine"\n'
    )
    ran = run("trigger", "status.failed", "--account", "main", "--url", target.url)

    (call,) = target.calls
    expected = hmac.new(b"mine", call.body, hashlib.sha256).hexdigest()
    assert (0, expected) == (ran.code, call.headers["X-Messente-Signature"])


@pytest.mark.parametrize(("answer", "code"), [(401, 0), (200, 1)])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_wrong_signature(run: Run, target: Target, provider: str, answer: int, code: int) -> None:
    """With `--bad-signature` a refusal is exit code 0, and an answer of success exit code 1."""
    arguments = ("inbound.text", "--provider", provider, "--url", target.url, "--bad-signature")
    target.answers.append(answer)
    ran = run("trigger", *arguments)
    target.answers.append(answer)
    row = run("trigger", *arguments, "--json").rows[0]

    assert (code, False, answer) == (ran.code, row["genuine"], row["status"])
    assert ("as it should be" in ran.out) is (code == 0)
    assert ("was not refused" in ran.out) is (code == 1)


@pytest.mark.parametrize(
    ("provider", "answer", "code", "words"),
    [
        ("bird", 500, 1, "500: bird sends it again"),
        ("messente", 302, 0, "302: messente counts it as success"),
        ("clickatell", 302, 1, "302: clickatell gives it up"),
    ],
)
def test_the_exit_code_follows_the_providers_rule(
    run: Run, target: Target, provider: str, answer: int, *, code: int, words: str
) -> None:
    """The exit code follows the provider's rule for which answers are success."""
    target.answers.append(answer)

    ran = run("trigger", "status.sent", "--provider", provider, "--url", target.url)

    assert (code, True) == (ran.code, words in ran.out)


def test_what_is_not_verified_gets_advice(run: Run, target: Target) -> None:
    """A 401 to a correctly signed callback gives a hint about the secret and the public address."""
    target.answers.append(401)

    ran = run("trigger", "status.sent", "--provider", "bird", "--url", target.url)

    assert 1 == ran.code
    assert "--account" in ran.hint
    assert "public_url" in ran.hint


@pytest.mark.parametrize(
    ("answer", "words"), [(404, "check the path of --url"), (500, "application's own log")]
)
def test_an_answer_that_is_no_success_gets_advice(
    run: Run, target: Target, answer: int, words: str
) -> None:
    """An answer that the provider does not count as success gives a hint about its cause."""
    target.answers.append(answer)

    ran = run("trigger", "status.sent", "--provider", "bird", "--url", target.url)

    assert (1, True) == (ran.code, words in ran.hint)


def test_nobody_listens(run: Run) -> None:
    """An address without a listener is one error line with address and cause, and exit code 1."""
    arguments = ("status.sent", "--provider", "bird", "--url", "http://127.0.0.1:1/x")
    ran = run("trigger", *arguments)
    row = run("trigger", *arguments, "--json").rows[0]

    assert 1 == ran.code
    assert "error: no answer from http://127.0.0.1:1/x: ClientConnectorError" == ran.error
    assert (None, "ClientConnectorError", False) == (row["status"], row["error"], row["taken"])


def test_a_request_is_printed(run: Run, target: Target) -> None:
    """`--print` prints the request as a curl command and sends nothing."""
    arguments = ("inbound.text", "--provider", "messente", "--url", f"{target.url}/ä?x='1'")
    ran = run("trigger", *arguments, "--print")

    command, url, *options = shlex.split(ran.out.replace("\\\n", ""))
    body = options[options.index("--data-binary") + 1]
    signature = hmac.new(b"sandbox-inbound-secret", body.encode(), hashlib.sha256).hexdigest()
    assert (0, []) == (ran.code, target.calls)
    assert ("curl", f"{target.url}/%C3%A4?x='1'") == (command, url)
    assert f"X-Messente-Signature: {signature}" in options
    assert "sms" == json.loads(body)["channel"]


def test_a_printed_request_as_json(run: Run, target: Target) -> None:
    """`--print --json` prints the request's URL, headers and body."""
    arguments = ("inbound.text", "--provider", "messente", "--url", target.url)
    (row,) = run("trigger", *arguments, "--print", "--json").rows

    assert {"event", "provider", "kind", "url", "headers", "body"} == set(row)
    assert "application/json" == row["headers"]["Content-Type"]


def test_a_printed_request_can_be_run(run: Run, target: Target) -> None:
    """A shell parses the printed command into the intended arguments of curl."""
    printed = run("trigger", "status.sent", "--provider", "bird", "--url", target.url, "--print")

    script = printed.out.replace("curl ", "printf '%s\\n' ", 1)
    lines = subprocess.run(  # noqa: S603 - our own text
        ["/bin/sh", "-c", script], capture_output=True, text=True, check=True, timeout=30
    ).stdout.splitlines()

    assert target.url == lines[0]
    assert "sent" == json.loads(lines[-1])["payload"]["status"]


def test_the_list(run: Run) -> None:
    """`--list` prints events and providers within 80 columns, or one JSON object an event."""
    ran = run("trigger", "--list")

    events = {row["event"]: row["providers"] for row in run("trigger", "--list", "--json").rows}
    assert ["event", *PROVIDERS] == ran.out.splitlines()[0].split()
    assert all(event in ran.out for event in events)
    assert PROVIDERS == events["status.delivered"]
    assert ["bird"] == events["inbound.button"]
    assert ["inbound.button", "yes", "-", "-"] in [each.split() for each in ran.out.splitlines()]
    assert max(map(len, ran.out.splitlines())) <= 80


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "the event is missing"),
        (("status.sent",), "--url is missing"),
        (("status.sent", "--url", "http://a.test"), "--provider is missing"),
        (("status.sent", "--url", "a", "--provider", "bird"), "--url: must be an HTTP URL"),
        (("status.sent", "--url", "http://a.test", "--provider", "brid"), "did you mean 'bird'"),
        (
            ("status.deliverd", "--url", "http://a.test", "--provider", "bird"),
            "did you mean 'status.delivered'",
        ),
        (
            ("inbound.button", "--url", "http://a.test", "--provider", "clickatell"),
            "clickatell has no event 'inbound.button'",
        ),
        (
            (
                "status.sent",
                "--url",
                "http://a.test",
                "--account",
                "bird",
                "--provider",
                "messente",
            ),
            "account 'bird' is of bird, not of messente",
        ),
        (("status.sent", "--url", "http://a.test", "--account", "brid"), "no account 'brid'"),
    ],
)
@pytest.mark.usefixtures("sandbox")
def test_wrong_arguments_are_exit_code_2(run: Run, arguments: tuple[str, ...], words: str) -> None:
    """A missing or invalid argument is named in an error, with exit code 2."""
    ran = run("trigger", *arguments)

    assert (2, True) == (ran.code, words in ran.err), ran.err


@pytest.mark.parametrize(
    ("table", "event", "words"),
    [
        (
            'provider = "clickatell"\napi_key = "k"\n',
            "status.sent",
            "the account has neither callback_secrets nor callback_logins",
        ),
        (
            'provider = "messente"\nusername = "u"\npassword = "p"\n',
            "inbound.text",
            "the account has no inbound_secrets",
        ),
    ],
)
def test_an_account_without_a_secret(
    run: Run, tmp_path: Path, table: str, event: str, words: str
) -> None:
    """An account without the secret for the event is exit code 2; the error names the key."""
    (tmp_path / "omnimsg.toml").write_text(f"[accounts.main]\n{table}")

    ran = run("trigger", event, "--account", "main", "--url", "http://a.test")

    assert (2, True) == (ran.code, words in ran.error), ran.err


def test_json_rows_are_documented(run: Run, target: Target) -> None:
    """The module's docstring describes every member of the JSON form."""
    arguments = ("status.sent", "--provider", "bird", "--url", target.url)
    rows = [*run("trigger", *arguments, "--json").rows, run("trigger", "--list", "--json").rows[0]]

    for row in rows:
        for member in row:
            assert f"`{member}`" in (trigger.__doc__ or "")
