"""`omnimsg listen` in its own process, with callbacks from `omnimsg trigger`."""

from __future__ import annotations

import gzip
import hmac
import json
import signal
import socket
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING

import pytest

from omnimsg.domain.serialization import event_from_json
from omnimsg.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.command import Run


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Write a configuration with the sandbox's public secrets."""
    path = tmp_path / "omnimsg.toml"
    path.write_text(Sandbox().config_toml(), encoding="utf-8")
    return path


@contextmanager
def listening(
    config: Path,
    *flags: str,
    addresses: list[str] | None = None,
    left_out: list[str] | None = None,
) -> Iterator[tuple[subprocess.Popen[str], str, IO[str]]]:
    """Run the command; yield its process, the address of its receiver and its standard output.

    The addresses that it prints are added to `addresses`, and the accounts whose callbacks are not
    received to `left_out`.
    """
    command = [sys.executable, "-m", "omnimsg", "listen", "--port", "0", "--config", str(config)]
    with subprocess.Popen(  # noqa: S603 - our own program
        [*command, *flags], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        greeting = process.stderr if "--json" in flags else process.stdout
        try:
            address = greeting.readline().split(";")[0].removeprefix("Listening on ")
            for line in iter(lambda: greeting.readline().strip(), ""):
                if addresses is not None and "://" in line:
                    addresses.append(line.split()[0])
                _, found, account = line.partition("not received: ")
                if left_out is not None and found:
                    left_out.append(account)
            yield process, f"{address}/callbacks", process.stdout
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=20)


def test_an_event_is_one_line(config: Path, run: Run) -> None:
    """An event is one line; two spaces are between its parts, and numbers are masked."""
    with listening(config) as (_, url, printed):
        sent = run("trigger", "status.delivered", "--provider", "bird", "--url", f"{url}/bird")
        status = printed.readline()
        run("trigger", "inbound.text", "--provider", "messente", "--url", f"{url}/messente")
        reply = printed.readline()

    assert 0 == sent.code
    assert ["delivered", "bird", "sms"] == status.split()[1:4]
    assert ["messente", "+372…01", "Is the table free?"] == reply.split("reply")[1].strip().split(
        "  "
    )
    assert "  bird  sms  bird:" in status


def test_the_time_is_that_of_the_machine(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of an event has no offset, so it is that of the machine and not UTC."""
    monkeypatch.setenv("TZ", "IST-5:30")
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    reply = {
        "channel": "sms",
        "messageId": "23a7711a8133287637ebdcd9e87a1613",
        "from": "27820001000",
        "to": "27870000000",
        "timestamp": round(at.timestamp() * 1000),
        "content": "YES",
        "charset": "UTF-8",
    }
    body = json.dumps({"integrationId": "1", "event": {"moText": [reply]}}).encode()

    with listening(config) as (_, url, printed):
        address = f"{url}/clickatell/sandbox-callback-secret-0"
        asked = urllib.request.Request(address, body, method="POST")  # noqa: S310 - our own
        urllib.request.urlopen(asked).close()  # noqa: S310
        line = printed.readline()

    assert ["08:34:05", "reply"] == line.split()[:2]


def test_an_account_that_is_left_out_is_named(tmp_path: Path) -> None:
    """The greeting says whose callbacks are not received, and why."""
    path = tmp_path / "omnimsg.toml"
    text = Sandbox().config_toml().replace('"sandbox-password"', '"env:NO_SUCH"')
    path.write_text(text.replace('signing_keys = ["sandbox-signing-key"]', ""), encoding="utf-8")
    left_out: list[str] = []

    with listening(path, left_out=left_out):
        pass

    bird, messente = left_out
    assert bird.startswith("bird: needs `signing_keys`")
    assert messente.startswith("messente: ")
    assert messente.endswith("NO_SUCH is not set")


def test_an_unknown_event_without_a_kind(config: Path) -> None:
    """What has no kind that could be named ends with what is unknown about it."""
    with listening(config) as (_, url, printed):
        address = f"{url}/clickatell/sandbox-callback-secret-0"
        asked = urllib.request.Request(address, b'{"a": 1}', method="POST")  # noqa: S310 - our own
        urllib.request.urlopen(asked).close()  # noqa: S310
        line = printed.readline()

    assert line.endswith("clickatell  no `event` of the One API\n")


def test_events_as_json(config: Path, run: Run) -> None:
    """With `--json` each line is the JSON form of an event."""
    with listening(config, "--json") as (_, url, printed):
        run("trigger", "status.delivered", "--provider", "bird", "--url", f"{url}/bird")
        row = json.loads(printed.readline())

    event = event_from_json(row)
    assert ("status", "bird") == (row["event"], event.account)


def test_what_is_not_signed_is_shown_as_refused(config: Path, run: Run) -> None:
    """A wrongly signed callback gets a 401 and one error line; the command goes on."""
    with listening(config) as (process, url, printed):
        flags = ("--provider", "bird", "--url", f"{url}/bird")
        refused = run("trigger", "status.delivered", *flags, "--bad-signature")
        run("trigger", "status.delivered", *flags)
        line = printed.readline()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)

    assert 0 == refused.code
    assert "delivered" in line
    assert "bird  not genuine, answered 401" in errors
    assert "another secret, or for another address" in errors


def test_what_is_not_http_is_one_line_without_the_secret(config: Path) -> None:
    """A request that is not HTTP is one line, with neither its path nor a traceback."""
    with listening(config) as (process, url, _):
        host, port = url.split("/")[2].split(":")
        with socket.create_connection((host, int(port)), timeout=10) as caller:
            caller.sendall(
                b"POST /callbacks/clickatell/sandbox-callback-secret-0\x1b[2J HTTP/1.1\r\n\r\n"
            )
            answer = caller.recv(100)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        lines = process.stderr.read().splitlines()

    assert answer.startswith(b"HTTP/1.0 400")
    assert ["          refused     unreadable request (InvalidURLError)"] == lines


def test_a_compressed_body_is_not_unpacked(config: Path) -> None:
    """A body is verified as the bytes that came: a few kilobytes do not become a large one."""
    body = gzip.compress(bytes(50_000_000))
    digest = hmac.new(b"sandbox-password", body, "sha256").hexdigest()
    headers = {"X-Messente-Signature": digest, "Content-Encoding": "gzip"}

    with listening(config) as (_, url, printed):
        asked = urllib.request.Request(f"{url}/messente", body, headers, method="POST")  # noqa: S310
        with urllib.request.urlopen(asked) as answer:  # noqa: S310 - our own
            status = answer.status
        line = printed.readline().split()

    assert (204, ["unparsed", "messente", "no", "JSON", "document"]) == (status, line[1:])


def has_ipv6() -> bool:
    """Return whether this machine has the loopback address of IPv6."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
def test_an_address_of_ipv6(config: Path, run: Run) -> None:
    """It listens on an address of IPv6, and prints it as a URL needs it."""
    with listening(config, "--host", "::1") as (_, url, printed):
        flags = ("--provider", "messente", "--url", f"{url}/messente")
        ran = run("trigger", "status.delivered", *flags)
        line = printed.readline()

    assert (0, True) == (ran.code, url.startswith("http://[::1]:"))
    assert "delivered" in line


def test_the_printed_addresses_are_those_that_are_verified(config: Path) -> None:
    """A slash at the end of `--public-url` is not repeated in the addresses."""
    found: list[str] = []
    flags = ("--public-url", "https://hooks.example.com/callbacks/")
    with listening(config, *flags, addresses=found):
        base = "https://hooks.example.com/callbacks"

        assert [f"{base}/bird", f"{base}/clickatell/SECRET", f"{base}/messente"] == sorted(found)


@pytest.mark.parametrize(
    "address",
    ["", "hooks.example.com", "https://u:s3cret@a.example", "https://a.example/?k=s3cret"],
)
def test_a_wrong_public_address_is_an_error_of_the_flag(
    config: Path, run: Run, address: str
) -> None:
    """The error names the flag, and shows no secret; the advice says what to give."""
    ran = run("listen", "--port", "0", "--public-url", address, "--config", str(config))

    assert 2 == ran.code
    assert ran.error.startswith("error: --public-url: must be an address such as 'https://hooks")
    assert "up to the account's name" in ran.hint
    assert "s3cret" not in ran.err


def test_ctrl_c_is_exit_code_0(config: Path) -> None:
    """Ctrl+C ends the command with exit code 0."""
    with listening(config) as (process, _, _):
        process.send_signal(signal.SIGINT)

        assert 0 == process.wait(timeout=20)


def test_it_can_be_stopped_as_soon_as_it_has_printed_the_addresses(config: Path) -> None:
    """No signal is lost after the greeting, also where the parent process ignores it."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with listening(config) as (process, _, _):
            process.send_signal(signal.SIGINT)
            code = process.wait(timeout=20)
    finally:
        signal.signal(signal.SIGINT, before)

    assert 0 == code


def test_a_port_in_use_is_one_line(config: Path, run: Run) -> None:
    """A port in use is one error line and exit code 2."""
    with listening(config) as (_, url, _):
        port = url.split(":")[2].split("/")[0]
        ran = run("listen", "--port", port, "--config", str(config))

    assert 2 == ran.code
    assert f"port {port} of 127.0.0.1 cannot be used" in ran.error


def test_an_account_without_secrets_is_named(tmp_path: Path, run: Run) -> None:
    """An account without callback secrets is exit code 2; the error names the missing key."""
    path = tmp_path / "omnimsg.toml"
    path.write_text('[accounts.main]\nprovider = "clickatell"\napi_key = "env:HOME"\n')

    ran = run("listen", "--config", str(path))

    assert 2 == ran.code
    assert "accounts.main needs `callback_secrets`" in ran.err


def test_nobody_reads_the_events(config: Path, run: Run) -> None:
    """If the output's reader is gone, an event is not answered as handled; the command ends."""
    with listening(config) as (process, url, printed):
        printed.close()
        flags = ("--provider", "messente", "--url", f"{url}/messente")
        ran = run("trigger", "status.delivered", *flags, "--json")

        assert 0 == process.wait(timeout=20)
    assert (1, False) == (ran.code, ran.rows[0]["taken"])


def test_a_host_without_an_address(config: Path, run: Run) -> None:
    """A host that cannot be resolved is an error about the host, not about the port."""
    ran = run("listen", "--host", "no.such.host.invalid", "--config", str(config))

    assert (2, True) == (ran.code, ran.error.startswith("error: host no.such.host.invalid cannot"))
