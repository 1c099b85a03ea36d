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

from omnimsg import Client, State
from omnimsg.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from omnimsg import Checkup

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
        said = {
            each.check: (each.state, each.detail)
            for each in found.findings
            if each.account == account
        }
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


async def test_an_account_without_its_secret(sandbox: Sandbox) -> None:
    """An account without its secret is a warning that names the unset variable."""
    found = await check(sandbox, {"bird": {"access_key": "env:NOBODY_SETS_THIS"}})

    assert {"configuration": State.WARNING} == states(found, "bird")
    assert any("NOBODY_SETS_THIS" in each.detail for each in found.findings)


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
