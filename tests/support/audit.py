"""Compare outcomes with a journal and with handsets, and name the contradictions."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import attrs

from omnimsg import Accepted, Ambiguous, Attempt, Message, Outcome, SendError

Phones: TypeAlias = Mapping[str, Sequence[Mapping[str, Any]]]


def outcome_of(error: SendError) -> Outcome:
    """Return the outcome that an error of `send` carries."""
    assert isinstance(error.outcome, Outcome)
    return error.outcome


@attrs.define
class OutcomeJournal:
    """A journal that keeps outcomes and forgets intents.

    Attributes:
        outcomes: The recorded outcomes, in order.
    """

    outcomes: list[Outcome] = attrs.field(factory=list)

    async def intend(self, attempt: Attempt, messages: Sequence[Message]) -> list[None]:
        """Let every message be sent."""
        del attempt
        return [None] * len(messages)

    async def settle(self, attempt: Attempt, outcomes: Sequence[Outcome]) -> None:
        """Keep the outcomes."""
        del attempt
        self.outcomes += outcomes


@attrs.define
class Book:
    """A journal in memory.

    Attributes:
        told: By reference, the records in order: `None` for an intent, and outcomes.
    """

    told: dict[str, list[Outcome | None]] = attrs.field(factory=lambda: defaultdict(list))

    async def intend(self, attempt: Attempt, messages: Sequence[Message]) -> list[None]:
        """Record intents."""
        del attempt
        for message in messages:
            self.told[message.reference].append(None)
        return [None] * len(messages)

    async def settle(self, attempt: Attempt, outcomes: Sequence[Outcome]) -> None:
        """Record outcomes."""
        del attempt
        for outcome in outcomes:
            self.told[outcome.reference].append(outcome)

    def last(self, reference: str) -> Outcome | None:
        """Return the last outcome of a message; `None` if its last attempt has none."""
        told = self.told.get(reference)
        return told[-1] if told else None

    def resent(self, reference: str) -> bool:
        """Return whether a message was sent again after an ambiguous attempt."""
        told = self.told.get(reference, [])
        return any(isinstance(each, Ambiguous) for each in told[: _last_intent(told)])

    def doubts(self, reference: str) -> int:
        """Count the ambiguous attempts of a message."""
        return sum(isinstance(each, Ambiguous) for each in self.told.get(reference, ()))


def _last_intent(told: Sequence[Outcome | None]) -> int:
    return max((place for place, each in enumerate(told) if each is None), default=0)


def slips(
    messages: Iterable[Message],
    outcomes: Iterable[Outcome],
    phones: Phones,
    book: Book,
    *,
    resent: bool = False,
) -> list[str]:
    """Return every contradiction between outcomes, journal and handsets; a good run has none.

    Args:
        messages: The messages sent, each to a number of its own.
        outcomes: The outcomes of the callers, in any order.
        phones: The messages that each number received.
        book: The journal of the run.
        resent: Whether ambiguous messages were sent again.
    """
    outcomes = list(outcomes)
    sent = {each.reference: each for each in messages}
    times = Counter(each.reference for each in outcomes)
    found = [
        f"{reference}: has {count} outcomes"
        for reference, count in times.items()
        if count != 1 or reference not in sent
    ]
    silent = sent.keys() - {each.reference for each in outcomes}
    found += [f"{reference}: has no outcome" for reference in silent]
    for outcome in outcomes:
        message = sent[outcome.reference]
        found += _contradictions(message, outcome, phones, book, resent=resent)
    strangers = phones.keys() - {str(each.to) for each in sent.values()}
    return [*found, *(f"{number}: was never written to" for number in strangers)]


def cut_short(messages: Iterable[Message], phones: Phones, book: Book) -> list[str]:
    """Return what a journal leaves open, or has wrongly, after a run that was killed.

    Args:
        messages: The messages that may have been sent, each to a number of its own.
        phones: The messages that each number received.
        book: The journal of the run.
    """
    found = []
    for message in messages:
        reference, outcome = message.reference, book.last(message.reference)
        if outcome is not None:
            found += _contradictions(message, outcome, phones, book, resent=False)
        elif reference in book.told:
            found.append(f"{reference}: was intended and never settled")
        elif phones.get(str(message.to)):
            found.append(f"{reference}: arrived and was never intended")
    return found


def doubles(messages: Iterable[Message], phones: Phones) -> list[Message]:
    """Return the messages that a handset has more than once."""
    return [each for each in messages if len(phones.get(str(each.to), ())) > 1]


def _contradictions(
    message: Message, outcome: Outcome, phones: Phones, book: Book, *, resent: bool
) -> list[str]:
    """Return the contradictions about one message's outcome."""
    name = f"{message.reference}, {outcome.kind}"
    arrived = phones.get(str(message.to), ())
    doubts = book.doubts(message.reference)
    found = []
    least, most = {"accepted": (1, 1), "ambiguous": (0, 1)}.get(outcome.kind, (0, 0))
    if resent:
        # Each ambiguous attempt may have arrived, whatever the last outcome is.
        most = doubts + isinstance(outcome, Accepted)
    if not least <= len(arrived) <= most:
        found.append(f"{name}: {len(arrived)} on its handset")
    if any(each["text"] != _text(message) for each in arrived):
        found.append(f"{name}: somebody else's text is on its handset")
    if isinstance(outcome, Accepted) and outcome.batch_id is None and arrived:
        ids = _ids(outcome)
        if not any(each["id"] in ids for each in arrived):
            found.append(f"{name}: has the id of another message")
    recorded = book.last(message.reference)
    if message.reference in book.told:
        if recorded is None or recorded.kind != outcome.kind:
            found.append(f"{name}: the journal has {recorded and recorded.kind}")
    elif outcome.kind != "not_sent":
        found.append(f"{name}: was never intended")
    return found


def _text(message: Message) -> str:
    text = getattr(message.content, "text", "")
    assert isinstance(text, str)
    return text


def _ids(outcome: Accepted) -> set[str]:
    """Return every id that the provider gave a message."""
    given = {leg.provider_id for leg in outcome.legs}
    if outcome.provider_id is not None:
        given.add(outcome.provider_id.rpartition("/")[2])
    return given
