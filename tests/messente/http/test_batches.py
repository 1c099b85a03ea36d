"""Several messages at once: bulk requests, matching by position, and throttling."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from messente.cases import TO
from support.provider_http import TWICE, Recorder, outcomes

from omnimsg import (
    Accepted,
    Channel,
    Client,
    Leg,
    Message,
    NotSent,
    Outcome,
    Reason,
    Rejected,
    Scope,
)
from omnimsg.sandbox import Scenario, magic_number

from .conftest import SENDER, check_delivery

if TYPE_CHECKING:
    from omnimsg.sandbox import Sandbox

pytestmark = pytest.mark.anyio


def texts(count: int) -> list[Message]:
    """Return that many messages, each to its own number."""
    return [Message(f"+372555{n:05}", f"Message {n}", reference=f"ref-{n}") for n in range(count)]


def judged(outcome: Outcome) -> tuple[type, Reason | None]:
    """Return an outcome's class and reason."""
    return type(outcome), None if isinstance(outcome, Accepted) else outcome.reason


def errors(source: str, code: str = "105") -> dict[str, Any]:
    """Return the entry of a refused message in a bulk's answer."""
    error = {"code": code, "title": "Invalid data", "detail": "No good", "source": source}
    return {"errors": [error]}


async def test_one_alone_is_no_bulk(client: Client, recorder: Recorder) -> None:
    """A single message is sent as a single call, also from a stream."""
    await outcomes(client, texts(1))

    assert [("POST", "/v1/omnimessage")] == [(each.method, each.path) for each in recorder.requests]


@pytest.mark.parametrize(("count", "batches"), [(2, [2]), (1000, [1000]), (1001, [1000, 1])])
async def test_bulks_hold_a_thousand(
    client: Client, sandbox: Sandbox, recorder: Recorder, count: int, batches: list[int]
) -> None:
    """A request has at most 1000 messages; each message arrives once and unchanged."""
    messages = texts(count)

    found = await outcomes(client, messages)

    sizes = [
        len(each.json["messages"]) if each.path.endswith("s") else 1 for each in recorder.requests
    ]
    # The requests use two connections, so either may arrive first.
    assert batches == sorted(sizes, reverse=True)
    assert {Accepted} == {type(each) for each in found}
    assert [each.reference for each in messages] == [each.reference for each in found]
    check_delivery(sandbox, found)
    for n, (message, outcome) in enumerate(zip(messages, found, strict=True)):
        (received,) = sandbox.handsets.received(str(message.to))
        assert isinstance(outcome, Accepted)
        assert (f"Message {n}", outcome.legs[0].provider_id) == (received.text, received.id)


async def test_each_message_of_a_bulk_has_its_own_everything(
    client: Client, recorder: Recorder
) -> None:
    """Each message of a bulk has its own channel, legs, callback URL and extras."""
    messages = [
        Message(TO, "a", callback_url="https://app.example.test/a", ttl=60),
        Message(TO, "b", channel=Channel.VIBER, fallback=(Leg(channel=Channel.SMS),)),
        Message(TO, "c", extras={"messente": {"text_store": "nostore"}}),
    ]

    await outcomes(client, messages)

    leg = {"channel": "sms", "sender": SENDER}
    assert recorder.requests[0].json == {
        "messages": [
            {
                "to": TO,
                "messages": [leg | {"text": "a", "ttl": 60}],
                "dlr_url": "https://app.example.test/a",
            },
            {
                "to": TO,
                "messages": [
                    {"channel": "viber", "sender": SENDER, "text": "b"},
                    leg | {"text": "b"},
                ],
            },
            {"to": TO, "messages": [leg | {"text": "c"}], "text_store": "nostore"},
        ]
    }


async def test_refusals_are_matched_by_position(client: Client, sandbox: Sandbox) -> None:
    """A refusal is matched by its position; the other messages are accepted and arrive."""
    odd = {"messente": {"sms": {"autoconvert": "true"}}}
    late = {"messente": {"time_to_send": "soon"}}
    messages = [
        Message("+37255500001", "a"),
        Message("+37255500002", "b", extras=odd),
        Message("+37255500003", "c"),
        Message("+37255500004", "d", extras=late),
    ]

    found = await outcomes(client, messages)

    assert [Accepted, Rejected, Accepted, Rejected] == [type(each) for each in found]
    assert [each.reference for each in messages] == [each.reference for each in found]
    assert [
        ("105", 201, "extras.messente.sms.autoconvert"),
        ("105", 201, "extras.messente.time_to_send"),
    ] == [
        (each.failure.code, each.failure.http_status, each.failure.path)
        for each in found
        if isinstance(each, Rejected)
    ]
    assert 1 == len(sandbox.requests)
    check_delivery(sandbox, found)


async def test_all_refused(client: Client, sandbox: Sandbox) -> None:
    """A 201 that contains only refusals accepts no message."""
    odd = {"messente": {"priority": "urgent"}}
    messages = [Message(f"+3725550000{n}", "a", extras=odd) for n in range(3)]

    found = await outcomes(client, messages)

    assert {Rejected} == {type(each) for each in found}
    assert [201] == [each["status"] for each in sandbox.requests]
    check_delivery(sandbox, found)


@pytest.mark.parametrize("entries", [[], [errors("payload[to]")], [errors("payload[to]")] * 3])
async def test_positions_prove_nothing_if_the_lengths_differ(
    client: Client, recorder: Recorder, entries: list[Any]
) -> None:
    """If the answer has fewer or more entries than messages, all messages are ambiguous."""
    recorder.instead.append((201, {"messages": entries}))

    found = await outcomes(client, texts(2))

    assert [("ambiguous", Reason.INVALID_RESPONSE)] * 2 == [
        (each.kind, judged(each)[1]) for each in found
    ]


async def test_positions_prove_nothing_if_a_recipient_differs(
    client: Client, recorder: Recorder
) -> None:
    """If the answer has another order than the request, all messages are ambiguous."""
    messages = texts(3)
    entries: list[dict[str, Any]] = [
        {"omnimessage_id": f"o-{each.to}", "to": each.to, "messages": []} for each in messages
    ]
    recorder.instead.append((201, {"messages": [*entries[1:], entries[0]]}))

    found = await outcomes(client, messages)

    assert ["ambiguous"] * 3 == [each.kind for each in found]


async def test_a_bulk_refused_as_a_whole(client: Client, sandbox: Sandbox) -> None:
    """A 503 instead of a list makes all messages ambiguous."""
    sandbox.faults.add("status", status=503)

    found = await outcomes(client, texts(3))

    assert [("ambiguous", Reason.PROVIDER_UNAVAILABLE)] * 3 == [
        (each.kind, judged(each)[1]) for each in found
    ]


async def test_a_wrong_password_is_the_accounts(config: dict[str, Any], sandbox: Sandbox) -> None:
    """With a wrong password nothing is sent, and every outcome names the account."""
    password = "not-the-password"
    config["accounts"]["messente"]["password"] = password
    async with Client.from_config(config) as client:
        found = await outcomes(client, texts(3001))

    assert {(NotSent, Reason.UNAUTHORIZED, Scope.ACCOUNT)} == {
        (type(each), each.reason, each.scope) for each in found if isinstance(each, NotSent)
    }
    assert 3001 == len(found)
    assert password not in repr(found)
    check_delivery(sandbox, [])


@pytest.mark.parametrize("count", [1, 3])
async def test_throttling_is_tried_again(
    config: dict[str, Any], sandbox: Sandbox, recorder: Recorder, count: int
) -> None:
    """A 429 proves that nothing was sent: all messages are retried, and arrive once."""
    messages = [*texts(count - 1), Message(magic_number(Scenario.THROTTLED_ONCE), "again")]
    async with Client.from_config(config, retry=TWICE) as client:
        found = await outcomes(client, messages)

    assert {Accepted} == {type(each) for each in found}
    assert [429, 201] == [each["status"] for each in sandbox.requests]
    assert recorder.requests[0] == recorder.requests[1]
    check_delivery(sandbox, found)


@pytest.mark.parametrize("count", [1, 3])
async def test_throttling_without_a_retry(client: Client, sandbox: Sandbox, count: int) -> None:
    """Without a further attempt, messages with a 429 are not sent and safe to retry."""
    messages = [*texts(count - 1), Message(magic_number(Scenario.THROTTLED_ONCE), "again")]

    found = await outcomes(client, messages)

    assert [(NotSent, Reason.RATE_LIMITED)] * count == [judged(each) for each in found]
    check_delivery(sandbox, found)


async def test_a_bad_message_is_left_out_of_its_bulk(client: Client, sandbox: Sandbox) -> None:
    """A message that the check refuses is not sent; the others of its bulk are."""
    bad = Message("+37255500099", "x" * 1001, channel=Channel.VIBER)

    found = await outcomes(client, [*texts(2), bad])

    assert [Accepted, Accepted, NotSent] == [type(each) for each in found]
    assert ["content.text"] == [each.failure.path for each in found if isinstance(each, NotSent)]
    check_delivery(sandbox, found)
