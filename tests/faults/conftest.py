"""Fixtures of the fault suite: runs by route, seed and transport, with faults at random."""

from __future__ import annotations

import random
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio.to_thread
import attrs
import pytest
from support.audit import Book
from support.guards import no_leaks, unblocked
from support.sandbox_process import RemoteSandbox, start_sandbox_process

from omnimsg import Client, Message, RetryEvent
from omnimsg.config import load_config

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from omnimsg.config import Config

__all__ = ["no_leaks", "unblocked"]

MANY = 5000
FEW = 300
# Messages in one request.
MOST = 25

# By name: the sandbox's account, and the keys that differ from it.
ROUTES: dict[str, tuple[str, dict[str, Any]]] = {
    "bird": ("bird", {}),
    "bird-batches": ("bird", {"batch": True}),
    "clickatell": ("clickatell", {}),
    "messente": ("messente", {}),
}

TRANSPORTS = ("aiohttp", "protocol")

# Short waits, and a breaker that opens now and then.
POLICY: dict[str, Any] = {
    "channel": "sms",
    "retry": {"attempts": 4, "base": 0.001},
    "breaker": {"failures": 4, "pause": 0.02},
}

# Each fault's share of all requests. A request meets at most one of them.
WEATHER: tuple[tuple[str, float, dict[str, Any]], ...] = (
    ("reset_after", 0.05, {}),
    ("reset_before", 0.05, {}),
    ("status", 0.10, {"status": 503}),
    ("rate_limit", 0.098, {"retry_after": 0}),
    ("rate_limit", 0.002, {"retry_after": 1}),
    ("shuffle", 0.70, {}),
)
# Latency, which may be added to any other fault: probability and seconds.
SPIKES = (0.03, 0.05), (0.002, 0.5)


def in_small_requests(config: Config, most: int) -> Config:
    """Let the accounts of a configuration send at most so many messages in one request, no rate."""
    for adapter in config.adapters.values():
        able = adapter.capabilities
        adapter.capabilities = attrs.evolve(
            able,
            max_messages=min(most, able.max_messages),
            requests_per_second=None,
            operations_per_second=None,
        )
    return config


@attrs.frozen
class Run:
    """One run: a route, a seed, a transport and a number of messages.

    Attributes:
        remote: The sandbox, with the faults of the seed.
        route: The account's name.
        seed: Seeds the faults and the test's random choices.
        size: How many messages.
        transport: The name of the client's transport.
        book: The journal.
        retries: The client's retry events.
    """

    remote: RemoteSandbox
    route: str
    seed: int
    size: int
    transport: str = "aiohttp"
    book: Book = attrs.field(factory=Book)
    retries: list[RetryEvent] = attrs.field(factory=list)

    async def client(self, **settings: Any) -> Client:
        """Return a client whose only account is the route's, with a journal."""
        # Loading a configuration reads files, which would block the event loop.
        return await anyio.to_thread.run_sync(partial(self._client, **settings))

    def _client(self, **settings: Any) -> Client:
        name, own = ROUTES[self.route]
        offered = self.remote.config()["accounts"][name]
        table = {**offered, **POLICY, "transport": self.transport, **own, **settings}
        config = {"default": self.route, "accounts": {self.route: table}}
        # Small batches, so that there are enough requests for every fault.
        loaded = in_small_requests(load_config(config), MOST)
        return Client(
            loaded.adapters.values(),
            policies=loaded.policies,
            journal=self.book,
            on_retry=self.retries.append,
        )

    def messages(self, size: int | None = None) -> list[Message]:
        """Return messages to different numbers, a few of which the provider refuses."""
        # Bird accepts every message of a batch, and rejects it later.
        spoils = self.route != "bird-batches"
        provider, _ = ROUTES[self.route]
        # No number ends in 99....: these are the sandbox's magic numbers.
        return [
            Message(
                f"+27820{number:06}",
                f"This is {number} of {self.seed}",
                reference=f"{self.seed}-{number}",
                extras={provider: {"nonsense": 1}} if spoils and number % 97 == 96 else {},
            )
            for number in range(self.size if size is None else size)
        ]

    def chance(self) -> random.Random:
        """Return a random generator with the run's seed."""
        return random.Random(self.seed)  # noqa: S311 - repeatable


@pytest.fixture(scope="session")
def remote() -> Iterator[RemoteSandbox]:
    """Serve all providers from another process."""
    with start_sandbox_process() as served:
        yield served


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give each test every route, with the seeds of `--seeds` or few enough for CI."""
    if "run" not in metafunc.fixturenames:
        return
    asked = metafunc.config.getoption("seeds")
    large = metafunc.definition.get_closest_marker("large") is not None
    # Small runs use both transports, large ones alternate. By default `bird` has no large run:
    # 5,000 requests of one message take a minute or more, and `tests/simulation` covers more.
    runs = [
        (route, seed, size, transport)
        for route in ROUTES
        for seed, size in enumerate(
            [MANY] * asked or ([MANY, FEW] if large and route != "bird" else [FEW])
        )
        for number, transport in enumerate(TRANSPORTS)
        if size == FEW or seed % len(TRANSPORTS) == number
    ]
    ids = ["-".join(map(str, each)) for each in runs]
    metafunc.parametrize("run", runs, ids=ids, indirect=True)


@pytest.fixture
async def run(request: pytest.FixtureRequest, remote: RemoteSandbox) -> AsyncIterator[Run]:
    """Give a run whose requests meet all faults at random."""
    route, seed, size, transport = request.param
    await remote.reset()
    await weather(remote, seed, WEATHER)
    yield Run(remote, route, seed, size, transport)
    await remote.reset()


async def weather(
    remote: RemoteSandbox, seed: int, faults: Sequence[tuple[str, float, dict[str, Any]]]
) -> None:
    """Add the faults, each for its share of all requests, independently of the others."""
    for number, (share, seconds) in enumerate(SPIKES):
        await remote.add("latency", probability=share, seconds=seconds, seed=seed * 100 + number)
    left = 1.0
    for number, (kind, share, given) in enumerate(faults, len(SPIKES)):
        # A later fault applies only to requests that no earlier one has hit.
        probability = min(1.0, share / left)
        await remote.add(kind, probability=probability, seed=seed * 100 + number, **given)
        left -= share
