"""Every form of Bird's errors, and every scenario of a message, over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from bird.cases import PHONE

from omnimsg import (
    Client,
    Message,
    NotSentError,
    OperationError,
    ProviderContact,
    Reason,
    RejectedError,
    Retry,
    RetryPolicy,
    Scope,
    Status,
    Stored,
)
from omnimsg.sandbox import Scenario, magic_number

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from support.provider_http import Recorder

    from omnimsg.sandbox import Sandbox
    from omnimsg_bird.emulator import BirdEmulator


pytestmark = pytest.mark.anyio

OTHER = "00000000-0000-4000-8000-000000000000"
ERRORS = {
    400: (RejectedError, Reason.INVALID_MESSAGE, Retry.NEVER, None),
    401: (NotSentError, Reason.UNAUTHORIZED, Retry.AFTER_FIX, Scope.ACCOUNT),
    403: (NotSentError, Reason.FORBIDDEN, Retry.AFTER_FIX, Scope.ACCOUNT),
    404: (NotSentError, Reason.MISCONFIGURED, Retry.AFTER_FIX, Scope.ACCOUNT),
    409: (NotSentError, Reason.UNKNOWN, Retry.SAFE, Scope.MESSAGE),
    413: (RejectedError, Reason.CONTENT_TOO_LARGE, Retry.NEVER, None),
    429: (NotSentError, Reason.RATE_LIMITED, Retry.SAFE, Scope.MESSAGE),
}


@pytest.mark.parametrize("status", ERRORS)
async def test_an_error_of_a_send(
    client: Client, sandbox: Sandbox, emulator: BirdEmulator, status: int
) -> None:
    """Each error has its verdict and keeps Bird's own text; no handset receives anything."""
    kind, reason, retry, scope = ERRORS[status]
    emulator.refusals.append(status)

    with pytest.raises(kind) as caught:
        await client.send(Message(PHONE, "Hi", channel="sms"))

    outcome = caught.value.outcome
    assert (reason, retry, status) == (outcome.reason, outcome.retry, outcome.failure.http_status)
    assert scope == getattr(outcome, "scope", None)
    assert outcome.failure.code == outcome.failure.raw["code"]
    assert [] == sandbox.handsets.all()


@pytest.mark.parametrize("status", ERRORS)
@pytest.mark.parametrize("operation", ["status", "history", "interactions"])
async def test_an_error_of_a_look_up(
    client: Client, emulator: BirdEmulator, status: int, operation: str
) -> None:
    """A failed look-up may be repeated unless the error says otherwise; a 404 is about the id."""
    emulator.refusals.append(status)
    known = f"bird:{emulator_channel(client)}/m-1"
    reason, retry = ERRORS[status][1:3]
    if status == 404 and operation == "interactions":
        reason, retry = Reason.NOT_FOUND, Retry.NEVER

    if status == 404 and operation == "status":
        assert Reason.NOT_FOUND is (await client.status(known)).reason
        return
    questions: dict[str, Callable[[], Awaitable[object]]] = {
        "status": lambda: client.status(known),
        "history": lambda: anext(client.history()),
        "interactions": lambda: anext(client.interactions(known)),
    }

    with pytest.raises(OperationError) as caught:
        await questions[operation]()

    assert (reason, Retry.SAFE if retry is Retry.UNSAFE else retry) == (
        caught.value.reason,
        caught.value.retry,
    )


def emulator_channel(client: Client) -> str:
    """Return the id of the account's SMS channel."""
    return str(client.accounts["bird"].account.settings.channels["sms"])


async def test_a_422_names_the_field(client: Client, sandbox: Sandbox) -> None:
    """A message that fails validation is rejected with the path of our field."""
    message = Message(PHONE, "Hi", channel="sms", extras={"bird": {"validity": -1}})

    with pytest.raises(RejectedError) as caught:
        await client.send(message)

    failure = caught.value.outcome.failure
    assert (422, "InvalidPayload", "ttl") == (failure.http_status, failure.code, failure.path)
    assert [] == sandbox.handsets.all()


@pytest.mark.parametrize("account", [{"access_key": "wrong-key"}])
async def test_a_wrong_key(client: Client) -> None:
    """A wrong key is a fault of the account."""
    with pytest.raises(NotSentError) as caught:
        await client.send(Message(PHONE, "Hi", channel="sms"))

    assert (Reason.UNAUTHORIZED, Scope.ACCOUNT) == (caught.value.reason, caught.value.outcome.scope)


async def test_a_contact_that_does_not_exist(client: Client) -> None:
    """Bird's 404 names the contact, so the message is rejected and the account goes on."""
    with pytest.raises(RejectedError) as caught:
        await client.send(Message(ProviderContact(id="c-1"), "Hi", channel="sms"))

    assert (Reason.INVALID_RECIPIENT, "to") == (caught.value.reason, caught.value.failure.path)


@pytest.mark.parametrize(
    "account",
    [{"channels": {"sms": OTHER}}, {"workspace_id": OTHER}],
    ids=["channel", "workspace"],
)
async def test_a_channel_that_does_not_exist(client: Client) -> None:
    """Bird's 404 names the channel or the workspace, which is a fault of the account."""
    with pytest.raises(NotSentError) as caught:
        await client.send(Message(ProviderContact(id="c-1"), "Hi", channel="sms"))

    assert (Reason.MISCONFIGURED, Scope.ACCOUNT) == (
        caught.value.reason,
        caught.value.outcome.scope,
    )


@pytest.mark.parametrize("account", [{"workspace_id": OTHER}])
async def test_a_look_up_in_a_workspace_that_does_not_exist(
    client: Client, sandbox: Sandbox
) -> None:
    """A wrong workspace is the account's fault, and does not mean that an id is unknown."""
    id_ = f"bird:{emulator_channel(client)}/m-1"
    file = Stored(account="bird", url=f"{sandbox.url}/bird/workspaces/{OTHER}/media/m-1")
    questions: list[Callable[[], Awaitable[object]]] = [
        lambda: client.status(id_),
        lambda: anext(client.interactions(id_)),
        lambda: client.download(file),
    ]

    reasons = []
    for ask in questions:
        with pytest.raises(OperationError) as caught:
            await ask()
        reasons.append((caught.value.reason, caught.value.retry))

    assert [(Reason.MISCONFIGURED, Retry.AFTER_FIX)] * 3 == reasons


@pytest.mark.parametrize("id_", ["bird:m-1", "bird:/m-1", "bird:c-1/"])
async def test_a_malformed_id(client: Client, recorder: Recorder, id_: str) -> None:
    """A malformed id is refused without a request."""
    with pytest.raises(OperationError) as caught:
        await client.status(id_)

    assert (Reason.NOT_FOUND, "id") == (caught.value.reason, caught.value.failure.path)
    assert [] == recorder.requests


FATES = {
    Scenario.DELIVERED: (Status.DELIVERED, None),
    Scenario.INVALID_RECIPIENT: (Status.FAILED, Reason.INVALID_RECIPIENT),
    # Bird publishes no code for an opt-out or missing funds.
    Scenario.OPTED_OUT: (Status.REJECTED, Reason.UNKNOWN),
    Scenario.NOT_ON_CHANNEL: (Status.FAILED, Reason.RECIPIENT_UNREACHABLE),
    Scenario.UNDELIVERABLE: (Status.FAILED, Reason.PROVIDER_ERROR),
    Scenario.EXPIRED: (Status.EXPIRED, Reason.EXPIRED),
    Scenario.PROVIDER_FAULT: (Status.FAILED, Reason.PROVIDER_ERROR),
    Scenario.NO_FUNDS: (Status.REJECTED, Reason.UNKNOWN),
    Scenario.NEVER_SETTLES: (Status.SENT, None),
}


@pytest.mark.parametrize("scenario", FATES, ids=lambda each: each.name)
async def test_scenarios(client: Client, sandbox: Sandbox, scenario: Scenario) -> None:
    """Each scenario ends in its unified status, and only the delivered message arrives."""
    to = magic_number(scenario)
    accepted = await client.send(Message(to, "Hi", channel="whatsapp"))

    status = await client.status(str(accepted.id))

    assert FATES[scenario] == (status.status, status.reason)
    assert (scenario is Scenario.DELIVERED) == bool(sandbox.handsets.received(to))


async def test_what_was_throttled_is_tried_again(sandbox: Sandbox, recorder: Recorder) -> None:
    """A throttled message was not processed: it is retried, and arrives once."""
    to = magic_number(Scenario.THROTTLED_ONCE)
    policy = RetryPolicy(attempts=2, base=0.0)
    async with Client.from_config(sandbox.config(), retry=policy) as client:
        await client.send(Message(to, "Hi", channel="sms"))

    assert 1 == len(sandbox.handsets.received(to))
    assert 2 == len(recorder.requests)


async def test_a_message_over_the_limit_never_leaves(client: Client, recorder: Recorder) -> None:
    """A message of more than 200 KB is refused without a request."""
    with pytest.raises(NotSentError) as caught:
        await client.send(Message(PHONE, "x" * 200_000, channel="sms"))

    assert Reason.CONTENT_TOO_LARGE is caught.value.reason
    assert [] == recorder.requests
