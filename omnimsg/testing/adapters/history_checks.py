"""Checks of `history`: every filter reaches the provider, and directions are not swapped."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import attrs

from omnimsg.adapter import Operation
from omnimsg.domain.failure import Failure
from omnimsg.domain.history import Direction, HistoryQuery, Page, PastMessage
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.status import LegStatus, Status, Timeline
from omnimsg.testing.adapters.operation_harness import OperationHarness, describe
from omnimsg.testing.adapters.request_contents import parameters
from omnimsg.testing.adapters.samples import NOW, SINCE
from omnimsg.testing.assertions import assert_no_violations, check, differences, fail

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omnimsg.adapter import Adapter

_BUSINESS, _PERSON = "+37255500008", "+37255500001"

# Pairs of filters that are easily confused.
_PAIRS = (("to", "sender"), ("since", "until"))


class HistoryChecks(OperationHarness):
    """A dropped or swapped filter would list messages that were not requested."""

    @check
    def test_history_sends_every_filter(self) -> Iterator[str]:
        """Each filter is sent under the provider's own name for it, or refused by its path."""
        self.require_operation(Operation.HISTORY)
        adapter = self.build_adapter()
        for query in _queries(adapter):
            names = _filters(query)
            expected = [
                self.history_parameters(HistoryQuery(**{name: getattr(query, name)}))
                for name in names
            ]
            found = self._query(query, adapter)
            if None in expected:
                if not isinstance(found, Failure) or found.path not in names:
                    yield f"{_name(query)}: is not refused by its path"
            elif isinstance(found, Failure):
                yield f"{_name(query)}: is refused: {found.sentence()}"
            else:
                for name, value in (pair for pairs in expected for pair in pairs or ()):
                    if (name, value) not in found:
                        yield f"{_name(query)}: {name}={value} is not in the request"

    @check
    def test_history_sends_extras(self) -> Iterator[str]:
        """The provider's own filters in `extras` are sent, or refused by their path."""
        self.require_operation(Operation.HISTORY)
        adapter = self.build_adapter()
        query = HistoryQuery(extras={adapter.provider: {"omnimsg_a": "omnimsg-marker"}})
        found = self._query(query, adapter)
        if isinstance(found, Failure):
            if not (found.path or "").startswith("extras"):
                yield f"extras are refused, but not by their path: {found.sentence()}"
        elif ("omnimsg_a", "omnimsg-marker") not in found:
            yield "the extras are neither sent nor refused"

    @check
    def test_history_reads_each_message_as_listed(self) -> Iterator[str]:
        """Direction, recipient, sender, reference, time and status are those of the entry.

        The direction may be `None` only if the provider's entry does not have it.
        """
        self.require_operation(Operation.HISTORY)
        adapter = self.build_adapter()
        for direction in Direction:
            message = self._past_message(direction, adapter)
            found = self._list(message, adapter)
            if found is None:
                yield f"an {direction} message is not listed"
                continue
            yield from differences(
                f"an {direction} message",
                ("id", found.id, message.id),
                ("to", found.to or message.to, message.to),
                ("sender", found.sender or message.sender, message.sender),
                ("reference", found.reference or message.reference, message.reference),
                ("created", found.created or message.created, message.created),
                ("status", found.leg.status, message.leg.status),
            )
            if found.direction is not direction and self._reports_direction(message, adapter):
                yield f"an {direction} message: direction is {found.direction}"

    def _query(self, query: HistoryQuery, adapter: Adapter[Any]) -> set[tuple[str, str]] | Failure:
        """Run `history` with a query.

        Returns:
            The parameters of the requests; the failure if it was refused before any request.
        """
        run = self.run_guarded(
            lambda: adapter.history(query, None, self.context(adapter)),
            self.operation_responder(Operation.HISTORY),
            adapter,
        )
        assert_no_violations(f"{_name(query)}: {each}" for each in run.violations)
        if not run.requests and isinstance(run.valid_value, Failure):
            return run.valid_value
        return {pair for request in run.requests for pair in parameters(request)}

    def _past_message(self, direction: Direction, adapter: Adapter[Any]) -> PastMessage:
        """Return a message for the provider to list: from the business to a person, or reverse."""
        row = next(each for each in self.adapter_class.statuses if not each.status.failed)
        outgoing = direction is Direction.OUTGOING
        return PastMessage(
            id=MessageId.of(adapter.account.name, self.known_id()),
            direction=direction,
            leg=LegStatus(timeline=Timeline.of(row.evidence(), NOW)),
            to=(_PERSON if outgoing else _BUSINESS,),
            sender=_BUSINESS if outgoing else _PERSON,
            reference="past-1",
            created=NOW,
        )

    def _reports_direction(self, message: PastMessage, adapter: Adapter[Any]) -> bool:
        """Return whether the provider's entry of a message depends on the direction."""
        entries = [self._list(attrs.evolve(message, direction=each), adapter) for each in Direction]
        return len({repr(each and each.raw) for each in entries}) > 1

    def _list(self, message: PastMessage, adapter: Adapter[Any]) -> PastMessage | None:
        """Fetch the page that lists this message; return the message, `None` if it is not there."""
        run = self.run_guarded(
            lambda: adapter.history(HistoryQuery(), None, self.context(adapter)),
            lambda request: self.answer_history(request, message),
            adapter,
        )
        assert_no_violations(run.violations)
        page = run.valid_value
        if not isinstance(page, Page):
            fail(f"gave {describe(page)}, not Page")
        return page.items[0] if len(page.items) == 1 else None


def _queries(adapter: Adapter[Any]) -> Iterator[HistoryQuery]:
    """Yield queries with one filter, and with two that are easily confused."""
    yield from (HistoryQuery(direction=each) for each in Direction)
    yield from (HistoryQuery(status=each) for each in Status)
    values: dict[str, Any] = {
        "to": _PERSON,
        "sender": _BUSINESS,
        "since": SINCE,
        "until": NOW + timedelta(days=400),
        "tag": "spring",
        "batch_id": "batch-1",
    }
    yield from (HistoryQuery(**{name: value}) for name, value in values.items())
    for pair in _PAIRS:
        yield HistoryQuery(**{name: values[name] for name in pair})


def _filters(query: HistoryQuery) -> list[str]:
    """Return the names of a query's filters."""
    names = (each.name for each in attrs.fields(HistoryQuery) if each.name != "extras")
    return [name for name in names if getattr(query, name) is not None]


def _name(query: HistoryQuery) -> str:
    names = _filters(query)
    if len(names) == 1 and names[0] in ("direction", "status"):
        return f"{names[0]} {getattr(query, names[0])}"
    return " and ".join(names)
