"""The record of a world: the messages, who sent them when, and their outcomes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import attrs
from simulation.plans import AccountPlan

from omnimsg import Message, Outcome


@attrs.define(eq=False)
class Handed:
    """A message that a caller handed to a client.

    Attributes:
        message: The message; its text is unique.
        account: The account it goes through.
        client: The number of its client.
        began: When it was handed over, virtual seconds.
        deadline: The caller's deadline, seconds.
        is_streamed: Whether it is part of a stream: its deadline begins with its turn.
        is_regular: Whether it is one of the regular messages, which are also sent in calm weather.
        is_certain: Whether it arrives once it is accepted.
        outcomes: The outcomes that its caller got.
        ended: When its caller got the last of them.
        is_excused: Whether its caller was cancelled, and need not get an outcome.
    """

    message: Message
    account: AccountPlan
    client: int
    began: float
    deadline: float
    is_streamed: bool = False
    is_regular: bool = False
    is_certain: bool = True
    outcomes: list[Outcome] = attrs.field(factory=list)
    ended: float | None = None
    is_excused: bool = False

    @property
    def text(self) -> str:
        """The text, by which the message is found on a handset."""
        text = getattr(self.message.content, "text", None)
        if text is None:
            text = getattr(self.message.content, "caption", None)
        assert isinstance(text, str)
        return text

    @property
    def name(self) -> str:
        """The name of the message in a report."""
        kinds = [each.kind for each in self.outcomes]
        return f"{self.message.reference} ({self.account.name}, {kinds})"


@attrs.define(eq=False)
class Story:
    """The record that the oracles read.

    Attributes:
        now: Reads the virtual time.
        lines: The events, as text for a report.
        handed: The messages.
        slips: The broken rules: the name of each rule and a sentence.
        begun: By reference, the number of attempts begun.
        is_calm: Whether the weather is over, so that only callers act.
        busy: By provider, the number of requests in flight.
        counts: How often each kind of event happened.
    """

    now: Callable[[], float]
    lines: list[str] = attrs.field(factory=list)
    handed: list[Handed] = attrs.field(factory=list)
    slips: list[tuple[str, str]] = attrs.field(factory=list)
    begun: Counter[str] = attrs.field(factory=Counter)
    is_calm: bool = False
    busy: Counter[str] = attrs.field(factory=Counter)
    counts: Counter[str] = attrs.field(factory=Counter)

    def tell(self, what: str) -> None:
        """Record an event."""
        self.lines.append(f"{self.now():9.3f}  {what}")

    def slip(self, rule: str, what: str) -> None:
        """Record a broken rule."""
        self.slips.append((rule, what))
        self.tell(f"BROKEN {rule}: {what}")


class WorldError(AssertionError):
    """A world broke rules.

    Attributes:
        kinds: The names of the rules.
    """

    def __init__(self, slips: list[tuple[str, str]], story: Story) -> None:
        self.kinds = frozenset(rule for rule, _ in slips)
        self.story = story
        self.slips = slips
        shown = "\n".join(f"  {rule}: {what}" for rule, what in slips[:20])
        super().__init__(f"{len(slips)} broken:\n{shown}")
