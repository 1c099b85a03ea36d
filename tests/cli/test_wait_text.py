"""The text of a wait that a provider asks for: until when, and how long."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from omnimsg.cli.wait_text import PauseReporter, failure_text, wait_text
from omnimsg.domain.failure import Failure
from omnimsg.domain.reason import Reason, Retry
from omnimsg.engine.observers import Paused

if TYPE_CHECKING:
    from pathlib import Path

    from support.command import Run

    from omnimsg.sandbox import Sandbox

NOW = datetime(2030, 1, 2, 13, 53, 0, tzinfo=timezone(timedelta(hours=2)))


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (7.2, "until 13:53:07 (8 s)"),
        (60, "until 13:54 (1 min)"),
        (12 * 60, "until 14:05 (12 min)"),
        (61, "until 13:54 (2 min)"),
        (3600, "until 14:53 (1 h)"),
        (5 * 3600 + 600, "until 19:03 (5 h 10 min)"),
        (86_400, "until 2030-01-03 13:53 (1 d)"),
        (90_000, "until 2030-01-03 14:53 (1 d 1 h)"),
        (1.9e9, "for more than a year"),
        (1e12, "for more than a year"),
    ],
)
def test_a_wait_is_a_time_of_day_and_a_duration(seconds: float, expected: str) -> None:
    """A wait is shown as a local time and a duration, with the date if it ends on another day."""
    assert expected == wait_text(seconds, now=NOW)


@pytest.mark.parametrize(
    ("retry_after", "expected"),
    [
        (720.0, "rate_limited (HTTP 429): slow; the provider asks to wait until 14:05 (12 min)"),
        (1.0, "rate_limited (HTTP 429): slow"),
        (None, "rate_limited (HTTP 429): slow"),
    ],
)
def test_a_failure_names_the_wait(retry_after: float | None, expected: str) -> None:
    """A failure's text names the provider's wait if it is long enough to be noticed."""
    failure = Failure(
        reason=Reason.RATE_LIMITED,
        retry=Retry.SAFE,
        detail="slow",
        http_status=429,
        retry_after=retry_after,
    )

    assert expected == failure_text(failure, now=NOW)


def test_a_wait_of_omnimsgs_own_is_not_the_providers() -> None:
    """Where the provider has not answered, as with a used-up budget, it is not said to ask."""
    failure = Failure(
        reason=Reason.QUOTA_EXCEEDED, retry=Retry.SAFE, detail="used up", retry_after=720.0
    )

    assert "quota_exceeded: used up; wait until 14:05 (12 min)" == failure_text(failure, now=NOW)


def test_a_pause_is_reported_once() -> None:
    """A pause is reported once, and again only if it becomes noticeably longer."""
    lines: list[str] = []
    reporter = PauseReporter(lines.append, lambda: NOW)

    for seconds in (0.5, 300.0, 299.0, 301.0, 720.0):
        reporter.paused(Paused(account="main", seconds=seconds))

    assert [
        "the provider asks main to wait: nothing is sent until 13:58 (5 min)",
        "the provider asks main to wait: nothing is sent until 14:05 (12 min)",
    ] == lines


def test_send_shows_the_wait(run: Run, sandbox: Sandbox) -> None:
    """The error line of `send` names the wait that the provider asks for."""
    sandbox.faults.add("rate_limit", status=429, retry_after=720, on="any", probability=1)

    ran = run("send", "--to", "+27820990001", "--text", "x", "--deadline", "5")

    assert 1 == ran.code
    assert "the provider asks to wait until " in ran.error
    assert "(12 min)" in ran.error


def test_an_operation_shows_the_wait(run: Run, sandbox: Sandbox) -> None:
    """The error line of a throttled operation names the wait that the provider asks for."""
    sandbox.faults.add("rate_limit", status=429, retry_after=720, on="any", probability=1)

    ran = run("balance", "--deadline", "1")

    assert (1, True) == (ran.code, "the provider asks to wait until " in ran.error)


def test_send_many_reports_a_pause(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """`send-many` reports the provider's wait while it pauses, and in the line of the failure."""
    sandbox.faults.add("rate_limit", status=429, retry_after=720, on="any", probability=1)
    (tmp_path / "file.csv").write_text("to,text\n+27820990001,x\n")

    ran = run("send-many", "file.csv", "--deadline", "1")

    assert 1 == ran.code
    assert "asks clickatell to wait: nothing is sent until " in ran.err
    assert "the provider asks to wait until " in ran.err
