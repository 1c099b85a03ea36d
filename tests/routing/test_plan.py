"""Plans: the chosen account, request, price and limits, without a request."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from support.adapters import (
    CAPABILITIES,
    KEY,
    FakeTransport,
    TinyAdapter,
    TinySettings,
    texts,
    tiny,
)
from support.routed import AT_ONCE, Routed, accepted, outcome_of, unreachable

from omnimsg import (
    Breaker,
    Channel,
    Client,
    ConfigError,
    InvalidValue,
    Limits,
    Match,
    Message,
    Otp,
    Plan,
    Policy,
    Price,
    Prices,
    Reason,
    Route,
    RouteLimits,
    Secret,
)
from omnimsg.adapter import Account, Source
from omnimsg.routing.masked_request import MaskedRequest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from omnimsg.adapter import Context, Request

ROUTES = (
    Route(accounts=("b", "a"), name="south", match=Match(prefixes=["+27"]), sender="Shop"),
    Route(accounts=("a", "b"), strategy="weighted", weights={"a": 3, "b": 1}),
)


def plan(message: Message, *, routes: Iterable[Route] = ROUTES, **options: Any) -> Plan:
    """Plan a message with two accounts."""
    account = options.pop("account", None)
    routed = Routed(accepted, accepted, routes=routes, **options)

    async def story(client: Client) -> Plan:
        return client.plan(message, account=account)

    found: Plan = routed.run(story)
    assert {"a": 0, "b": 0} == routed.asked()
    return found


@pytest.mark.parametrize(
    ("message", "options", "expected"),
    [
        (
            Message("+27820000001", "x"),
            {},
            ("south", "b", ("a",), "'south' is the first route that takes it (by prefixes)"),
        ),
        (
            Message("+37255500001", "x"),
            {},
            (
                "routes[1]",
                "a",
                ("b",),
                "'routes[1]' is the first route that takes it (by everything); weighted among a, b",
            ),
        ),
        (
            Message("+37255500001", "x"),
            {"routes": ROUTES[:1]},
            (None, "a", (), "no route takes the message, so it goes through the default account"),
        ),
        (
            Message("+37255500001", "x"),
            {"routes": ()},
            (None, "a", (), "no route is configured"),
        ),
        (
            Message("+27820000001", "x"),
            {"account": "a"},
            (None, "a", (), "the caller named the account"),
        ),
    ],
)
def test_which_account_and_why(message: Message, options: Any, expected: Any) -> None:
    """A plan names the route, the account, the accounts after it, and the reason."""
    found = plan(message, **options)

    assert expected == (found.route, found.account, found.next, found.why)


def test_an_account_in_trouble_is_passed_over() -> None:
    """A plan passes over an account with an open circuit, as `send` does."""
    policy = Policy(retry=AT_ONCE, breaker=Breaker(failures=1))
    routed = Routed(
        unreachable,
        accepted,
        routes=(Route(accounts=("a", "b")),),
        policies={"a": policy, "b": policy},
    )

    async def story(client: Client) -> tuple[Plan, str]:
        await outcome_of(client, texts(1)[0])
        return client.plan(texts(1)[0]), (await client.send(texts(1, start=1)[0])).account

    found, account = routed.run(story)

    assert account == found.account
    assert [("a", Reason.PROVIDER_UNAVAILABLE)] == [
        (each.account, each.outcome.reason) for each in found.passed_over
    ]


def test_a_message_that_would_not_leave() -> None:
    """If no account supports the message, the plan has the first account's refusal."""
    found = plan(Message("+27820000001", "x", tags=["t"]))

    assert found.refusal is not None
    assert (Reason.UNSUPPORTED, "tags") == (found.refusal.reason, found.refusal.failure.path)
    assert found.request is None


def test_a_refusal_of_tags_names_what_routes_can_match_instead() -> None:
    """Tags are refused where the provider has none, although routes can match them."""
    found = plan(Message("+27820000001", "x", tags=["t"]))

    assert found.refusal is not None
    assert "metadata" in found.refusal.failure.detail


class _Signs(TinyAdapter):
    """Sends a token that it computes from the key, in place of the key."""

    def sending(self, messages: Sequence[Message], context: Context) -> Request:
        headers = {"Authorization": "Bearer eyJhbGci", "X-Api-Key": "k-1", "Idempotency-Key": "r1"}
        return attrs.evolve(super().sending(messages, context), headers=headers)


def test_a_token_of_the_flow_is_masked() -> None:
    """A header for credentials is masked, also with a value that no setting has."""
    found = plan(Message("+27820000001", "x"), kind=_Signs)

    assert found.request is not None
    assert {
        "Authorization": "***",
        "X-Api-Key": "***",
        "Idempotency-Key": "r1",
        "Content-Type": "application/json",
    } == found.request.headers


@attrs.frozen(kw_only=True)
class _ManySecrets(TinySettings):
    """Settings with secrets in a list; one is a part of another."""

    others: tuple[Secret, ...]


class _Quotes(TinyAdapter):
    """Sends its secrets in the path and in the query."""

    def sending(self, messages: Sequence[Message], context: Context) -> Request:
        request = super().sending(messages, context)
        settings = self.account.settings
        assert isinstance(settings, _ManySecrets)
        first, second = (each.reveal() for each in settings.others)
        query = (("token", first), ("key", settings.key.reveal()))
        return attrs.evolve(request, url=f"/{second}/send", query=query)


def test_an_address_has_no_secret() -> None:
    """Secrets in the path or the query of a request are masked, those of a list too.

    Of a secret that ends as another one does, the rest would be shown.
    """
    settings = _ManySecrets(key=Secret("wxyz"), others=(Secret("abcdefgh"), Secret("stuvwxyz")))
    adapter = _Quotes(Account(name="main", settings=settings, base_url="https://a.example"))
    client = Client([adapter], transport=lambda _: FakeTransport(accepted))

    request = client.plan(Message("+27820000001", "x")).request

    assert request is not None
    assert "https://a.example/***/send" == request.url
    assert (("token", "***"), ("key", "***")) == request.query


class _Uploads(TinyAdapter):
    """Sends to another host, with neither credentials nor a text as its body."""

    def sending(self, messages: Sequence[Message], context: Context) -> Request:
        request = super().sending(messages, context)
        body = Source(data=b"x", size=1, sha256="0" * 64)
        return attrs.evolve(
            request,
            url="https://files.example/x",
            body=body,
            content_type=None,
            authenticated=False,
        )


def test_only_what_a_request_has_is_shown() -> None:
    """A plan adds no host, header or body that the request itself has not."""
    request = plan(Message("+27820000001", "x"), kind=_Uploads).request

    assert MaskedRequest(method="POST", url="https://files.example/x") == request


def test_the_request_has_no_secret() -> None:
    """A plan has the exact request, with the account's key masked everywhere."""
    found = plan(Message("+27820000001", f"the key {KEY}", reference="r1", ttl=90))

    assert found.request is not None
    assert ("POST", "https://b.example/send") == (found.request.method, found.request.url)
    assert {"Content-Type": "application/json", "Authorization": "***"} == found.request.headers
    assert (
        '{"messages":[{"ref":"r1","to":"+27820000001","text":"the key ***","ttl":90}]}'
        == found.request.body
    )
    assert KEY not in repr(found)
    assert "+27820000001" not in repr(found)


def test_parts_and_price() -> None:
    """The price is that of the longest matching prefix, times the parts."""
    prices = Prices(currency="EUR", per_part={"+": 0.09, "+27": 0.02, "+2782": 0.021})
    policies = {"b": Policy(prices=prices)}
    text = "a" * 161

    near = plan(Message("+27820000001", text), policies=policies)
    far = plan(Message("+27820000001", text), policies=policies, account="a")

    assert near.sms is not None
    assert (2, Price(amount=Decimal("0.042"), currency="EUR")) == (near.sms.parts, near.price)
    assert far.price is None


@pytest.mark.parametrize(
    "message",
    [
        Message("+27820000001", "x", channel="whatsapp"),
        Message("+27820000001", Otp(disclaimer=False), channel="sms"),
    ],
)
def test_only_a_text_by_sms_has_parts_and_a_price(message: Message) -> None:
    """A message of another channel or content is not counted in parts."""
    prices = Prices(currency="EUR", per_part={"+": 0.09})

    found = plan(message, policies={"b": Policy(prices=prices)})

    assert (None, None) == (found.sms, found.price)


@pytest.mark.parametrize(
    ("prices", "expected"),
    [
        ({"27": 0.1}, "Prices.per_part.27: must be a plus and the first digits"),
        ({"+27": -1}, r"Prices.per_part.\+27: must be a number, 0 or more"),
        ({"+27": "a lot"}, r"Prices.per_part.\+27: must be a number, 0 or more"),
    ],
)
def test_an_invalid_price_is_refused(prices: Any, expected: str) -> None:
    """An invalid price is refused with the name of its prefix."""
    with pytest.raises(InvalidValue, match=expected):
        Prices(per_part=prices)


def test_notes() -> None:
    """A plan's notes name the channel that was chosen for the message."""
    found = plan(Message("+37255500001", "x"), routes=())

    assert Channel.SMS is found.channel
    assert ("channel: sms, because the message names none",) == found.notes


@pytest.mark.parametrize(
    ("sender", "expected"), [(None, ("sender: 'Shop', the account's",)), ("Own", ())]
)
def test_the_senders_of_the_account_are_noted(
    sender: str | None, expected: tuple[str, ...]
) -> None:
    """A plan's notes name the sender that the account adds to a message without one."""
    adapter = TinyAdapter(
        Account(
            name="main",
            settings=TinySettings(key=Secret(KEY)),
            base_url="https://a.example",
            sender="Shop",
        )
    )
    client = Client([adapter], transport=lambda _: FakeTransport(accepted))

    found = client.plan(Message("+37255500001", "x", channel="sms", sender=sender))

    assert expected == found.notes


def test_a_ttl_that_the_provider_rounds_is_noted() -> None:
    """A provider that counts in minutes gets the next whole one, and the plan says so."""

    class Minutes(TinyAdapter):
        capabilities = attrs.evolve(CAPABILITIES, ttl_step=60)

    notes = [
        plan(Message("+37255500001", "x", channel="sms", ttl=each), routes=(), kind=Minutes).notes
        for each in (60, 90)
    ]

    assert [(), ("ttl: 90 s become 120 s, the provider counts in 60 s",)] == notes


def test_limits_that_would_bite_now() -> None:
    """A plan's `wait` is the seconds until the account's limits let the message leave."""
    policy = Policy(limits=Limits(requests_per_second=0.1))
    routed = Routed(accepted, policies={"a": policy})

    async def story(client: Client) -> float:
        await client.send(texts(1)[0])
        return client.plan(texts(1)[0]).wait

    assert pytest.approx(10.0, abs=0.1) == routed.run(story)


def test_the_limit_of_a_route_that_would_bite_now() -> None:
    """The `wait` of a plan and a preview includes the limit of the message's route."""
    route = Route(accounts=("a",), limits=RouteLimits(messages_per_second=0.1))
    routed = Routed(accepted, routes=(route,))

    async def story(client: Client) -> tuple[float, float]:
        await client.send(texts(1)[0])
        return client.plan(texts(1)[0]).wait, client.preview(texts(1)[0]).wait

    assert pytest.approx((10.0, 10.0), abs=0.1) == routed.run(story)


def test_only_messages_have_plans() -> None:
    """`plan` raises `TypeError` for anything but a message, and refuses an unknown account."""
    client = Client([tiny(name="a")], routes=(Route(accounts=("a",)),))

    with pytest.raises(TypeError, match="only a Message can be sent, not str"):
        client.plan("+37255500001")  # type: ignore[arg-type]  # on purpose
    with pytest.raises(ConfigError, match="no account 'b'"):
        client.plan(texts(1)[0], account="b")
