"""`AccountEngine`: preview, health, and what the configuration must have."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import attrs
import pytest
from support.adapters import (
    FakeTransport,
    ManualClock,
    account_engine,
    close,
    references,
    texts,
    tiny,
)
from support.sending import settled

from omnimsg import (
    AccountTrouble,
    Channel,
    Client,
    ConfigError,
    Limits,
    OnAmbiguous,
    Policy,
    Reason,
    RetryPolicy,
)
from omnimsg.adapter import Response

if TYPE_CHECKING:
    from omnimsg.transport.options import TransportOptions

pytestmark = pytest.mark.anyio


async def test_a_preview_is_the_request_that_would_leave() -> None:
    """A preview has the request that a send would make, and sends nothing."""
    wire = FakeTransport()
    account = account_engine(tiny(), wire)
    (message,) = texts(1)

    preview = account.preview(message)

    assert (Channel.SMS, None, 0.0) == (preview.channel, preview.refusal, preview.wait)
    assert preview.request is not None
    assert ["r0"] == references(preview.request)
    assert [] == wire.requests


async def test_a_preview_of_a_message_that_is_refused_says_why() -> None:
    """The preview of an invalid message has the refusal that a send would have, and no request."""
    account = account_engine(tiny(), FakeTransport())
    (message,) = texts(1, callback_url="https://example.test/")

    preview = account.preview(message)

    assert preview.refusal is not None
    assert ("callback_url", None) == (preview.refusal.failure.path, preview.request)


async def test_a_preview_takes_no_turn_of_a_probe() -> None:
    """A preview after the pause of an open circuit does not use up its probe."""
    clock = ManualClock()
    answers = iter([Response(401), Response(401)])
    wire = FakeTransport(lambda request: next(answers))
    policy = Policy(retry=RetryPolicy(attempts=1))
    account = account_engine(tiny(), wire, policy=policy, clock=clock)
    for each in texts(2):
        await account.submit(each, 10)

    held_back = account.preview(texts(1)[0]).refusal
    clock.now += 6
    probes = [account.preview(texts(1)[0]).refusal for _ in range(2)]
    await close(account)

    assert held_back is not None
    assert Reason.UNAUTHORIZED is held_back.reason
    assert [None, None] == probes


async def test_a_preview_counts_the_limits_that_bite_now() -> None:
    """A preview's `wait` is the seconds until the account's rate lets the message leave."""
    clock = ManualClock()
    limits = Limits(requests_per_second=0.5, concurrency=2)
    account = account_engine(tiny(), FakeTransport(), policy=Policy(limits=limits), clock=clock)
    await account.submit(texts(1)[0], 10)

    wait = account.preview(texts(1, start=1)[0]).wait
    await close(account)

    assert wait == pytest.approx(2.0, abs=0.1)
    assert wait < math.inf


async def test_health_says_what_waits_and_why() -> None:
    """`health` has the open circuits with their reasons, without asking the provider."""
    policy = Policy(retry=RetryPolicy(attempts=1), account_trouble=AccountTrouble.HOLD)
    account = account_engine(
        tiny(max_messages=1), FakeTransport(lambda _: Response(401)), policy=policy
    )
    well = account.health()
    for each in texts(3):
        account.submit(each, 10)
    await settled()

    ill = account.health()
    await close(account)

    assert ({}, 0, 0, 0, 1.0) == attrs.astuple(well, recurse=False)
    assert ["account 'main'"] == list(ill.open_circuits)
    assert Reason.UNAUTHORIZED is ill.open_circuits["account 'main'"].reason


async def test_a_client_previews_and_tells_the_health_of_its_accounts() -> None:
    """A client's `preview` takes an account's name, and its `health` is keyed by account names."""
    adapters = [tiny(name="one"), tiny(name="two")]
    async with Client(adapters, default="one", transport=lambda _: FakeTransport()) as client:
        (message,) = texts(1)

        assert ["one", "two"] == list(client.health())
        assert client.preview(message, account="two").request is not None
        with pytest.raises(ConfigError, match="three"):
            client.preview(message, account="three")


def test_a_policy_that_needs_a_look_up_needs_a_provider_that_has_one() -> None:
    """`RESEND_IF_NOT_FOUND` is refused for an adapter that cannot look up messages."""
    policy = Policy(on_ambiguous=OnAmbiguous.RESEND_IF_NOT_FOUND)

    with pytest.raises(ConfigError, match="on_ambiguous"):
        account_engine(tiny(), FakeTransport(), policy=policy)


def test_a_transport_is_built_from_what_the_account_says() -> None:
    """A transport gets the account's URL, hosts and connection limit; their repr has no key."""
    given: list[TransportOptions] = []

    def build(options: TransportOptions) -> FakeTransport:
        given.append(options)
        return FakeTransport()

    Client([tiny()], policies={"main": Policy(limits=Limits(concurrency=3))}, transport=build)

    (options,) = given
    assert ("http://127.0.0.1:9", 3) == (options.base_url, options.connections)
    assert {"127.0.0.1:9"} == options.hosts
    assert "s3cret" not in repr(options)
