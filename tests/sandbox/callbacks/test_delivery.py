"""The delivery of callbacks: repetitions, what ends them, limits, resets and carriers."""

from __future__ import annotations

import asyncio
import gc
import weakref
from functools import partial
from typing import TYPE_CHECKING

import aiohttp
import anyio.to_thread
import pytest
from support.sandbox_fixtures import NOW

from omnimsg.sandbox import Limits, Sandbox, SignedCallback
from omnimsg.sandbox.callbacks.courier import Courier
from omnimsg_clickatell.emulator import ClickatellEmulator

from .conftest import Api

if TYPE_CHECKING:
    from support.callback_target import Call, Target
    from support.sandbox_fixtures import Clock

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("answer", [500, 404, 401, 429])
async def test_what_is_refused_is_sent_again(
    sandbox: Sandbox, api: Api, target: Target, clock: Clock, answer: int
) -> None:
    """A refused callback is repeated when it is due, with the same bytes and timestamp."""
    target.answers.extend([answer, answer])
    await api.bird()
    counts = []

    for seconds in (0, 9, 1, 19, 1):
        clock.now += seconds
        await sandbox.callbacks.flush()
        counts.append([document["payload"]["status"] for document in target.documents])

    accepted = [call for call in target.calls if call.document["payload"]["status"] == "accepted"]
    assert [1, 1, 2, 2, 3] == [each.count("accepted") for each in counts]
    assert [accepted[0]] * 3 == accepted
    assert str(int(NOW)) == accepted[-1].headers["messagebird-request-timestamp"]


async def test_the_waits_grow(target: Target, clock: Clock) -> None:
    """The waits double up to 300 times the first one, and the twentieth attempt is the last."""
    target.answers.extend([503] * 30)
    async with (
        Sandbox(clock=clock, pace=1, callbacks=target.url) as sandbox,
        aiohttp.ClientSession(sandbox.url) as session,
    ):
        await Api(sandbox, session).messente("+27820990003")
        waits = []
        clock.now += 1
        await sandbox.callbacks.flush()
        while len(target.calls) < 20:
            before, started = len(target.calls), clock.now
            while len(target.calls) == before:
                clock.now += 1
                await sandbox.callbacks.flush()
            waits.append(clock.now - started)
        clock.now += 10_000
        await sandbox.callbacks.flush()

        counts = sandbox.callbacks.counts

    assert [1, 2, 4, 8, 16, 32, 64, 128, 256, *[300] * 10] == waits
    assert (20, 1, 0) == tuple(counts[name] for name in ("attempts", "given_up", "waiting"))


async def test_a_redirect_loses_a_callback_of_clickatell(
    sandbox: Sandbox, api: Api, target: Target, clock: Clock
) -> None:
    """A redirect ends a Clickatell callback: it is neither followed nor repeated."""
    target.answers.append(302)
    await api.clickatell()
    await sandbox.callbacks.flush()
    clock.now += 9
    await sandbox.callbacks.flush()

    assert ["QUEUED"] == target.statuses
    assert 1 == sandbox.callbacks.counts["given_up"]


async def test_a_redirect_is_success_with_messente(
    sandbox: Sandbox, api: Api, target: Target, clock: Clock
) -> None:
    """A redirect counts as success for Messente: it is neither followed nor repeated."""
    target.answers.append(302)
    await api.messente("+27820990003")
    clock.now += 60
    await sandbox.callbacks.flush()
    clock.now += 60
    await sandbox.callbacks.flush()

    assert ["FAILED"] == target.statuses
    assert 1 == sandbox.callbacks.counts["taken"]


async def test_a_server_that_is_not_there(clock: Clock) -> None:
    """An attempt without a listening server is recorded with its error."""
    async with (
        Sandbox(clock=clock, callbacks="http://127.0.0.1:1") as sandbox,
        aiohttp.ClientSession(sandbox.url) as session,
    ):
        await Api(sandbox, session).messente("+27820990003")
        await sandbox.callbacks.flush()

        (attempt,) = sandbox.callbacks.latest

    assert (None, "ClientConnectorError", 1) == tuple(
        attempt[name] for name in ("status", "error", "attempt")
    )


async def test_a_later_report_overtakes_one_that_is_repeated(
    sandbox: Sandbox, api: Api, target: Target, clock: Clock
) -> None:
    """A refused report does not hold up the later reports of its message."""
    target.answers.append(500)
    await api.clickatell()
    await sandbox.callbacks.flush()
    clock.now += 10
    await sandbox.callbacks.flush()

    assert ["QUEUED", "QUEUED", "SENT_TO_SUPPLIER"] == sorted(target.statuses)


async def test_a_slow_answer_holds_up_its_own_message_only(target: Target) -> None:
    """A slow answer delays only the callbacks about the same message."""
    release, others_are_there = asyncio.Event(), asyncio.Event()
    first: list[str] = []

    async def hold(call: Call) -> None:
        message = call.clickatell["messageId"]
        if len(target.calls) == 4:
            others_are_there.set()
        if not first or message == first[0]:
            first.append(message)
            await release.wait()

    target.hook = hold
    async with (
        Sandbox(callbacks=target.url) as sandbox,
        aiohttp.ClientSession(sandbox.url) as session,
    ):
        api = Api(sandbox, session)
        slow, quick = await api.clickatell(), await api.clickatell()
        await others_are_there.wait()
        while_held = [call.clickatell["messageId"] for call in target.calls]
        release.set()
        await sandbox.callbacks.flush()

    assert [slow, quick, quick, quick] == [while_held[0], *while_held[1:]]
    assert 6 == len(target.calls)


async def test_callbacks_that_wait_are_bounded(target: Target, clock: Clock) -> None:
    """A callback over the limit of waiting ones is dropped and counted."""
    target.answers.extend([500] * 10)
    async with (
        Sandbox(clock=clock, callbacks=target.url, limits=Limits(callbacks=2)) as sandbox,
        aiohttp.ClientSession(sandbox.url) as session,
    ):
        for _ in range(3):
            await Api(sandbox, session).messente("+27820990003")
        await sandbox.callbacks.flush()

        counts = sandbox.callbacks.counts

    assert (2, 1) == (counts["waiting"], counts["dropped"])


async def test_watched_messages_are_bounded(target: Target, clock: Clock) -> None:
    """A message over the limit of watched ones is not reported, and is counted as dropped."""
    async with (
        Sandbox(clock=clock, pace=10, callbacks=target.url, limits=Limits(messages=1)) as sandbox,
        aiohttp.ClientSession(sandbox.url) as session,
    ):
        for _ in range(2):
            await Api(sandbox, session).clickatell()
        await sandbox.callbacks.flush()

        dropped = sandbox.callbacks.counts["dropped"]

    assert (1, 1) == (len(target.calls), dropped)


async def test_a_reset_empties_the_queue(
    sandbox: Sandbox, api: Api, target: Target, clock: Clock
) -> None:
    """After a reset neither steps nor repetitions of old messages are sent, only new ones."""
    target.answers.append(500)
    await api.clickatell()
    await sandbox.callbacks.flush()

    sandbox.reset()
    clock.now += 3600
    await sandbox.callbacks.flush()
    after_reset = len(target.calls)
    await api.clickatell()
    await sandbox.callbacks.flush()

    assert (1, ["QUEUED", "QUEUED"]) == (after_reset, target.statuses)
    assert 1 == sandbox.callbacks.counts["attempts"]


async def test_a_sandbox_ends_while_a_callback_is_answered(target: Target) -> None:
    """Closing a sandbox aborts an unanswered callback and leaves no task behind."""
    arrived = asyncio.Event()

    async def never(_: Call) -> None:
        arrived.set()
        await asyncio.Event().wait()

    target.hook = never
    async with (
        Sandbox(callbacks=target.url) as sandbox,
        aiohttp.ClientSession(sandbox.url) as session,
    ):
        await Api(sandbox, session).clickatell()
        await arrived.wait()
        tasks = {task.get_name() for task in asyncio.all_tasks()}

    left = {task.get_coro().__qualname__ for task in asyncio.all_tasks()}  # type: ignore[union-attr]
    assert tasks
    assert not any(name.startswith("Courier.") for name in left)


async def test_what_a_phone_sends_before_the_start(target: Target) -> None:
    """A phone's message from before the start is sent once the sandbox serves."""
    sandbox = Sandbox(callbacks=target.url)
    sandbox.reply("+37255500001", "Yes", provider="messente")

    async with sandbox:
        await sandbox.callbacks.flush()

    assert ["Yes"] == [document["text"] for document in target.documents]


async def test_another_thread_may_let_a_phone_answer(target: Target) -> None:
    """`reply` may be called from a thread other than the sandbox's."""
    async with Sandbox(callbacks=target.url) as sandbox:
        await anyio.to_thread.run_sync(
            partial(sandbox.reply, "+37255500001", "Yes", provider="messente")
        )
        await sandbox.callbacks.flush()

    assert ["Yes"] == [document["text"] for document in target.documents]


async def test_a_reset_keeps_nothing_of_what_was_planned(
    sandbox: Sandbox, api: Api, clock: Clock
) -> None:
    """A reset releases scheduled messages at once, not only at their time."""
    await api.clickatell(scheduledDeliveryTime="2099-01-01T00:00:00Z")
    await sandbox.callbacks.flush()
    (message,) = sandbox.emulator(ClickatellEmulator).messages
    kept = weakref.ref(message)
    del message

    sandbox.reset()
    await sandbox.callbacks.flush()
    gc.collect()

    assert kept() is None


async def test_what_comes_after_a_reset_is_sent(sandbox: Sandbox, api: Api, target: Target) -> None:
    """A callback created right after a reset is sent, and the old ones are not."""
    await api.clickatell()
    await sandbox.callbacks.flush()
    target.calls.clear()

    sandbox.reset()
    sandbox.reply("+27820000001", "Yes", provider="messente")
    await sandbox.callbacks.flush()

    assert ["Yes"] == [document["text"] for document in target.documents]


async def test_an_invalid_address_in_a_message_is_a_failed_attempt(
    sandbox: Sandbox, api: Api, clock: Clock
) -> None:
    """An invalid `dlr_url` is a failed attempt with an error, to be repeated."""
    await api.messente("+27820990003", dlr_url="http://127.0.0.1:99999/mine")
    clock.now += 10
    await sandbox.callbacks.flush()

    (attempt,) = sandbox.callbacks.latest
    assert (None, 1) == (attempt["status"], sandbox.callbacks.counts["waiting"])
    assert attempt["error"]


async def test_a_defect_of_an_emulator_is_not_hidden(target: Target) -> None:
    """An emulator's error while it writes a report is raised to the caller of `flush`."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    with pytest.raises(ExceptionGroup) as caught:  # noqa: PT012 - the sandbox raises it again
        async with (
            Sandbox(callbacks=target.url) as sandbox,
            aiohttp.ClientSession(sandbox.url) as session,
        ):
            source = sandbox.emulators["bird"].callbacks
            assert source is not None
            source.report = broken  # type: ignore[method-assign, assignment]
            await Api(sandbox, session).bird()
            await sandbox.callbacks.flush()

    assert caught.group_contains(ZeroDivisionError)


async def test_without_an_address_nothing_runs(clock: Clock) -> None:
    """A sandbox without an address for callbacks starts no task and sends nothing."""
    async with (
        Sandbox(clock=clock) as sandbox,
        aiohttp.ClientSession(sandbox.url) as session,
    ):
        await Api(sandbox, session).messente(dlr_url="http://127.0.0.1:1/mine")
        await sandbox.callbacks.flush()
        names = {task.get_coro().__qualname__ for task in asyncio.all_tasks()}  # type: ignore[union-attr]

        assert not any(name.startswith("Courier.") for name in names)
        assert 0 == sandbox.callbacks.counts["attempts"]


async def test_a_function_takes_callbacks_in_the_place_of_http(
    sandbox: Sandbox, api: Api, target: Target
) -> None:
    """A carrier function gets the callbacks instead of HTTP until it is removed."""
    taken: list[str] = []

    async def carry(signed: SignedCallback) -> int:
        taken.append(signed.url)
        return 204

    sandbox.callbacks.carry_with(carry)
    await api.bird()
    await sandbox.callbacks.flush()
    carried = sandbox.callbacks.counts["taken"]
    sandbox.callbacks.carry_with(None)
    await api.bird()
    await sandbox.callbacks.flush()

    assert [f"{target.url}/callbacks/bird"] * carried == taken
    assert [carried, True] == [len(target.calls), carried > 0]


async def test_what_a_carrier_raises_is_an_attempt_without_an_answer(
    sandbox: Sandbox, api: Api, clock: Clock
) -> None:
    """An error of the carrier is recorded by its name, and the callback is repeated."""
    answers = [204]

    async def carry(_: SignedCallback) -> int:
        if answers:
            raise LookupError(answers.pop())
        return 204

    sandbox.callbacks.carry_with(carry)
    await api.bird()
    await sandbox.callbacks.flush()
    clock.now += 100
    await sandbox.callbacks.flush()

    first = sandbox.callbacks.latest[0]
    assert (None, "LookupError") == (first["status"], first["error"])
    assert 0 == sandbox.callbacks.counts["waiting"]


async def test_an_error_of_the_background_task_is_raised() -> None:
    """Whoever waits for the callbacks hears that the task that sends them has failed."""
    courier = Courier(lambda: NOW, pace=0, capacity=10, log_size=10)

    def fail() -> None:
        raise ZeroDivisionError

    courier.start()
    courier.put(fail, NOW)
    for work in (courier.flush, courier.stop):
        with pytest.raises(ExceptionGroup) as raised:
            await work()
        assert raised.group_contains(ZeroDivisionError)
