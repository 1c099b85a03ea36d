"""Checks of `send`: every message gets its own outcome, in the order given."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING
from unittest import SkipTest

import attrs

from omnimsg.domain.errors import InvalidValue
from omnimsg.domain.outcome import Accepted
from omnimsg.domain.serialization import outcome_from_json, outcome_to_json
from omnimsg.json_codec import dumps, loads
from omnimsg.testing.assertions import assert_no_violations, fail
from omnimsg.testing.harness import Harness
from omnimsg.testing.scripted_answers import Accept, Missing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome
    from omnimsg.testing.scripted_answers import Said

MAX_MESSAGES = 200


class SendChecks(Harness):
    """Each message gets the right outcome, or none."""

    def test_send_gives_one_outcome_per_message_in_the_order_given(self) -> None:
        """Every message that the provider accepts is `Accepted`, in batches of every size."""
        largest = min(MAX_MESSAGES, self.capabilities.max_messages)
        violations: list[str] = []
        for count in sorted({1, self.batch_size, largest}):
            batch = self.batch(count)
            violations += [
                f"{count} messages, {each}"
                for each in self.send_violations(batch, self.accept_all(batch))
            ]
        assert_no_violations(violations)

    def test_send_distinguishes_accepted_from_refused_messages(self) -> None:
        """One answer accepts some messages and refuses others, each with its own code."""
        size, rows = self.require_batches(), len(self.code_rows(self.message_levels))
        if not self.mixed or not rows:
            raise SkipTest("an answer of this provider is for all its messages or for none")
        batch = self.batch(size)

        assert_no_violations(
            [
                f"codes from row {first_row} on, {each}"
                for first_row in range(rows + 1)
                for each in self.send_violations(batch, self.mixed_answers(batch, first_row))
            ]
        )

    def test_send_matches_entries_in_any_order(self) -> None:
        """If the provider promises no order, entries match their messages in every order."""
        if self.ordered:
            raise SkipTest("the provider promises the order of its answers")
        batch = self.batch(self.require_batches())

        assert_no_violations(self._violations_in_any_order(batch, self.mixed_answers(batch)))

    def test_send_gives_no_outcome_without_an_entry(self) -> None:
        """A message without an entry gets no outcome, and never another message's outcome."""
        size = self.require_batches()
        if not self.mixed:
            raise SkipTest("an answer of this provider has no entry per message")
        batch = self.batch(size)
        said = self.mixed_answers(batch)
        violations: list[str] = []
        for first in range(size):
            for second in range(first + 1):
                missing = {first, second}
                gapped: list[Said] = [
                    Missing(each.message) if index in missing else each
                    for index, each in enumerate(said)
                ]
                violations += [
                    f"without an entry for {sorted(missing)}, {each}"
                    for each in self.send_violations(batch, gapped, allow_none=True)
                ]
        assert_no_violations(violations)

    def test_send_keeps_messages_to_the_same_recipient_apart(self) -> None:
        """Several messages to one recipient get their own outcomes, or none, never swapped."""
        batch = self.batch(self.require_batches())
        same = [attrs.evolve(each, to=batch[0].to) for each in batch]
        said = self.mixed_answers(same)

        assert_no_violations(
            self.send_violations(same, said, allow_none=True)
            if self.ordered
            else self._violations_in_any_order(same, said, allow_none=True)
        )

    def test_send_accepts_no_message_by_an_answer_that_names_another(self) -> None:
        """An acceptance with another reference or recipient is no verdict on this message.

        The answer may belong to another request of the same connection.
        """
        other = self.batch(self.batch_size + 1)[-1]
        violations: list[str] = []
        is_named = False
        for count in sorted({1, self.batch_size}):
            batch = self.batch(count)
            for name, foreign in _foreign_messages(batch[0], other):
                said = self.accept_all(batch)
                own = self.send(batch, self.responder(said)).responses
                named = [Accept(foreign, self.provider_id(0)), *said[1:]]
                run = self.send(batch, self.responder(named))
                if run.responses == own:
                    continue  # the answer does not contain this value
                is_named = True
                violations += [f"{name}: {each}" for each in run.violations]
                if run.valid_value and isinstance(run.valid_value[0], Accepted):
                    violations.append(f"{count} messages, {name}: message 0 is Accepted")
        if not is_named:
            raise SkipTest("an answer of this provider names no message")
        assert_no_violations(violations)

    def test_send_gives_accepted_messages_a_usable_id(self) -> None:
        """`str(accepted.id)` names the account and can be read back by another process."""
        batch = self.batch(1)
        adapter = self.build_adapter()

        run = self.send(batch, self.accepting_responder(batch), adapter=adapter)

        assert_no_violations(run.violations)
        outcome = run.valid_value[0] if run.valid_value else None
        if not isinstance(outcome, Accepted) or outcome.provider_id is None:
            if not self.batch_ids:
                fail(f"message 0: has no id: {outcome!r}")
        elif outcome.id.account != adapter.account.name:
            fail(f"message 0: the id {outcome.id} names another account")

    def test_send_keeps_the_raw_entry_and_the_http_status(self) -> None:
        """Every outcome has the provider's own entry in `raw`; a failure has the HTTP status."""
        batch = self.batch(self.batch_size)
        said = self.mixed_answers(batch)

        run = self.send(batch, self.responder(said))

        violations = list(run.violations)
        for index, (outcome, each) in enumerate(zip(run.valid_value or (), said, strict=False)):
            if outcome is None:
                continue
            failure = None if isinstance(outcome, Accepted) else outcome.failure
            raw = outcome.raw if isinstance(outcome, Accepted) else outcome.failure.raw
            if raw is None:
                violations.append(f"message {index}: `raw` is empty")
            elif isinstance(each, Accept) and not self.batch_ids and each.id not in repr(raw):
                violations.append(f"message {index}: `raw` is not the message's own entry")
            if failure is not None and failure.http_status is None:
                violations.append(f"message {index}: the failure has no http_status")
        assert_no_violations(violations)

    def test_send_gives_outcomes_that_survive_json(self) -> None:
        """An outcome can be written as JSON and read back, as journals and result files do."""
        batch = self.batch(self.batch_size)

        run = self.send(batch, self.responder(self.mixed_answers(batch)))

        assert_no_violations(
            [
                *run.violations,
                *(
                    f"message {index}: cannot be written as JSON and read back unchanged"
                    for index, outcome in enumerate(run.valid_value or ())
                    if outcome is not None and not _survives_json(outcome)
                ),
            ]
        )

    def _violations_in_any_order(
        self, batch: Sequence[Message], said: Sequence[Said], *, allow_none: bool = False
    ) -> list[str]:
        violations: list[str] = []
        for order in permutations(range(len(batch))):
            entries = [said[index] for index in order]
            violations += [
                f"entries in the order {list(order)}, {each}"
                for each in self.send_violations(
                    batch, said, entries=entries, allow_none=allow_none
                )
            ]
        return violations


def _foreign_messages(message: Message, other: Message) -> Iterator[tuple[str, Message]]:
    """Yield messages whose acceptance must not count for `message`, each with a name."""
    yield "another message", other
    yield "another reference", attrs.evolve(message, reference=other.reference)
    yield "another recipient", attrs.evolve(message, to=other.to)


def _survives_json(outcome: Outcome) -> bool:
    written = outcome_to_json(outcome)
    try:
        return outcome_to_json(outcome_from_json(loads(dumps(written)))) == written
    except (TypeError, InvalidValue):
        return False
