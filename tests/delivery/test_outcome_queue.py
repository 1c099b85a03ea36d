"""Outcomes on their way to a store: in groups, and none is lost."""

from __future__ import annotations

import asyncio
from contextlib import closing, suppress
from typing import TYPE_CHECKING

import pytest
from support.delivery import Watcher, accepted, doubtful, report, tell
from support.virtual import VirtualLoop

from omnimsg.delivery.memory_store import MemoryStore
from omnimsg.delivery.tracker import Tracker
from omnimsg.engine.attempt import store_queue
from omnimsg.engine.attempt.store_queue import StoreQueue
from omnimsg.engine.observers import Observers

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg.delivery.tracked import Names, Tracked


class SlowStore(MemoryStore):
    """A store whose changes take a second.

    Attributes:
        refused: References that fail once, in a second.
        most: How many changes were under way at once, at most.
    """

    def __init__(self, *, refused: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.refused = set(refused)
        self.most = 0
        self._under_way = 0

    async def update(self, names: Names, change: Callable[[Tracked | None], Tracked]) -> Tracked:
        """Change a message after some time, or fail."""
        number = names.ids[0].provider_id.removeprefix("m")
        self._under_way += 1
        self.most = max(self.most, self._under_way)
        try:
            await asyncio.sleep(1)
        finally:
            self._under_way -= 1
        if number in self.refused:
            self.refused.remove(number)
            raise OSError
        return await super().update(names, change)


def tracker_of(store: SlowStore, loop: VirtualLoop, count: int) -> Tracker:
    """Build a tracker that has the acceptances of some messages to store."""
    tracker = Tracker(store, loop, Observers())
    tell(tracker, *(accepted(f"m{number}", f"r{number}") for number in range(count)))
    return tracker


def test_outcomes_are_stored_in_groups() -> None:
    """A slow store gets several outcomes at once, so that a report does not wait for each."""
    store, loop = SlowStore(), VirtualLoop()

    async def story() -> float:
        tracker = tracker_of(store, loop, 40)
        began = loop.time()
        await tracker.commit()
        took = loop.time() - began
        await tracker.aclose(5)
        return took

    took = loop.drive_to_end(story())

    assert (40, 10, 4) == (len(store), store.most, round(took))


def test_a_failure_keeps_none_of_its_group_back() -> None:
    """The outcomes beside one that the store refuses are stored; that one is, by the next call."""
    store, loop = SlowStore(refused=("3", "4")), VirtualLoop()

    async def story() -> list[int]:
        tracker = tracker_of(store, loop, 20)
        counts = []
        for _ in range(2):
            await tracker.commit()
            counts.append(len(store))
        await tracker.aclose(5)
        return counts

    assert [18, 20] == loop.drive_to_end(story())


class Threaded(MemoryStore):
    """A store that works in a thread: it finishes a change whose caller is gone."""

    async def update(self, names: Names, change: Callable[[Tracked | None], Tracked]) -> Tracked:
        """Change a message after a second."""
        return await asyncio.shield(asyncio.ensure_future(self._work(names, change)))

    async def _work(self, names: Names, change: Callable[[Tracked | None], Tracked]) -> Tracked:
        await asyncio.sleep(1)
        return await super().update(names, change)


def test_a_caller_that_is_cancelled_does_not_interrupt_the_store() -> None:
    """A doubt is tracked once, also if the request that waited for it to be stored was cancelled.

    The store may have written already.
    """
    store, loop = Threaded(), VirtualLoop()

    async def story() -> list[str | None]:
        tracker = Tracker(store, loop, Observers())
        tell(tracker, doubtful("r0"), doubtful("r1"))
        request = asyncio.ensure_future(tracker.commit())
        await asyncio.sleep(0.5)
        request.cancel()
        await asyncio.wait([request])
        doubts = await tracker.doubts()
        await tracker.aclose(5)
        return [each.reference for each in doubts]

    assert ["r0", "r1"] == sorted(map(str, loop.drive_to_end(story())))


class Raising(MemoryStore):
    """A store whose first answers are lost after it has changed a message.

    Attributes:
        answers: How many answers are lost.
        error: What it raises then.
        refuses: Whether it refuses one answer to a send before it has changed anything.
        undoes: Whether it rolls each change back, and raises.
    """

    answers = 2
    error: type[BaseException] = OSError
    refuses = False
    undoes = False

    async def update(self, names: Names, change: Callable[[Tracked | None], Tracked]) -> Tracked:
        """Change a message, and raise now and then."""
        if self.refuses and names.is_answer:
            self.refuses = False
            raise OSError
        if self.undoes:
            change(await self.find(names))
            raise OSError
        changed = await super().update(names, change)
        self.answers -= 1
        if self.answers >= 0:
            raise self.error
        return changed


def test_a_doubt_whose_store_raises_after_it_has_written_is_tracked_once() -> None:
    """The repeated call changes the same doubt; another send with its reference is another one."""
    store, loop = Raising(), VirtualLoop()

    async def story() -> list[str | None]:
        tracker = Tracker(store, loop, Observers())
        tell(tracker, doubtful("r0"), doubtful("r0"))
        await tracker.commit()
        doubts = await tracker.doubts()
        await tracker.aclose(5)
        return [each.reference for each in doubts]

    assert ["r0", "r0"] == loop.drive_to_end(story())


def test_a_doubt_that_is_proved_before_it_is_stored_again_is_no_doubt() -> None:
    """A report proves what a store has written and then failed with: it is not stored again."""
    store, loop = Raising(), VirtualLoop()

    async def story() -> list[str | None]:
        tracker = Tracker(store, loop, Observers())
        store.answers = 1
        tell(tracker, doubtful("r0"))
        await tracker.commit()  # which raises after it has written
        store.refuses = True
        await tracker.apply(report(reference="r0"))
        doubts = await tracker.doubts()
        await tracker.aclose(5)
        return [each.reference for each in doubts]

    assert [] == loop.drive_to_end(story())


def test_a_doubt_that_an_early_report_has_proved_is_no_doubt() -> None:
    """The store joins a doubt with an early report, raises, and is given the doubt again."""
    store, loop = Raising(), VirtualLoop()
    store.answers = 0

    async def story() -> list[str | None]:
        tracker = Tracker(store, loop, Observers())
        await tracker.apply(report(reference="r0"))
        store.answers = 1
        tell(tracker, doubtful("r0"))
        await tracker.commit()
        doubts = await tracker.doubts()
        await tracker.aclose(5)
        return [each.reference for each in doubts]

    assert [] == loop.drive_to_end(story())


@pytest.mark.parametrize("is_early", [False, True])
def test_the_end_of_a_doubt_is_told_once(*, is_early: bool) -> None:
    """The observers are told once, also if the store is given the doubt again after its proof."""
    store, loop, watcher = Raising(), VirtualLoop(), Watcher()
    store.answers = 0

    async def story() -> int:
        tracker = Tracker(store, loop, Observers([watcher]))
        if is_early:
            await tracker.apply(report(reference="r0"))
        store.answers = 1
        tell(tracker, doubtful("r0"))
        await tracker.commit()  # which raises after it has written
        store.refuses = not is_early
        await tracker.apply(report(reference="r0"))
        await tracker.commit()
        await tracker.aclose(5)
        return tracker.doubts_settled

    assert (1, 1) == (loop.drive_to_end(story()), len(watcher.doubts))


@pytest.mark.parametrize("how", ["report", "look-up", "cancelled report"])
def test_the_end_of_a_doubt_is_told_by_the_call_that_repeats_one_that_failed(how: str) -> None:
    """The store takes a proof and raises, or its caller gives up: the next call tells of the end.

    A call in between that proves nothing does not.
    """
    store, loop, watcher = Raising(), VirtualLoop(), Watcher()
    store.answers = 0

    async def story() -> list[int]:
        tracker = Tracker(store, loop, Observers([watcher]))
        tell(tracker, doubtful("r0"), doubtful("other"))
        await tracker.commit()
        told = []
        store.answers, store.error = 1, asyncio.CancelledError if "cancel" in how else OSError
        for _ in range(3):
            if how == "look-up":
                tracker.prove(accepted("m1", "r0"))
                await tracker.commit()
            else:
                with suppress(OSError, asyncio.CancelledError):
                    await tracker.apply(report(reference="r0"))
            told.append(len(watcher.doubts))
        await tracker.aclose(5)
        return [*told, tracker.doubts_settled]

    assert [0, 1, 1, 1] == loop.drive_to_end(story())


def test_a_doubt_whose_proof_was_not_stored_does_not_end() -> None:
    """A store that raised before it had written the proof leaves a doubt as it was."""
    store, loop, watcher = Raising(), VirtualLoop(), Watcher()
    store.answers = 0

    async def story() -> list[int]:
        tracker = Tracker(store, loop, Observers([watcher]))
        tell(tracker, doubtful("r0"))
        await tracker.commit()
        store.undoes = True
        with suppress(OSError):
            await tracker.apply(report(reference="r0"))
        store.undoes = False
        await tracker.apply(report(provider_id=None, batch="b1", reference="r0"))
        told = [len(watcher.doubts)]
        await tracker.apply(report(reference="r0"))
        await tracker.aclose(5)
        return [*told, len(watcher.doubts)]

    assert [0, 1] == loop.drive_to_end(story())


def test_a_doubt_that_two_event_loops_store_is_tracked_once() -> None:
    """A second event loop stores what the first one is storing, and that changes the same doubt."""
    store, slow, fast = Threaded(), VirtualLoop(), VirtualLoop()
    tracker = Tracker(store, slow, Observers())
    tell(tracker, doubtful("r0"))

    with closing(slow), closing(fast):
        storing = slow.create_task(tracker.commit())
        slow.settle()
        fast.drive(tracker.commit())
        slow.run_until_complete(storing)
        doubts = slow.drive(tracker.doubts())
        for each in (fast, slow):
            each.drive(tracker.aclose(5))
            each.settle()

    assert ["r0"] == [each.reference for each in doubts]


def test_another_event_loop_may_store_what_one_is_storing() -> None:
    """Where two event loops store the same outcomes, both end."""
    slow, fast = VirtualLoop(), VirtualLoop()

    async def store(_: object) -> None:
        if asyncio.get_running_loop() is slow:
            await asyncio.sleep(1)

    queue = StoreQueue(store, failed=print, overflows=print)
    for number in range(20):
        queue.add(number)

    with closing(slow), closing(fast):
        storing = slow.create_task(queue.store_all())
        slow.settle()
        ended = [fast.drive(queue.store_all()), slow.run_until_complete(storing)]

    assert ([True, True], 0) == (ended, len(queue))


def test_a_store_that_falls_far_behind_is_reported_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Above a limit the oldest outcomes are dropped, and the log says so once."""
    monkeypatch.setattr(store_queue, "_MAX_WAITING", 3)
    store, loop = SlowStore(), VirtualLoop()

    async def story() -> None:
        tracker = tracker_of(store, loop, 6)
        await tracker.aclose(5)

    loop.drive_to_end(story())

    assert 3 == len(store)
    assert 1 == caplog.text.count("the store of messages is too slow")


def test_a_value_that_the_store_never_takes_does_not_fill_the_log() -> None:
    """The log tells of its first failure, and of the second, fourth, eighth, and so on."""
    told: list[BaseException] = []

    async def refuse(_: object) -> None:
        raise OSError

    async def story() -> None:
        queue = StoreQueue(refuse, failed=told.append, overflows=print)
        queue.add("refused")
        for _ in range(100):
            await queue.store_all()

    VirtualLoop().drive_to_end(story())

    assert 7 == len(told)
