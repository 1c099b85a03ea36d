"""Checks of the code and status tables, and that the adapter goes by them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omnimsg.adapter import CodeRow, StatusRow, Verdict
from omnimsg.domain.outcome import Accepted, Failed
from omnimsg.domain.reason import Reason, Retry
from omnimsg.domain.status import Status
from omnimsg.testing.assertions import misjudged
from omnimsg.testing.harness import Harness, hold, skip

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg.domain.message import Message
    from omnimsg.testing.scripted_answers import Said

UNKNOWN_CODES = ("omnimsg-unknown", "987654")

_RETRIES: dict[Verdict, frozenset[Retry]] = {
    Verdict.REJECTED: frozenset({Retry.NEVER, Retry.AFTER_FIX}),
    Verdict.NOT_SENT: frozenset({Retry.SAFE, Retry.AFTER_FIX, Retry.NEVER}),
    Verdict.ACCOUNT: frozenset({Retry.AFTER_FIX}),
    Verdict.AMBIGUOUS: frozenset({Retry.UNSAFE}),
}


class TableChecks(Harness):
    """What the provider documents stands in the tables, and the tables decide."""

    def test_codes_are_whole_rows(self) -> None:
        """Every code has its words and its source, and a retry that its verdict allows."""
        known = self.message_levels | self.request_levels | self.other_levels
        broken: list[str] = []
        for row in self.adapter_class.codes:
            name = f"code {row.code!r} ({row.level})"
            broken += [f"{name}: `{each}` is empty" for each in _empty(row)]
            if row.retry not in _RETRIES[row.verdict]:
                broken.append(f"{name}: {row.verdict.name} cannot be retry {row.retry.name}")
            if row.level not in known:
                broken.append(
                    f"{name}: {self._name} puts the level into none of message_levels,"
                    " request_levels and other_levels"
                )
        hold(broken)

    def test_statuses_are_whole_rows(self) -> None:
        """Every status has its words and source, a reason exactly where it failed, its own number.

        `UNKNOWN` may have a reason.
        """
        broken: list[str] = []
        numbers: dict[int, str] = {}
        for row in self.adapter_class.statuses:
            name = f"status {row.name!r}"
            broken += [f"{name}: `{each}` is empty" for each in _empty(row)]
            if row.status.failed and row.reason is None:
                broken.append(f"{name}: {row.status.name} needs a reason")
            if (
                row.reason is not None
                and not row.status.failed
                and row.status is not Status.UNKNOWN
            ):
                broken.append(f"{name}: {row.status.name} is no failure and has a reason")
            if row.number is not None and numbers.setdefault(row.number, row.name) != row.name:
                broken.append(f"{name}: has the number of {numbers[row.number]!r}")
        hold(broken)

    def test_every_documented_refusal_of_a_message_means_what_its_row_says(self) -> None:
        """Each code of a message level gives its row's verdict, reason, retry and fault."""
        rows = self.rows(self.message_levels)
        if not rows:
            raise skip("the provider has no codes for one message")
        batch = self.batch(1)

        hold(
            [
                wrong
                for row in rows
                for wrong in self.judged(batch, [self.refuse(batch[0], row.code, row.level)])
            ]
        )

    def test_every_documented_refusal_of_a_request_means_what_its_row_says(self) -> None:
        """Each code of a request level gives its row's meaning to every message of the request."""
        rows = self.rows(self.request_levels)
        if not rows:
            raise skip("the provider has no codes for a whole request")
        batch = self.batch(self.several)

        hold(
            [
                wrong
                for row in rows
                for wrong in self.judged(
                    batch, [self.refuse(each, row.code, row.level) for each in batch]
                )
            ]
        )

    def test_unknown_codes_are_no_error_and_no_yes(self) -> None:
        """A code that no table holds raises nothing, accepts nothing, and is kept if it is told."""
        batch = self.batch(self.several)
        levels = (self.message_levels | self.request_levels) - self.status_levels
        broken: list[str] = []
        for level in sorted({row.level for row in self.adapter_class.codes} & levels):
            for code in UNKNOWN_CODES:
                run = self.send(batch, self.tell(self._all(batch, code, level)))
                outcomes = run.driven.value if run.driven and not run.broken else ()
                broken += [f"unknown code {code} ({level}): {wrong}" for wrong in run.broken]
                for index, outcome in enumerate(outcomes):
                    where = f"unknown code {code} ({level}), message {index}"
                    if isinstance(outcome, Accepted):
                        broken.append(f"{where}: was refused; the outcome is Accepted")
                    elif outcome is not None and outcome.failure.code != code:
                        broken.append(f"{where}: the code became {outcome.failure.code!r}")
        hold(broken)

    def test_the_users_changes_to_the_codes_are_obeyed(self) -> None:
        """A row changed in the configuration decides, as does one that is added there."""
        levels = self.message_levels | self.request_levels
        rows = [row for row in self.adapter_class.codes if row.level in levels]
        if not rows:
            raise skip("the provider has no codes")
        batch = self.batch(1)
        broken: list[str] = []
        keys = {(row.code, row.level) for row in rows} | {
            (UNKNOWN_CODES[1], level) for level in {row.level for row in rows} - self.status_levels
        }
        for code, level in sorted(keys):
            codes = {(code, level): {"reason": Reason.PAYMENT, "verdict": Verdict.ACCOUNT}}
            adapter = self.build(codes=codes)
            due = self.adapter_class.codes.override(codes)
            said = self.refuse(batch[0], code, level)
            run = self.send(batch, self.tell([said]), adapter=adapter)
            broken += [f"code {code} ({level}): {wrong}" for wrong in run.broken]
            if run.driven is not None and not run.broken:
                broken += misjudged(run.driven.value[0], said, due, self)
        hold(broken)

    def test_a_refusal_says_why_in_words(self) -> None:
        """A failure's detail is the provider's sentence, or at least the row's words."""
        rows = self.rows(self.message_levels | self.request_levels)
        if not rows:
            raise skip("the provider has no codes")
        batch = self.batch(1)
        broken: list[str] = []
        for row in rows:
            run = self.send(batch, self.tell(self._all(batch, row.code, row.level)))
            outcome = run.driven.value[0] if run.driven and not run.broken else None
            if isinstance(outcome, Failed) and not outcome.failure.detail:
                broken.append(f"code {row.code} ({row.level}): the failure has no detail")
        hold(broken)

    def _all(self, batch: Sequence[Message], code: str, level: str) -> list[Said]:
        return [self.refuse(each, code, level) for each in batch]


def _empty(row: CodeRow | StatusRow) -> list[str]:
    names = (
        ("code", "level", "description", "source")
        if isinstance(row, CodeRow)
        else ("description", "source")
    )
    return [name for name in names if not str(getattr(row, name)).strip()]
