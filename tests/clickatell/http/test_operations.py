"""Read receipts and the balance."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import orjson
import pytest

from omnimsg import (
    Accepted,
    Client,
    NotSent,
    OperationError,
    Reason,
    Rejected,
    Retry,
    RetryPolicy,
    Scope,
)

if TYPE_CHECKING:
    from support.provider_http import Recorder

    from omnimsg.sandbox import Sandbox
    from omnimsg_clickatell.emulator import ClickatellEmulator

pytestmark = pytest.mark.anyio


def received(emulator: ClickatellEmulator, count: int) -> list[str]:
    """Receive inbound messages and return their ids."""
    return [f"clickatell:{emulator.inbox.receive('27820000001').id}" for _ in range(count)]


def listed(recorder: Recorder) -> list[list[str]]:
    """Return the ids in each read notification that was sent."""
    return [
        [each["messageId"] for each in orjson.loads(asked.body)["event"]["messageStatusUpdate"]]
        for asked in recorder.requests
    ]


@pytest.mark.parametrize(("count", "batches"), [(1, [1]), (100, [100]), (101, [100, 1])])
async def test_read_receipts_in_batches(
    client: Client,
    emulator: ClickatellEmulator,
    recorder: Recorder,
    count: int,
    batches: list[int],
) -> None:
    """Each read message is reported once, at most 100 in a request, with an outcome each."""
    ids = received(emulator, count)

    found = await client.mark_read(ids)

    assert batches == [len(each) for each in listed(recorder)]
    assert ids == [f"clickatell:{each}" for batch in listed(recorder) for each in batch]
    assert {Accepted} == {type(each) for each in found}
    assert ids == [f"clickatell:{each.reference}" for each in found]


async def test_unknown_messages_are_told_apart(
    client: Client, emulator: ClickatellEmulator
) -> None:
    """Known and unknown messages each have their own outcome, in the given order."""
    known = received(emulator, 2)
    by_sms = f"clickatell:{emulator.inbox.receive('27820000001', 'sms').id}"

    found = await client.mark_read([known[0], "clickatell:unknown", known[1], by_sms])

    assert [Accepted, Rejected, Accepted, Rejected] == [type(each) for each in found]
    refused = found[1]
    assert isinstance(refused, Rejected)
    assert ("unknown", "23", 207) == (
        refused.reference,
        refused.failure.code,
        refused.failure.http_status,
    )


async def test_one_unknown_message_alone(client: Client) -> None:
    """A single refusal is an HTTP 400 with the same outcome."""
    (refused,) = await client.mark_read(["clickatell:unknown"])

    assert isinstance(refused, Rejected)
    assert ("23", 400) == (refused.failure.code, refused.failure.http_status)


async def test_the_same_message_twice(client: Client, emulator: ClickatellEmulator) -> None:
    """A message that is given twice has two outcomes."""
    (known,) = received(emulator, 1)

    found = await client.mark_read([known, known])

    assert [Accepted, Accepted] == [type(each) for each in found]


@pytest.mark.parametrize("code", [18, 19])
async def test_a_receipt_that_failed_may_be_sent_again(
    client: Client, emulator: ClickatellEmulator, code: int
) -> None:
    """A code that leaves a message in doubt leaves no receipt in doubt: it may be repeated."""
    (known,) = received(emulator, 1)
    emulator.account_faults.add(code, level="global")

    (failed,) = await client.mark_read([known])
    (again,) = await client.mark_read([known])

    assert isinstance(failed, NotSent)
    assert (Retry.SAFE, str(code)) == (failed.retry, failed.failure.code)
    assert isinstance(again, Accepted)


async def test_a_receipt_is_repeated(sandbox: Sandbox, emulator: ClickatellEmulator) -> None:
    """A receipt is sent again after an error that asks for it."""
    (known,) = received(emulator, 1)
    emulator.account_faults.add(19, level="global")
    policy = RetryPolicy(attempts=2, base=0)
    async with Client.from_config(sandbox.config(), retry=policy) as client:
        (outcome,) = await client.mark_read([known])

    assert isinstance(outcome, Accepted)
    assert 2 == len(sandbox.requests)


async def test_no_ids(client: Client, sandbox: Sandbox) -> None:
    """Without ids no request is made."""
    assert [] == await client.mark_read([])
    assert [] == list(sandbox.requests)


async def test_the_balance(client: Client) -> None:
    """The balance is exact, with its currency."""
    balance = await client.balance()

    assert (Decimal("1000.0"), "EUR") == (balance.amount, balance.currency)


@pytest.mark.parametrize(
    ("code", "reason", "retry"),
    [
        (1, Reason.UNAUTHORIZED, Retry.AFTER_FIX),
        (7, Reason.FORBIDDEN, Retry.AFTER_FIX),
        (18, Reason.PROVIDER_ERROR, Retry.SAFE),
        (19, Reason.PROVIDER_UNAVAILABLE, Retry.SAFE),
        (43, Reason.RATE_LIMITED, Retry.SAFE),
    ],
)
async def test_refused_operations(
    client: Client, emulator: ClickatellEmulator, code: int, reason: Reason, retry: Retry
) -> None:
    """A read operation may be repeated, so its failures are safe to retry."""
    emulator.account_faults.add(code, level="global")

    with pytest.raises(OperationError) as caught:
        await client.balance()

    assert (reason, retry, str(code)) == (
        caught.value.reason,
        caught.value.retry,
        caught.value.failure.code,
    )
    assert "'clickatell'" in str(caught.value)


async def test_a_wrong_key(sandbox: Sandbox) -> None:
    """A wrong key is a fault of the account in every operation, and is never shown."""
    config = sandbox.config()
    config["accounts"]["clickatell"]["api_key"] = "not-the-key=="
    async with Client.from_config(config) as client:
        with pytest.raises(OperationError) as caught:
            await client.balance()
        (outcome,) = await client.mark_read(["clickatell:a"])

    assert Reason.UNAUTHORIZED is caught.value.reason
    assert isinstance(outcome, NotSent)
    assert (Reason.UNAUTHORIZED, Scope.ACCOUNT) == (outcome.reason, outcome.scope)
    assert "not-the-key" not in f"{caught.value}{outcome!r}{client!r}"
