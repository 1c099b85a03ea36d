"""`client.check` and `omnimsg doctor`, against all three providers of the sandbox."""

from __future__ import annotations

import platform
import time
import tomllib
from datetime import UTC, datetime, timedelta
from importlib import metadata
from typing import TYPE_CHECKING, Any

import anyio.to_thread
import orjson
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
from omnimsg.sandbox import Sandbox
from omnimsg.transport import TransportFault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection

    from omnimsg import Checkup
    from omnimsg.adapter import Answered, Context, Flow
    from omnimsg.domain.status import MessageStatus

pytestmark = pytest.mark.anyio

NO_CHANNEL = "5a0d1c5e-0b1d-4c43-9d0a-6a1b3f7c9999"


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """Serve all providers."""
    async with Sandbox() as running:
        yield running


async def check(sandbox: Sandbox, changes: Any = None, **options: Any) -> Checkup:
    """Check a client with an account for each provider."""
    config = tomllib.loads(sandbox.config_toml())
    for name, change in (changes or {}).items():
        config["accounts"][name] |= change
    client = await anyio.to_thread.run_sync(lambda: Client.from_config(config, **options))
    async with client:
        return await client.check()


def states(found: Checkup, account: str | None) -> dict[str, State]:
    """Return the state of each check of an account."""
    return {each.check: each.state for each in found.findings if each.account == account}


def details(found: Checkup, account: str | None = "main") -> dict[str, tuple[State, str]]:
    """Return the state and the words of each check of an account."""
    return {
        each.check: (each.state, each.detail) for each in found.findings if each.account == account
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


# How each provider answers, how its credentials are tested, its limits, and what else is known.
KNOWN: dict[str, tuple[int, str, str, dict[str, tuple[State, str]]]] = {
    "bird": (
        404,
        "history",
        "64 requests at once, 1 message in one, 500 requests/s documented",
        {"channels": (State.OK, "known: email, sms, whatsapp")},
    ),
    "clickatell": (
        400,
        "balance",
        "16 requests at once, 100 messages in one, no documented rate",
        {},
    ),
    "messente": (
        404,
        "status of an unknown id",
        "16 requests at once, 1000 messages in one, 150 requests/s documented",
        {},
    ),
}


async def test_all_is_well(sandbox: Sandbox) -> None:
    """Every account passes the checks without sending a message."""
    found = await check(sandbox)

    for account, (status, operation, limits, others) in KNOWN.items():
        said = details(found, account)
        state, words = said.pop("reach")
        assert (State.OK, True) == (state, words.endswith(f"/{account} answers ({status})"))
        assert said == others | {
            "clock": (State.OK, "within seconds of the provider's"),
            "credentials": (State.OK, f"accepted ({operation})"),
            "limits": (State.OK, limits),
            "callbacks": (State.NOT_VERIFIED, "no public_url is configured"),
        }
    assert {"versions": State.OK} == states(found, None)
    assert found.is_well
    assert [] == sandbox.handsets.all()


@pytest.mark.parametrize(
    ("library", "said"),
    [
        ("orjson", f", orjson {orjson.__version__}"),
        (
            "the standard library",
            ", no orjson (JSON through the standard library, which is slower)",
        ),
    ],
)
async def test_the_library_for_json_is_named(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, library: str, said: str
) -> None:
    """The finding `versions` names the JSON library in use."""
    monkeypatch.setattr("omnimsg.checkup.LIBRARY", library)

    found = await check(sandbox)

    (versions,) = (each.detail for each in found.findings if each.check == "versions")
    packages = ("omnimsg", "aiohttp", "anyio", "attrs", "cattrs")
    installed = ", ".join(f"{name} {metadata.version(name)}" for name in packages)
    assert f"Python {platform.python_version()}, {installed}{said}" == versions


@pytest.mark.parametrize(
    ("account", "change"),
    [("clickatell", {"api_key": "wrong"}), ("bird", {"access_key": "wrong"})],
)
async def test_a_wrong_key(sandbox: Sandbox, account: str, change: Any) -> None:
    """A refused key fails the check of credentials, and nothing more is asked with it."""
    found = await check(sandbox, {account: change})

    assert State.FAILED is states(found, account)["credentials"]
    assert "channels" not in states(found, account)
    assert not found.is_well


async def test_a_wrong_id_of_a_channel(sandbox: Sandbox) -> None:
    """A channel that the provider does not know fails, and is named; nothing is sent."""
    channels = tomllib.loads(sandbox.config_toml())["accounts"]["bird"]["channels"]
    wrong = channels | {"sms": NO_CHANNEL}

    right = await check(sandbox)
    found = await check(sandbox, {"bird": {"channels": wrong}})

    (well,) = (each for each in right.findings if each.check == "channels")
    (finding,) = (each for each in found.findings if each.check == "channels")
    assert ("bird", State.OK, "known: email, sms, whatsapp") == (
        well.account,
        well.state,
        well.detail,
    )
    assert State.FAILED is finding.state
    assert finding.detail.startswith("sms: misconfigured")
    assert "channel not found" in finding.detail
    assert not found.is_well
    assert [] == sandbox.handsets.all()


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


async def test_an_unreachable_account(sandbox: Sandbox) -> None:
    """An unreachable account fails, and the other accounts are still checked."""
    found = await check(sandbox, {"bird": {"base_url": "http://127.0.0.1:9"}})

    assert State.FAILED is states(found, "bird")["reach"]
    assert "credentials" not in states(found, "bird")
    assert State.OK is states(found, "messente")["reach"]


@pytest.mark.parametrize(
    ("minutes", "expected"), [(10, "s ahead of the provider's"), (-10, "s behind the provider's")]
)
async def test_a_clock_that_is_wrong(sandbox: Sandbox, minutes: int, expected: str) -> None:
    """A wrong local clock is a warning with its difference from the provider's time."""

    class Wrong:
        def monotonic(self) -> float:
            return time.monotonic()

        def utc_now(self) -> datetime:
            return datetime.now(UTC) + timedelta(minutes=minutes)

    found = await check(sandbox, clock=Wrong())

    (finding,) = [
        each for each in found.findings if (each.account, each.check) == ("bird", "clock")
    ]
    assert State.WARNING is finding.state
    assert expected in finding.detail
    assert "set this machine's clock by a time server" == finding.advice


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


async def test_an_account_without_its_secret(sandbox: Sandbox) -> None:
    """An account without its secret is a warning that names the unset variable."""
    found = await check(sandbox, {"bird": {"access_key": "env:NOBODY_SETS_THIS"}})

    assert {"configuration": State.WARNING} == states(found, "bird")
    assert any("NOBODY_SETS_THIS" in each.detail for each in found.findings)


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


async def test_the_advice_of_each_finding(sandbox: Sandbox) -> None:
    """What is not as it should be comes with what to do about it; what is has no advice."""
    config = tomllib.loads(sandbox.config_toml())
    accounts = config["accounts"]
    accounts["unset"] = accounts["bird"] | {"access_key": "env:NOBODY_SETS_THIS"}
    accounts["away"] = accounts["bird"] | {"base_url": "http://127.0.0.1:9"}
    accounts["elsewhere"] = accounts["bird"] | {"channels": {"sms": NO_CHANNEL}}
    accounts["clickatell"] |= {"api_key": "wrong", "callback_secrets": []}
    config["callbacks"] = {"public_url": "http://hooks.example.com/callbacks"}
    client = await anyio.to_thread.run_sync(lambda: Client.from_config(config))

    async with client:
        found = await client.check()

    advice = {(each.account, each.check): each.advice for each in found.findings if each.advice}
    assert {
        ("unset", "configuration"): "give the account what it lacks, or leave the account out",
        ("away", "reach"): "check base_url, and the network and the proxy of this machine",
        ("away", "callbacks"): "let a proxy with a certificate take the callbacks",
        ("elsewhere", "channels"): "correct base_url and the ids of the account",
        ("elsewhere", "callbacks"): "let a proxy with a certificate take the callbacks",
        ("bird", "callbacks"): "let a proxy with a certificate take the callbacks",
        ("messente", "callbacks"): "let a proxy with a certificate take the callbacks",
        ("clickatell", "credentials"): "correct the account's credentials",
        ("clickatell", "callbacks"): "set it in the account, and the same at the provider",
    } == advice
    assert {State.OK} == {each.state for each in found.findings if not each.advice}


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
