"""Checks of `send`: every message gets its own outcome, in the order given."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

import attrs
import orjson

from omnimsg.domain.errors import InvalidValue
from omnimsg.domain.outcome import Accepted
from omnimsg.domain.serialization import outcome_from_json, outcome_to_json
from omnimsg.testing.harness import Harness, hold, skip
from omnimsg.testing.scripted_answers import Accept, Missing, Said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome

MOST_MESSAGES = 200


class SendChecks(Harness):
    """One outcome per message: the right one, or none."""

    def test_send_gives_one_outcome_per_message_in_the_order_given(self) -> None:
        """Every message that the provider accepted is accepted, in a batch of any size."""
        most = min(MOST_MESSAGES, self.capabilities.max_messages)

        hold(
            [
                f"{count} messages, {wrong}"
                for count in sorted({1, self.several, most})
                for batch in [self.batch(count)]
                for wrong in self.judged(batch, self._accepted(batch))
            ]
        )

    def test_send_tells_accepted_messages_from_refused_ones(self) -> None:
        """In one answer some messages are accepted and others refused, each with its own code."""
        count, rows = self._need_mixed()
        batch = self.batch(count)

        hold(
            [
                f"batch {start}, {wrong}"
                for start in range(rows + 1)
                for wrong in self.judged(batch, self.said_variously(batch, start))
            ]
        )

    def test_send_joins_answers_that_come_in_another_order(self) -> None:
        """Where the provider promises no order, entries find their messages in every order."""
        if self.ordered:
            raise skip("the provider promises the order of its answers")
        batch = self.batch(self.need_several())

        hold(self._shuffled(batch, self.said_variously(batch)))

    def test_send_never_guesses_about_a_message_that_was_left_out(self) -> None:
        """A message without an entry gets no outcome, and never that of another message."""
        count = self.need_several()
        if not self.mixed:
            raise skip("an answer of this provider has no entry per message")
        batch = self.batch(count)
        said = self.said_variously(batch)
        gaps = [{one} for one in range(count)] + [
            {one, other} for one in range(count) for other in range(one)
        ]

        hold(
            [
                f"without an entry for {sorted(gap)}, {wrong}"
                for gap in gaps
                for some in [
                    [Missing(each.message) if at in gap else each for at, each in enumerate(said)]
                ]
                for wrong in self.judged(batch, some, may_shrug=True)
            ]
        )

    def test_send_keeps_messages_to_one_recipient_apart(self) -> None:
        """Several messages to the same recipient get their own outcomes, or none, never swapped."""
        batch = self.batch(self.need_several())
        same = [attrs.evolve(each, to=batch[0].to) for each in batch]
        said = self.said_variously(same)

        hold(
            self.judged(same, said, may_shrug=True)
            if self.ordered
            else self._shuffled(same, said, may_shrug=True)
        )

    def test_send_gives_accepted_messages_an_id_to_ask_by(self) -> None:
        """`str(accepted.id)` names the account and reads back, so another process can ask."""
        batch = self.batch(1)
        adapter = self.build()

        run = self.send(batch, self.accepting(batch), adapter=adapter)

        hold(run.broken)
        outcome = run.driven.value[0] if run.driven else None
        if not isinstance(outcome, Accepted) or outcome.id is None:
            hold([] if self.batch_ids else [f"message 0: has no id: {outcome!r}"])
        elif outcome.id.account != adapter.account.name:
            hold([f"message 0: the id {outcome.id} names another account"])

    def test_send_keeps_the_providers_own_words(self) -> None:
        """Every outcome holds its own entry as the provider gave it, and a failure the status."""
        batch = self.batch(self.several)
        said = self.said_variously(batch)

        run = self.send(batch, self.tell(said))

        broken = list(run.broken)
        for index, (outcome, each) in enumerate(
            zip(run.driven.value if run.driven else (), said, strict=run.driven is not None)
        ):
            if outcome is None:
                continue
            failure = None if isinstance(outcome, Accepted) else outcome.failure
            raw = outcome.raw if isinstance(outcome, Accepted) else outcome.failure.raw
            if raw is None:
                broken.append(f"message {index}: `raw` is empty")
            elif isinstance(each, Accept) and not self.batch_ids and each.id not in repr(raw):
                broken.append(f"message {index}: `raw` is not the message's own entry")
            if failure is not None and failure.http_status is None:
                broken.append(f"message {index}: the failure has no http_status")
        hold(broken)

    def test_send_gives_outcomes_that_can_be_written_down(self) -> None:
        """An outcome survives the JSON form, which journals and files of outcomes are made of."""
        batch = self.batch(self.several)

        run = self.send(batch, self.tell(self.said_variously(batch)))

        hold(
            [
                *run.broken,
                *(
                    f"message {index}: cannot be written down and read back as it was"
                    for index, outcome in enumerate(run.driven.value if run.driven else ())
                    if outcome is not None and not _survives(outcome)
                ),
            ]
        )

    def _accepted(self, batch: Sequence[Message]) -> list[Said]:
        return [self.accept(each, index) for index, each in enumerate(batch)]

    def _need_mixed(self) -> tuple[int, int]:
        count, rows = self.need_several(), len(self.rows(self.message_levels))
        if not self.mixed or not rows:
            raise skip("an answer of this provider is for all its messages or for none")
        return count, rows

    def _shuffled(
        self, batch: Sequence[Message], said: Sequence[Said], *, may_shrug: bool = False
    ) -> list[str]:
        return [
            f"entries in the order {list(order)}, {wrong}"
            for order in permutations(range(len(batch)))
            for wrong in self.judged(
                batch, said, shown=[said[position] for position in order], may_shrug=may_shrug
            )
        ]


def _survives(outcome: Outcome) -> bool:
    written = outcome_to_json(outcome)
    try:
        return outcome_to_json(outcome_from_json(orjson.loads(orjson.dumps(written)))) == written
    except (TypeError, InvalidValue):
        return False
