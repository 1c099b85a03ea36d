"""Several messages at once: batches, mixed and shuffled answers, and matching."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest
from support.provider_http import outcomes

from omnimsg import Accepted, Client, Message, NotSent, Reason, Rejected, RetryPolicy, Scope
from omnimsg.sandbox import Scenario, magic_number

from .conftest import ROOT, ContractRecorder, check_delivery

if TYPE_CHECKING:
    from omnimsg import Outcome
    from omnimsg.sandbox import Sandbox

pytestmark = pytest.mark.anyio


def texts(count: int, to: str = "+2782000{:04}") -> list[Message]:
    """Return that many messages, each to its own number."""
    return [Message(to.format(n), f"Message {n}", reference=f"ref-{n}") for n in range(count)]


@pytest.mark.parametrize(("count", "batches"), [(1, [1]), (100, [100]), (101, [100, 1])])
async def test_batches_hold_a_hundred(
    client: Client, sandbox: Sandbox, recorder: ContractRecorder, count: int, batches: list[int]
) -> None:
    """A request has at most 100 messages; each message arrives once and unchanged."""
    messages = texts(count)

    found = await outcomes(client, messages)

    assert batches == [len(orjson.loads(asked.body)["messages"]) for asked in recorder.requests]
    assert {Accepted} == {type(each) for each in found}
    assert [each.reference for each in messages] == [each.reference for each in found]
    check_delivery(sandbox, found)
    for n, message in enumerate(messages):
        (received,) = sandbox.handsets.received(str(message.to))
        assert f"Message {n}" == received.text


MIXED: dict[str, tuple[type, Reason | None]] = {
    magic_number(Scenario.DELIVERED): (Accepted, None),
    magic_number(Scenario.INVALID_RECIPIENT): (Rejected, Reason.INVALID_RECIPIENT),
    magic_number(Scenario.OPTED_OUT): (Rejected, Reason.OPTED_OUT),
    magic_number(Scenario.NOT_ON_CHANNEL): (Rejected, Reason.RECIPIENT_NOT_ON_CHANNEL),
    magic_number(Scenario.THROTTLED_ONCE): (NotSent, Reason.RATE_LIMITED),
    magic_number(Scenario.NO_FUNDS): (NotSent, Reason.INSUFFICIENT_FUNDS),
    magic_number(Scenario.READ): (Accepted, None),
}


def judged(outcome: Outcome) -> tuple[type, Reason | None]:
    """Return an outcome's class and reason."""
    return type(outcome), None if isinstance(outcome, Accepted) else outcome.reason


@pytest.mark.parametrize("shuffled", [False, True], ids=["in order", "shuffled"])
@pytest.mark.parametrize("options", [{}, {"echo_refused": False}], ids=["echoed", "not echoed"])
async def test_each_message_has_its_own_outcome(
    client: Client, sandbox: Sandbox, shuffled: bool
) -> None:
    """Each message has its own outcome, whatever the order and form of the answer."""
    messages = [Message(to, "hello", channel="whatsapp") for to in MIXED]
    if shuffled:
        sandbox.faults.add("shuffle")

    found = await outcomes(client, messages)

    assert list(MIXED.values()) == [judged(each) for each in found]
    assert [each.reference for each in messages] == [each.reference for each in found]
    assert 1 == len(sandbox.requests)
    check_delivery(sandbox, found)


@pytest.mark.parametrize("options", [{"echo_refused": False}], ids=["not echoed"])
async def test_what_cannot_be_told_apart_has_no_verdict(client: Client, sandbox: Sandbox) -> None:
    """Two messages to one number with different, unnamed refusals are both ambiguous."""
    to = magic_number(Scenario.OPTED_OUT)
    messages = [Message(to, "hello", channel="sms"), Message(to, "hello", channel="whatsapp")]
    sandbox.faults.add("shuffle")
    emulator: Any = sandbox.emulators["clickatell"]
    emulator.account_faults.add(24, to=to.removeprefix("+"))

    found = await outcomes(client, messages)

    assert ["ambiguous", "ambiguous"] == [each.kind for each in found]
    check_delivery(sandbox, found)


@pytest.mark.parametrize("options", [{"echo_refused": False}], ids=["not echoed"])
async def test_alike_refusals_need_no_names(client: Client, sandbox: Sandbox) -> None:
    """Two messages to one number with the same refusal share the verdict."""
    messages = [Message(magic_number(Scenario.OPTED_OUT), "hello") for _ in range(2)]
    sandbox.faults.add("shuffle")

    found = await outcomes(client, messages)

    assert [(Rejected, Reason.OPTED_OUT)] * 2 == [judged(each) for each in found]


async def test_equal_references_do_not_share_a_request(
    client: Client, sandbox: Sandbox, recorder: ContractRecorder
) -> None:
    """Two messages with the same reference are sent in two requests."""
    messages = [Message(f"+2782000000{n}", "hello", reference="same") for n in range(2)]

    found = await outcomes(client, messages)

    assert {Accepted} == {type(each) for each in found}
    assert [1, 1] == [len(orjson.loads(asked.body)["messages"]) for asked in recorder.requests]
    assert [1, 1] == [len(sandbox.handsets.received(str(each.to))) for each in messages]


async def test_only_the_throttled_are_sent_again(
    sandbox: Sandbox, recorder: ContractRecorder
) -> None:
    """After a mixed answer only throttled messages are retried; each message arrives once."""
    throttled = magic_number(Scenario.THROTTLED_ONCE)
    messages = [*texts(3), Message(throttled, "again", reference="ref-3")]
    policy = RetryPolicy(attempts=2, base=0)
    async with Client.from_config(sandbox.config(), retry=policy) as client:
        found = await outcomes(client, messages)

    assert {Accepted} == {type(each) for each in found}
    assert ["ref-0", "ref-1", "ref-2", "ref-3", "ref-3"] == [
        each["clientMessageId"] for each in recorder.sent()
    ]
    check_delivery(sandbox, found)


async def test_a_wrong_key_is_named_and_stops_the_stream(sandbox: Sandbox) -> None:
    """With a wrong key nothing is sent, and every outcome names the account."""
    config = sandbox.config()
    key = "not-the-key=="
    config["accounts"]["wrong"] = config["accounts"]["clickatell"] | {"api_key": key}
    async with Client.from_config(config) as client:
        found = await outcomes(client, texts(5001), account="wrong")
        fine = await outcomes(client, texts(1))

    expected = {(NotSent, Reason.UNAUTHORIZED, Scope.ACCOUNT, "wrong")}
    assert expected == {
        (type(each), each.reason, each.scope, each.account)
        for each in found
        if isinstance(each, NotSent)
    }
    assert 5001 == len(found)
    assert key not in repr(found)
    assert len(sandbox.requests) < 51
    check_delivery(sandbox, fine)


async def test_a_wrong_address_blames_the_account(
    sandbox: Sandbox, recorder: ContractRecorder
) -> None:
    """A wrong base URL is a fault of the account and rejects no message."""
    config = sandbox.config()
    config["accounts"]["clickatell"]["base_url"] = f"{sandbox.url}{ROOT}/v2"
    async with Client.from_config(config) as client:
        found = await outcomes(client, texts(150))

    assert {(NotSent, Reason.MISCONFIGURED, Scope.ACCOUNT)} == {
        (type(each), each.reason, each.scope) for each in found if isinstance(each, NotSent)
    }
    assert 150 == len(found)
    assert {"POST /v2/v1/message is not in the document"} == set(recorder.take_faults())
    check_delivery(sandbox, [])


async def test_a_bad_message_is_left_out_of_its_batch(client: Client, sandbox: Sandbox) -> None:
    """A message that the check refuses is not sent; the others of its batch are."""
    bad = Message("+27820000099", "x" * 4097, channel="whatsapp")
    messages = [*texts(2), bad]

    found = await outcomes(client, messages)

    assert [Accepted, Accepted, NotSent] == [type(each) for each in found]
    refused = found[2]
    assert isinstance(refused, NotSent)
    assert ("content.text", Reason.CONTENT_TOO_LARGE) == (refused.failure.path, refused.reason)
    check_delivery(sandbox, found)
