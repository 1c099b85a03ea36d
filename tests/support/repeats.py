"""Messages that are handed over again, and clients and servers for them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import anyio
import orjson
from support.adapters import NUMBER, TEXT, result, tiny
from support.reporting import PUBLIC_URL, Silent, deliver
from support.servers import Server, Visit, answer
from support.thread_server import accept

from omnimsg import Channel, Client, Leg, Limits, Message, MessageId, Policy, RetryPolicy
from omnimsg.routing import Route

if TYPE_CHECKING:
    from support.servers import Act

    from omnimsg import Accepted
    from omnimsg.delivery.receiver import Receiver


def saying(*words: str) -> list[Act]:
    """Build acts that answer one request after another with these results."""

    def act(word: str) -> Act:
        async def say(visit: Visit) -> None:
            messages = orjson.loads(visit.received.body)["messages"]
            document = {"results": [result(each["ref"], word) for each in messages]}
            await answer(200, orjson.dumps(document))(visit)

        return say

    return [act(word) for word in words]


def accepting_later() -> tuple[asyncio.Event, Act]:
    """Return an act that accepts once an event is set, and the event."""
    go_on = asyncio.Event()

    async def accept_later(visit: Visit) -> None:
        await go_on.wait()
        await accept(visit)

    return go_on, accept_later


def once(client: Client, **fields: Any) -> Any:
    """Send the same message; `fields` change it."""
    given: dict[str, Any] = {"to": NUMBER, "content": TEXT, "reference": "order-71", **fields}
    return client.send(Message(**given))


def tracking(client: Client) -> Receiver:
    """Let a client track its messages from now on, and return what receives reports on them."""
    return client.receiver(public_url=PUBLIC_URL)


async def end_doubt(receiver: Receiver, message_id: str) -> None:
    """Report that the doubtful message is with the provider."""
    found = MessageId(message_id)
    report = {"ref": "order-71", "id": found.provider_id, "state": "sent"}
    assert 204 == await deliver(receiver, report, path=f"/callbacks/{found.account}")


def patient(server: Server, **policy: Any) -> Client:
    """Build a client that makes one attempt, one request at a time."""
    own: dict[str, Any] = {
        "limits": Limits(concurrency=1),
        "retry": RetryPolicy(attempts=1),
        **policy,
    }
    return Client([tiny(server.url, kind=Silent, max_messages=1)], policies={"main": Policy(**own)})


async def until_arrived(server: Server, requests: int = 1) -> None:
    """Wait until this many requests have arrived."""
    with anyio.fail_after(10):
        while len(server.requests) < requests:  # noqa: ASYNC110 - the server is a list
            await asyncio.sleep(0)


async def give_up(call: asyncio.Task[Accepted]) -> None:
    """Cancel a caller, and wait until it has ended."""
    call.cancel()
    await asyncio.wait([call])


def routed(server: Server, **policy: Any) -> Client:
    """Build a client with a route from "a" to "b"; both make one attempt."""
    own: dict[str, Any] = {"limits": Limits(concurrency=1), "retry": RetryPolicy(attempts=1)}
    return Client(
        [tiny(server.url, kind=Silent, name=name, max_messages=1) for name in "ab"],
        default="a",
        routes=[Route(accounts=("a", "b"))],
        policies={name: Policy(**{**own, **policy}) for name in "ab"},
    )


def tenants(server: Server, **options: Any) -> Client:
    """Build a client with a default account and two others."""
    adapters = [tiny(server.url, kind=Silent, name=name) for name in ("main", "a", "b")]
    return Client(adapters, default="main", **options)


def with_leg_at_b() -> Message:
    """Build a message whose second leg goes through account "b"."""
    leg = Leg(channel=Channel.SMS, account="b")
    return Message(NUMBER, TEXT, channel=Channel.WHATSAPP, reference="order-71", fallback=(leg,))
