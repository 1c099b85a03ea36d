"""Ask a provider what became of the accepted messages of a results file."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import anyio

from omnimsg.bulk import LineState
from omnimsg.cli.one_call import run_one_call
from omnimsg.cli.output import closed_output_ignored, print_hint
from omnimsg.domain.errors import OperationError
from omnimsg.domain.reason import Fault
from omnimsg.domain.status import Status

if TYPE_CHECKING:
    from pathlib import Path

    from omnimsg.bulk.recorded_results import RecordedResults
    from omnimsg.client import Client

# The maximum number of concurrent status requests.
_MAX_IN_FLIGHT = 16
_UNASKED = "unasked"
_LONG_MINUTES = 2


def query_statuses(recorded: RecordedResults, config: Path, rate: float) -> dict[int, Status]:
    """Ask for the status of each accepted message, at most `rate` requests a second.

    Returns:
        By line, the status that says most; a failed request counts as `UNKNOWN`.

    Raises:
        OperationError: The provider refused the account.
    """
    _print_duration(recorded.line_states.count(LineState.ACCEPTED), rate)
    statuses: dict[int, Status] = {}
    refusals: list[OperationError] = []

    async def call(client: Client) -> None:
        slots = anyio.Semaphore(_MAX_IN_FLIGHT)

        async def ask(line: int, message_id: str) -> None:
            try:
                found = (await client.status(message_id)).status
            except OperationError as error:
                # A wrong key or missing rights: the other requests would fail the same way.
                if error.failure.fault in (Fault.ACCOUNT, Fault.CALLER):
                    refusals.append(error)
                    group.cancel_scope.cancel()
                found = Status.UNKNOWN
            finally:
                slots.release()
            statuses[line] = _merge_leg_statuses(statuses.get(line), found)

        async with anyio.create_task_group() as group:
            due = anyio.current_time()
            for line, message_id in recorded.message_ids():
                if message_id is not None:
                    await anyio.sleep_until(due)
                    await slots.acquire()
                    due = max(due, anyio.current_time()) + 1 / rate
                    group.start_soon(ask, line, message_id)

    run_one_call(config, call)
    if refusals:
        raise refusals[0]
    return statuses


def _print_duration(count: int, rate: float) -> None:
    """Print how long the asking takes, if that is longer than somebody would wait in silence."""
    minutes = (count - 1) / rate / 60
    if minutes >= _LONG_MINUTES:
        what = f"{count:,} messages at {rate:g} a second take {minutes:,.0f} minutes"
        with closed_output_ignored():
            print_hint(f"{what}; --rate changes that")


def _merge_leg_statuses(one: Status | None, other: Status) -> Status:
    """Combine the statuses of two legs: prefer one that reached the handset, then a pending one."""
    if one is None:
        return other
    return max(one, other, key=lambda each: (each.reached, not each.final, each.rank))


def delivery_counts(recorded: RecordedResults, statuses: dict[int, Status]) -> dict[str, int]:
    """Count the accepted messages by status; `unasked` are those without an id."""
    found = Counter(status.value for status in statuses.values())
    found[_UNASKED] = recorded.line_states.count(LineState.ACCEPTED) - len(statuses)
    return {name: count for name, count in found.most_common() if count}
