"""Fallback legs that a provider runs itself: what their routes add, and which it does not get."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import orjson
import pytest
from support.adapters import accepted
from support.legs import SMS, Asked, Seen, handed_over, message
from support.routed import Routed

from omnimsg import Channel, Client, Leg, Match, Route, RouteLimits, Strategy

if TYPE_CHECKING:
    from omnimsg import Plan

pytestmark = pytest.mark.anyio

WHATSAPP = Match(channels=[Channel.WHATSAPP])


class CarriesLegs(Asked):
    """`Asked` that runs fallback legs itself."""

    capabilities = attrs.evolve(
        Asked.capabilities,
        channels={
            channel: attrs.evolve(each, fields=each.fields | {"fallback"})
            for channel, each in Asked.capabilities.channels.items()
        },
    )


OPTIONS: dict[str, tuple[Leg, str | None, int | None]] = {
    "those of its route": (SMS, "Shop", 90),
    "its own": (Leg(channel=Channel.SMS, sender="Me", ttl=5), "Me", 5),
    "none, because it names its account": (Leg(channel=Channel.SMS, account="a"), None, None),
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "first", [[Route(accounts=("a",), match=WHATSAPP, sender="Wa", ttl=40)], []], ids=["two", "one"]
)
@pytest.mark.parametrize("name", OPTIONS)
def test_a_leg_that_a_provider_runs_has_the_options_of_its_route(
    name: str, first: list[Route], *, stream: bool
) -> None:
    """The request has the sender and the ttl of the leg's route, where the leg has none."""
    leg, sender, ttl = OPTIONS[name]
    seen, routes = Seen(), [*first, Route(accounts=("a",), sender="Shop", ttl=90)]
    routed = Routed(accepted, kind=CarriesLegs, routes=routes, observers=[seen])

    async def story(client: Client) -> None:
        await handed_over(client, message(leg), stream=stream)

    routed.run(story)

    (sent,) = seen.handed_over_legs
    (carried,) = sent.fallback
    assert (sender, ttl) == (carried.sender, carried.ttl)


@pytest.mark.parametrize(
    "options",
    [
        {"limits": RouteLimits(messages_per_second=1)},
        {"strategy": Strategy.ROUND_ROBIN},
    ],
    ids=["a limit", "a strategy"],
)
def test_omnimsg_runs_a_leg_that_only_it_can_send_by_its_route(options: dict[str, Any]) -> None:
    """A provider gets no leg that waits for a limit, or whose account omnimsg chooses."""
    accounts = ("a", "b")
    routes = [
        Route(accounts=accounts, match=WHATSAPP),
        Route(accounts=accounts, **options),
    ]
    routed = Routed(accepted, accepted, kind=CarriesLegs, routes=routes)

    async def story(client: Client) -> Plan:
        return client.plan(message(SMS))

    (leg,) = routed.run(story).legs

    assert not leg.by_provider


@pytest.mark.parametrize("name", ["plan", "preview"])
async def test_what_would_be_sent_has_the_options_of_the_routes_of_legs(name: str) -> None:
    """The request that a plan or a preview shows has what the routes of the legs add."""
    config = {
        "accounts": {"main": {"provider": "messente", "username": "user", "password": "pass"}},
        "routes": [
            {"accounts": ["main"], "match": {"channels": ["viber"]}, "sender": "Vb", "ttl": 30},
            {"accounts": ["main"], "sender": "Shop", "ttl": 90},
        ],
    }
    given = message(SMS, channel="viber", ttl=None)

    async with Client.from_config(config) as client:
        request = getattr(client, name)(given).request

    sent = [(each["sender"], each["ttl"]) for each in orjson.loads(request.body)["messages"]]
    assert [("Vb", 30), ("Shop", 90)] == sent
