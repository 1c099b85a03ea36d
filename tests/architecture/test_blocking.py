"""What watches over the event loop in the tests of the engine does catch what blocks it."""

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
    """Blocks the event loop, in the middle of the engine."""

    def check(self, message: Message) -> Failure | None:
        """Take a nap."""
        time.sleep(0.001)
        return super().check(message)


async def test_a_blocking_call_is_caught() -> None:
    """The engine makes an outcome of it, and the test fails all the same."""
    async with Client([tiny(kind=Sleepy)]) as client:
        with (
            pytest.raises(AssertionError, match="sleep"),
            no_blocking(),
            pytest.raises(NotSentError),
        ):
            await client.send(texts(1)[0])


async def test_a_thread_may_block() -> None:
    """What blocks a thread of its own holds up nobody."""
    with no_blocking():
        await anyio.to_thread.run_sync(time.sleep, 0.001)
