"""The application's host: real clients, and the observers and transports that watch them."""

from __future__ import annotations

import math
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import attrs
from simulation.harness import EPOCH, Universe
from support.audit import Book

from omnimsg import Ambiguous, Client, Observer, OnAmbiguous
from omnimsg.adapter import Effect
from omnimsg.transport import create_http_transport

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulation.harness import Host
    from simulation.plans import AccountPlan
    from simulation.providers import Provider
    from simulation.story import Story

    from omnimsg import AttemptBegun, AttemptEnded, Journal, Message, Route
    from omnimsg.adapter import Request, Response
    from omnimsg.transport import Sink, Transport, TransportOptions, WriteMark


@attrs.define(eq=False)
class WallClock:
    """A host's clock: monotonic time is the universe's virtual time, the time of day may jump.

    Attributes:
        universe: The source of the virtual time.
        offset: Seconds by which the time of day is wrong.
        has_jumped: Whether the time of day was ever changed.
    """

    universe: Universe
    offset: float = 0.0
    has_jumped: bool = False

    def monotonic(self) -> float:
        """Return the virtual time."""
        return self.universe.now()

    def utc_now(self) -> datetime:
        """Return the time of day."""
        return datetime.fromtimestamp(EPOCH, UTC) + timedelta(
            seconds=self.universe.now() + self.offset
        )

    def jump(self, seconds: float) -> None:
        """Set the time of day forward or back."""
        self.offset += seconds
        self.has_jumped = True


@attrs.define(eq=False)
class Traffic:
    """The observed traffic of one account of one client.

    Attributes:
        under_way: The number of requests in flight.
        attempts: The time and the number of messages of each attempt.
        paused_until: Until when no send may leave, by the provider's `Retry-After`.
        told_at: When the last such `Retry-After` arrived.
        resumes_at: Until when the account pauses, by its own event.
        last_storm: When the last request ended that began before the weather was calm.
        doubted: By reference, when an attempt at the message was last ambiguous.
    """

    under_way: int = 0
    attempts: list[tuple[float, int]] = attrs.field(factory=list)
    paused_until: float = -math.inf
    told_at: float = -math.inf
    resumes_at: float = -math.inf
    last_storm: float = -math.inf
    doubted: dict[str, float] = attrs.field(factory=dict)


class WatchedTransport:
    """An account's real transport, which counts its requests and checks limits.

    Args:
        inner: The transport.
        plan: The account.
        traffic: Receives the counts.
        story: Receives broken rules.
    """

    def __init__(self, inner: Transport, plan: AccountPlan, traffic: Traffic, story: Story) -> None:
        self._inner = inner
        self._plan = plan
        self._traffic = traffic
        self._story = story

    async def exchange(
        self, request: Request, *, within: float, mark: WriteMark, sink: Sink | None = None
    ) -> Response:
        """Send one request and return its answer."""
        traffic, story = self._traffic, self._story
        was_calm = story.is_calm
        traffic.under_way += 1
        story.busy[self._plan.provider] += 1
        if traffic.under_way > self._plan.slots:
            story.slip("limits", f"{self._plan.name} has {traffic.under_way} requests under way")
        try:
            response = await self._inner.exchange(request, within=within, mark=mark, sink=sink)
        finally:
            traffic.under_way -= 1
            if not was_calm:
                traffic.last_storm = story.now()
            story.busy[self._plan.provider] -= 1
        story.counts[f"answer {response.status}"] += 1
        after = response.header("Retry-After")
        if response.status == 429 and after is not None and request.effect is Effect.SENDS:
            pause = min(float(after), self._plan.policy.limits.max_pause)
            traffic.paused_until = max(traffic.paused_until, story.now() + pause)
            traffic.told_at = story.now()
        return response

    async def aclose(self) -> None:
        """Close the transport."""
        await self._inner.aclose()

    def abandon(self) -> None:
        """Leave the connections to the garbage collector."""
        self._inner.abandon()  # type: ignore[attr-defined]


class App:
    """One client, and the observer and transports that watch it.

    Args:
        number: The client's number in the world.
        host: The host that it runs on.
        plans: Its accounts.
        providers: The providers, by name.
        book: Its journal, if it has one.
        clock: Its clock.
        story: Receives broken rules.
        routes: Its routes.
        observers: Further observers.

    Attributes:
        client: The client.
        book: Its journal.
        plans: Its accounts.
        traffic: The observed traffic of each account, by name.
        is_closed: Whether `aclose` was called.
    """

    def __init__(
        self,
        number: int,
        host: Host,
        plans: Sequence[AccountPlan],
        *,
        providers: dict[str, Provider],
        book: Journal | None,
        clock: WallClock,
        story: Story,
        routes: Sequence[Route] = (),
        observers: Sequence[Observer] = (),
    ) -> None:
        self.number = number
        self.host = host
        self.plans = list(plans)
        # A slow journal delays a request after the limits have allowed it.
        self.jitter: float = getattr(book, "slowest", 0.0)
        self.book = book if isinstance(book, Book) else None
        self.clock = clock
        self.traffic: dict[str, Traffic] = defaultdict(Traffic)
        self.is_closed = False
        self._unopened = list(plans)
        self._transports: list[WatchedTransport] = []
        self._story = story
        self.client = Client(
            [each.adapter for each in plans],
            default=plans[0].name,
            policies={each.name: each.policy for each in plans},
            routes=routes,
            journal=book,
            on_retry=lambda _: None,
            observers=[Watch(self, providers, story), *observers],
            transport=self._open,
            clock=clock,
        )

    def _open(self, options: TransportOptions) -> Transport:
        # With one event loop, transports are built once each, in the order of the accounts.
        plan = self._unopened.pop(0)
        inner = create_http_transport(options)
        watched = WatchedTransport(inner, plan, self.traffic[plan.name], self._story)
        self._transports.append(watched)
        return watched

    def abandon(self) -> None:
        """Leave the connections to the garbage collector, because the host has lost its power."""
        for each in self._transports:
            each.abandon()


class Watch(Observer):
    """Checks every attempt against the rules when it begins.

    Args:
        app: The client.
        providers: The providers, by name.
        story: Receives broken rules.
    """

    def __init__(self, app: App, providers: dict[str, Provider], story: Story) -> None:
        self._app = app
        self._plans = {each.name: each for each in app.plans}
        self._providers = providers
        self._story = story
        self._jitter = app.jitter

    def attempt_begun(self, event: AttemptBegun) -> None:
        """Check an attempt whose request is about to be sent."""
        account, now, story = event.attempt.account, self._story.now(), self._story
        plan, traffic = self._plans[account], self._app.traffic[account]
        references = [each.reference for each in event.messages]
        story.begun.update(references)
        story.tell(f"{account} sends {', '.join(references)}, attempt {event.attempt.number}")
        traffic.attempts.append((now, len(references)))
        # A request sent at the very time of the answer is sent before the answer is handled.
        is_told = traffic.told_at < now < traffic.paused_until - 1e-6
        if is_told and not self._jitter:
            story.slip("pause", f"{account} sends although it was told to wait")
        if len(references) > plan.adapter.capabilities.max_messages:
            story.slip("limits", f"{account} sends {len(references)} messages at once")
        again = [each for each in references if each in traffic.doubted]
        if again and plan.holds_doubts:
            story.slip("doubt", f"{account} sends {again} again, which are in doubt")
        if again and plan.policy.on_ambiguous is OnAmbiguous.RESEND_IF_NOT_FOUND:
            self._found_before(plan, again)
            for each in again:
                if now < traffic.doubted[each] + plan.policy.not_found_for - 1e-6:
                    story.slip("look-up", f"{account} sends {each} again too soon")
        for message in event.messages:
            waited = now - self._handed(message)
            if message.ttl is not None and waited > message.ttl + self._jitter + 1e-6:
                story.slip("ttl", f"{message.reference} leaves {waited:.1f} s after its call")

    def attempt_ended(self, event: AttemptEnded) -> None:
        """Record the outcomes of an attempt."""
        kinds = [each.kind for each in event.outcomes]
        self._story.tell(f"{event.attempt.account} hears {', '.join(kinds)}")
        traffic = self._app.traffic[event.attempt.account]
        for each in event.outcomes:
            if isinstance(each, Ambiguous):
                traffic.doubted[each.reference] = self._story.now()

    def held(self, event: Any) -> None:
        """Count held messages."""
        self._story.counts["held"] += 1
        self._story.tell(f"{event.account} holds {', '.join(event.references)}")

    def circuit_changed(self, event: Any) -> None:
        """Count a circuit that opened or closed."""
        state = "closes" if event.failure is None else "opens"
        self._story.counts[f"circuit {state}"] += 1
        self._story.tell(f"the circuit of {event.subject} {state}")

    def paused(self, event: Any) -> None:
        """Record a pause that the provider asked for."""
        self._story.counts["paused"] += 1
        traffic = self._app.traffic[event.account]
        traffic.resumes_at = max(traffic.resumes_at, self._story.now() + event.seconds)
        self._story.tell(f"{event.account} pauses for {event.seconds:g} s")

    def _handed(self, message: Message) -> float:
        for each in self._story.handed:
            if each.message.reference == message.reference:
                # A fallback leg has its own text, and is handed over later than the message.
                return each.began if each.message.content == message.content else math.inf
        return math.inf

    def _found_before(self, plan: AccountPlan, references: Sequence[str]) -> None:
        """Report messages that are sent again although both look-ups could have found them."""
        if self._app.clock.has_jumped:
            return
        texts = {
            each.text: each for each in self._story.handed if each.message.reference in references
        }
        before = EPOCH + self._story.now() - plan.policy.not_found_for
        for each in self._providers[plan.provider].sandbox.handsets.all():
            if each.text in texts and datetime.fromisoformat(each.sent).timestamp() < before:
                self._story.slip("look-up", f"{texts[each.text].name} was there to be found")
