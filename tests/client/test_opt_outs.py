"""An opt-out that a provider tells of only once is recorded, whatever the suppression list does."""

from __future__ import annotations

import asyncio
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from support.adapters import Choosy, FakeTransport, Listing, references, results, texts, tiny
from support.audit import Book
from support.routed import saying
from support.virtual import VirtualLoop

from omnimsg import Client, MemorySuppression, NotSentError, OnAmbiguous, Policy, SendError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg import Attempt, ConsentChange, Outcome
    from omnimsg.adapter import Request, Response

FIRST, SECOND = (str(each.to) for each in texts(2))


class Database(MemorySuppression):
    """A suppression list on a database that can be down.

    Attributes:
        down_until: Until when each record fails, in loop time.
        refuses: An address that it refuses to record.
        seconds: How long each record takes.
        asked: How often it was asked to record.
    """

    def __init__(
        self, *, down_until: float = 0.0, refuses: str | None = None, seconds: float = 0.0
    ) -> None:
        super().__init__()
        self.down_until = down_until
        self.refuses = refuses
        self.seconds = seconds
        self.asked = 0

    async def record(self, change: ConsentChange) -> None:
        """Record a change, or fail."""
        self.asked += 1
        await asyncio.sleep(self.seconds)
        if asyncio.get_running_loop().time() < self.down_until or change.address == self.refuses:
            raise OSError(change.address)
        await super().record(change)


def client_of(
    suppression: Database,
    loop: VirtualLoop,
    wire: FakeTransport | None = None,
    *,
    kind: type[Choosy] = Choosy,
    **options: Any,
) -> Client:
    """Build a client whose provider says of each recipient that they have opted out."""
    wire = wire or FakeTransport(saying("opted-out"))
    return Client(
        [tiny(kind=kind)],
        transport=lambda _: wire,
        clock=loop,
        suppression=suppression,
        **options,
    )


async def send(client: Client, count: int = 1) -> list[object]:
    """Send messages in one request, and return what becomes of them."""
    calls = (client.send(each) for each in texts(count))
    return await asyncio.gather(*calls, return_exceptions=True)


@pytest.mark.parametrize("minutes", [1, 60, 24 * 60])
def test_an_opt_out_waits_for_a_list_that_is_down(minutes: float) -> None:
    """The opt-out behind a refused send is recorded when the list is up again."""
    loop = VirtualLoop()
    suppression = Database(down_until=loop.now + 60 * minutes)

    async def story() -> None:
        async with client_of(suppression, loop) as client:
            await send(client)
            await asyncio.sleep(60 * minutes + 61)
            with pytest.raises(NotSentError):  # nothing is sent to them from now on
                await client.send(texts(1)[0])

    loop.drive_to_end(story())

    assert FIRST in suppression


def test_an_opt_out_that_is_refused_keeps_no_other_back() -> None:
    """The opt-outs beside one that the list does not take are recorded."""
    loop = VirtualLoop()
    suppression = Database(refuses=FIRST)

    async def story() -> None:
        async with client_of(suppression, loop) as client:
            await send(client, 2)

    loop.drive_to_end(story())

    assert [False, True] == [each in suppression for each in (FIRST, SECOND)]


def test_a_list_that_hangs_is_told_again() -> None:
    """A record that does not return is cancelled, and repeated later."""
    loop = VirtualLoop()
    suppression = Database(seconds=3600)

    async def story() -> None:
        async with client_of(suppression, loop) as client:
            await send(client)
            suppression.seconds = 0
            await asyncio.sleep(100)

    loop.drive_to_end(story())

    assert (True, 2) == (FIRST in suppression, suppression.asked)


def test_closing_records_an_opt_out() -> None:
    """The opt-outs that wait are recorded when the client closes."""
    loop = VirtualLoop()
    suppression = Database(down_until=loop.now + 0.5)

    async def story() -> None:
        async with client_of(suppression, loop) as client:
            await send(client)
            await asyncio.sleep(0.5)

    loop.drive_to_end(story())

    assert FIRST in suppression


@pytest.mark.parametrize(("seconds", "longest"), [(0, 1), (3600, 31)])
def test_a_list_that_takes_nothing_does_not_keep_a_client_open(
    seconds: float, longest: float, caplog: pytest.LogCaptureFixture
) -> None:
    """Closing ends in time, and a warning counts the opt-outs that the list has not taken."""
    loop = VirtualLoop()
    suppression = Database(down_until=loop.now + 10_000, seconds=seconds)

    async def story() -> float:
        client = client_of(suppression, loop)
        await send(client, 2)
        began = loop.time()
        await client.aclose()
        took = loop.time() - began
        await asyncio.sleep(1)  # until what was cancelled has ended
        return took

    took = loop.drive_to_end(story())

    assert longest > took
    assert "closed before the suppression list had taken 2 changes of consent" in caplog.text


def test_an_opt_out_outlives_its_event_loop() -> None:
    """What the list has not taken in one event loop is recorded in the next one."""
    first, second = VirtualLoop(), VirtualLoop()
    suppression = Database(down_until=first.now + 10)
    words = iter(["opted-out", "ok"])
    wire = FakeTransport(lambda request: results(dict.fromkeys(references(request), next(words))))
    client = client_of(suppression, first, wire)

    async def story() -> None:
        await client.send(texts(1, start=1)[0])
        await asyncio.sleep(10)

    first.drive_to_end(send(client))

    second.now += 100
    second.drive_to_end(story())

    assert FIRST in suppression


def test_an_account_that_is_removed_leaves_its_opt_outs() -> None:
    """The opt-outs of an account that was removed are recorded all the same."""
    loop = VirtualLoop()
    suppression = Database(down_until=loop.now + 50)

    async def story() -> None:
        async with client_of(suppression, loop) as client:
            client.add_account(tiny(name="tenant", kind=Choosy))
            with pytest.raises(SendError):
                await client.send(texts(1)[0], account="tenant")
            await client.remove_account("tenant")
            await asyncio.sleep(100)

    loop.drive_to_end(story())

    assert FIRST in suppression


class Both(Choosy, Listing):
    """Tiny with look-ups by reference, and a code for recipients who have opted out."""


def test_a_resend_that_is_refused_for_an_opt_out_is_noted() -> None:
    """The opt-out counts, although the message stays in doubt because of its first attempt."""
    loop = VirtualLoop()
    suppression = Database()
    words = iter(["who-knows", "opted-out"])

    def answer(request: Request) -> Response:
        return results(dict.fromkeys(references(request), next(words)))

    async def story() -> list[object]:
        policies = {"main": Policy(on_ambiguous=OnAmbiguous.RESEND)}
        wire = FakeTransport(answer)
        async with client_of(suppression, loop, wire, kind=Both, policies=policies) as client:
            return await send(client)

    (outcome,) = loop.drive_to_end(story())

    assert "AmbiguousError" == type(outcome).__name__
    assert FIRST in suppression


class Slow(Book):
    """A journal that takes a minute to record an outcome."""

    async def settle(self, attempt: Attempt, outcomes: Sequence[Outcome]) -> None:
        """Record outcomes after a minute."""
        await asyncio.sleep(60)
        await super().settle(attempt, outcomes)


def test_an_opt_out_is_recorded_while_closing_interrupts_the_journal() -> None:
    """The opt-out counts, although the attempt was cancelled before its outcome was recorded."""
    loop = VirtualLoop()
    suppression = Database()

    async def story() -> None:
        client = client_of(suppression, loop, journal=Slow())
        sending = asyncio.ensure_future(client.send(texts(1)[0]))
        await asyncio.sleep(1)
        await client.aclose(deadline=0)
        await asyncio.wait([sending])

    with closing(loop):
        loop.drive(story())

    assert FIRST in suppression
