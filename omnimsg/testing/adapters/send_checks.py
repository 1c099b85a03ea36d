"""Checks of `send`: every message gets its own outcome, in the order given."""

from __future__ import annotations

from itertools import combinations_with_replacement, permutations
from typing import TYPE_CHECKING
from unittest import SkipTest

import attrs

from omnimsg.domain.errors import InvalidValue
from omnimsg.domain.outcome import Accepted
from omnimsg.domain.serialization import outcome_from_json, outcome_to_json
from omnimsg.json_codec import dumps, loads
from omnimsg.testing.adapters.harness import Harness
from omnimsg.testing.adapters.scripted_answers import Accept, Missing
from omnimsg.testing.assertions import check

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome
    from omnimsg.testing.adapters.scripted_answers import Said

MAX_MESSAGES = 200


class SendChecks(Harness):
    """Each message gets the right outcome, or none."""

    @check
    def test_send_gives_one_outcome_per_message_in_the_order_given(self) -> Iterator[str]:
        """Every message that the provider accepts is `Accepted`, in batches of every size."""
        largest = min(MAX_MESSAGES, self.capabilities.max_messages)
        for count in sorted({1, self.batch_size, largest}):
            batch = self.batch(count)
            for each in self.send_violations(batch, self.accept_all(batch)):
                yield f"{count} messages, {each}"

    @check
    def test_send_distinguishes_accepted_from_refused_messages(self) -> Iterator[str]:
        """One answer accepts some messages and refuses others, each with its own code."""
        size, rows = self.require_batches(), len(self.code_rows(self.message_levels))
        if not self.mixed or not rows:
            raise SkipTest("an answer of this provider is for all its messages or for none")
        batch = self.batch(size)
        for first_row in range(rows + 1):
            for each in self.send_violations(batch, self.mixed_answers(batch, first_row)):
                yield f"codes from row {first_row} on, {each}"

    @check
    def test_send_matches_entries_in_any_order(self) -> Iterable[str]:
        """If the provider promises no order, entries match their messages in every order."""
        if self.ordered:
            raise SkipTest("the provider promises the order of its answers")
        batch = self.batch(self.require_batches())
        return self._violations_in_any_order(batch, self.mixed_answers(batch))

    @check
    def test_send_gives_no_outcome_without_an_entry(self) -> Iterator[str]:
        """A message without an entry gets no outcome, and never another message's outcome."""
        size = self.require_batches()
        if not self.mixed:
            raise SkipTest("an answer of this provider has no entry per message")
        batch = self.batch(size)
        said = self.mixed_answers(batch)
        for missing in combinations_with_replacement(range(size), 2):
            gapped: list[Said] = [
                Missing(each.message) if index in missing else each
                for index, each in enumerate(said)
            ]
            for each in self.send_violations(batch, gapped, allow_none=True):
                yield f"without an entry for {sorted({*missing})}, {each}"

    @check
    def test_send_keeps_messages_to_the_same_recipient_apart(self) -> Iterable[str]:
        """Several messages to one recipient get their own outcomes, or none, never swapped."""
        batch = self.batch(self.require_batches())
        same = [attrs.evolve(each, to=batch[0].to) for each in batch]
        compare = self.send_violations if self.ordered else self._violations_in_any_order
        return compare(same, self.mixed_answers(same), allow_none=True)

    @check
    def test_send_accepts_no_message_by_an_answer_that_names_another(self) -> Iterator[str]:
        """An acceptance with another reference or recipient is no verdict on this message.

        The answer may belong to another request of the same connection.
        """
        other = self.batch(self.batch_size + 1)[-1]
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
                yield from (f"{name}: {each}" for each in run.violations)
                if run.valid_value and isinstance(run.valid_value[0], Accepted):
                    yield f"{count} messages, {name}: message 0 is Accepted"
        if not is_named:
            raise SkipTest("an answer of this provider names no message")

    @check
    def test_send_gives_accepted_messages_a_usable_id(self) -> Iterator[str]:
        """`str(accepted.id)` names the account and can be read back by another process."""
        batch = self.batch(1)
        adapter = self.build_adapter()
        run = self.send(batch, self.accepting_responder(batch), adapter=adapter)
        yield from run.violations
        outcome = run.valid_value[0] if run.valid_value else None
        if not isinstance(outcome, Accepted) or outcome.provider_id is None:
            if not run.violations and not self.batch_ids:
                yield f"message 0: has no id: {outcome!r}"
        elif outcome.id.account != adapter.account.name:
            yield f"message 0: the id {outcome.id} names another account"

    @check
    def test_send_keeps_the_raw_entry_and_the_http_status(self) -> Iterator[str]:
        """Every outcome has the provider's own entry in `raw`; a failure has the HTTP status."""
        batch = self.batch(self.batch_size)
        said = self.mixed_answers(batch)
        run = self.send(batch, self.responder(said))
        yield from run.violations
        for index, (outcome, each) in enumerate(zip(run.valid_value or (), said, strict=False)):
            if outcome is None:
                continue
            name = f"message {index}"
            raw = outcome.raw if isinstance(outcome, Accepted) else outcome.failure.raw
            if raw is None:
                yield f"{name}: `raw` is empty"
            elif isinstance(each, Accept) and not self.batch_ids and each.id not in repr(raw):
                yield f"{name}: `raw` is not the message's own entry"
            if not isinstance(outcome, Accepted) and outcome.failure.http_status is None:
                yield f"{name}: the failure has no http_status"

    @check
    def test_send_gives_outcomes_that_survive_json(self) -> Iterator[str]:
        """An outcome can be written as JSON and read back, as journals and result files do."""
        batch = self.batch(self.batch_size)
        run = self.send(batch, self.responder(self.mixed_answers(batch)))
        yield from run.violations
        for index, outcome in enumerate(run.valid_value or ()):
            if outcome is not None and not _survives_json(outcome):
                yield f"message {index}: cannot be written as JSON and read back unchanged"

    def _violations_in_any_order(
        self, batch: Sequence[Message], said: Sequence[Said], *, allow_none: bool = False
    ) -> Iterator[str]:
        for order in permutations(range(len(batch))):
            entries = [said[index] for index in order]
            for each in self.send_violations(batch, said, entries=entries, allow_none=allow_none):
                yield f"entries in the order {list(order)}, {each}"


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
