"""One sandbox in a thread for all tests here, with an empty inbox for each."""

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
    """Serve a sandbox."""
    with serve_sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(served: TestSandbox) -> Iterator[TestSandbox]:
    """Return it with an empty inbox."""
    served.reset()
    yield served
    served.reset()


@pytest.fixture
def send(sandbox: TestSandbox) -> Callable[..., None]:
    """Return what sends messages, in an event loop that ends with them."""

    def send_all(*messages: Message, account: str | None = None) -> None:
        async def run() -> None:
            async with Client.from_config(sandbox.config) as client:
                for each in messages:
                    await client.send(each, account=account)

        asyncio.run(run())

    return send_all
