"""`omnimsg bench`."""

from __future__ import annotations

import subprocess
import sys
from array import array
from itertools import islice
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from support.toy import ToyAdapter

from omnimsg.adapter import Capabilities
from omnimsg.cli import sandbox_process
from omnimsg.cli.bench_run import DecisiveLimit, LoadResult, phone_numbers
from omnimsg.cli.config_for_sandbox import load_config_for_sandbox
from omnimsg.cli.errors import CommandError
from omnimsg.cli.sandbox_process import start_sandbox_process
from omnimsg.engine.policy import Limits, OnAmbiguous, RetryPolicy
from omnimsg.sandbox import MAGIC, config

if TYPE_CHECKING:
    from pathlib import Path

    from support.command import Run

    from omnimsg.sandbox import Sandbox

SANDBOX_ACCOUNTS = config(1)["accounts"]

TABLES = """
default = "main"

[accounts.main]
provider = "clickatell"
api_key = "env:NOBODY_SET_THIS"
sender = "27820000000"
extras = { userPriorityQueue = 3 }
on_ambiguous = "resend"
codes = { "message:43" = { reason = "quota_exceeded" } }
retry.attempts = 7
limits = { requests_per_second = 5, concurrency = 3 }

[accounts.bird]
provider = "bird"
access_key = "mine"
workspace_id = "mine"
channels = { sms = "mine" }
batch = true

[accounts.mail]
provider = "bird"
access_key = "mine"
workspace_id = "mine"
channel = "email"
channels = { email = "mine" }

[accounts.wrong]
provider = "messente"
limits.concurrency = 0

[accounts.unknown]
provider = "clickatel"
"""


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    """Write a configuration whose credentials are not set or not valid."""
    (tmp_path / "omnimsg.toml").write_text(TABLES)
    return tmp_path / "omnimsg.toml"


def test_nothing_is_sent_to_the_accounts_url(run: Run, sandbox: Sandbox) -> None:
    """The configured URL receives no request; another sandbox accepts all messages."""
    for account in ("clickatell", "messente", "bird"):
        ran = run("bench", "--account", account, "--messages", "30", "--json")

        (figures,) = ran.rows
        assert (0, 30, account) == (ran.code, figures["accepted"], figures["provider"])
    assert [] == list(sandbox.requests)


def test_the_figures(run: Run, sandbox: Sandbox) -> None:
    """The JSON form has the documented keys; the requests are those that the sandbox counted."""
    ran = run("bench", "--messages", "250", "--json")

    (figures,) = ran.rows
    measured = {
        *("seconds", "messages_per_second", "cpu_seconds", "cpu_us_per_message"),
        *("requests", "messages_per_request", "peak_memory_bytes"),
    }
    assert all(figures[key] > 0 for key in measured)
    assert {
        "account": "clickatell",
        "provider": "clickatell",
        "channel": "sms",
        "messages": 250,
        "callers": 0,
        "latency": 0.0,
        "warm_up": 25,
        "p50_seconds": None,
        "p99_seconds": None,
        "accepted": 250,
        "rejected": 0,
        "not_sent": 0,
        "ambiguous": 0,
        "limited_by": None,
    } == {key: value for key, value in figures.items() if key not in measured}
    assert 3 <= figures["requests"] < 25
    assert 250 / figures["requests"] == pytest.approx(figures["messages_per_request"], abs=0.01)


def test_callers(run: Run, sandbox: Sandbox) -> None:
    """Callers share the messages; their waits, which include the latency, are reported."""
    ran = run("bench", "--messages", "40", "--callers", "8", "--latency", "0.02", "--json")

    (figures,) = ran.rows
    assert (0, 8, 40) == (ran.code, figures["callers"], figures["accepted"])
    assert 0.02 <= figures["p50_seconds"] <= figures["p99_seconds"]


def test_the_table(run: Run, sandbox: Sandbox) -> None:
    """Without --json a table within 80 columns is printed, and a line that nothing was sent."""
    ran = run("bench", "--messages", "20", "--callers", "2", "--latency", "0.01")

    assert (0, "") == (ran.code, ran.err)
    for expected in (
        "clickatell, sms, 2 callers of `send`, answers after 0.01 s",
        "messages a second",
        "µs",
        "20 accepted",
        "p50",
        "no limit of the account",
        "Nothing left this machine. 2 more messages were sent before",
    ):
        assert expected in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80


def test_a_limit_is_kept_and_named(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """A limit of the account that decides how long the run takes is reported by its key."""
    file = tmp_path / "omnimsg.toml"
    bird = 'provider = "bird"\n'
    # 2.4 s for 20 requests, a hundred times longer than without the limit, so that the limit
    # decides even on a busy machine.
    file.write_text(file.read_text().replace(bird, f"{bird}limits.requests_per_second = 8\n"))

    ran = run("bench", "--account", "bird", "--messages", "20", "--json")

    assert {"name": "limits.requests_per_second", "value": 8.0} == ran.rows[0]["limited_by"]


def test_failures_are_reported(run: Run, sandbox: Sandbox) -> None:
    """Failures are counted by kind, each reason is reported once, and the exit code is 1."""
    too_short = ("--latency", "0.5", "--deadline", "0.05")
    ran = run("bench", "--messages", "10", *too_short, "--json")
    by_callers = run("bench", "--messages", "10", "--callers", "2", *too_short, "--json")

    for each in (ran, by_callers):
        (figures,) = each.rows
        # After some failures in a row, the account's circuit breaker opens.
        assert (1, 10) == (each.code, figures["ambiguous"] + figures["not_sent"])
        assert figures["ambiguous"]
        assert 1 == each.err.count(": ambiguous by clickatell: timeout")


def test_the_accounts_settings_are_kept(tables: Path) -> None:
    """Policy, sender, codes and extras are the user's; URL and credentials are the sandbox's."""
    loaded = load_config_for_sandbox(tables, None, SANDBOX_ACCOUNTS)

    account, policy = loaded.adapters["main"].account, loaded.policies["main"]
    sandbox_account = SANDBOX_ACCOUNTS["clickatell"]
    assert (sandbox_account["base_url"], sandbox_account["api_key"]) == (
        account.base_url,
        account.settings.api_key.reveal(),
    )
    assert Limits(requests_per_second=5, concurrency=3) == policy.limits
    assert RetryPolicy(attempts=7) == policy.retry
    assert OnAmbiguous.RESEND is policy.on_ambiguous
    assert ("27820000000", {"userPriorityQueue": 3}) == (account.sender, account.extras)
    assert [("43", "message")] == list(account.codes)


def test_only_the_account_is_loaded(tables: Path) -> None:
    """Errors in other accounts do not matter, and a nested table keeps only the user's keys."""
    loaded = load_config_for_sandbox(tables, "bird", SANDBOX_ACCOUNTS)

    adapter = loaded.adapters["bird"]
    assert ["bird"] == list(loaded.adapters)
    assert {"sms": SANDBOX_ACCOUNTS["bird"]["channels"]["sms"]} == adapter.account.settings.channels
    assert 100 == adapter.capabilities.max_messages


def test_a_provider_from_the_environment(tables: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The provider of an account may be a reference to an environment variable."""
    monkeypatch.setenv("PROVIDER", "clickatell")
    tables.write_text('[accounts.main]\nprovider = "env:PROVIDER"\napi_key = "mine"\n')

    loaded = load_config_for_sandbox(tables, None, SANDBOX_ACCOUNTS)

    assert SANDBOX_ACCOUNTS["clickatell"]["base_url"] == loaded.adapters["main"].account.base_url


@pytest.mark.parametrize(
    ("arguments", "error", "hint"),
    [
        (("--account", "mian"), "no account 'mian'", "did you mean 'main'?"),
        (("--account", "mail"), "cannot send a plain text to a number", "channel"),
        (("--account", "wrong"), "accounts.wrong.limits.concurrency: must be at least 1", ""),
        (("--account", "unknown"), "unknown provider 'clickatel'", "did you mean 'clickatell'?"),
        (("--config", "none.toml"), "none.toml: no such file", "--print-config"),
        (("--config", "empty.toml"), "accounts: needs at least one table", ""),
        (("--config", "several.toml"), "default: name the account to use: a, b", ""),
        (("--config", "odd.toml"), "default: must be one of a, b", ""),
        (("--messages", "0"), "--messages", ""),
        (("--callers", "-1"), "--callers", ""),
        (("--latency", "61"), "--latency", ""),
    ],
)
def test_an_error_before_the_run(
    run: Run,
    tables: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    error: str,
    hint: str,
) -> None:
    """A wrong command line or configuration is exit code 2, and no sandbox is started."""
    monkeypatch.setattr(sandbox_process, "start_sandbox_process", None)
    (tables.parent / "empty.toml").write_text("")
    accounts = "".join(
        f'[accounts.{name}]\nprovider = "clickatell"\napi_key = "k"\n' for name in "ab"
    )
    (tables.parent / "several.toml").write_text(accounts)
    (tables.parent / "odd.toml").write_text(f"default = [1]\n{accounts}")

    ran = run("bench", *arguments)

    assert 2 == ran.code
    assert error in ran.error
    assert hint in ran.hint


def test_a_provider_without_an_emulator(
    run: Run, tables: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A provider that the sandbox does not emulate is exit code 2."""
    tables.write_text('[accounts.main]\nprovider = "toy"\nkey = "k"\n')
    monkeypatch.setattr("omnimsg.config.plugins.InstalledProviders.adapter", lambda *_: ToyAdapter)

    ran = run("bench")

    assert 2 == ran.code
    assert "error: account 'main': the sandbox has no emulator of 'toy'" == ran.error
    assert "hint: it emulates bird, clickatell, messente" == ran.hint


def test_the_sandbox_ends_with_its_starter() -> None:
    """The sandbox process ends with the context, and with a starting process that is killed."""
    with pytest.raises(ZeroDivisionError), start_sandbox_process() as ended:
        raise ZeroDivisionError
    assert 0 == ended.process.returncode

    program = (
        "import os, signal; from omnimsg.cli.sandbox_process import start_sandbox_process\n"
        "with start_sandbox_process() as sandbox:\n"
        "    os.kill(os.getpid(), signal.SIGKILL)"
    )
    # The sandbox process has this pipe too: `run` returns only when both processes have ended.
    killed = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", program], stderr=subprocess.PIPE, timeout=30, check=False
    )
    assert (-9, b"") == (killed.returncode, killed.stderr)


def test_a_killed_sandbox_is_an_error() -> None:
    """A request to a sandbox process that has ended raises a `CommandError` with exit code 1."""
    with start_sandbox_process() as sandbox:
        sandbox.process.kill()
        sandbox.process.wait()

        with pytest.raises(CommandError, match="the sandbox has stopped") as caught:
            sandbox.requests()

    assert 1 == caught.value.code


def test_no_recipient_is_magic() -> None:
    """The generated numbers are distinct, of equal length and never magic, beyond a million too."""
    some = list(islice(phone_numbers(), 980_000, 1_010_000))

    assert len(some) == len(set(some))
    assert {12} == {len(each) for each in some}
    assert not any(each.endswith(tuple(MAGIC)) for each in some)
    assert ["+27800989999", "+27801000000"] == some[9_999:10_001]


RESULT = LoadResult(
    messages=1_000, seconds=1.0, cpu=0.1, requests=100, outcomes={}, waits=array("d", [1, 2, 3, 4])
)
NO_CAPABILITIES = Capabilities(channels={})


@pytest.mark.parametrize(
    ("limits", "capabilities", "latency", "expected"),
    [
        ({}, {}, 0.0, None),
        ({"requests_per_second": 99}, {}, 0.0, ("limits.requests_per_second", 99)),
        ({"requests_per_second": 200}, {}, 0.0, None),
        (
            {"requests_per_second": 200},
            {"requests_per_second": 99},
            0.0,
            ("capabilities.requests_per_second", 99),
        ),
        ({"messages_per_second": 1000}, {}, 0.0, ("limits.messages_per_second", 1000)),
        ({"concurrency": 11}, {}, 0.09, ("limits.concurrency", 11)),
        ({"concurrency": 1}, {}, 0.01, ("limits.concurrency", 1)),
        ({"concurrency": 101}, {}, 0.9, None),
        ({}, {"max_messages": 10}, 0.13, ("limits.concurrency", 16)),
        (
            {"requests_per_second": 110, "messages_per_second": 1001},
            {},
            0.0,
            ("limits.messages_per_second", 1001),
        ),
    ],
)
def test_the_limit_that_decided(
    limits: dict[str, Any],
    capabilities: dict[str, Any],
    latency: float,
    expected: tuple[str, float] | None,
) -> None:
    """The limit that explains most of the duration is named, if it explains nearly all of it."""
    documented = attrs.evolve(NO_CAPABILITIES, **capabilities)

    limit = RESULT.limited_by(Limits(**limits), documented, latency)

    found = None if limit is None else attrs.astuple(limit)
    assert expected == found
    assert limit is None or isinstance(limit, DecisiveLimit)


def test_wait_percentiles() -> None:
    """A percentile is one of the waits; without waits there is none."""
    assert (2.0, 4.0) == (RESULT.wait_percentile(0.5), RESULT.wait_percentile(0.99))
    assert attrs.evolve(RESULT, waits=array("d")).wait_percentile(0.5) is None
