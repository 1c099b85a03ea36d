"""End the wait for the rest of an answer that will not come, where aiohttp would go on waiting."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import aiohttp

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator
    from typing import Any


@contextmanager
def ending_with_connection(response: aiohttp.ClientResponse) -> Iterator[None]:
    """Have a body that is being read end with its connection.

    Where bytes after the head are not HTTP, such as a chunk without a size, aiohttp closes the
    connection, but does not tell who reads the body.
    """
    connection = response.connection
    protocol = None if connection is None else connection.protocol
    if protocol is None or not hasattr(protocol, "closed"):
        yield
        return

    def end(_: object) -> None:
        content = response.content
        if not content.is_eof() and content.exception() is None:
            content.set_exception(
                aiohttp.ClientResponseError(response.request_info, response.history)
            )

    closed = protocol.closed
    if closed is None:  # already
        end(closed)
        yield
        return
    closed.add_done_callback(end)
    # Once, however many answers the connection has carried.
    closed.remove_done_callback(_retrieve)
    closed.add_done_callback(_retrieve)
    try:
        yield
    finally:
        closed.remove_done_callback(end)


def _retrieve(closed: asyncio.Future[Any]) -> None:
    """Take the error of a connection that broke, so that asyncio does not log it."""
    if not closed.cancelled():
        closed.exception()
