"""Routes: which route takes a message, and which of its accounts is first."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import aclosing, nullcontext
from typing import TYPE_CHECKING, Any

import attrs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.adapters import CAPABILITIES, TinyAdapter, references, texts, tiny
from support.routed import Routed, accepted, outcome_of, slowly

from omnimsg import (
    Accepted,
    Ambiguous,
    Channel,
    Client,
    ConfigError,
    HandedOver,
    InvalidValue,
    Limits,
    Match,
    Message,
    NotSent,
    Observer,
    Otp,
    Policy,
    ProviderContact,
    Reason,
    RetryPolicy,
    Route,
    RouteLimits,
)
from omnimsg.adapter import ChannelCapabilities, Response
from omnimsg.routing.rotation import rotation_of, spread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from omnimsg import Outcome
    from omnimsg.adapter import Request

NUMBER = "+27820000001"


@pytest.mark.parametrize(
    ("match", "yes", "no"),
    [
        ({"prefixes": ["+27"]}, Message(NUMBER, "x"), Message("+37255500001", "x")),
        ({"prefixes": ["+2782", "+44"]}, Message(NUMBER, "x"), Message("+27110000001", "x")),
        (
            {"channels": ["whatsapp"]},
            Message(NUMBER, "x", channel="whatsapp"),
            Message(NUMBER, "x"),
        ),
        ({"channels": ["sms"]}, Message(NUMBER, "x"), Message(NUMBER, "x", channel="viber")),
        ({"contents": ["otp"]}, Message(NUMBER, Otp(disclaimer=False)), Message(NUMBER, "x")),
        (
            {"tags": ["code", "alarm"]},
            Message(NUMBER, "x", tags=["a", "alarm"]),
            Message(NUMBER, "x", tags=["news"]),
        ),
        ({"priorities": ["high"]}, Message(NUMBER, "x", priority="high"), Message(NUMBER, "x")),
        ({"senders": ["Shop"]}, Message(NUMBER, "x", sender="Shop"), Message(NUMBER, "x")),
        (
            {"metadata": {"tenant": "t1"}},
            Message(NUMBER, "x", metadata={"tenant": "t1", "more": 1}),
            Message(NUMBER, "x", metadata={"tenant": "t2"}),
        ),
        (
            {"metadata": {"tenant": "t1", "tier": 2}},
            Message(NUMBER, "x", metadata={"tenant": "t1", "tier": 2}),
            Message(NUMBER, "x", metadata={"tenant": "t1"}),
        ),
        (
            {"prefixes": ["+27"], "senders": ["Shop"], "priorities": ["high"]},
            Message(NUMBER, "x", sender="Shop", priority="high"),
            Message("+37255500001", "x", sender="Shop", priority="high"),
        ),
        (
            {"senders": ["Shop"], "priorities": ["high"]},
            Message(NUMBER, "x", sender="Shop", priority="high"),
            Message(NUMBER, "x", sender="Shop"),
        ),
        (
            {"channels": ["sms"], "senders": ["Shop"], "priorities": ["high"]},
            Message(NUMBER, "x", sender="Shop", priority="high"),
            Message(NUMBER, "x", priority="high"),
        ),
    ],
)
def test_a_condition(match: dict[str, Any], yes: Message, no: Message) -> None:
    """A route takes messages that meet all its conditions; others go to the default account."""
    route = Route(accounts=("b",), match=Match(**match))
    routed = Routed(accepted, accepted, routes=(route,))

    async def story(client: Client) -> list[str]:
        return [(await outcome_of(client, each)).account for each in (yes, no)]

    assert ["b", "a"] == routed.run(story)


def test_a_contact_has_no_prefix() -> None:
    """An address that is not a number matches no prefix."""
    routes = (
        Route(accounts=("a",), match=Match(prefixes=["+2"])),
        Route(accounts=("b",)),
    )
    routed = Routed(accepted, accepted, routes=routes)
    contact = Message(ProviderContact(id="c-1"), "x")

    async def story(client: Client) -> list[str]:
        sent = (contact, Message("x@y.example", "x"), Message("+27@y.example", "x"))
        return [(await outcome_of(client, each)).account for each in sent]

    assert ["b", "b", "b"] == routed.run(story)


def test_the_first_route_that_matches_takes_it() -> None:
    """Of several routes that match, the first one takes the message."""
    routes = (
        Route(accounts=("b",), match=Match(prefixes=["+37255500"])),
        Route(accounts=("c",), match=Match(prefixes=["+372"])),
        Route(accounts=("a",)),
    )
    routed = Routed(accepted, accepted, accepted, routes=routes)

    outcomes = routed.send_many(
        [Message(to, "x") for to in ("+37255500001", "+37255600001", "+441111111")]
    )

    assert ["b", "c", "a"] == [each.account for each in outcomes]


@pytest.mark.parametrize("stream", [False, True])
def test_weights(stream: bool) -> None:
    """A weighted route gives each account its share as first account, evenly spread."""
    route = Route(accounts=("a", "b"), strategy="weighted", weights={"a": 3, "b": 1})
    routed = Routed(accepted, accepted, routes=(route,))

    found = all_of(routed, 40, stream=stream)

    assert {"a": 30, "b": 10} == Counter(found)
    assert ["a", "a", "b", "a"] == found[:4]


@pytest.mark.parametrize("stream", [False, True])
def test_round_robin(stream: bool) -> None:
    """A round-robin route uses its accounts as first account in turn."""
    route = Route(accounts=("a", "b", "c"), strategy="round_robin")
    routed = Routed(accepted, accepted, accepted, routes=(route,))

    assert ["a", "b", "c", "a", "b", "c"] == all_of(routed, 6, stream=stream)


def test_round_robin_goes_on_with_the_next_account() -> None:
    """Each message tries the accounts in the same circle, from another start."""
    orders = rotation_of(Route(accounts=("a", "b", "c"), strategy="round_robin"), "abc")

    assert orders is not None
    assert ["abc", "bca", "cab", "abc"] == ["".join(next(orders)) for _ in range(4)]


@pytest.mark.parametrize("stream", [False, True])
def test_a_named_account_has_no_route(stream: bool) -> None:
    """A message whose caller names an account takes no route."""
    routed = Routed(accepted, accepted, routes=(Route(accounts=("a",)),))

    assert ["b", "b"] == all_of(routed, 2, stream=stream, account="b")


def all_of(routed: Routed, count: int, *, stream: bool, **options: Any) -> list[str]:
    """Send messages, and return the accounts of their outcomes in order."""
    if stream:
        return [each.account for each in routed.send_many(texts(count), **options)]

    async def story(client: Client) -> list[str]:
        return [(await outcome_of(client, each, **options)).account for each in texts(count)]

    accounts: list[str] = routed.run(story)
    return accounts


@pytest.mark.parametrize(
    ("added", "expected"),
    [
        ({"sender": "Shop", "ttl": 60}, [("Shop", 60), ("Own", 5)]),
        ({"sender": "Shop"}, [("Shop", None), ("Own", 5)]),
        ({"ttl": 60}, [(None, 60), ("Own", 5)]),
    ],
)
def test_what_a_route_adds(added: dict[str, Any], expected: object) -> None:
    """A route's sender and ttl apply to messages that have none of their own."""
    handed_over: list[tuple[str | None, int | None]] = []

    class Ear(Observer):
        def handed_over(self, event: HandedOver) -> None:
            handed_over.append((event.message.sender, event.message.ttl))

    route = Route(accounts=("a",), **added)
    routed = Routed(accepted, routes=(route,), observers=(Ear(),))
    messages = [Message(NUMBER, "x"), Message(NUMBER, "x", sender="Own", ttl=5)]

    routed.send_many(messages)

    assert expected == handed_over


@pytest.mark.parametrize("added", [{}, {"sender": "Shop"}])
@pytest.mark.parametrize("stream", [False, True])
def test_only_messages_are_sent(added: dict[str, Any], stream: bool) -> None:
    """What is no message is refused by its type, whatever its route would add."""
    routed = Routed(accepted, routes=(Route(accounts=("a",), **added),))
    given: Any = {"to": NUMBER}

    with pytest.raises(TypeError, match="Message"):
        _ = routed.send_many([given]) if stream else routed.send(given)

    assert {"a": 0} == routed.asked()


@pytest.mark.parametrize("added", [{}, {"sender": "Shop"}])
def test_a_stream_names_the_index_of_what_is_no_message(added: dict[str, Any]) -> None:
    """What was handed over before it is sent."""
    routed = Routed(accepted, routes=(Route(accounts=("a",), **added),))
    given: Any = [Message(NUMBER, "x"), {"to": NUMBER}]

    with pytest.raises(TypeError, match=r"^messages\[1\]: only a Message can be sent, not dict$"):
        routed.send_many(given)

    assert {"a": 1} == routed.asked()


@pytest.mark.parametrize("stream", [False, True])
def test_the_limit_of_a_route(stream: bool) -> None:
    """Messages of a route are spaced by its limit."""
    route = Route(accounts=("a",), limits=RouteLimits(messages_per_second=2.0))
    routed = Routed(accepted, routes=(route,))
    began = routed.loop.now

    found = all_of(routed, 11, stream=stream)

    assert 11 == len(found)
    assert pytest.approx(5.0, abs=0.2) == routed.loop.now - began


def test_a_limit_that_is_longer_than_the_deadline() -> None:
    """A message whose route's limit exceeds its deadline is not sent, with a `retry_after`."""
    route = Route(accounts=("a",), name="slow", limits=RouteLimits(messages_per_second=0.01))
    routed = Routed(accepted, routes=(route,))

    async def story(client: Client) -> Any:
        await client.send(texts(1)[0])
        return await outcome_of(client, texts(1, start=1)[0], deadline=10.0)

    outcome = routed.run(story)

    assert isinstance(outcome, NotSent)
    assert (Reason.RATE_LIMITED, 100.0) == (outcome.reason, round(outcome.retry_after or 0))
    assert "the limit of the route 'slow'" in outcome.failure.detail


def test_leaving_a_stream_that_waits_for_a_limit() -> None:
    """Leaving a stream ends at once, and messages that wait for a route's limit are not sent."""
    route = Route(accounts=("a",), limits=RouteLimits(messages_per_second=0.1))
    routed = Routed(accepted, routes=(route,))
    began = routed.loop.now

    async def story(client: Client) -> Any:
        stream = client.send_many(texts(50))
        first = await anext(stream)
        await stream.aclose()
        return first

    assert isinstance(routed.run(story), Accepted)
    assert 1 == routed.asked()["a"]
    assert routed.loop.now - began < 1.0


@given(st.lists(st.integers(1, 20), min_size=1, max_size=5))
def test_a_spread_keeps_shares(weights: list[int]) -> None:
    """At any point of the order, each account is less than two messages off its share."""
    order = spread(weights)

    total = sum(weights)
    for end in range(1, len(order) + 1):
        counts = Counter(order[:end])
        for index, weight in enumerate(weights):
            assert abs(counts[index] - end * weight / total) < 2


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ({"accounts": ()}, "Route.accounts: must name an account"),
        ({"accounts": ("a", "a")}, "Route.accounts: names an account twice"),
        ({"accounts": "a"}, "Route.accounts: must be a sequence of str"),
        ({"weights": {"a": 1}}, "Route.weights: needs strategy = 'weighted'"),
        ({"strategy": "weighted"}, "Route.weights: must have a weight for each"),
        ({"strategy": "weighted", "weights": {"b": 1}}, "and no other: look at 'a', 'b'"),
        (
            {"strategy": "weighted", "weights": {"a": 0}},
            "Route.weights.a: must be a whole number from 1 to 1000",
        ),
        ({"weights": 5}, "Route.weights: must be a mapping"),
        *(
            ({"strategy": "weighted", "weights": {"a": weight}}, "from 1 to 1000")
            for weight in (True, "3", 1.5, 1001)
        ),
        ({"strategy": "random"}, "Route.strategy: must be one of failover"),
        ({"on_ambiguous": "sometimes"}, "Route.on_ambiguous: must be one of hold"),
        ({"on_ambiguous": "resend_if_not_found"}, "Route.on_ambiguous: must be hold or resend"),
    ],
)
def test_an_invalid_route_is_refused(given_: dict[str, Any], expected: str) -> None:
    """An invalid route is refused with the name of the field."""
    with pytest.raises(InvalidValue, match=expected):
        Route(**{"accounts": ("a",), **given_})


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ({"prefixes": ["27"]}, "Match.prefixes: must be a plus and the first digits"),
        ({"channels": ["fax"]}, r"Match.channels\[0\]: must be one of sms, whatsapp"),
        ({"contents": ["letter"]}, "Match.contents: must be some of binary, card"),
        ({"priorities": ["urgent"]}, r"Match.priorities\[0\]: must be one of low, normal, high"),
        *(
            ({name: 7}, f"Match.{name}: must be a sequence of")
            for name in ("channels", "prefixes", "contents", "tags", "priorities", "senders")
        ),
        ({"prefixes": [27]}, "Match.prefixes.*str"),
        ({"tags": "code"}, "Match.tags: must be a sequence of str"),
        ({"metadata": ["code"]}, "Match.metadata: must be a mapping, not tuple"),
    ],
)
def test_an_invalid_condition_is_refused(given_: dict[str, Any], expected: str) -> None:
    """An invalid condition is refused with the name of the field."""
    with pytest.raises(InvalidValue, match=expected):
        Match(**given_)


@pytest.mark.parametrize(
    ("routes", "expected"),
    [
        ((Route(accounts=("a", "x")),), r"routes\[0\].accounts\[1\]: no account 'x': must be one"),
        (
            (Route(accounts=("a",)), Route(accounts=("b",))),
            r"routes\[1\]: is never reached: routes\[0\] takes every message",
        ),
        (
            (Route(accounts=("a",)), Route(accounts=("b",)), Route(accounts=("b",))),
            r"routes\[2\]: is never reached: routes\[0\] takes every message",
        ),
        (
            (
                Route(accounts=("a",), name="n", match=Match(tags=["x"])),
                Route(accounts=("b",), name="n"),
            ),
            r"routes\[1\].name: is the name of routes\[0\] too",
        ),
    ],
)
def test_routes_that_do_not_fit_the_accounts(routes: Any, expected: str) -> None:
    """Routes with unknown accounts, never reached or with duplicate names are refused."""
    with pytest.raises(ConfigError, match=expected):
        Client([tiny(name="a"), tiny(name="b")], default="a", routes=routes)


class Mute(TinyAdapter):
    """Tiny that takes a sender on WhatsApp only."""

    capabilities = attrs.evolve(
        CAPABILITIES,
        channels={
            Channel.SMS: ChannelCapabilities(content=frozenset({"text"})),
            Channel.WHATSAPP: CAPABILITIES.channels[Channel.WHATSAPP],
        },
    )


@pytest.mark.parametrize(
    ("accounts", "channels", "is_carried"),
    [
        (("mute",), ["sms"], False),
        (("mute",), ["whatsapp"], True),
        (("mute",), [], True),
        (("mute", "a"), ["sms"], True),
        (("mute", "late"), ["sms"], True),
    ],
)
def test_a_routes_sender_that_no_account_takes(
    accounts: tuple[str, ...], channels: list[str], is_carried: bool
) -> None:
    """A route's sender that none of its accounts can carry is refused when the client is built.

    An account that is added later may carry it.
    """
    route = Route(accounts=accounts, match=Match(channels=channels), sender="Shop")
    adapters = [tiny(name="a"), tiny(name="mute", kind=Mute)]
    expected = nullcontext() if is_carried else pytest.raises(ConfigError, match=r"\[0\].sender: ")

    with expected:
        Client(adapters, default="a", routes=(route,), unusable={"late": "is added later"})


def test_accounts_at_run_time() -> None:
    """An account can be removed and added again while the client works."""
    routed = Routed(accepted, accepted, routes=(Route(accounts=("a",)),))

    async def story(client: Client) -> list[Any]:
        tenant = client.accounts["b"]
        await client.remove_account("b")
        with pytest.raises(ConfigError, match="no account 'b'"):
            await client.send(texts(1)[0], account="b")
        client.add_account(tenant)
        with pytest.raises(ConfigError, match="two accounts are called 'b'"):
            client.add_account(tenant)
        with pytest.raises(ConfigError, match="'a' is the default account"):
            await client.remove_account("a")
        found = await outcome_of(client, texts(1)[0], account="b")
        return [found.account, sorted(client.accounts)]

    assert ["b", ["a", "b"]] == routed.run(story)


def test_closing_ends_an_account_that_is_being_removed() -> None:
    """A client is closed at its deadline, also where the removal of an account has a later one."""
    routed = Routed(accepted, slowly(3600, "ok"))

    async def story(client: Client) -> tuple[float, type]:
        sending = asyncio.ensure_future(outcome_of(client, texts(1)[0], account="b", deadline=3600))
        await routed.wires["b"].asked()
        removing = asyncio.ensure_future(client.remove_account("b", deadline=3600))
        await asyncio.sleep(1)
        began = routed.loop.now
        await client.aclose(deadline=5)
        took = routed.loop.now - began
        await asyncio.sleep(0.1)
        assert sending.done()
        await removing
        return took, type(sending.result())

    took, outcome = routed.run(story)

    assert pytest.approx(5, abs=0.1) == took
    assert Ambiguous is outcome


def test_a_caller_gives_up_at_an_account_that_is_being_removed() -> None:
    """Its message that waits there is taken back at once, and may be handed over again."""
    slow = Policy(limits=Limits(messages_per_second=0.01))
    routed = Routed(accepted, accepted, policies={"b": slow})

    async def story(client: Client) -> tuple[float, Outcome]:
        first, second = texts(2)
        await client.send(first, account="b")
        waiting = asyncio.ensure_future(client.send(second, account="b", deadline=3600))
        await asyncio.sleep(0.1)
        removing = asyncio.ensure_future(client.remove_account("b", deadline=3600))
        await asyncio.sleep(0.1)
        client.add_account(tiny("https://b.example", name="b"))
        waiting.cancel()
        await asyncio.sleep(0.1)
        began = routed.loop.now
        found = await outcome_of(client, second, account="b")
        await removing
        return routed.loop.now - began, found

    took, outcome = routed.run(story)

    assert pytest.approx(0, abs=0.1) == took
    assert isinstance(outcome, Accepted)


def test_no_account_of_a_route_can_be_removed() -> None:
    """Not even the last one that a route names: its messages would have nowhere to go."""
    routes = (
        Route(accounts=("a",), match=Match(channels=["rcs"])),
        Route(accounts=("a", "b", "c")),
    )
    routed = Routed(accepted, accepted, accepted, routes=routes)

    async def story(client: Client) -> list[str]:
        with pytest.raises(ConfigError, match=r"account 'c' is used by routes\[1\]"):
            await client.remove_account("c")
        return sorted(client.accounts)

    assert ["a", "b", "c"] == routed.run(story)


@pytest.mark.parametrize("accounts", [("a",), ("a", "b")])
def test_a_stream_that_was_left_tries_nothing_again(accounts: tuple[str, ...]) -> None:
    """A message in flight that comes back with a pause after the stream was left is not sent."""

    async def later(request: Request) -> Response:
        if "r0" in references(request):
            return accepted(request)
        await asyncio.sleep(1)
        found = [{"ref": each, "error": "slow-down", "after": 2.0} for each in references(request)]
        return Response(200, orjson.dumps({"results": found}))

    policy = Policy(limits=Limits(linger=0), retry=RetryPolicy(attempts=5, base=0.1))
    routed = Routed(
        *[later] * 2, routes=(Route(accounts=accounts),), policies={"a": policy, "b": policy}
    )

    async def story(client: Client) -> None:
        async def messages() -> AsyncIterator[Message]:
            first, *others = texts(3)
            yield first
            await asyncio.sleep(0.5)
            for each in others:
                yield each

        async with aclosing(client.send_many(messages())) as stream:
            await anext(stream)
            await asyncio.sleep(1)
        await asyncio.sleep(60)

    routed.run(story)

    assert {"a": 2, "b": 0} == routed.asked()


@pytest.mark.parametrize("strategy", ["weighted", "round_robin"])
def test_a_route_among_whose_accounts_one_cannot_be_used(strategy: str) -> None:
    """Its messages are refused with the reason, and all others are sent."""
    accounts = ("a", "b", "late")
    weights = dict.fromkeys(accounts, 1) if strategy == "weighted" else {}
    route = Route(accounts=accounts, strategy=strategy, weights=weights, match=Match(tags=["code"]))
    routed = Routed(
        accepted, accepted, routes=(route,), unusable={"late": "late: is added with its tenant"}
    )

    async def story(client: Client) -> str:
        for _ in range(2):
            with pytest.raises(ConfigError, match="late: is added with its tenant"):
                await client.send(Message(NUMBER, "x", tags=["code"]))
        return (await client.send(Message(NUMBER, "x"))).account

    assert "a" == routed.run(story)


def test_a_doubt_outlives_its_account() -> None:
    """A message in flight when its account is removed is ambiguous."""
    routed = Routed(accepted, slowly(3600, "ok"))

    async def story(client: Client) -> Outcome:
        sending = asyncio.ensure_future(outcome_of(client, texts(1)[0], account="b", settle=5))
        await routed.wires["b"].asked()
        await client.remove_account("b", deadline=1)
        return await sending

    outcome = routed.run(story)

    assert isinstance(outcome, Ambiguous)
    assert "b" == outcome.account
