"""Adapter and emulator agree: the emulator accepts every message that `check` lets pass."""

from __future__ import annotations

import http.client
import socket
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from anyio.from_thread import start_blocking_portal
from hypothesis import HealthCheck, given, settings

from omnimsg.adapter import Account, Context
from omnimsg.domain.secret import Secret
from omnimsg.sandbox import Sandbox
from omnimsg_messente import MessenteAdapter, MessenteSettings
from omnimsg_messente.emulator import PASSWORD, USERNAME, MessenteEmulator

from .conftest import ROOT, SENDER
from .strategies import ACCOUNT, CONTENTS, messages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from omnimsg import Channel, Message

ADAPTER = MessenteAdapter(
    Account(
        name=ACCOUNT,
        settings=MessenteSettings(username=USERNAME, password=Secret(PASSWORD)),
        base_url=MessenteAdapter.base_url,
        sender=SENDER,
    )
)
CONTEXT = Context(
    account=ACCOUNT,
    now=datetime(2030, 1, 2, tzinfo=UTC),
    report_url="https://hooks.example.test/omnimsg/mess",
)


@pytest.fixture(scope="module")
def post() -> Iterator[Callable[[str, bytes], tuple[int, Any]]]:
    """Serve Messente in another thread, and return a function that posts to it."""
    headers = {"Content-Type": "application/json", **ADAPTER.authorization()}
    with (
        start_blocking_portal("asyncio") as portal,
        portal.wrap_async_context_manager(Sandbox([MessenteEmulator])) as sandbox,
    ):
        connection = http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=10)
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)

        def posted(path: str, body: bytes) -> tuple[int, Any]:
            connection.request("POST", ROOT + path, body, headers)
            response = connection.getresponse()
            return response.status, orjson.loads(response.read())

        yield posted
        connection.close()


@pytest.mark.parametrize(("channel", "kind"), CONTENTS, ids=str)
def test_what_passes_is_accepted(
    post: Callable[[str, bytes], tuple[int, Any]], channel: Channel, kind: str
) -> None:
    """The emulator accepts every message that passes `check`; a refusal has a path."""
    passed = []

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(message=messages(channel, kind))
    def agree(message: Message) -> None:
        failure = ADAPTER.check(message)
        if failure is not None:
            assert failure.path
            return
        request = next(ADAPTER.send([message], CONTEXT))
        assert isinstance(request.body, bytes)
        status, answer = post(request.url, request.body)
        assert (status, answer.get("errors")) == (201, None)
        passed.append(message)

    agree()

    assert passed
