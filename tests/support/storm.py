"""A service that sends through all providers and receives callbacks, with random faults."""

from __future__ import annotations

import asyncio
import random
import socket
from collections import Counter, defaultdict
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import anyio.to_thread
import attrs
from aiohttp import web
from support.delivery import Watcher

from omnimsg import Client, Message
from omnimsg.adapter import Authenticity, Callback, Context
from omnimsg.delivery.aiohttp_app import application
from omnimsg.domain.outcome import Accepted, Ambiguous
from omnimsg.sandbox import Sandbox
from omnimsg.sandbox.scenarios import Scenario, magic_number

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from omnimsg.delivery.request import Answer, CallbackRequest
    from omnimsg.domain.events import Event
    from omnimsg.domain.message_id import MessageId
    from omnimsg.domain.outcome import Outcome
    from omnimsg.domain.status import Status
    from omnimsg.engine.delivery_events import StatusChanged

ACCOUNTS = ("bird", "clickatell", "messente")
# The scenario of most messages; below, those of one message in ten.
USUAL = Scenario.DELIVERED
OTHERS = (
    *(Scenario.READ, Scenario.UNDELIVERABLE, Scenario.EXPIRED, Scenario.PROVIDER_FAULT),
    Scenario.NEVER_SETTLES,
)
# The probability of each fault, for callbacks; `FAULTS` also has those of sends.
CALLBACK_FAULTS = {
    "callback_duplicate": 0.20,
    "callback_reorder": 0.20,
    "callback_contradict": 0.05,
    "callback_early": 0.05,
    "callback_bad_signature": 0.02,
}
FAULTS = {**CALLBACK_FAULTS, "reset_after": 0.04, "reset_before": 0.01}
HANDLER_FAILS = 0.10
# Seconds. A machine that stalls for a minute must not make messages miss their deadline: their
# providers' circuits would open, and messages would not be sent at all.
DEADLINE = 1_500.0


class Storm:
    """The records of one run: sends, callbacks, handled events and statuses.

    Args:
        seed: The seed of all random choices.
        size: The number of messages.
        sandbox: The providers.
        client: The client.
        watcher: The observer of received events.

    Attributes:
        outcomes: The outcome of each send, by reference.
        called: The path, the verified lines and the body of each distinct callback received.
        handled: How often each event was handled without an error, by its key.
        told: The statuses of each message that the application received, in order.
    """

    def __init__(
        self, seed: int, size: int, sandbox: Sandbox, client: Client, watcher: Watcher
    ) -> None:
        self.seed = seed
        self.size = size
        self.sandbox = sandbox
        self.client = client
        self.watcher = watcher
        self.outcomes: dict[str, Outcome] = {}
        self.called: set[tuple[str, tuple[tuple[bytes, bytes], ...], bytes]] = set()
        self.handled: Counter[str] = Counter()
        self.told: dict[MessageId, list[Status]] = defaultdict(list)
        self._chance = random.Random(seed)  # noqa: S311 - repeatable

    async def handle(self, event: Event) -> None:
        """Handle an event, or fail at random."""
        await asyncio.sleep(0)
        if self._chance.random() < HANDLER_FAILS:
            raise LookupError
        self.handled[event.key] += 1

    async def changed(self, change: StatusChanged) -> None:
        """Keep a status, or fail at random."""
        await asyncio.sleep(0)
        if self._chance.random() < HANDLER_FAILS:
            raise LookupError
        self.told[change.id].append(change.status.status)

    def messages(self, account: str) -> list[Message]:
        """Return the messages of an account, each to a number of its own."""
        chance = random.Random(f"{self.seed} {account}")  # noqa: S311 - repeatable
        first = ACCOUNTS.index(account)
        return [
            Message(
                magic_number(
                    chance.choice(OTHERS) if chance.random() < 0.1 else USUAL, f"+27{number:05}"
                ),
                "Hello",
                reference=f"{self.seed}-{number}",
            )
            for number in range(first, self.size, len(ACCOUNTS))
        ]

    async def send(self) -> None:
        """Send all messages, through all accounts concurrently."""

        async def through(account: str) -> None:
            messages = self.messages(account)
            async for outcome in self.client.send_many(
                messages, account=account, deadline=DEADLINE
            ):
                self.outcomes[outcome.reference] = outcome

        async with asyncio.TaskGroup() as sending:
            for account in ACCOUNTS:
                sending.create_task(through(account))

    async def settle(self) -> None:
        """Wait until every callback was accepted, or given up by its provider."""
        callbacks = self.sandbox.callbacks
        while callbacks.counts["waiting"]:
            await callbacks.flush()
            await asyncio.sleep(0.02)

    def events_that_came(self) -> set[str]:
        """Return the keys of all events in genuine callbacks, by a second reading of them."""
        keys: set[str] = set()
        for path, headers, body in self.called:
            address, _, secret = path.partition("?")[0].removeprefix("/callbacks/").partition("/")
            adapter = self.client.accounts[address]
            host = str(self.sandbox.callbacks.as_json()["addresses"]["url"])
            callback = Callback(
                body=body,
                headers=headers,
                url=host.removesuffix("/callbacks") + path,
                path_secret=secret.encode() if secret else None,
            )
            context = Context(account=address, now=datetime.now(UTC))
            if adapter.verify(callback, context) is Authenticity.GENUINE:
                keys |= {each.key for each in adapter.parse(callback, context)}
        return keys

    def doubtful(self) -> set[str]:
        """Return the references of the ambiguous sends."""
        return {each for each, outcome in self.outcomes.items() if isinstance(outcome, Ambiguous)}

    async def found(self) -> dict[str, tuple[MessageId, Status, bool]]:
        """Return id, status and contradiction of each message with an id, by reference."""
        ids: dict[str, MessageId] = {
            each.reference: each.id for each in self.watcher.doubts if each.id is not None
        }
        ids |= {
            reference: outcome.id
            for reference, outcome in self.outcomes.items()
            if isinstance(outcome, Accepted)
        }
        known = {}
        for reference, message_id in ids.items():
            tracked = await self.client.tracked(message_id)
            assert tracked is not None, reference
            assert tracked.status is not None
            assert reference == tracked.reference
            status = tracked.status
            known[reference] = message_id, status.status, status.contradicted
        return known


@asynccontextmanager
async def storm(seed: int, size: int, *, in_batches: bool = False) -> AsyncIterator[Storm]:
    """Serve a sandbox that calls back to a receiver, with faults in both directions."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        base = f"http://127.0.0.1:{listening.getsockname()[1]}/callbacks"
        # Entry points and configuration are read from files, which blocks.
        async with await anyio.to_thread.run_sync(lambda: Sandbox(callbacks=base)) as sandbox:
            watcher = Watcher()
            build = partial(_client, sandbox, base, watcher, in_batches=in_batches)
            async with await anyio.to_thread.run_sync(build) as client:
                place = Storm(seed, size, sandbox, client, watcher)
                async with _serving(place, listening):
                    for number, (kind, share) in enumerate(FAULTS.items()):
                        sandbox.faults.add(kind, probability=share, seed=seed * 10 + number)
                    yield place


def _client(sandbox: Sandbox, base: str, watcher: Watcher, *, in_batches: bool) -> Client:
    config = sandbox.config()
    config["accounts"]["bird"]["batch"] = in_batches
    for account in config["accounts"].values():
        # With two attempts, a connection that breaks twice before anything was sent would leave a
        # message not sent: neither in doubt nor with an id.
        account["retry"] = {"attempts": 4, "base": 0.001}
        account["request_timeout"] = account["connect_timeout"] = DEADLINE
        account["channel"] = "sms"
    config["callbacks"] = {"public_url": base}
    return Client.from_config(config, observers=[watcher])


@asynccontextmanager
async def _serving(place: Storm, listening: socket.socket) -> AsyncIterator[None]:
    """Serve the receiver, and keep each callback before it is read."""
    receiver = place.client.receiver(place.handle)
    place.client.on_status(place.changed)

    async def respond(request: CallbackRequest) -> Answer:
        given = request.body
        pieces = [given] if isinstance(given, bytes) else [piece async for piece in given()]
        body = b"".join(pieces)
        lines = ((name.lower(), value) for name, value in request.headers)
        kept = tuple(line for line in lines if line[0] in _VERIFIED)
        query = f"?{request.query}" if request.query else ""
        place.called.add((request.path + query, kept, body))

        async def read_before() -> AsyncIterator[bytes]:
            yield body

        return await receiver.respond(attrs.evolve(request, body=read_before))

    # No middleware and no sub-application: aiohttp caches their handlers in its module, and with
    # them all the messages and callbacks of every seed.
    runner = web.AppRunner(application(respond), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.SockSite(runner, listening).start()
        yield
    finally:
        await runner.cleanup()


_VERIFIED = {
    *(b"authorization", b"messagebird-signature", b"messagebird-request-timestamp"),
    b"x-messente-signature",
}
