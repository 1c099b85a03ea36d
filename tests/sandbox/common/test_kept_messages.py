"""The memory that accepted messages take, and the copies that a record returns."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from omnimsg import Accepted, Client, Message
from omnimsg.sandbox import Limits, MessageRecord, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterable

pytestmark = pytest.mark.anyio

RECORD = MessageRecord(
    provider="echo",
    id="1",
    channel="sms",
    to="27820000001",
    kind="text",
    content={"text": "Hello"},
    text="Hello",
    created=100.0,
    start=100.0,
    steps=(),
    extra={"tags": ["a"]},
)


def followed() -> int:
    """Return the number of objects that the garbage collector tracks."""
    gc.collect()
    return len(gc.get_objects())


async def send(client: Client, account: str, numbers: Iterable[int]) -> None:
    """Send a text with a reference to each of these phones."""
    messages = (Message(f"+2782{n:07}", "Hello", reference=f"r-{n}") for n in numbers)
    async for outcome in client.send_many(messages, account=account):
        assert isinstance(outcome, Accepted), outcome


@pytest.mark.parametrize("account", ["bird", "clickatell", "messente"])
async def test_a_message_is_few_objects(account: str) -> None:
    """An accepted message adds about three objects that the garbage collector tracks."""
    async with Sandbox(limits=Limits(requests=10)) as sandbox:
        config = sandbox.config()
        # Few connections, which are all open before the count: a slow machine opens more later.
        config["accounts"][account]["limits"] = {"concurrency": 3}
        async with Client.from_config(config) as client:
            await send(client, account, range(300))
            before = followed()
            await send(client, account, range(300, 800))

            grown = followed() - before

    assert grown < 3.5 * 500


@pytest.mark.parametrize("given", [RECORD, attrs.evolve(RECORD, to="27820000002")])
def test_what_a_record_gives_is_a_copy(given: MessageRecord) -> None:
    """`content` and `extra` of a record, evolved or not, are copies: changes do not affect it."""
    expected: tuple[Any, Any] = {"text": "Hello"}, {"tags": ["a"]}

    given.content["text"] = "Goodbye"
    given.extra["tags"].append("b")

    assert expected == (given.content, given.extra)
