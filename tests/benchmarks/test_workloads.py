"""Every workload sends its messages; the floor posts the bytes that the adapter would."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from importlib import import_module
from typing import TYPE_CHECKING

import pytest

import floor
from omnimsg import Message
from omnimsg.adapter import Context
from plain_sends import one_a_request
from sample import WORKLOADS, measure, once
from sink import HOST, Sink, certificate
from texts import line

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

OURS = [name for name, (module, _, _) in WORKLOADS.items() if not module.startswith("peer_")]


@pytest.fixture
async def address() -> AsyncIterator[str]:
    """Serve a sink in this process and yield its address."""
    server = await asyncio.get_running_loop().create_server(Sink, HOST, 0)
    yield f"http://{HOST}:{server.sockets[0].getsockname()[1]}"
    server.close()


@pytest.mark.anyio
@pytest.mark.parametrize("name", OURS)
async def test_a_workload_sends_its_messages(name: str, address: str) -> None:
    """A workload runs its warm-up and its measured part to the end and returns one measurement."""
    module, messages, warm = WORKLOADS[name]
    workload = getattr(import_module(module), name)
    count = min(messages, 50)

    measured = measure(workload, address, messages=count, warm=min(warm, 10), turns=once())
    taken = [each async for each in measured]

    assert 1 == len(taken)
    assert taken[0] > 0


@pytest.mark.anyio
@pytest.mark.parametrize("name", ["floor", "single", "hand", "batches"])
async def test_a_workload_sends_over_tls(name: str) -> None:
    """A workload sends over TLS to a sink whose certificate the benchmarks trust."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Sink, HOST, 0, ssl=certificate())
    address = f"https://{HOST}:{server.sockets[0].getsockname()[1]}"
    workload = getattr(import_module(WORKLOADS[name][0]), name)

    measured = measure(workload, address, messages=200, warm=0, turns=once())

    assert 1 == len([each async for each in measured])
    server.close()


@pytest.mark.anyio
async def test_the_floor_posts_what_the_adapter_writes() -> None:
    """The floor posts the URL, authorization and body that the Bird adapter writes."""
    async with one_a_request("http://127.0.0.1:1") as client:
        (adapter,) = client.accounts.values()
        context = Context(account="bird", now=datetime.now(UTC))

        to, text, reference = line(0)

        request = next(adapter.send([Message(to, text, reference=reference)], context))

    assert (floor.PATH, floor.body()) == (request.url, request.body)
    assert floor.HEADERS.items() >= dict(adapter.authorization()).items()
    assert floor.HEADERS["Content-Type"] == request.content_type
