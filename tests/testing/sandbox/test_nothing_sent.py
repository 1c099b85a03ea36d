"""Assertions that nothing was sent, which also notice what is still being sent."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest
from support.waiting import wait_until

from omnimsg import Client, Message

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg.testing import TestSandbox

    Send = Callable[..., None]

TO = "+27820001000"


def test_nothing_was_sent(sandbox: TestSandbox) -> None:
    """Without a message both assertions pass, for all phones and for one."""
    sandbox.assert_nothing_sent(within=0)
    sandbox.phone(TO).assert_nothing_received(within=0)


def test_what_was_sent_is_shown(sandbox: TestSandbox, send: Send) -> None:
    """The failure lists each message with number, status and text."""
    expired = sandbox.phone("+27 82 099 0007")
    send(Message(TO, "Hello"), Message("+27820990007", "Hello"))

    with pytest.raises(AssertionError) as caught:
        sandbox.assert_nothing_sent(within=0)
    with pytest.raises(AssertionError) as caught_one:
        expired.assert_nothing_received(within=0)

    assert [
        "Nothing was to be sent, and this was:",
        f"  1. {TO}, sms through clickatell: 'Hello'",
        "  2. +27 82 099 0007, sms through clickatell (EXPIRED): 'Hello'",
    ] == str(caught.value).splitlines()
    assert [
        "Nothing was to be sent to +27 82 099 0007, and this was:",
        "  1. +27 82 099 0007, sms through clickatell (EXPIRED): 'Hello'",
    ] == str(caught_one.value).splitlines()


def test_another_phone_does_not_matter(sandbox: TestSandbox, send: Send) -> None:
    """A phone has received nothing, although another phone has."""
    send(Message(TO, "Hello"))

    sandbox.phone("+27820002000").assert_nothing_received(within=0)


def test_what_comes_a_moment_later_is_noticed(sandbox: TestSandbox, send: Send) -> None:
    """A message that another thread sends during the assertion makes it fail."""
    sender = threading.Timer(0.05, send, [Message(TO, "Hello")])
    sender.start()

    with pytest.raises(AssertionError, match="and this was"):
        sandbox.assert_nothing_sent(within=30)

    sender.join()


def test_a_request_under_way_is_waited_for(sandbox: TestSandbox, send: Send) -> None:
    """The assertion waits for a request in flight, beyond its own time."""
    sandbox.fail("latency", seconds=0.2)
    sender = threading.Thread(target=send, args=[Message(TO, "Hello")])
    sender.start()
    wait_until(lambda: bool(sandbox.requests))

    with pytest.raises(AssertionError, match="and this was"):
        sandbox.assert_nothing_sent(within=0)

    sender.join()


@pytest.mark.anyio
async def test_an_async_test_lets_the_loop_run(sandbox: TestSandbox) -> None:
    """The async assertion runs pending tasks first, and fails for what they send."""
    async with Client.from_config(sandbox.config) as client:
        task = asyncio.create_task(client.send(Message(TO, "Hello")))
        with pytest.raises(AssertionError, match="and this was"):
            await sandbox.async_assert_nothing_sent(within=0)
        with pytest.raises(AssertionError, match="and this was"):
            await sandbox.phone(TO).async_assert_nothing_received(within=0)
        await task


@pytest.mark.anyio
async def test_an_async_test_may_have_sent_nothing(sandbox: TestSandbox) -> None:
    """Tasks that are waiting for something other than a send do not fail the assertion."""
    idle = asyncio.create_task(asyncio.Event().wait())
    await asyncio.sleep(0)

    await sandbox.async_assert_nothing_sent(within=0)
    sandbox.assert_nothing_sent()

    idle.cancel()


@pytest.mark.anyio
@pytest.mark.parametrize("has_begun", [False, True])
async def test_a_blocked_loop_proves_nothing(sandbox: TestSandbox, has_begun: bool) -> None:
    """A task that has not started or is within a send fails the assertion, by name."""

    async def remind(client: Client) -> None:
        await client.send(Message(TO, "Hello"))

    async with Client.from_config(sandbox.config) as client:
        task = asyncio.create_task(remind(client), name="reminder")
        if has_begun:
            await asyncio.sleep(0)
        with pytest.raises(AssertionError) as caught:
            sandbox.assert_nothing_sent()
        await task

    assert "reminder (" in str(caught.value)
    assert str(caught.value).endswith("await sandbox.async_assert_nothing_sent()")
