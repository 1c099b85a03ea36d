"""Every method refuses a deadline that is not a number, before any request."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from support.servers import Server, answer
from support.toy import ToyAdapter, ToySettings

from omnimsg import Client, InvalidValue, Message, Secret, Stored, Upload
from omnimsg.adapter import Account
from omnimsg.testing import FakeProvider

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

pytestmark = pytest.mark.anyio

FILE = Stored(account="post", id="f-1")


async def _first(pages: Any) -> object:
    return await anext(pages)


CALLS: dict[str, Callable[[Client, Any, Path], Awaitable[object]]] = {
    "send": lambda c, d, _: c.send(Message("+37255500001", "Hi"), deadline=d),
    "status": lambda c, d, _: c.status("post:1", deadline=d),
    "cancel": lambda c, d, _: c.cancel("post:1", deadline=d),
    "upload": lambda c, d, _: c.upload(Upload(b"x", "image/png", file_name="x.png"), deadline=d),
    "download": lambda c, d, _: c.download(FILE, deadline=d),
    "download to a file": lambda c, d, path: c.download(FILE, path / "file", deadline=d),
    "media_info": lambda c, d, _: c.media_info(FILE, deadline=d),
    "balance": lambda c, d, _: c.balance(deadline=d),
    "history": lambda c, d, _: _first(c.history(deadline=d)),
    "interactions": lambda c, d, _: _first(c.interactions("post:1", deadline=d)),
    "mark_read": lambda c, d, _: c.mark_read(["post:1"], deadline=d),
    "send_many": lambda c, d, _: _first(c.send_many([Message("+37255500001", "Hi")], deadline=d)),
    "check": lambda c, d, _: c.check(deadline=d),
    "aclose": lambda c, d, _: c.aclose(deadline=d),
}


@pytest.mark.parametrize("deadline", [None, float("nan"), "5", b"5", True, 10**400])
@pytest.mark.parametrize("call", CALLS)
async def test_an_invalid_deadline_is_refused(call: str, deadline: Any, tmp_path: Path) -> None:
    """An invalid `deadline` is an error that names it; there is no request, and no file is left."""
    async with Server(answer(200, b"{}")) as server:
        account = Account(
            name="post", settings=ToySettings(key=Secret("toy-s3cret")), base_url=server.url
        )
        async with Client([ToyAdapter(account)]) as client:
            with pytest.raises(InvalidValue, match="deadline: must be a number of seconds"):
                await CALLS[call](client, deadline, tmp_path)

    assert [] == server.requests
    assert not any(tmp_path.iterdir())  # noqa: ASYNC240 - nothing else runs


OTHERS: list[tuple[str, Callable[[Client, Any], Awaitable[object]]]] = [
    ("settle", lambda c, s: c.send(Message("+37255500001", "Hi"), settle=s)),
    ("timeout", lambda c, s: c.wait("fake:1", timeout=s)),
    ("timeout", lambda c, s: c.finish_legs(timeout=s)),
]


@pytest.mark.parametrize("seconds", [float("nan"), "5", True, timedelta(seconds=5)])
@pytest.mark.parametrize(("name", "call"), OTHERS)
async def test_other_invalid_seconds_are_refused(
    name: str, call: Callable[[Client, Any], Awaitable[object]], seconds: Any
) -> None:
    """Another invalid number of seconds is an error that names its argument; nothing is sent."""
    provider = FakeProvider()
    async with provider.client() as client:
        with pytest.raises(InvalidValue, match=f"{name}: must be a number of seconds"):
            await call(client, seconds)

    assert [] == provider.messages


class _Other:
    """A number of another library, such as a scalar of numpy."""

    def __float__(self) -> float:
        return 5.0


@pytest.mark.parametrize("seconds", [5, Decimal(5), Fraction(10, 2), _Other()])
async def test_seconds_may_be_any_kind_of_number(seconds: Any) -> None:
    """A number of seconds need not be a float."""
    provider = FakeProvider()
    async with provider.client() as client:
        outcome = await client.send(Message("+37255500001", "Hi"), deadline=seconds)

    assert "accepted" == outcome.kind
