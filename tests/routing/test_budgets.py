"""Budgets: which messages they stop, which shares are given back, and plans."""

from __future__ import annotations

import gc
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs
import orjson
import pytest
from support.adapters import TinyAdapter, references, texts
from support.routed import AT_ONCE, Routed, accepted, outcome_of, saying, unreachable

from omnimsg import (
    Accepted,
    Budget,
    Client,
    ConfigError,
    InvalidValue,
    Message,
    NotSent,
    Policy,
    Prices,
    ProviderContact,
    Reason,
    Route,
)
from omnimsg.adapter import Answered, Context, Flow, Request, Response
from omnimsg.config import load_config
from omnimsg.domain.failure import Failure
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.outcome import Usage
from omnimsg.domain.status import Evidence, LegStatus, MessageStatus, Status, Timeline
from omnimsg.engine.budgets import Budgets, Count, Share

if TYPE_CHECKING:
    from omnimsg import Outcome


def kinds(outcomes: list[Outcome]) -> list[str]:
    """Return "sent" or the reason of each outcome."""
    return ["sent" if isinstance(each, Accepted) else each.reason.value for each in outcomes]


def send_all(routed: Routed, messages: list[Message], *, stream: bool) -> list[Outcome]:
    """Send messages one after another, or as a stream."""
    if stream:
        return routed.send_many(messages)

    async def story(client: Client) -> list[Outcome]:
        return [await outcome_of(client, each) for each in messages]

    outcomes: list[Outcome] = routed.run(story)
    return outcomes


@pytest.mark.parametrize("stream", [False, True])
def test_messages_beyond_a_budget_are_not_sent(stream: bool) -> None:
    """Messages beyond a budget are not sent, and their failure names the budget."""
    budget = Budget(name="daily", window=86400, messages=2)
    routed = Routed(accepted, budgets=(budget,))

    outcomes = send_all(routed, texts(4), stream=stream)

    assert ["sent", "sent", "quota_exceeded", "quota_exceeded"] == kinds(outcomes)
    last = outcomes[-1]
    assert isinstance(last, NotSent)
    assert "the budget 'daily' is used up: 2 messages in 86400 s" in last.failure.detail
    assert pytest.approx(86400, abs=1) == last.retry_after


@pytest.mark.parametrize("stream", [False, True])
def test_what_was_not_sent_gives_its_share_back(stream: bool) -> None:
    """A message that failed over to another account counts once in a budget."""
    route = Route(accounts=("a", "b"))
    budget = Budget(name="all", window=60, messages=3)
    routed = Routed(saying("no-money"), accepted, routes=(route,), budgets=(budget,))

    outcomes = send_all(routed, texts(4), stream=stream)

    assert ["sent", "sent", "sent", "quota_exceeded"] == kinds(outcomes)


def test_a_message_gives_back_what_it_has_taken_itself() -> None:
    """A refused message gives back no share of another message with the same reference."""
    budget = Budget(name="all", window=60, messages=1)
    routed = Routed(accepted, budgets=(budget,))
    first, third = texts(2)
    refused = Message(ProviderContact(id="c1"), "x", reference=first.reference)

    outcomes = routed.send_many([first, refused, third])

    assert ["invalid_recipient", "quota_exceeded", "sent"] == sorted(kinds(outcomes))


def test_a_doubt_stays_counted() -> None:
    """An ambiguous message counts in a budget."""
    budget = Budget(name="all", window=60, messages=1)
    routed = Routed(saying("who-knows"), budgets=(budget,))

    outcomes = send_all(routed, texts(2), stream=False)

    assert ["provider_error", "quota_exceeded"] == kinds(outcomes)


def test_the_count_begins_anew() -> None:
    """When the window is over, the count starts at 0 again."""
    budget = Budget(name="all", window=60, messages=1)
    routed = Routed(accepted, budgets=(budget,))

    async def story(client: Client) -> list[Outcome]:
        found = [await outcome_of(client, each) for each in texts(2)]
        routed.loop.now += 61
        return [*found, await outcome_of(client, texts(1, start=5)[0])]

    assert ["sent", "quota_exceeded", "sent"] == kinds(routed.run(story))


@pytest.mark.parametrize(
    ("budget", "message", "counts"),
    [
        ({"prefixes": ["+27"]}, Message("+27820000001", "x"), True),
        ({"prefixes": ["+27"]}, Message("+37255500001", "x"), False),
        ({"tags": ["news"]}, Message("+37255500001", "x"), False),
        ({"accounts": ["a"]}, Message("+37255500001", "x"), True),
        ({"accounts": ["b"]}, Message("+37255500001", "x"), False),
    ],
)
def test_what_counts(budget: dict[str, Any], message: Message, counts: bool) -> None:
    """A message counts if it meets every condition of the budget."""
    routed = Routed(
        accepted, accepted, budgets=(Budget(name="n", window=60, messages=0, **budget),)
    )

    assert ["quota_exceeded" if counts else "sent"] == kinds([routed.send(message)])


def test_an_email_address_has_no_prefix() -> None:
    """An e-mail address counts for no prefix, also if it begins with a plus and digits."""
    budget = Budget(name="south", window=60, messages=1, prefixes=("+27",))

    assert not budget.counts("a", Message("+27@y.example", "x"))


def test_a_burst_to_an_unusual_prefix() -> None:
    """A budget counted by first digits stops only the prefix that exceeds it."""
    budget = Budget(name="by country", window=3600, messages=2, digits=3)
    routed = Routed(accepted, budgets=(budget,))
    numbers = ["+372555000", "+881234567", "+881234568", "+881234569", "+372555001"]

    outcomes = send_all(routed, [Message(each, "x") for each in numbers], stream=True)

    assert ["sent", "sent", "sent", "quota_exceeded", "sent"] == kinds(outcomes)


def test_a_budget_of_money_counts_prices() -> None:
    """A budget of money counts the price of each message's parts, where the account has prices."""
    policy = Policy(prices=Prices(currency="EUR", per_part={"+27": 0.02}), retry=AT_ONCE)
    budget = Budget(name="south", window=60, money=Decimal("0.07"))
    routed = Routed(accepted, policies={"a": policy}, budgets=(budget,))
    two_parts = "a" * 161

    outcomes = send_all(
        routed,
        [
            Message("+27820000001", two_parts),
            Message("+27820000002", two_parts),
            Message("+27820000003", "x"),
            Message("+37255500001", "x"),
        ],
        stream=False,
    )

    assert ["sent", "quota_exceeded", "sent", "sent"] == kinds(outcomes)


def test_an_account_that_has_used_up_its_own_budget() -> None:
    """If an account's own budget is used up, the route's next account takes over."""
    own = Budget(name="own", window=60, messages=1, accounts=["a"])
    routed = Routed(accepted, accepted, routes=(Route(accounts=("a", "b")),), budgets=(own,))

    outcomes = send_all(routed, texts(3), stream=True)

    assert ["a", "b", "b"] == [each.account for each in outcomes]


def test_a_plan_says_what_a_budget_would_stop() -> None:
    """A plan is refused if a budget would stop the message, and counts nothing."""
    routed = Routed(accepted, budgets=(Budget(name="one", window=60, messages=1),))

    async def story(client: Client) -> list[Any]:
        before = client.plan(texts(1)[0]).refusal
        await client.send(texts(1)[0])
        return [before, client.plan(texts(1)[0]).refusal]

    before, after = routed.run(story)

    assert before is None
    assert Reason.QUOTA_EXCEEDED is after.reason


def test_a_plan_begins_no_window() -> None:
    """A budget's window starts with the first message sent, not with a plan."""
    routed = Routed(accepted, budgets=(Budget(name="one", window=60, messages=1),))

    async def story(client: Client) -> list[Outcome]:
        client.plan(texts(1)[0])
        routed.loop.now += 59
        first = await outcome_of(client, texts(1)[0])
        routed.loop.now += 2
        return [first, await outcome_of(client, texts(1, start=5)[0])]

    assert ["sent", "quota_exceeded"] == kinds(routed.run(story))


def test_counts_of_windows_that_are_over_are_dropped() -> None:
    """The counts of windows that are over are dropped from memory."""
    budget = Budget(name="by number", window=60, messages=2, digits=15)
    routed = Routed(accepted, budgets=(budget,))
    before = counts_in_memory()

    async def story(client: Client) -> int:
        for each in texts(20):
            await client.send(each)
        routed.loop.now += 61
        await client.send(texts(1, start=50)[0])
        return len(counts_in_memory() - before)

    assert 1 == routed.run(story)


def test_nothing_is_kept_of_messages_that_have_ended() -> None:
    """The reserved share of a message that has ended does not keep the count of its window."""
    budgets = (Budget(name="many", window=60, messages=100_000),)
    routed = Routed(unreachable, accepted, routes=(Route(accounts=("a", "b")),), budgets=budgets)
    before = counts_in_memory()

    async def story(client: Client) -> int:
        assert all([each.kind == "accepted" async for each in client.send_many(texts(500))])
        routed.loop.now += 61
        await client.send(texts(1, start=500)[0])
        return len(counts_in_memory() - before)

    assert 1 == routed.run(story)


def counts_in_memory() -> set[int]:
    """Return the identities of all counts in memory."""
    gc.collect()
    return {id(each) for each in gc.get_objects() if isinstance(each, Count)}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "Budget.messages: is missing, and so is money: it limits nothing"),
        ({"messages": -1}, "Budget.messages: must be"),
        ({"money": -1}, "Budget.money: must be a number, 0 or more"),
        ({"messages": 1, "prefixes": ["27"]}, "Budget.prefixes: must be a plus"),
        ({"messages": 1, "digits": 0}, "Budget.digits: must be"),
    ],
)
def test_an_invalid_budget_is_refused(given: dict[str, Any], expected: str) -> None:
    """An invalid budget is refused with the name of the field."""
    with pytest.raises(InvalidValue, match=expected):
        Budget(name="n", window=60, **given)


def test_the_error_of_a_budget_is_about_that_budget() -> None:
    """After a budget that cannot be read, no error names the wrong one by its number."""
    accounts = {"main": {"provider": "clickatell", "api_key": "k"}}
    budgets = [{"name": "a", "window": 0, "messages": 1}]
    budgets.append({"name": "b", "window": 60, "messages": 1, "accounts": ["man"]})

    with pytest.raises(ConfigError) as caught:
        load_config({"accounts": accounts, "budgets": budgets})

    expected = "configuration: budgets[0].window: must be more than 0, and finite"
    assert expected == str(caught.value)


def test_budgets_of_a_configuration() -> None:
    """Budgets are read from the configuration; an unknown account is refused with its path."""
    accounts = {"main": {"provider": "clickatell", "api_key": "k"}}
    table = {"name": "south", "window": 3600, "money": 0.07, "prefixes": ["+27"]}

    config = load_config({"accounts": accounts, "budgets": [table]})
    with pytest.raises(ConfigError) as caught:
        load_config({"accounts": accounts, "budgets": [{**table, "accounts": ["man"]}]})

    expected = Budget(name="south", window=3600.0, money=Decimal("0.07"), prefixes=("+27",))
    assert (expected,) == config.budgets
    assert (
        "configuration: budgets[0].accounts[0]: no account 'man': must be one of main; did you"
        " mean 'main'?"
    ) == str(caught.value)


def test_budgets_have_names_of_their_own() -> None:
    """Two budgets of one name are refused: an outcome names the budget that refused its message."""
    accounts = {"main": {"provider": "clickatell", "api_key": "k"}}
    table = {"name": "south", "window": 3600, "messages": 7}

    with pytest.raises(ConfigError) as caught:
        load_config({"accounts": accounts, "budgets": [table, {**table, "window": 60}]})

    assert str(caught.value) == "configuration: budgets[1].name: is the name of budgets[0] too"


class Priced(TinyAdapter):
    """Tiny whose look-ups have the cost: `status parts price currency`, with a dash for none."""

    def status(self, provider_id: str, context: Context) -> Flow[Answered[MessageStatus]]:
        """Look up a message."""
        response = yield Request("GET", f"/messages/{provider_id}", authenticated=True)
        status, parts, price, currency = response.body.decode().split()
        usage = Usage(
            parts=None if parts == "-" else int(parts),
            price=None if price == "-" else Decimal(price),
            currency=None if currency == "-" else currency,
        )
        timeline = Timeline.of(Evidence(Status(status), status), context.now)
        leg = LegStatus(timeline=timeline, usage=usage)
        return MessageStatus(id=MessageId.of(self.account.name, provider_id), legs=(leg,))


class Costing(TinyAdapter):
    """Tiny whose answers have the cost of each message, in the currency that is its id."""

    def outcome(
        self, reference: str, result: dict[str, Any] | None, response: Response
    ) -> Outcome | None:
        """Decode one result."""
        found = super().outcome(reference, result, response)
        assert isinstance(found, Accepted)
        currency = None if found.provider_id == "-" else found.provider_id
        return attrs.evolve(found, usage=Usage(price=Decimal("0.10"), currency=currency))


@pytest.mark.parametrize(
    ("currency", "expected"),
    [
        ("EUR", ["sent", "quota_exceeded", "quota_exceeded"]),
        ("-", ["sent", "quota_exceeded", "quota_exceeded"]),
        ("USD", ["sent", "sent", "quota_exceeded"]),
    ],
)
def test_a_cost_in_the_answer_takes_the_place_of_the_estimate(
    currency: str, expected: list[str]
) -> None:
    """It counts in the currency of the account's prices, which is meant where none is named."""

    def reply(request: Request) -> Response:
        found = [{"ref": each, "id": currency} for each in references(request)]
        return Response(200, orjson.dumps({"results": found}))

    policy = Policy(retry=AT_ONCE, prices=Prices(currency="EUR", per_part={"+": Decimal("0.05")}))
    money = Budget(name="money", window=86400, money=Decimal("0.10"))
    routed = Routed(reply, kind=Costing, budgets=(money,), policies={"a": policy})

    assert expected == kinds(send_all(routed, texts(3), stream=False))


COSTS: dict[str, tuple[str, list[str]]] = {
    "as estimated": ("delivered - 0.05 EUR", ["sent", "sent", "quota_exceeded"]),
    "more": ("delivered - 0.10 EUR", ["sent", "quota_exceeded", "quota_exceeded"]),
    "less": ("delivered - 0.01 -", ["sent", "sent", "sent"]),
    "more parts": ("delivered 2 - -", ["sent", "quota_exceeded", "quota_exceeded"]),
    "in another currency": ("delivered - 9.00 USD", ["sent", "sent", "quota_exceeded"]),
    "failed for nothing": ("failed - 0 EUR", ["sent", "sent", "sent"]),
    "failed without a word": ("failed - - -", ["sent", "sent", "quota_exceeded"]),
    "failed and paid for": ("failed - 0.05 EUR", ["sent", "sent", "quota_exceeded"]),
}


@pytest.mark.parametrize("name", COSTS)
def test_a_report_takes_the_place_of_the_estimate(name: str) -> None:
    """A report's cost replaces the estimate; only a cost of 0 gives the share back."""
    word, expected = COSTS[name]

    def reply(request: Request) -> Response:
        return accepted(request) if request.method == "POST" else Response(200, word.encode())

    policy = Policy(retry=AT_ONCE, prices=Prices(currency="EUR", per_part={"+": Decimal("0.05")}))
    money = Budget(name="money", window=86400, money=Decimal("0.10"))
    routed = Routed(reply, kind=Priced, budgets=(money,), policies={"a": policy})

    async def with_reports(client: Client) -> list[Outcome]:
        await client.doubts()
        outcomes: list[Outcome] = []
        for each in texts(3):
            outcome = await outcome_of(client, each)
            outcomes.append(outcome)
            if isinstance(outcome, Accepted):
                await client.wait(outcome)
        return outcomes

    outcomes: list[Outcome] = routed.run(with_reports)

    assert expected == kinds(outcomes)


@pytest.mark.parametrize(("estimate", "told"), [("0.05", ["0", "0.10"]), ("0", ["0.10"])])
def test_a_price_of_zero_is_corrected_like_any_other(estimate: str, told: list[str]) -> None:
    """The first report of a message may come before its price is known."""
    price, message = Decimal(estimate), texts(1)[0]
    budgets = Budgets([Budget(name="money", window=60, money=Decimal("0.10"))], now=lambda: 0.0)
    counts = budgets.reserve("a", message, price, "EUR")
    assert not isinstance(counts, Failure)
    message_id = MessageId("a:m1")
    budgets.keep(message_id, Share(counts, "EUR"))

    for each in told:
        leg = LegStatus(usage=Usage(price=Decimal(each), currency="EUR"))
        budgets.reported([message_id], MessageStatus(id=message_id, legs=(leg,)))

    assert budgets.refusal("a", message, Decimal("0.01"), "EUR") is not None


@pytest.mark.parametrize(
    ("told", "left"),
    [
        ([("failed", "0")], 2),
        ([("failed", "0"), ("failed", "0")], 2),
        ([("failed", "0"), ("delivered", "0.05")], 1),
        ([("failed", "0"), ("delivered", "0")], 1),
        ([("failed", "0"), ("failed", "0.05")], 1),
        ([("failed", "0"), ("delivered", "0.05"), ("delivered", "0.05")], 1),
    ],
)
def test_a_message_that_was_delivered_after_all_counts_again(
    told: list[tuple[str, str]], left: int
) -> None:
    """A failure for nothing gives the share back; a later delivery, or a bill, takes it again."""
    message, price = texts(1)[0], Decimal("0.05")
    budgets = Budgets([Budget(name="n", window=60, messages=2)], now=lambda: 0.0)
    first = budgets.reserve("a", message, price, "EUR")
    assert not isinstance(first, Failure)
    message_id = MessageId("a:m1")
    budgets.keep(message_id, Share(first, "EUR"))
    # Another message keeps the window open.
    assert not isinstance(budgets.reserve("a", message, price, "EUR"), Failure)

    for status, cost in told:
        timeline = Timeline.of(Evidence(Status(status), status), datetime(2030, 1, 1, tzinfo=UTC))
        leg = LegStatus(timeline=timeline, usage=Usage(price=Decimal(cost), currency="EUR"))
        budgets.reported([message_id], MessageStatus(id=message_id, legs=(leg,)))
    found = [budgets.reserve("a", message, price, "EUR") for _ in range(2)]

    assert left - 1 == sum(not isinstance(each, Failure) for each in found)
