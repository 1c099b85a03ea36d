"""A state machine: sends, answers, delays, losses, cancellations and `aclose` in any order."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from support.adapters import Listing, tiny
from support.audit import Book, outcome_of
from support.provider import FATES, Provider
from support.virtual import VirtualLoop

from omnimsg import (
    AccountTrouble,
    Ambiguous,
    Breaker,
    Client,
    Limits,
    Message,
    OnAmbiguous,
    Outcome,
    Policy,
    SendError,
)
from omnimsg.domain.message import Priority

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

# By kind of outcome, how often the message may have arrived: least and most; other kinds never.
TRUTH = {"accepted": (1, 1), "ambiguous": (0, 1)}

POLICIES = {
    "as it comes": Policy(),
    "hold and crawl": Policy(
        account_trouble=AccountTrouble.HOLD,
        limits=Limits(concurrency=2, requests_per_second=2, linger=0.5),
        breaker=Breaker(failures=2, pause=3),
    ),
    "resend": Policy(on_ambiguous=OnAmbiguous.RESEND),
    "resend if not found": Policy(on_ambiguous=OnAmbiguous.RESEND_IF_NOT_FOUND, not_found_for=2.0),
}
ENDS = 1000
# The explain phase reads files, which would count as blocking the event loop.
PHASES = [each for each in Phase if each is not Phase.explain]

DEADLINES = st.sampled_from([0.5, 5.0, 60.0])
WHICH = st.integers(0, 7)
FATE = st.sampled_from(sorted(FATES))
PAUSE = st.sampled_from([0.0, 0.0, 0.6, 4.0])


class Sending(RuleBasedStateMachine):
    """A client with its callers, and a provider whose answers the rules decide."""

    policy: ClassVar[Policy] = Policy()

    def __init__(self) -> None:
        super().__init__()
        self.loop = VirtualLoop()
        self.book = Book()
        self.heard: dict[str, list[Outcome]] = defaultdict(list)
        self.owed: dict[asyncio.Task[None], list[str]] = {}
        self.excused: set[str] = set()
        self.count = 0
        self.closing: asyncio.Task[None] | None = None
        self.loop.drive(self.open())

    async def open(self) -> None:
        """Build a client whose transport is the provider in memory."""
        self.provider = Provider(self.book)
        self.client = Client(
            [tiny(kind=Listing, max_messages=3)],
            policies={"main": self.policy},
            journal=self.book,
            transport=lambda _: self.provider,
            clock=self.loop,
        )

    @rule(
        deadline=DEADLINES,
        priority=st.sampled_from(Priority),
        ttl=st.sampled_from([None, 3]),
        channel=st.sampled_from(["sms", "whatsapp"]),
    )
    def send(self, deadline: float, priority: Priority, ttl: int | None, channel: str) -> None:
        """Start one caller that sends one message."""
        message = self.message(priority=priority, ttl=ttl, channel=channel)
        self.begin([message], self.call(message, deadline))

    @rule(deadline=DEADLINES, count=st.integers(1, 9))
    def stream(self, deadline: float, count: int) -> None:
        """Start one caller that sends a stream."""
        messages = [self.message() for _ in range(count)]
        self.begin(messages, self.take(messages, deadline))

    @rule(fates=st.lists(st.tuples(WHICH, FATE, PAUSE), min_size=1, max_size=8))
    @precondition(lambda self: self.provider.calls)
    def answer(self, fates: list[tuple[int, str, float]]) -> None:
        """Apply fates to requests in flight, one after the other."""
        for which, fate, pause in fates:
            if self.provider.calls:
                call = self.provider.calls[which % len(self.provider.calls)]
                self.provider.meet(call, FATES[fate](call.references))
            self.loop.drive(asyncio.sleep(pause))
            self.nothing_is_contradicted()

    @rule(seconds=st.sampled_from([0.1, 1.0, 6.0, 61.0]))
    def advance(self, seconds: float) -> None:
        """Advance the clock."""
        self.loop.drive(asyncio.sleep(seconds))

    @rule(which=WHICH)
    @precondition(lambda self: self.owed)
    def cancel(self, which: int) -> None:
        """Cancel the task of a caller or a stream."""
        task = list(self.owed)[which % len(self.owed)]
        if not task.done():
            self.excused.update(self.owed[task])
            task.cancel()

    @rule()
    @precondition(lambda self: self.provider.online and self.count > 10)
    def go_offline(self) -> None:
        """Leave new connection attempts waiting."""
        self.provider.online = False

    @rule(refuse=st.booleans())
    @precondition(lambda self: not self.provider.online)
    def go_on(self, refuse: bool) -> None:
        """Connect the waiting requests, or refuse their connections."""
        self.provider.connect(refuse=refuse)

    @rule()
    @precondition(lambda self: self.policy.on_ambiguous is OnAmbiguous.RESEND_IF_NOT_FOUND)
    def list_or_not(self) -> None:
        """Make look-ups fail from now on, or work again."""
        self.provider.listing = not self.provider.listing

    @rule()
    @precondition(lambda self: self.provider.ghosts)
    def haunt(self) -> None:
        """Process the message of a request that the client has given up."""
        self.provider.haunt()

    @rule()
    @precondition(lambda self: self.closing is None and self.count > 20)
    def close(self) -> None:
        """Start closing the client while requests may be in flight."""
        self.closing = self.loop.create_task(self.client.aclose())

    @invariant()
    def nothing_is_contradicted(self) -> None:
        """No outcome is contradicted, and no handset has a message twice."""
        self.loop.settle()
        assert [] == self.provider.slips
        for reference, outcomes in self.heard.items():
            assert 1 == len(outcomes), (reference, outcomes)
            assert self.is_true(outcomes[0]), outcomes
            last = self.book.last(reference)
            assert last is None or last.kind == outcomes[0].kind, (last, outcomes)
        for reference, times in self.provider.phones.items():
            assert times <= 1 + self.forgiven(reference), (reference, times)

    def teardown(self) -> None:
        """End the run: no caller is left without an outcome, and no intent is left open."""
        try:
            self.loop.drive(self.end())
            self.nothing_is_contradicted()
            for task, references in self.owed.items():
                assert task.cancelled() or task.exception() is None, task.exception()
                for reference in references:
                    assert reference in self.excused or reference in self.heard, reference
            for reference in self.book.told:
                last = self.book.last(reference)
                assert last is not None, f"{reference} was intended and never settled"
                assert self.is_true(last), last
            assert not asyncio.all_tasks(self.loop)
        finally:
            self.loop.drive(self.clear_away())
            self.loop.close()

    async def clear_away(self) -> None:
        """Cancel tasks that a failed run has left, so that only the failure is reported."""
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def end(self) -> None:
        """Accept every request until all callers have ended and the client is closed."""
        self.provider.connect(refuse=False)
        if self.closing is None:
            self.closing = asyncio.create_task(self.close_at_last())
        for _ in range(ENDS):
            if all(task.done() for task in (*self.owed, self.closing)):
                break
            for call in list(self.provider.calls):
                self.provider.meet(call, FATES["accepted"](call.references))
            await asyncio.sleep(5)
        else:
            pytest.fail("somebody waits for ever")
        while self.provider.ghosts:
            self.provider.haunt()

    async def close_at_last(self) -> None:
        """Close the client when every caller has its outcome."""
        if self.owed:
            await asyncio.wait(self.owed)
        await self.client.aclose()

    def forgiven(self, reference: str) -> int:
        """Count the doubtful attempts that the policy `resend` allows to repeat."""
        resends = self.policy.on_ambiguous is OnAmbiguous.RESEND
        return self.book.doubts(reference) if resends else 0

    def is_true(self, outcome: Outcome) -> bool:
        """Return whether the number of copies on the handset fits an outcome."""
        least, most = TRUTH.get(outcome.kind, (0, 0))
        forgiven = self.forgiven(outcome.reference)
        if forgiven and isinstance(outcome, Ambiguous):
            most = 0  # the final doubt is counted in `forgiven`
        return least <= self.provider.phones[outcome.reference] <= most + forgiven

    def message(self, **fields: Any) -> Message:
        """Build a message to a new number."""
        self.count += 1
        return Message(f"+37255{self.count:06}", "Hello", reference=f"r{self.count}", **fields)

    def begin(self, messages: Sequence[Message], work: Coroutine[Any, Any, None]) -> None:
        """Start a task that must give each of these messages an outcome."""
        self.owed[self.loop.create_task(work)] = [each.reference for each in messages]

    async def call(self, message: Message, deadline: float) -> None:
        """Send one message, and note its outcome."""
        try:
            outcome: Outcome = await self.client.send(message, deadline=deadline)
        except SendError as error:
            outcome = outcome_of(error)
        assert message.reference == outcome.reference
        self.heard[outcome.reference].append(outcome)

    async def take(self, messages: Sequence[Message], deadline: float) -> None:
        """Send a stream, and note its outcomes."""
        async with aclosing(self.client.send_many(messages, deadline=deadline)) as outcomes:
            async for outcome in outcomes:
                assert outcome.position is not None
                assert messages[outcome.position].reference == outcome.reference
                self.heard[outcome.reference].append(outcome)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_the_machine(policy: Policy, unblocked: None, pytestconfig: pytest.Config) -> None:
    """Every message has one outcome that its handset does not contradict, and none is doubled."""
    del unblocked
    seeds: int = pytestconfig.getoption("seeds")
    run_state_machine_as_test(
        type("Sending", (Sending,), {"policy": policy}),
        settings=settings(
            max_examples=max(40, 100 * seeds),
            phases=PHASES,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
