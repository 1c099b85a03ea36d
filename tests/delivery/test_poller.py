"""The poller looks up the statuses of watched messages, in virtual time."""

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

LOGGER = "omnimsg.delivery"
M1, M2 = MessageId("main:m1"), MessageId("main:m2")


class Provider:
    """A provider that records the poller's look-ups and what it found."""

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
        """Record a look-up, and answer or fail after a while."""
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
        """Record a found status, and call the handler."""
        self.found.append(status.id)
        if self.handler is not None:
            await self.handler(status)

    def times(self, provider_id: str = "m1") -> list[float]:
        """Return the times of the look-ups of a message."""
        return [when for when, name in self.asked if name == provider_id]


@pytest.fixture
def loop() -> Iterator[VirtualLoop]:
    """Return an event loop with virtual time; fail if a task is left."""
    loop = VirtualLoop()
    with closing(loop):
        yield loop
        loop.assert_no_task_left()


def live(loop: VirtualLoop, story: Coroutine[object, object, None]) -> None:
    """Run a coroutine, and then one second more for its remaining tasks."""
    loop.drive(story)
    loop.drive(asyncio.sleep(1))


def test_a_message_is_asked_for_more_and_more_rarely(loop: VirtualLoop) -> None:
    """Look-ups come after 1, 2, 4 seconds and so on up to 30, and end with the watch."""
    provider = Provider(loop)

    async def wait() -> None:
        with provider.poller.watch(M1):
            await asyncio.sleep(100)

    live(loop, wait())
    live(loop, asyncio.sleep(100))

    assert [1, 3, 7, 15, 31, 61, 91] == provider.times()
    assert 7 == len(provider.found)


def test_reports_come_first(loop: VirtualLoop) -> None:
    """For an account with reports, look-ups come only every 30 seconds."""
    provider = Provider(loop, has_reports=True)

    async def wait() -> None:
        with provider.poller.watch(M1):
            await asyncio.sleep(100)

    live(loop, wait())

    assert [30, 60, 90] == provider.times()


def test_two_who_wait_for_one_message_ask_once(loop: VirtualLoop) -> None:
    """Two watches of one message share its look-ups until the last one ends."""
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
    """A new watch of a message starts afresh, without the former one's look-ups."""
    provider = Provider(loop)

    async def wait() -> None:
        for _ in range(2):
            with provider.poller.watch(M1):
                await asyncio.sleep(2)

    live(loop, wait())

    assert [1, 3] == provider.times()


def test_one_who_comes_later_is_not_kept_waiting(loop: VirtualLoop) -> None:
    """A new watch is polled after a second, however long others have been waiting."""
    provider = Provider(loop)

    async def wait() -> None:
        with provider.poller.watch(M1):
            await asyncio.sleep(40)
            with provider.poller.watch(M2):
                await asyncio.sleep(2)

    live(loop, wait())

    assert [41] == provider.times("m2")


def test_an_error_is_kept_until_an_answer_comes(loop: VirtualLoop) -> None:
    """The last error is kept until an answer, without text that may quote a message."""
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


def test_a_store_that_is_down_is_logged_once(
    loop: VirtualLoop, caplog: pytest.LogCaptureFixture
) -> None:
    """What cannot be handled is logged for the first look-up of an outage, and not for each."""
    provider = Provider(loop)
    down = iter([True, True, False, True])

    async def store(_: MessageStatus) -> None:
        if next(down, False):
            raise ConnectionError

    provider.handler = store

    async def wait() -> None:
        with provider.poller.watch(M1):
            await asyncio.sleep(40)

    live(loop, wait())

    text = "a status that was looked up could not be handled: ConnectionError"
    assert [text, text] == [each.message for each in caplog.records if each.name == LOGGER]


def test_a_few_are_asked_for_at_once(loop: VirtualLoop) -> None:
    """At most eight look-ups run at once, and every message has its turn."""
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
    """An account that does not answer does not delay the look-ups of others."""
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
    """A slow look-up does not delay the look-ups of the account's other messages."""
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
    """A message whose watch has ended before its turn is not looked up."""
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
    """A handler that watches another message, of any account, does not block the poller."""
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
    """The poller works in a new event loop after earlier ones were closed."""
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
        # Close the loop during a watch.
        loop.close()
        del waiting
    loop = VirtualLoop()
    with closing(loop):
        loop.drive(wait())

    assert [M1] == found


def test_a_look_up_that_cancels_itself_is_one_that_failed(loop: VirtualLoop) -> None:
    """A look-up that raises CancelledError by itself counts as failed, and polling goes on."""
    provider = Provider(loop)
    provider.errors = iter([asyncio.CancelledError(), None])

    async def wait() -> None:
        with provider.poller.watch(M1):
            await asyncio.sleep(10)

    live(loop, wait())

    assert [1, 3, 7] == provider.times()


def test_what_is_rarely_asked_for_is_asked_for_soon_where_another_waits(loop: VirtualLoop) -> None:
    """A second watch with a shorter interval makes a rarely polled message polled soon."""
    provider = Provider(loop)

    async def wait() -> None:
        with provider.poller.watch(M1, 600):
            await asyncio.sleep(1300)
            with provider.poller.watch(M1):
                await asyncio.sleep(20)

    live(loop, wait())

    assert [511, 1023, 1301, 1303, 1307, 1315] == provider.times()[-6:]


def test_of_two_who_wait_the_more_impatient_decides(loop: VirtualLoop) -> None:
    """A second watch with a longer interval does not make a message be polled more rarely."""
    provider = Provider(loop)

    async def wait() -> None:
        with provider.poller.watch(M1, 2):
            await asyncio.sleep(2)
            with provider.poller.watch(M1, 600):
                await asyncio.sleep(10)

    live(loop, wait())

    assert [1, 3, 5, 7, 9, 11] == provider.times()
