"""The poller asks the provider for messages that somebody waits for, in virtual time."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

import pytest
from support.virtual import VirtualLoop

from omnimsg.delivery.poller import Poller
from omnimsg.domain.errors import OperationError
from omnimsg.domain.failure import Failure
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.reason import Reason, Retry
from omnimsg.domain.status import MessageStatus

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterator

M1, M2 = MessageId("main:m1"), MessageId("main:m2")


class Provider:
    """What the poller asks, and what is told of the answers."""

    def __init__(self, loop: VirtualLoop, *, has_reports: bool = False) -> None:
        self.loop = loop
        self.began = loop.now
        self.asked: list[tuple[float, str]] = []
        self.found: list[MessageId] = []
        self.seconds = 0.0
        self.slow: MessageId | None = None
        self.at_once = 0
        self.most = 0
        self.errors: Iterator[BaseException | None] = iter(())
        self.handler: Callable[[MessageStatus], Awaitable[None]] | None = None
        self.poller = Poller(self.ask, self.tell, lambda _: has_reports)

    async def ask(self, message_id: MessageId) -> MessageStatus:
        """Answer after a while, or not."""
        self.asked.append((round(self.loop.now - self.began, 3), message_id.provider_id))
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        try:
            is_slow = message_id.account == "dead" or message_id == self.slow
            await asyncio.sleep(3600 if is_slow else self.seconds)
        finally:
            self.at_once -= 1
        error = next(self.errors, None)
        if error is not None:
            raise error
        return MessageStatus(id=message_id, legs=())

    async def tell(self, status: MessageStatus) -> None:
        """Note what was found."""
        self.found.append(status.id)
        if self.handler is not None:
            await self.handler(status)

    def times(self, provider_id: str = "m1") -> list[float]:
        """Return when a message was asked for."""
        return [when for when, name in self.asked if name == provider_id]


@pytest.fixture
def loop() -> Iterator[VirtualLoop]:
    """Return a loop whose time passes by itself."""
    loop = VirtualLoop()
    with closing(loop):
        yield loop
        left = [each for each in asyncio.all_tasks(loop) if not each.done()]
        assert [] == left


def live(loop: VirtualLoop, story: Coroutine[object, object, None]) -> None:
    """Run a story, and let what it has left come to its end."""
    loop.drive(story)
    loop.drive(asyncio.sleep(1))


def test_a_message_is_asked_for_more_and_more_rarely(loop: VirtualLoop) -> None:
    """After a second, two, four and so on, and then every half minute; at last nobody waits."""
    provider = Provider(loop)

    async def wait() -> None:
        with provider.poller.watch(M1):
            await asyncio.sleep(100)

    live(loop, wait())
    live(loop, asyncio.sleep(100))

    assert [1, 3, 7, 15, 31, 61, 91] == provider.times()
    assert 7 == len(provider.found)


def test_reports_come_first(loop: VirtualLoop) -> None:
    """Where they are received, a look-up is the second way."""
    provider = Provider(loop, has_reports=True)

    async def wait() -> None:
        with provider.poller.watch(M1):
            await asyncio.sleep(100)

    live(loop, wait())

    assert [30, 60, 90] == provider.times()


def test_two_who_wait_for_one_message_ask_once(loop: VirtualLoop) -> None:
    """Until the last of them has left."""
    provider = Provider(loop)

    async def wait() -> None:
        with provider.poller.watch(M1):
            with provider.poller.watch(M1):
                await asyncio.sleep(2)
            await asyncio.sleep(2)

    live(loop, wait())
    live(loop, asyncio.sleep(100))

    assert [1, 3] == provider.times()


def test_waiting_again_begins_anew(loop: VirtualLoop) -> None:
    """What was planned for the first time is not asked for twice."""
    provider = Provider(loop)

    async def wait() -> None:
        for _ in range(2):
            with provider.poller.watch(M1):
                await asyncio.sleep(2)

    live(loop, wait())

    assert [1, 3] == provider.times()


def test_one_who_comes_later_is_not_kept_waiting(loop: VirtualLoop) -> None:
    """Another message is asked for in half a minute; this one in a second."""
    provider = Provider(loop)

    async def wait() -> None:
        with provider.poller.watch(M1):
            await asyncio.sleep(40)
            with provider.poller.watch(M2):
                await asyncio.sleep(2)

    live(loop, wait())

    assert [41] == provider.times("m2")


def test_an_error_is_kept_until_an_answer_comes(loop: VirtualLoop) -> None:
    """Whoever waits in vain is told it, without what may quote a message."""
    provider = Provider(loop)
    failure = Failure(reason=Reason.PROVIDER_UNAVAILABLE, retry=Retry.SAFE)
    provider.errors = iter(
        [OperationError("status", "main", failure), LookupError("+37255500001"), None]
    )
    errors: list[str] = []

    async def wait() -> None:
        with provider.poller.watch(M1) as watched:
            for seconds in (2, 2, 4):
                await asyncio.sleep(seconds)
                errors.append(watched.error)

    live(loop, wait())

    assert "status through account 'main' failed: provider_unavailable" == errors[0]
    assert ["LookupError", ""] == errors[1:]


def test_a_few_are_asked_for_at_once(loop: VirtualLoop) -> None:
    """However many are waited for, and all in their turn."""
    provider = Provider(loop)
    provider.seconds = 0.5
    ids = [MessageId(f"main:m{number}") for number in range(100)]

    async def wait() -> None:
        with ExitStack() as stack:
            for each in ids:
                stack.enter_context(provider.poller.watch(each))
            await asyncio.sleep(10)

    live(loop, wait())

    assert 8 == provider.most
    assert set(ids) == set(provider.found)


def test_an_account_that_does_not_answer_keeps_no_other_waiting(loop: VirtualLoop) -> None:
    """Each account has a task of its own."""
    provider = Provider(loop)

    async def wait() -> None:
        with ExitStack() as stack:
            for number in range(20):
                stack.enter_context(provider.poller.watch(MessageId(f"dead:d{number}")))
            stack.enter_context(provider.poller.watch(M1))
            await asyncio.sleep(8)

    loop.drive(wait())

    assert [1, 3, 7] == provider.times()
    live(loop, asyncio.sleep(4000))


def test_a_slow_look_up_delays_no_other_message(loop: VirtualLoop) -> None:
    """The other messages of its account are asked for at their times."""
    provider = Provider(loop)
    provider.slow = M2

    async def wait() -> None:
        with provider.poller.watch(M2), provider.poller.watch(M1):
            await asyncio.sleep(8)

    loop.drive(wait())

    assert [1, 3, 7] == provider.times()
    assert [1] == provider.times("m2")
    live(loop, asyncio.sleep(4000))


def test_what_nobody_waits_for_any_more_is_not_asked_for(loop: VirtualLoop) -> None:
    """Those who left while others were being asked for are skipped."""
    provider = Provider(loop)
    provider.seconds = 5

    async def wait() -> None:
        with ExitStack() as stack:
            for number in range(20):
                stack.enter_context(provider.poller.watch(MessageId(f"main:m{number}")))
            await asyncio.sleep(2)
        await asyncio.sleep(20)

    live(loop, wait())

    assert 8 == len(provider.asked)


@pytest.mark.parametrize("other", ["other:m2", "main:m2"])
def test_a_handler_may_ask_for_another_message(loop: VirtualLoop, other: str) -> None:
    """It does not wait for itself, in whichever account the other message is."""
    provider = Provider(loop)

    async def handler(status: MessageStatus) -> None:
        if status.id == M1:
            with provider.poller.watch(MessageId(other)):
                await asyncio.sleep(2)

    provider.handler = handler

    async def wait() -> None:
        with provider.poller.watch(M1):
            await asyncio.sleep(2)

    live(loop, wait())
    live(loop, asyncio.sleep(10))

    assert [2] == provider.times("m2")


def test_each_event_loop_asks_by_itself() -> None:
    """One that has ended leaves nothing that the next one would wait for."""
    found: list[str] = []

    async def ask(message_id: MessageId) -> MessageStatus:
        return MessageStatus(id=message_id, legs=())

    async def tell(status: MessageStatus) -> None:
        found.append(status.id)

    poller = Poller(ask, tell, lambda _: False)

    async def wait() -> None:
        with poller.watch(M1):
            await asyncio.sleep(1.5)

    for _ in range(2):
        loop = VirtualLoop()
        waiting = loop.create_task(wait())
        loop.drive(asyncio.sleep(0.5))
        # It is closed while somebody waits in it.
        loop.close()
        del waiting
    loop = VirtualLoop()
    with closing(loop):
        loop.drive(wait())

    assert [M1] == found


def test_a_look_up_that_cancels_itself_is_one_that_failed(loop: VirtualLoop) -> None:
    """A store or a connection may have had something cancelled; the message is asked for again."""
    provider = Provider(loop)
    provider.errors = iter([asyncio.CancelledError(), None])

    async def wait() -> None:
        with provider.poller.watch(M1):
            await asyncio.sleep(10)

    live(loop, wait())

    assert [1, 3, 7] == provider.times()


def test_what_is_rarely_asked_for_is_asked_for_soon_where_another_waits(loop: VirtualLoop) -> None:
    """Whoever has begun long ago, and is patient, does not keep that one waiting."""
    provider = Provider(loop)

    async def wait() -> None:
        with provider.poller.watch(M1, 600):
            await asyncio.sleep(1300)
            with provider.poller.watch(M1):
                await asyncio.sleep(20)

    live(loop, wait())

    assert [511, 1023, 1301, 1303, 1307, 1315] == provider.times()[-6:]
