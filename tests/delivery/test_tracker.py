"""The tracker: doubts end, reports and outcomes are joined, and waiters are woken."""

from __future__ import annotations

import asyncio
from contextlib import closing
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from support.delivery import (
    NOW,
    NUMBER,
    SetClock,
    Watcher,
    accepted,
    batch_id,
    doubtful,
    looked_up,
    message,
    message_id,
    report,
    tell,
)
from support.sending import settled
from support.stores import FAILURES, DatabaseStore, StoreDownError
from support.tracking import World
from support.virtual import VirtualLoop

from omnimsg.delivery.doubt_window import DOUBT_WINDOW
from omnimsg.delivery.memory_store import MemoryStore
from omnimsg.delivery.tracked import Handover, Names, Tracked
from omnimsg.delivery.tracker import Tracker
from omnimsg.domain.failure import Failure
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.outcome import Accepted, Rejected
from omnimsg.domain.reason import Reason, Retry
from omnimsg.domain.status import Status
from omnimsg.engine.delivery_events import DoubtEnded
from omnimsg.engine.observers import Observers, OutcomeKnown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


pytestmark = pytest.mark.anyio

M1 = MessageId("main:m1")


@pytest.fixture
def world() -> World:
    """Return a tracker with a memory store."""
    return World()


async def test_an_outcome_is_known_at_once(world: World) -> None:
    """An outcome can be found at once, before it is stored."""
    tell(world.tracker, accepted())

    tracked = await world.tracker.find(M1)

    assert tracked is not None
    assert (Handover.ACCEPTED, "r1", NUMBER) == (tracked.handover, tracked.reference, tracked.to)


async def test_outcomes_of_which_nothing_more_is_heard_are_not_kept() -> None:
    """Neither a refusal nor an acceptance without any id, against the contract, is kept."""
    store = MemoryStore()
    world = World(store)
    failure = Failure(reason=Reason.INVALID_RECIPIENT, retry=Retry.NEVER)
    tell(
        world.tracker,
        Rejected(reference="r1", account="main", failure=failure),
        accepted(None, "r2"),
        accepted("m3", "r3"),
    )

    await world.tracker.commit()

    assert 1 == len(store)


async def test_a_report_settles_a_doubt(world: World) -> None:
    """A report settles a doubt: it is counted, observed, and off the list."""
    tell(world.tracker, doubtful())
    before = await world.tracker.doubts()

    tracked = await world.tracker.apply(report(Status.SENT, "m1", "r1"))

    assert ["r1"] == [each.reference for each in before]
    assert (Handover.ACCEPTED, NUMBER) == (tracked.handover, tracked.to)
    assert [] == list(await world.tracker.doubts())
    assert (1, 0) == (world.tracker.doubts_settled, world.tracker.doubts_unresolved)
    assert [DoubtEnded(account="main", reference="r1", id=M1)] == world.watcher.doubts


async def test_a_report_that_quotes_a_token_settles_a_doubt(world: World) -> None:
    """A report with the token in place of the reference settles a doubt."""
    tell(world.tracker, doubtful())

    tracked = await world.tracker.apply(report(Status.SENT, "m1", token_of="r1"))

    assert ("r1", M1) == (tracked.reference, tracked.id)
    assert [M1] == [each.id for each in world.watcher.doubts]


async def test_an_early_report_settles_a_doubt(world: World) -> None:
    """A report that came before the doubt settles it as soon as it begins."""
    await world.tracker.apply(report(Status.SENT, "m1", "r1"))
    tell(world.tracker, doubtful())

    assert [] == list(await world.tracker.doubts())
    assert 1 == world.tracker.doubts_settled
    assert [M1] == [each.id for each in world.watcher.doubts]


async def test_doubts_that_have_ended_do_not_keep_the_report_of_another(world: World) -> None:
    """Of many doubts with one reference each ends by its report, however many have ended before."""
    tell(world.tracker, *[doubtful() for _ in range(8)])
    for number in range(7):
        await world.tracker.apply(report(provider_id=f"m{number}", reference="r1"))
    tell(world.tracker, doubtful())

    for number in (7, 8):
        await world.tracker.apply(report(provider_id=f"m{number}", reference="r1"))

    assert [] == await world.tracker.doubts()


async def test_a_look_up_settles_a_doubt(world: World) -> None:
    """A look-up that finds the message settles the doubt."""
    tell(world.tracker, doubtful())
    await world.tracker.commit()

    world.tracker.prove(accepted("m1"))
    tracked = await world.tracker.find(M1)

    assert tracked is not None
    assert (Handover.ACCEPTED, M1) == (tracked.handover, tracked.id)
    assert 1 == world.tracker.doubts_settled


async def test_another_send_settles_no_doubt(world: World) -> None:
    """The acceptance and reports of another send with the same reference settle no doubt."""
    tell(world.tracker, doubtful(), accepted("m2"))

    await world.tracker.apply(report(Status.DELIVERED, "m2", "r1"))

    assert ["r1"] == [each.reference for each in await world.tracker.doubts()]
    assert 0 == world.tracker.doubts_settled


async def test_a_doubt_is_given_up_after_its_window(world: World) -> None:
    """After its window a doubt is unresolved: counted and observed once, and still on the list."""
    tell(world.tracker, doubtful())
    await world.tracker.commit()
    world.clock.seconds = DOUBT_WINDOW - 1
    early = [each.handover for each in await world.tracker.doubts()]
    world.clock.seconds = DOUBT_WINDOW + 1

    late = [[each.handover for each in await world.tracker.doubts()] for _ in range(2)]

    assert [Handover.IN_DOUBT] == early
    assert [[Handover.UNRESOLVED], [Handover.UNRESOLVED]] == late
    assert (0, 1) == (world.tracker.doubts_settled, world.tracker.doubts_unresolved)
    assert [DoubtEnded(account="main", reference="r1", id=None)] == world.watcher.doubts


class GivingUpSlowly(MemoryStore):
    """A store that answers some turns after it has given doubts up, or never.

    Attributes:
        hangs: Whether it never answers.
    """

    hangs = False

    async def give_up(self, since: datetime) -> Sequence[Tracked]:
        """Give up the doubts older than a time."""
        given_up = await super().give_up(since)
        if self.hangs:
            await asyncio.Event().wait()
        await asyncio.sleep(0)
        return given_up


async def test_a_caller_that_is_cancelled_hides_no_doubt_that_was_given_up() -> None:
    """The end of a doubt is told, also if whoever asked the store has given up."""
    world = World(GivingUpSlowly())
    tell(world.tracker, doubtful())
    await world.tracker.commit()
    world.clock.seconds = DOUBT_WINDOW + 1
    asking = asyncio.ensure_future(world.tracker.find(M1))
    await asyncio.sleep(0)

    asking.cancel()
    await settled()

    assert asking.cancelled()
    assert [DoubtEnded(account="main", reference="r1", id=None)] == world.watcher.doubts


def test_a_store_that_never_gives_a_doubt_up_is_asked_once_a_minute() -> None:
    """A store that hangs in giving doubts up has one such call, until the client closes."""
    loop, store = VirtualLoop(), GivingUpSlowly()
    store.hangs = True

    async def live() -> list[int]:
        tracker = Tracker(store, loop, Observers())
        counts = []
        for _ in range(3):
            asking = asyncio.ensure_future(tracker.find(M1))
            await asyncio.sleep(20)
            asking.cancel()
            await asyncio.sleep(100)
            counts.append(len(asyncio.all_tasks()) - 1)
        asking = asyncio.ensure_future(tracker.find(M1))
        await asyncio.sleep(1)
        await tracker.aclose(1)
        await settled()
        return [*counts, len(asyncio.all_tasks()) - 1]

    assert [1, 1, 1, 0] == loop.drive_to_end(live())


async def test_a_report_after_that_settles_it_still(world: World) -> None:
    """A report settles even an unresolved doubt; observers get both ends."""
    tell(world.tracker, doubtful())
    await world.tracker.commit()
    world.clock.seconds = DOUBT_WINDOW + 1
    await world.tracker.doubts()

    await world.tracker.apply(report(Status.DELIVERED, "m1", "r1"))

    assert [] == list(await world.tracker.doubts())
    assert [None, M1] == [each.id for each in world.watcher.doubts]


def test_a_doubt_is_given_up_though_nothing_else_happens() -> None:
    """A timer gives each doubt up after its window, without any call or report."""
    loop = VirtualLoop()
    watcher = Watcher()

    async def live() -> list[int]:
        tracker = Tracker(MemoryStore(), loop, Observers([watcher]), doubt_window=7200)
        counts = []
        for pause in (3600, 3500):
            tell(tracker, doubtful())
            await asyncio.sleep(pause)
        for seconds in (0, 160, 3400, 200):
            await asyncio.sleep(seconds)
            counts.append(len(watcher.doubts))
        return counts

    with closing(loop):
        counts = loop.drive(live())

    assert [0, 1, 1, 2] == counts


def test_a_doubt_is_given_up_after_the_time_of_day_was_set_back() -> None:
    """A clock that was a year ahead delays no doubt that begins after its correction."""
    loop = VirtualLoop()

    class CorrectedClock:
        ahead = timedelta(days=365)

        def monotonic(self) -> float:
            return loop.monotonic()

        def utc_now(self) -> datetime:
            return loop.utc_now() + self.ahead

    async def live() -> int:
        clock = CorrectedClock()
        tracker = Tracker(MemoryStore(), clock, Observers())
        await tracker.doubts()
        clock.ahead = timedelta()
        tell(tracker, doubtful())
        await asyncio.sleep(DOUBT_WINDOW + 120)
        return tracker.doubts_unresolved

    with closing(loop):
        given_up = loop.drive(live())

    assert 1 == given_up


async def test_a_report_wakes_who_waits_for_a_doubtful_send(world: World) -> None:
    """A report wakes the waiter for a doubtful send, with the acceptance that it proves."""
    tell(world.tracker, doubtful())
    waiting = asyncio.ensure_future(world.tracker.settled(doubtful()))
    await settled()
    is_early = waiting.done()
    await world.tracker.apply(report(Status.SENT, "m9"))

    await world.tracker.apply(report(Status.SENT, "m1", "r1"))

    assert not is_early
    assert Accepted(reference="r1", account="main", provider_id="m1") == await waiting


async def test_another_send_wakes_nobody(world: World) -> None:
    """Another send with the same reference does not wake the waiter for a doubtful one."""
    tell(world.tracker, doubtful())
    waiting = asyncio.ensure_future(world.tracker.settled(doubtful()))
    tell(world.tracker, accepted("m2"))
    await world.tracker.apply(report(Status.DELIVERED, "m2", "r1"))
    await settled()

    assert not waiting.done()
    waiting.cancel()


@pytest.mark.parametrize("error", FAILURES)
async def test_a_store_that_fails_ends_no_waiting(error: type[BaseException]) -> None:
    """A failing store does not end the wait for a doubtful send."""
    store = DatabaseStore(fails_with=error)
    world = World(store)
    store.is_down = True
    tell(world.tracker, doubtful())
    waiting = asyncio.ensure_future(world.tracker.settled(doubtful()))
    await settled()
    is_over = waiting.done()
    store.is_down = False

    await world.tracker.apply(report(Status.SENT, "m1", "r1"))

    assert not is_over
    assert "m1" == (await waiting).provider_id


async def test_a_report_is_expected_of_what_may_have_been_sent(world: World) -> None:
    """An expected report resolves its future, at once if it came earlier."""
    await world.tracker.apply(report(Status.SENT, "m1", "r1"))
    early = world.tracker.expect("main", message("r1"))
    later = world.tracker.expect("main", message("r2"))
    await settled()
    were = early.done(), later.done()

    await world.tracker.apply(report(Status.SENT, "m2", token_of="r2"))
    await settled()

    assert (True, False) == were
    assert ["m1", "m2"] == [(await each).provider_id for each in (early, later)]


async def test_an_earlier_send_is_not_what_is_expected(world: World) -> None:
    """Reports of an earlier send with the same reference do not resolve an expected one."""
    tell(world.tracker, accepted("m0"))
    await world.tracker.apply(report(Status.SENT, "m0", "r1"))
    expected = world.tracker.expect("main", message("r1"))
    await world.tracker.apply(report(Status.DELIVERED, "m0", "r1"))
    await settled()

    assert not expected.done()
    expected.cancel()


async def test_every_name_wakes_who_waits_for_a_message(world: World) -> None:
    """A report wakes waiters by the batch id, by the message's own id, and by its token."""
    tell(world.tracker, accepted(None, batch_id="b1"))
    await world.tracker.commit()
    names = [batch_id("b1"), "main:m1", str((await world.tracker.find(batch_id("b1"))).token)]  # type: ignore[union-attr]
    woken: list[str] = []

    async def wait(name: str) -> None:
        with world.tracker.waiters.watch(name) as waiter:
            assert await waiter.next()
            woken.append(name)

    tasks = [asyncio.ensure_future(wait(each)) for each in names]
    await settled()

    await world.tracker.apply(report(Status.SENT, "m1", "r1", batch="b1"))
    await asyncio.gather(*tasks)

    assert sorted(names) == sorted(woken)


async def test_a_change_between_two_waits_is_not_lost(world: World) -> None:
    """Changes between two waits end the next wait at once, and only that one."""
    with world.tracker.waiters.watch(M1) as waiter:
        await world.tracker.apply(report(Status.SENT, "m1"))
        await world.tracker.apply(report(Status.DELIVERED, "m1"))
        is_news = await waiter.next()
        again = asyncio.ensure_future(waiter.next())
        await settled()

        assert (True, False) == (is_news, again.done())
        again.cancel()


class LostAnswer(MemoryStore):
    """A store that stores one change, and loses its own answer about that.

    Attributes:
        loses: Whether it loses the next answer.
    """

    loses = False

    async def update(self, names: Names, change: Callable[[Tracked | None], Tracked]) -> Tracked:
        """Change a message, and raise once."""
        changed = await super().update(names, change)
        if self.loses:
            self.loses = False
            raise StoreDownError
        return changed


async def test_what_came_before_the_outcome_is_told_if_the_store_raises_after_writing() -> None:
    """The early reports are handed on with the repeated call, which finds them joined already."""
    store = LostAnswer()
    world = World(store)
    await world.tracker.apply(report(Status.SENT, "m1"))
    tell(world.tracker, accepted())
    store.loses = True
    await world.tracker.commit()
    before = list(world.joined)

    await world.tracker.commit()

    assert [] == before
    assert [(M1, NUMBER)] == [(each.id, each.to) for each in world.joined]


async def test_what_came_before_the_outcome_is_told_when_it_is_joined(world: World) -> None:
    """Early reports are notified with the recipient once the outcome is known, and only they."""
    await world.tracker.apply(report(Status.FAILED, "m1", "r1"))
    tell(world.tracker, accepted("m1"), accepted("m2", "r2"))
    await world.tracker.commit()
    await world.tracker.apply(report(Status.SENT, "m2", "r2"))

    assert [(M1, NUMBER)] == [(each.id, each.to) for each in world.joined]


async def test_a_look_up_and_a_report_are_one_answer(world: World) -> None:
    """A look-up and a report of one message are merged into one leg."""
    await world.tracker.look_up(looked_up(Status.SENT))
    tracked = await world.tracker.apply(report(Status.DELIVERED, "m1", seconds=9))

    assert tracked.status is not None
    assert (1, Status.DELIVERED) == (len(tracked.legs), tracked.status.status)


async def test_a_message_of_a_batch_may_be_looked_up_by_another_process(world: World) -> None:
    """A looked-up batch id has the reference, by which a report finds the message."""
    status = looked_up(Status.SENT, batch_id("b1").provider_id)
    await world.tracker.look_up(status)

    tracked = await world.tracker.apply(report(Status.DELIVERED, "m1", "r1"))

    assert (batch_id("b1"), message_id("m1")) == tracked.ids


async def test_what_the_application_was_told_is_kept(world: World) -> None:
    """The status last told to the application is stored with the message."""
    tell(world.tracker, accepted())
    tracked = await world.tracker.apply(report(Status.SENT, "m1"))

    await world.tracker.tell(tracked)

    found = await world.tracker.find(M1)
    assert found is not None
    assert (Status.UNKNOWN, Status.SENT) == (tracked.told, found.told)


async def test_the_time_is_when_it_was_first_heard_of(world: World) -> None:
    """A message's time is that of its first outcome or report."""
    await world.tracker.apply(report(Status.SENT, "m1", "r1"))
    world.clock.seconds = 5
    tell(world.tracker, accepted())

    found = await world.tracker.find(M1)

    assert found is not None
    assert NOW == found.since


def test_a_tracker_hears_of_nothing_else() -> None:
    """An event without messages to track stores nothing."""
    tracker = Tracker(MemoryStore(), SetClock(), Observers())

    tracker.outcome_known(OutcomeKnown("main", (), ()))

    assert [] == list(asyncio.run(tracker.doubts()))
