"""Each fault of the sandbox through each provider: outcomes agree with the handsets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import pytest

from omnimsg import (
    Accepted,
    Ambiguous,
    Client,
    Message,
    NotSent,
    Outcome,
    Reason,
    RetryPolicy,
    Scope,
    SendError,
)

if TYPE_CHECKING:
    from omnimsg.sandbox import Sandbox

pytestmark = pytest.mark.anyio

PROVIDERS = ("bird", "clickatell", "messente")
TO = "+27820000001"


@attrs.frozen
class Day:
    """A fault, and the outcome that it proves.

    Attributes:
        fault: The fault's kind.
        kind: The outcome's class.
        reason: Its reason.
        arrived: How often the handset has received the message.
        given: The fault's parameters.
        scope: The scope of a `NotSent`.
    """

    fault: str
    kind: type[Outcome]
    reason: Reason
    arrived: int = 0
    given: dict[str, Any] = attrs.field(factory=dict, kw_only=True)
    scope: Scope = attrs.field(default=Scope.MESSAGE, kw_only=True)


DAYS: dict[str, Day] = {
    "reset before it is read": Day("reset_before", Ambiguous, Reason.CONNECTION_LOST),
    "reset before the answer": Day("reset_after", Ambiguous, Reason.CONNECTION_LOST, 1),
    "half an answer": Day("truncate", Ambiguous, Reason.CONNECTION_LOST, 1),
    "a gateway's page": Day("html", Ambiguous, Reason.PROVIDER_ERROR),
    "a page that says all is well": Day(
        "html", Ambiguous, Reason.INVALID_RESPONSE, given={"status": 200}
    ),
    "a page that refuses": Day(
        "html", NotSent, Reason.MISCONFIGURED, given={"status": 400}, scope=Scope.ACCOUNT
    ),
    "a redirect": Day("redirect", NotSent, Reason.MISCONFIGURED, scope=Scope.ACCOUNT),
    "a redirect that forgets the body": Day(
        "redirect", Ambiguous, Reason.INVALID_RESPONSE, given={"status": 303}
    ),
    "500": Day("status", Ambiguous, Reason.PROVIDER_ERROR, given={"status": 500}),
    "503": Day("status", Ambiguous, Reason.PROVIDER_UNAVAILABLE, given={"status": 503}),
    "504": Day("status", Ambiguous, Reason.TIMEOUT, given={"status": 504}),
    "401": Day("status", NotSent, Reason.UNAUTHORIZED, given={"status": 401}, scope=Scope.ACCOUNT),
    "404": Day("status", NotSent, Reason.MISCONFIGURED, given={"status": 404}, scope=Scope.ACCOUNT),
    "an empty yes": Day("status", Ambiguous, Reason.INVALID_RESPONSE, given={"status": 202}),
    "throttled": Day("rate_limit", NotSent, Reason.RATE_LIMITED, given={"retry_after": 7}),
    "throttled by a gateway": Day(
        "rate_limit", NotSent, Reason.RATE_LIMITED, given={"status": 429, "retry_after": 7}
    ),
}


def client_of(sandbox: Sandbox, provider: str, attempts: int = 1) -> Client:
    """Return a client that sends SMS through one provider, with no delay between attempts."""
    config = sandbox.config() | {"default": provider}
    config["accounts"][provider]["channel"] = "sms"
    return Client.from_config(config, retry=RetryPolicy(attempts=attempts, base=0))


async def sent(client: Client, message: Message, **options: Any) -> Outcome:
    """Send one message and return its outcome, also a failed one."""
    try:
        return await client.send(message, **options)
    except SendError as error:
        outcome = error.outcome
        assert isinstance(outcome, Outcome)
        return outcome


def check_phones(sandbox: Sandbox, messages: list[Message], found: list[Outcome]) -> None:
    """Check that no handset contradicts an outcome or has a message twice."""
    assert len(messages) == len(found)
    for message, outcome in zip(messages, found, strict=True):
        count = len(sandbox.handsets.received(str(message.to)))
        possible = {Accepted: {1}, Ambiguous: {0, 1}}.get(type(outcome), {0})
        assert count in possible, (outcome, count)


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("day", DAYS.values(), ids=DAYS)
async def test_one_message(sandbox: Sandbox, provider: str, day: Day) -> None:
    """Each fault gives the outcome that it proves, and the handset agrees with it."""
    sandbox.faults.add(day.fault, provider=provider, **day.given)
    async with client_of(sandbox, provider) as client:
        outcome = await sent(client, Message(TO, "hello"))

    assert (day.kind, day.arrived) == (type(outcome), len(sandbox.handsets.received(TO)))
    assert not isinstance(outcome, Accepted)
    assert day.reason is outcome.reason
    assert day.given.get("retry_after") == outcome.retry_after
    if isinstance(outcome, NotSent):
        assert day.scope is outcome.scope


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("day", DAYS.values(), ids=DAYS)
async def test_further_attempts(sandbox: Sandbox, provider: str, day: Day) -> None:
    """Only a throttled message is retried, and arrives once; other faults give one request."""
    given = {**day.given, "retry_after": 0} if "retry_after" in day.given else day.given
    sandbox.faults.add(day.fault, provider=provider, **given)
    message = Message(TO, "hello")
    async with client_of(sandbox, provider, attempts=3) as client:
        outcome = await sent(client, message)

    again = day.reason is Reason.RATE_LIMITED
    assert (Accepted if again else day.kind) is type(outcome)
    assert (2 if again else 1) == len(sandbox.requests)
    check_phones(sandbox, [message], [outcome])


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_an_answer_that_comes_too_late(sandbox: Sandbox, provider: str) -> None:
    """If the deadline passes before the answer, the message is ambiguous and not sent again."""
    messages = [Message("+27820000002", "first"), Message(TO, "late")]
    async with client_of(sandbox, provider, attempts=3) as client:
        # The first message opens the connection, so that only the answer can be late.
        first = await sent(client, messages[0])
        sandbox.faults.add("latency", provider=provider, seconds=0.3)
        late = await sent(client, messages[1], deadline=0.1)

    assert (Accepted, Ambiguous) == (type(first), type(late))
    assert isinstance(late, Ambiguous)
    assert Reason.TIMEOUT is late.reason
    check_phones(sandbox, messages, [first, late])


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_nobody_listens(sandbox: Sandbox, provider: str) -> None:
    """Without a connection a message is `NotSent`, with the scope of the message."""
    config = sandbox.config() | {"default": provider}
    account = config["accounts"][provider]
    account["base_url"] = f"http://127.0.0.1:1/{provider}"
    account["channel"] = "sms"
    async with Client.from_config(config, retry=RetryPolicy(attempts=1)) as client:
        outcome = await sent(client, Message(TO, "hello"))

    assert isinstance(outcome, NotSent)
    assert (Reason.CONNECTION_FAILED, Scope.MESSAGE) == (outcome.reason, outcome.scope)
    assert [] == sandbox.handsets.all()


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("day", DAYS.values(), ids=DAYS)
async def test_a_stream(sandbox: Sandbox, provider: str, day: Day) -> None:
    """A fault in a stream leaves each message one outcome, and no message arrives twice."""
    given = {**day.given, "retry_after": 0} if "retry_after" in day.given else day.given
    sandbox.faults.add(day.fault, provider=provider, **given)
    messages = [Message(f"+2782000{n:04}", f"Message {n}") for n in range(20)]
    async with client_of(sandbox, provider, attempts=3) as client:
        found = [each async for each in client.send_many(messages)]

    found.sort(key=lambda each: each.position or 0)
    assert [each.reference for each in messages] == [each.reference for each in found]
    check_phones(sandbox, messages, found)


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("seed", range(3))
async def test_all_faults_at_random(sandbox: Sandbox, provider: str, seed: int) -> None:
    """With all faults at random, no outcome is contradicted by a handset."""
    troubles: list[tuple[str, dict[str, Any]]] = [
        ("reset_before", {}),
        ("reset_after", {}),
        ("truncate", {}),
        ("html", {}),
        ("status", {"status": 503}),
        ("rate_limit", {"retry_after": 0}),
    ]
    for number, (kind, given) in enumerate(troubles):
        sandbox.faults.add(kind, probability=0.08, seed=10 * seed + number, **given)
    messages = [Message(f"+2782000{n:04}", f"Message {n}") for n in range(40)]
    async with client_of(sandbox, provider, attempts=3) as client:
        found = [await sent(client, each) for each in messages]

    check_phones(sandbox, messages, found)
    assert {Accepted, Ambiguous} <= {type(each) for each in found}
