"""References that are used in several event loops, one after another or at once."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest
from support.adapters import tiny
from support.repeats import once
from support.servers import Visit, hold
from support.thread_server import accept, server_in_thread, wait_for

from omnimsg import AmbiguousError, Client

if TYPE_CHECKING:
    from omnimsg import Outcome


def test_a_message_under_way_in_another_event_loop_is_in_doubt() -> None:
    """A message in flight in another event loop is ambiguous when it is sent again here."""
    go_on = threading.Event()
    outcomes: list[Outcome] = []

    async def accept_later(visit: Visit) -> None:
        await asyncio.to_thread(go_on.wait)
        await accept(visit)

    with server_in_thread(accept_later) as server:
        client = Client([tiny(server.url)])
        other = threading.Thread(target=lambda: outcomes.append(asyncio.run(once(client))))
        other.start()
        wait_for(server.arrived)
        with pytest.raises(AmbiguousError, match="in another event loop or process"):
            asyncio.run(once(client))
        go_on.set()
        other.join()
        outcomes.append(asyncio.run(once(client)))

    assert ["accepted"] * 2 == [each.kind for each in outcomes]
    assert 1 == len(server.requests)


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("is_cancelled", [False, True])
def test_a_loop_that_was_closed_without_a_word_leaves_a_doubt(is_cancelled: bool) -> None:
    """A message in flight in a loop that was closed is ambiguous when it is sent again.

    So is one whose call was cancelled just before.
    """
    with server_in_thread(hold) as server:
        client = Client([tiny(server.url)])
        loop = asyncio.new_event_loop()
        sending = loop.create_task(once(client))
        loop.run_until_complete(asyncio.to_thread(wait_for, server.arrived))
        loop.run_until_complete(loop.shutdown_default_executor())
        if is_cancelled:
            sending.cancel()
        loop.close()
        for _ in range(2):
            with pytest.raises(AmbiguousError):
                asyncio.run(once(client))
        del sending

    assert 1 == len(server.requests)
