"""The oracles: the rules that every world must keep. The handsets decide what is true."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, TypeAlias

from omnimsg import Accepted, AccountTrouble, Ambiguous, NotSent, Outcome
from omnimsg.domain.outcome import Scope
from omnimsg.domain.reason import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from simulation.application import App
    from simulation.harness import Universe
    from simulation.providers import Provider
    from simulation.story import Handed, Story

# By provider and text: the ids of the messages on the handsets.
Handsets: TypeAlias = "Mapping[tuple[str, str], Sequence[str]]"

# Seconds after its deadline within which a caller must get its outcome.
_TOLERANCE = 1.0

# Seconds that the engine waits for a journal, twice if the caller is cancelled meanwhile.
_SETTLE = 10.0

# Seconds within which a recovered account sends again: a circuit probes every five.
_RECOVERS = 20.0

# The tolerance for timers and rounding, seconds.
_SLACK = 0.02 + 1e-6
_AHEAD = 1.0


def everybody_heard(story: Story, apps: Sequence[App]) -> None:
    """Each message has exactly one outcome, within its deadline and a second."""
    books = {app.number for app in apps if app.book is not None}
    for each in story.handed:
        if len(each.outcomes) != 1 and not each.is_excused:
            story.slip("outcome", f"{each.name}: has {len(each.outcomes)} outcomes")
        elif each.ended is not None and not each.is_streamed:
            tolerance = _TOLERANCE + (_SETTLE if each.client in books else 0.0)
            if each.ended - each.began > each.deadline + tolerance:
                took = each.ended - each.began
                story.slip("deadline", f"{each.name}: took {took:.1f} s of {each.deadline:g}")


def handsets_agree(story: Story, providers: Mapping[str, Provider]) -> Handsets:
    """Each outcome agrees with the handset, and no handset has a message twice."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    numbers: dict[tuple[str, str], set[str]] = defaultdict(set)
    for name, provider in providers.items():
        for number, text, given in provider.received():
            found[name, text].append(given)
            numbers[name, text].add(number)
    known = {(each.account.provider, each.text): each for each in story.handed}
    for place, ids in found.items():
        each = known.get(place)
        if each is None:
            story.slip("handset", f"{place[0]} delivered {place[1]!r}, which nobody wrote")
            continue
        if numbers[place] != {str(each.message.to)}:
            story.slip("handset", f"{each.name}: is on somebody else's handset")
        if len(ids) > 1 and each.account.holds_doubts:
            story.slip("twice", f"{each.name}: is {len(ids)} times on its handset")
        if len(ids) > story.begun[each.message.reference]:
            story.slip("twice", f"{each.name}: arrived more often than it was sent")
    for each in story.handed:
        for outcome in each.outcomes:
            _is_true(story, each, outcome, found.get((each.account.provider, each.text), ()))
    return found


def _is_true(story: Story, handed: Handed, outcome: Outcome, ids: Sequence[str]) -> None:
    resends = not handed.account.holds_doubts
    if isinstance(outcome, Accepted):
        if not ids and handed.is_certain:
            story.slip("accepted", f"{handed.name}: is not on its handset")
        given = {leg.provider_id for leg in outcome.legs}
        if outcome.provider_id is not None:
            given.add(outcome.provider_id.rpartition("/")[2])
        if outcome.batch_id is None and ids and given.isdisjoint(ids):
            story.slip("accepted", f"{handed.name}: has the id of another message")
    elif isinstance(outcome, Ambiguous):
        if len(ids) > 1 and not resends:
            story.slip("twice", f"{handed.name}: is {len(ids)} times on its handset")
    elif ids:
        story.slip("unsent", f"{handed.name}: is on its handset")
    if isinstance(outcome, NotSent):
        _is_held(story, handed, outcome)


def _is_held(story: Story, handed: Handed, outcome: NotSent) -> None:
    """With the policy `HOLD` an account's trouble ends no message before its deadline."""
    if (
        handed.account.policy.account_trouble is AccountTrouble.HOLD
        and outcome.scope is Scope.ACCOUNT
        and outcome.reason is not Reason.CANCELLED
        and not handed.is_streamed
        and (handed.ended or 0.0) - handed.began < handed.deadline - _TOLERANCE
    ):
        story.slip("hold", f"{handed.name}: ended by {outcome.reason}, and was to be held")


def journal_agrees(story: Story, apps: Sequence[App], found: Handsets) -> None:
    """Each journal agrees with the outcomes and the handsets, and has no open intent."""
    for app in apps:
        book = app.book
        if book is None:
            continue
        for each in story.handed:
            if each.client != app.number:
                continue
            reference = each.message.reference
            arrived = len(found.get((each.account.provider, each.text), ()))
            if reference not in book.told:
                if arrived:
                    story.slip("journal", f"{each.name}: arrived and was never intended")
                continue
            last = book.last(reference)
            if last is None:
                story.slip("journal", f"{each.name}: was intended and never settled")
                continue
            if each.outcomes and last.kind != each.outcomes[0].kind:
                story.slip("journal", f"{each.name}: the journal has {last.kind}")
            if arrived and not isinstance(last, (Accepted, Ambiguous)):
                story.slip("journal", f"{each.name}: arrived, and the journal has {last.kind}")


def rates_are_kept(story: Story, apps: Sequence[App]) -> None:
    """No window of time has more requests or messages than the account's rates allow."""
    for app in apps:
        for plan in app.plans:
            limits, attempts = plan.policy.limits, app.traffic[plan.name].attempts
            for rate, weighs in (
                (limits.requests_per_second, lambda _: 1),
                (limits.messages_per_second, lambda messages: messages),
            ):
                if rate is None:
                    continue
                _rate_is_kept(
                    story, plan.name, rate, [(at, weighs(n)) for at, n in attempts], app.jitter
                )


def _rate_is_kept(
    story: Story, name: str, rate: float, attempts: Sequence[tuple[float, int]], jitter: float
) -> None:
    for first, (began, _) in enumerate(attempts):
        count = 0
        for at, weight in attempts[first:]:
            # The last request may be sent whole as soon as its first message is allowed.
            allowed = (at - began + _SLACK + _AHEAD + jitter) * rate + 1
            if count > allowed:
                story.slip("limits", f"{name}: {count} in {at - began:.2f} s at {rate:g} a second")
                return
            count += weight


def is_busy(app: App) -> bool:
    """Return whether any message waits or is held, or any request is in flight."""
    return any(each.waiting or each.held or each.under_way for each in app.client.health().values())


def all_is_quiet(story: Story, apps: Sequence[App]) -> None:
    """After all callers have their outcomes nothing waits, is held or is in flight."""
    for app in apps:
        for name, health in app.client.health().items():
            if health.waiting or health.held or health.under_way:
                story.slip("quiet", f"{name} of client {app.number}: {health}")


def nothing_is_left(story: Story, universe: Universe, app: App) -> None:
    """After `aclose` the application has no task, timer or connection."""
    left = universe.tasks(app.host) + universe.timers(app.host)
    if left:
        story.slip("left", f"after closing there are {left}")
    if universe.connections(app.host):
        story.slip("left", f"after closing {universe.connections(app.host)} connections are open")


def nothing_broke(story: Story, universe: Universe, complaints: Sequence[str]) -> None:
    """No error reached the event loop or the log."""
    for each in (*universe.errors(), *complaints):
        story.slip("error", each)


def accounts_recover(story: Story, apps: Sequence[App], calm: float) -> None:
    """In calm weather regular messages are sent: no circuit stays open."""
    for each in story.handed:
        traffic = apps[each.client].traffic[each.account.name]
        # A pause continues in calm weather, and so does a stalled request in the only slot.
        free = max(calm, traffic.resumes_at, traffic.last_storm)
        if each.began < free + _RECOVERS or not each.is_regular:
            continue
        for outcome in each.outcomes:
            # A failed journal gives the reason `UNKNOWN`.
            known = outcome.reason if isinstance(outcome, NotSent) else Reason.CANCELLED
            if known not in {Reason.CANCELLED, Reason.UNKNOWN}:
                story.slip("recovers", f"{each.name}: ended by {known} in calm weather")


def resends_are_counted(story: Story) -> None:
    """A message is sent at most as often as its account's policy allows."""
    for each in story.handed:
        policy = each.account.policy
        if policy.account_trouble is AccountTrouble.HOLD:
            continue  # a held message is retried until its deadline
        begun = story.begun[each.message.reference]
        # A batch of up to 10 messages may be split four times, each time with a further attempt.
        if begun > policy.retry.attempts + 4:
            story.slip("retries", f"{each.name}: was tried {begun} times")
