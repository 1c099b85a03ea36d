"""Fixtures: one sandbox in a thread for all tests here, emptied for each."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from omnimsg import Client, Message
from omnimsg.testing import serve_sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from omnimsg.testing import TestSandbox


@pytest.fixture(scope="session")
def served() -> Iterator[TestSandbox]:
    """Serve one sandbox for all tests."""
    with serve_sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(served: TestSandbox) -> Iterator[TestSandbox]:
    """Return the sandbox with an empty inbox."""
    served.reset()
    yield served
    served.reset()


@pytest.fixture
def send(sandbox: TestSandbox) -> Callable[..., None]:
    """Return a function that sends messages in an event loop of its own."""

    def send_all(*messages: Message, account: str | None = None) -> None:
        async def run() -> None:
            async with Client.from_config(sandbox.config) as client:
                for each in messages:
                    await client.send(each, account=account)

        asyncio.run(run())

    return send_all
