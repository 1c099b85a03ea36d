"""The guard `no_blocking` catches a call that blocks the event loop."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import anyio.to_thread
import pytest
from support.adapters import TinyAdapter, texts, tiny
from support.guards import no_blocking

from omnimsg import Client, NotSentError

if TYPE_CHECKING:
    from omnimsg import Failure, Message

pytestmark = pytest.mark.anyio


class Sleepy(TinyAdapter):
    """An adapter whose check blocks the event loop."""

    def check(self, message: Message) -> Failure | None:
        """Sleep for a millisecond."""
        time.sleep(0.001)
        return super().check(message)


async def test_a_blocking_call_is_caught() -> None:
    """A call that blocks the event loop fails the test, although it only ends a send as NotSent."""
    async with Client([tiny(kind=Sleepy)]) as client:
        with (
            pytest.raises(AssertionError, match="sleep"),
            no_blocking(),
            pytest.raises(NotSentError),
        ):
            await client.send(texts(1)[0])


async def test_a_thread_may_block() -> None:
    """A call that blocks a worker thread does not fail the test."""
    with no_blocking():
        await anyio.to_thread.run_sync(time.sleep, 0.001)
