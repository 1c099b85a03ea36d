"""What happened in a world: who handed over what, when, and what became of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import attrs
from simulation.plans import AccountPlan

from omnimsg import Message, Outcome


@attrs.define(eq=False)
class Handed:
    """A message that somebody handed over.

    Attributes:
        message: The message; its text is unlike that of any other.
        account: The account it goes through.
        client: The number of the client that it is handed to.
        began: When, virtual seconds.
        deadline: Seconds that its caller gives it.
        is_streamed: Whether it is one of a stream: its deadline begins with its turn.
        is_regular: Whether it is one of those that come all the time, calm weather included.
        is_certain: Whether it reaches its handset once it is accepted.
        outcomes: What its caller was told.
        ended: When that was.
        is_excused: Whether its caller went away, and need not be told anything.
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
        """Its text, by which it is found on a handset."""
        text = getattr(self.message.content, "text", None)
        if text is None:
            text = getattr(self.message.content, "caption", None)
        assert isinstance(text, str)
        return text

    @property
    def name(self) -> str:
        """What it is called in a report."""
        kinds = [each.kind for each in self.outcomes]
        return f"{self.message.reference} ({self.account.name}, {kinds})"


@attrs.define(eq=False)
class Story:
    """Everything that the oracles read.

    Attributes:
        now: Reads the virtual time.
        lines: What happened, for a person.
        handed: The messages.
        slips: What broke a rule while it happened, as the name of the rule and a sentence.
        begun: By reference, how many attempts at a message have begun.
        is_calm: Whether nothing happens any more but what people do.
        busy: By provider, how many requests to it are under way.
        counts: How often each thing happened, to see that it does.
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
        """Note what happens."""
        self.lines.append(f"{self.now():9.3f}  {what}")

    def slip(self, rule: str, what: str) -> None:
        """Note that a rule was broken."""
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
