"""The unified meaning of every row of the vendor's errors table, as the emulator answers it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from clickatell.cases import TO
from support.provider_http import outcomes

from omnimsg import (
    Accepted,
    Client,
    Message,
    NotSentError,
    Outcome,
    Reason,
    RejectedError,
    Retry,
    RetryPolicy,
    Scope,
)
from omnimsg_clickatell.emulator.errors import ERROR_TABLE

from .conftest import check_delivery

if TYPE_CHECKING:
    from omnimsg.sandbox import Sandbox
    from omnimsg_clickatell.emulator import ClickatellEmulator

pytestmark = pytest.mark.anyio

Meaning = tuple[str, Reason, Retry, Scope | None]


def rejected(reason: Reason, retry: Retry = Retry.NEVER) -> Meaning:
    """Return the meaning of an error that rejects this message."""
    return "rejected", reason, retry, None


def not_sent(reason: Reason, retry: Retry = Retry.SAFE) -> Meaning:
    """Return the meaning of an error that proves only that the message was not sent."""
    return "not_sent", reason, retry, Scope.MESSAGE


def account(reason: Reason) -> Meaning:
    """Return the meaning of an error that must be fixed in the account."""
    return "not_sent", reason, Retry.AFTER_FIX, Scope.ACCOUNT


def ambiguous(reason: Reason) -> Meaning:
    """Return the meaning of an error that proves nothing."""
    return "ambiguous", reason, Retry.UNSAFE, None


ERRORS: dict[tuple[int, str], tuple[int, Meaning]] = {
    (1, "global"): (401, account(Reason.UNAUTHORIZED)),
    (2, "global"): (400, account(Reason.ACCOUNT_INACTIVE)),
    (3, "global"): (400, account(Reason.ACCOUNT_INACTIVE)),
    (7, "global"): (401, account(Reason.FORBIDDEN)),
    (18, "message"): (500, not_sent(Reason.PROVIDER_ERROR)),
    (18, "global"): (500, ambiguous(Reason.PROVIDER_ERROR)),
    (19, "message"): (503, not_sent(Reason.PROVIDER_UNAVAILABLE)),
    (19, "global"): (503, ambiguous(Reason.PROVIDER_UNAVAILABLE)),
    (20, "message"): (402, account(Reason.INSUFFICIENT_FUNDS)),
    (21, "global"): (400, rejected(Reason.INVALID_MESSAGE)),
    (22, "global"): (400, rejected(Reason.MISCONFIGURED, Retry.AFTER_FIX)),
    (23, "message"): (400, rejected(Reason.INVALID_CONTENT)),
    (24, "message"): (400, rejected(Reason.CONTENT_TOO_LARGE)),
    (25, "message"): (400, rejected(Reason.INVALID_RECIPIENT)),
    (26, "message"): (400, rejected(Reason.OPTED_OUT)),
    (27, "message"): (400, rejected(Reason.RECIPIENT_NOT_ON_CHANNEL)),
    (28, "message"): (400, rejected(Reason.FORBIDDEN, Retry.AFTER_FIX)),
    (30, "message"): (400, rejected(Reason.MEDIA_INVALID)),
    (31, "message"): (400, rejected(Reason.MEDIA_TOO_LARGE)),
    (32, "message"): (400, rejected(Reason.MEDIA_TOO_LARGE)),
    (33, "message"): (400, rejected(Reason.MEDIA_NOT_FOUND)),
    (38, "message"): (400, account(Reason.CHANNEL_NOT_ENABLED)),
    (39, "message"): (400, account(Reason.CHANNEL_NOT_ENABLED)),
    (40, "message"): (400, rejected(Reason.UNSUPPORTED_ENCODING)),
    (41, "global"): (400, account(Reason.MISCONFIGURED)),
    (42, "global"): (400, account(Reason.MISCONFIGURED)),
    (43, "message"): (400, not_sent(Reason.RATE_LIMITED)),
    (43, "global"): (400, not_sent(Reason.RATE_LIMITED)),
    (44, "message"): (400, rejected(Reason.SENDER_NOT_ALLOWED, Retry.AFTER_FIX)),
    (45, "message"): (400, rejected(Reason.SENDER_NOT_ALLOWED, Retry.AFTER_FIX)),
    (46, "message"): (400, account(Reason.ACCOUNT_INACTIVE)),
    (100, "message"): (400, rejected(Reason.CONTENT_TOO_LARGE)),
    (101, "message"): (400, rejected(Reason.UNROUTABLE, Retry.AFTER_FIX)),
    (110, "message"): (400, rejected(Reason.MISCONFIGURED, Retry.AFTER_FIX)),
    (111, "message"): (400, rejected(Reason.MISCONFIGURED, Retry.AFTER_FIX)),
}
"""By code and level: the HTTP status when it stands alone, and its meaning."""

# Media that are too large together may pass without those of the other messages.
BESIDE_OTHERS = {**ERRORS, (32, "message"): (400, not_sent(Reason.MEDIA_TOO_LARGE))}

IDS = [f"{code} {level}" for code, level in ERRORS]


def meaning(outcome: Outcome) -> Meaning:
    """Return kind, reason, retry and scope of an outcome that is not `Accepted`."""
    assert not isinstance(outcome, Accepted)
    return outcome.kind, outcome.reason, outcome.retry, getattr(outcome, "scope", None)


def test_the_table_is_whole() -> None:
    """`ERRORS` has every code of the vendor's table, at each of its levels."""
    assert {
        (code, level.value) for code in ERROR_TABLE for level in ERROR_TABLE[code].levels
    } == set(ERRORS)


@pytest.mark.parametrize(("code", "level"), ERRORS, ids=IDS)
async def test_an_error_of_a_single_message(
    client: Client, sandbox: Sandbox, emulator: ClickatellEmulator, code: int, level: str
) -> None:
    """A refused single message has the unified reason and the vendor's own text."""
    emulator.account_faults.add(code, level=level)

    (outcome,) = await outcomes(client, [Message(TO, "hello")])

    http, expected = ERRORS[code, level]
    assert expected == meaning(outcome)
    assert not isinstance(outcome, Accepted)
    failure = outcome.failure
    assert (str(code), http) == (failure.code, failure.http_status)
    assert ERROR_TABLE[code].text.partition("{")[0] in failure.detail
    check_delivery(sandbox, [outcome])


@pytest.mark.parametrize(("code", "level"), ERRORS, ids=IDS)
async def test_an_error_beside_other_messages(
    client: Client, sandbox: Sandbox, emulator: ClickatellEmulator, code: int, level: str
) -> None:
    """An error of one message leaves the others alone; one of the request applies to all.

    A request that is rejected as a whole is split and sent again, and the parts pass here.
    """
    whole = level == "global"
    emulator.account_faults.add(code, level=level, to=None if whole else TO.removeprefix("+"))
    messages = [Message("+27820000002", "a"), Message(TO, "b"), Message("+27820000003", "c")]

    found = await outcomes(client, messages)

    _, expected = BESIDE_OTHERS[code, level]
    if whole and expected[0] == "rejected":
        assert {Accepted} == set(map(type, found))
        return
    assert expected == meaning(found[1])
    for neighbour in (found[0], found[2]):
        assert meaning(neighbour) == expected if whole else isinstance(neighbour, Accepted)
    check_delivery(sandbox, found)


@pytest.mark.parametrize(
    ("code", "level"),
    [each for each in ERRORS if ERRORS[each][1][2] is Retry.SAFE],
    ids=str,
)
async def test_what_is_safe_is_tried_again(
    sandbox: Sandbox, emulator: ClickatellEmulator, code: int, level: str
) -> None:
    """A message proven not to be processed is retried, and arrives once."""
    emulator.account_faults.add(code, level=level)
    policy = RetryPolicy(attempts=2, base=0)
    async with Client.from_config(sandbox.config(), retry=policy) as client:
        accepted = await client.send(Message(TO, "hello"))

    assert 2 == len(sandbox.requests)
    check_delivery(sandbox, [accepted])


@pytest.mark.parametrize(
    ("code", "level"),
    [each for each in ERRORS if ERRORS[each][1][2] is not Retry.SAFE],
    ids=str,
)
async def test_nothing_else_is_tried_again(
    sandbox: Sandbox, emulator: ClickatellEmulator, code: int, level: str
) -> None:
    """A message that would fail again, or may have been processed, is not retried."""
    emulator.account_faults.add(code, level=level)
    policy = RetryPolicy(attempts=3, base=0)
    async with Client.from_config(sandbox.config(), retry=policy) as client:
        await outcomes(client, [Message(TO, "hello")])

    assert 1 == len(sandbox.requests)


async def test_everything_refused(client: Client, sandbox: Sandbox) -> None:
    """A batch of refusals only is not accepted, although its HTTP status is 207."""
    messages = [Message("+27820990003", "a"), Message("+27820990004", "b")]

    found = await outcomes(client, messages)

    assert [207] == [each["status"] for each in sandbox.requests]
    assert [Reason.INVALID_RECIPIENT, Reason.OPTED_OUT] == [meaning(each)[1] for each in found]
    check_delivery(sandbox, found)


@pytest.mark.parametrize(
    ("to", "options", "path", "error"),
    [
        (TO, {"parts": 1}, "content.text", RejectedError),
        (TO, {"numbers": frozenset({"27870000001"})}, "sender", RejectedError),
        (TO, {"channels": frozenset({"whatsapp"})}, "channel", NotSentError),
        ("+27820990003", {}, "to", RejectedError),
    ],
    ids=["parts", "sender", "channel", "recipient"],
)
async def test_the_field_is_named(
    client: Client, sandbox: Sandbox, to: str, path: str, error: type[RejectedError]
) -> None:
    """A refusal names the field of our message, and does not show the number."""
    message = Message(to, "x" * 200, sender="+27870000000")

    with pytest.raises(error) as caught:
        await client.send(message)

    assert path == caught.value.failure.path
    assert to.removeprefix("+") not in str(caught.value)
    check_delivery(sandbox, [])


async def test_a_verdict_can_be_configured(sandbox: Sandbox, emulator: ClickatellEmulator) -> None:
    """An account may configure code 19 as not sent, and the message is retried."""
    config = sandbox.config()
    config["accounts"]["clickatell"]["codes"] = {"global:19": {"verdict": "not_sent"}}
    emulator.account_faults.add(19, level="global")
    policy = RetryPolicy(attempts=2, base=0)
    async with Client.from_config(config, retry=policy) as client:
        accepted = await client.send(Message(TO, "hello"))

    check_delivery(sandbox, [accepted])
