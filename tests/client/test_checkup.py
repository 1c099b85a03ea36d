"""`client.check`: the words and the state of each finding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.adapters import (
    NUMBER,
    FakeTransport,
    ManualClock,
    TinyAdapter,
    tiny,
)

from omnimsg import (
    Breaker,
    CallbackOptions,
    Channel,
    Client,
    InvalidValue,
    Message,
    NotSentError,
    Policy,
    Reason,
    Retry,
    RetryPolicy,
    State,
)
from omnimsg.adapter import Adapter, Request, Response
from omnimsg.domain.failure import Failure
from omnimsg.domain.history import HistoryQuery, Page, PastMessage
from omnimsg.domain.invalid_value import Problem
from omnimsg.transport import TransportFault

if TYPE_CHECKING:
    from collections.abc import Collection

    from omnimsg import Checkup
    from omnimsg.adapter import Answered, Context, Flow
    from omnimsg.domain.status import MessageStatus

pytestmark = pytest.mark.anyio


def details(found: Checkup) -> dict[str, tuple[State, str]]:
    """Return the state and the words of each check of the account."""
    return {
        each.check: (each.state, each.detail) for each in found.findings if each.account == "main"
    }


async def checkup_of(
    adapter: TinyAdapter, body: bytes = b'{"left": "1"}', **options: Any
) -> Checkup:
    """Check an account of Tiny, which gives every request the same answer."""
    async with Client(
        [adapter], transport=lambda _: FakeTransport(lambda _: Response(200, body)), **options
    ) as client:
        return await client.check()


async def check_tiny(*args: Any, **options: Any) -> dict[str, tuple[State, str]]:
    """Return the state and the words of each check of `checkup_of`."""
    return details(await checkup_of(*args, **options))


UNTESTED = "sms: could not be tested: provider_unavailable"


@pytest.mark.parametrize(
    ("channels", "expected"),
    [
        ((Channel.SMS,), (State.NOT_VERIFIED, UNTESTED, "check again later")),
        (
            (Channel.WHATSAPP, Channel.SMS),
            (
                State.FAILED,
                f"{UNTESTED}; whatsapp: channel_not_enabled",
                "enable the channel at the provider",
            ),
        ),
    ],
)
async def test_a_channel_that_cannot_be_asked_for(
    channels: tuple[Channel, ...], expected: tuple[State, str, str]
) -> None:
    """Where a provider fails to answer, a channel is not verified; one that it refuses failed."""
    reasons = {
        Channel.SMS: Reason.PROVIDER_UNAVAILABLE,
        Channel.WHATSAPP: Reason.CHANNEL_NOT_ENABLED,
    }

    class Listing(TinyAdapter):
        def usable_channels(self) -> Collection[Channel]:
            """Name channels, as settings would."""
            return channels

        def history(
            self, query: HistoryQuery, page: str | None, context: Context
        ) -> Flow[Answered[Page[PastMessage]]]:
            """List nothing for the account, and fail for a channel."""
            yield Request("GET", "/messages")
            if query.channel is None:
                return Page(())
            return Failure(reason=reasons[query.channel], retry=Retry.AFTER_FIX)

    found = await checkup_of(tiny(kind=Listing))

    (finding,) = (each for each in found.findings if each.check == "channels")
    assert expected == (finding.state, finding.detail, finding.advice)


async def test_channels_are_not_asked_for_without_a_history() -> None:
    """A provider without a list of messages cannot say which channels it knows."""

    class Channels(TinyAdapter):
        history = Adapter.history

        def usable_channels(self) -> Collection[Channel]:
            """Name one channel, as settings would."""
            return (Channel.SMS,)

    said = await check_tiny(tiny(kind=Channels))

    assert State.OK is said["credentials"][0]
    assert "channels" not in said


NEAR = "within seconds of the provider's"


FAR = "the provider's; signatures may be refused"


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("Wed, 02 Jan 2030 03:04:05 GMT", (State.OK, NEAR)),
        ("Wed, 02 Jan 2030 03:04:05 -0000", (State.OK, NEAR)),
        ("Wed, 02 Jan 2030 03:03:35 GMT", (State.OK, NEAR)),
        ("Wed, 02 Jan 2030 03:03:34 GMT", (State.WARNING, f"31 s ahead of {FAR}")),
        ("Wed, 02 Jan 2030 03:04:36 GMT", (State.WARNING, f"31 s behind {FAR}")),
        ("2030-01-02", (State.NOT_VERIFIED, "the answer has no Date header")),
        (None, (State.NOT_VERIFIED, "the answer has no Date header")),
    ],
)
async def test_the_date_of_an_answer(date: str | None, expected: tuple[State, str]) -> None:
    """A date that no time can be read from is no time to compare with, and no error."""
    headers = {} if date is None else {"Date": date}

    def reply(_: Request) -> Response:
        return Response(200, b'{"left": "1"}', headers)

    async with Client(
        [tiny()], transport=lambda _: FakeTransport(reply), clock=ManualClock()
    ) as client:
        found = await client.check()

    assert expected == details(found)["clock"]


async def test_a_finding_shows_no_number() -> None:
    """A number in the words of an adapter is masked."""

    class Quoting(TinyAdapter):
        def callback_problem(self) -> str | None:
            """Quote a number."""
            return "no secret for +27820990001"

    def reply(_: Request) -> Response:
        return Response(200, b'{"left": "1"}')

    async with Client([tiny(kind=Quoting)], transport=lambda _: FakeTransport(reply)) as client:
        found = await client.check()

    (callbacks,) = (each.detail for each in found.findings if each.check == "callbacks")
    assert "would be refused: no secret for +278******01" == callbacks


class Bare(TinyAdapter):
    """Tiny without an operation that would test the credentials."""

    balance = Adapter.balance
    history = Adapter.history


class Numbered(Bare):
    """Tiny with a look-up of messages that have numbers for ids."""

    def status(self, provider_id: str, context: Context) -> Flow[Answered[MessageStatus]]:
        """Refuse an id of another form."""
        if not provider_id.isdigit():
            raise InvalidValue(Problem("message", "must have a number for its id"))
        yield Request("GET", "/status")
        return None


NOT_TESTED = "the provider has no operation that tests them without sending"


@pytest.mark.parametrize(
    ("kind", "body", "state", "detail"),
    [
        (TinyAdapter, b'{"left": "1"}', State.OK, "accepted (balance)"),
        (TinyAdapter, b'{"error": "no-money"}', State.FAILED, "insufficient_funds"),
        (
            TinyAdapter,
            b'{"error": "who-knows"}',
            State.NOT_VERIFIED,
            "could not be tested: provider_error",
        ),
        (Bare, b"{}", State.NOT_VERIFIED, NOT_TESTED),
        (Numbered, b"{}", State.NOT_VERIFIED, NOT_TESTED),
    ],
)
async def test_credentials_are_tested_without_sending(
    kind: type[TinyAdapter], body: bytes, state: State, detail: str
) -> None:
    """Only what the provider says of its account fails; what cannot be asked is not verified."""
    said = await check_tiny(tiny(kind=kind), body)

    assert state is said["credentials"][0]
    assert said["credentials"][1].startswith(detail)


@pytest.mark.parametrize(
    ("url", "problem", "state", "detail"),
    [
        (None, None, State.NOT_VERIFIED, "no public_url is configured"),
        (
            "http://hooks.example.com",
            None,
            State.WARNING,
            "public_url is not https: reports can be read on their way",
        ),
        ("https://hooks.example.com", None, State.OK, "public_url and secrets are set"),
        (None, "no secret", State.NOT_VERIFIED, "would be refused: no secret"),
        ("https://hooks.example.com", "no secret", State.FAILED, "would be refused: no secret"),
    ],
)
async def test_callbacks_need_a_secret_and_https(
    url: str | None, problem: str | None, state: State, detail: str
) -> None:
    """Callbacks that would be refused fail, once there is an address for them."""

    class Secretive(TinyAdapter):
        def callback_problem(self) -> str | None:
            """Return why callbacks would be refused."""
            return problem

    said = await check_tiny(tiny(kind=Secretive), callbacks=CallbackOptions(public_url=url))

    assert (state, detail) == said["callbacks"]


async def test_an_open_circuit_fails() -> None:
    """An account whose messages are held back has failed, and the reason is named."""

    def reply(request: Request) -> Response:
        if request.method == "POST":
            raise TransportFault(Reason.CONNECTION_FAILED, "nobody listens")
        return Response(200, b'{"left": "1"}')

    def transport(_: object) -> FakeTransport:
        return FakeTransport(reply, writes=False)

    policy = Policy(retry=RetryPolicy(attempts=1), breaker=Breaker(failures=1))
    async with Client([tiny()], transport=transport, policies={"main": policy}) as client:
        with pytest.raises(NotSentError):
            await client.send(Message(NUMBER, "Hi"))
        found = await client.check()

    assert (
        State.FAILED,
        "the provider of account 'main': provider_unavailable",
    ) == details(found)["circuits"]
    assert not found.is_well
