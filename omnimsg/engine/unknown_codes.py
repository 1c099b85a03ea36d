"""Find, count and record codes and statuses of providers that the adapter's tables do not have.

They show which rows an adapter lacks. They have no effect on outcomes, and cost nothing where
messages are accepted.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import attrs

from omnimsg.adapter import code_text
from omnimsg.domain.log_fields import log_fields
from omnimsg.domain.outcome import Accepted
from omnimsg.domain.reason import Reason
from omnimsg.domain.status import Status
from omnimsg.engine.observers import Observer, UnknownCodeMet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from omnimsg.adapter import Adapter
    from omnimsg.domain.failure import Failure
    from omnimsg.domain.outcome import Outcome
    from omnimsg.domain.status import LegStatus
    from omnimsg.engine.observers import Observers

log: logging.Logger = logging.getLogger("omnimsg.engine")

PROGRAM = "unknown-code"
"""The value of `omnimsg` in each line of a file of unknown codes."""

# The most different codes that are counted; a provider that invents more must not fill memory.
_MAX_CODES = 1_000


@attrs.frozen(kw_only=True)
class UnknownCode:
    """A provider's code or status that has no row in the adapter's tables.

    Attributes:
        account: The account's name.
        provider: The provider's name.
        table: Which table has no row for it: `code` or `status`.
        code: The code, or the status, as the provider gave it: at most 64 characters, numbers and
            addresses masked.
        http_status: The HTTP status of the answer that it came with last; `None` in a report.
        count: How many answers or reports had it.
        first_seen: When it was met first.
        last_seen: When it was met last.
    """

    account: str
    provider: str
    table: str
    code: str
    http_status: int | None
    count: int
    first_seen: datetime
    last_seen: datetime


class UnknownCodes(Observer):
    """An `Observer` that counts codes and statuses without a row, and writes each to a file.

    Args:
        path: A file, to which one line is appended for each code when it is first met; several
            processes may share it. `omnimsg codes --seen` reads it.
        now: Returns the time, with a UTC offset.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._path = path
        self._now = now
        self._seen: dict[tuple[str, str, str], UnknownCode] = {}
        self._written: set[tuple[str, str, str]] = set()

    @property
    def seen(self) -> tuple[UnknownCode, ...]:
        """The codes met, at most 1,000 different ones, in the order of their first appearance."""
        return tuple(self._seen.values())

    def unknown_code(self, event: UnknownCodeMet) -> None:
        """Count a code, and write it to the file when it is first met.

        A failed write is logged, and repeated when the code is met again.
        """
        key, now = (event.account, event.table, event.code), self._now()
        known = self._seen.get(key)
        if known is not None:
            self._seen[key] = attrs.evolve(
                known, http_status=event.http_status, count=known.count + 1, last_seen=now
            )
        elif len(self._seen) < _MAX_CODES:
            values: dict[str, Any] = attrs.asdict(event)
            self._seen[key] = UnknownCode(**values, count=1, first_seen=now, last_seen=now)
        if self._path is not None and key in self._seen and key not in self._written:
            self._written.add(key)
            values = {"omnimsg": PROGRAM, **attrs.asdict(event)}
            line = json.dumps({**values, "at": now.isoformat(timespec="seconds")})
            # In a thread: this runs in the event loop of an account.
            writing = asyncio.get_running_loop().run_in_executor(None, _append, self._path, line)
            writing.add_done_callback(partial(self._on_written, key))

    def _on_written(self, key: tuple[str, str, str], writing: asyncio.Future[None]) -> None:
        error = None if writing.cancelled() else writing.exception()
        if error is not None:
            self._written.discard(key)
            name = type(error).__name__
            log.error(
                "the file of unknown codes cannot be written: %s",
                name,
                extra=log_fields(file=str(self._path), error=name),
            )


def note_failure(failure: Failure, adapter: Adapter[Any], observers: Observers) -> None:
    """Tell the observers of the unknown code of a failure, where it has one."""
    notify, code = observers.unknown_code, failure.unknown_code
    if code is not None and notify is not None:
        notify(
            UnknownCodeMet(
                account=adapter.account.name,
                provider=adapter.provider,
                table="code",
                code=code,
                http_status=failure.http_status,
            )
        )


def note_outcomes(outcomes: Iterable[Outcome], adapter: Adapter[Any], observers: Observers) -> None:
    """Tell the observers of the unknown codes of one answer, once each."""
    failures = {
        each.failure.unknown_code: each.failure
        for each in outcomes
        if not isinstance(each, Accepted) and each.failure.unknown_code is not None
    }
    for failure in failures.values():
        note_failure(failure, adapter, observers)


def note_leg(leg: LegStatus, adapter: Adapter[Any], observers: Observers) -> None:
    """Tell the observers of the unknown codes and statuses that a provider gave of a leg."""
    notify = observers.unknown_code
    if notify is None:
        return
    for each in leg.timeline.entries:
        if (
            each.status is Status.UNKNOWN
            and each.reason is Reason.UNKNOWN
            and not adapter.statuses.knows(each.provider_status)
        ):
            table, given = "status", each.provider_status
        elif each.code and not adapter.table.knows(each.code):
            table, given = "code", each.code
        else:
            continue
        code = code_text(given)
        if code is not None:
            name, provider = adapter.account.name, adapter.provider
            notify(UnknownCodeMet(account=name, provider=provider, table=table, code=code))


def _append(path: str | os.PathLike[str], line: str) -> None:
    """Append a line in one write, so that the lines of several processes do not mix."""
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, f"{line}\n".encode())
    finally:
        os.close(file)
