"""The accounts that a receiver takes callbacks for, as they come and go."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from support.adapters import KEY, FakeTransport, TinySettings, tiny
from support.reporting import PUBLIC_URL, Reporting, request, signed, written

from omnimsg import CallbackOptions, Client, ConfigError
from omnimsg.adapter import Account
from omnimsg.delivery import receiver
from omnimsg.domain.secret import Secret

pytestmark = pytest.mark.anyio

BODY = written({"state": "sent", "id": "m1"})
NOWHERE = "http://127.0.0.1:9"


def test_an_account_is_found_by_its_whole_name() -> None:
    """An account's name with dots and dashes is found in the path."""
    client = Client(
        [tiny(kind=Reporting, name="a.b-c_1")],
        transport=lambda _: FakeTransport(),
        callbacks=CallbackOptions(public_url=PUBLIC_URL),
    )

    answer = asyncio.run(client.receiver().respond(request(BODY, path="/x/a.b-c_1")))

    assert 204 == answer.status


async def test_an_account_that_was_added_can_receive() -> None:
    """An account added after a receiver was built can receive."""
    first, second = (tiny(kind=Reporting, name=name) for name in ("first", "second"))
    options = CallbackOptions(public_url=PUBLIC_URL)
    async with Client([first], transport=lambda _: FakeTransport(), callbacks=options) as client:
        before = client.receiver().accounts
        client.add_account(second)
        after = client.receiver().accounts
        alone = client.receiver(accounts=["second"]).accounts

    assert [("first",), ("first", "second"), ("second",)] == [before, after, alone]


def test_a_mistyped_account_of_a_receiver_is_an_error() -> None:
    """Otherwise the reports of the account that was meant would be refused."""
    options = CallbackOptions(public_url=PUBLIC_URL)
    accounts = [tiny(kind=Reporting, name=name) for name in ("first", "second")]
    client = Client(
        accounts, default="first", transport=lambda _: FakeTransport(), callbacks=options
    )

    with pytest.raises(ConfigError, match="no account 'secnd'"):
        client.receiver(accounts=["first", "secnd"])


def with_key(name: str, key: str) -> Reporting:
    """Return an account whose callbacks are signed with a key of its own."""
    return Reporting(Account(name=name, settings=TinySettings(key=Secret(key)), base_url=NOWHERE))


class Tenants:
    """A client whose accounts come and go, and a receiver that was built before."""

    def __init__(self, **how: Any) -> None:
        options = CallbackOptions(public_url=PUBLIC_URL)
        self.client = Client(
            [tiny(kind=Reporting), tiny(kind=Reporting, name="tenant")],
            default="main",
            transport=lambda _: FakeTransport(),
            callbacks=options,
        )
        self.receiver = self.client.receiver(lambda _: None, **how)

    async def ask(self, name: str, key: str = KEY) -> int:
        """Call back for an account, signed with a key."""
        headers = [signed(BODY, key)]
        asked = request(BODY, path=f"/callbacks/{name}", headers=headers, is_signed=False)
        return (await self.receiver.respond(asked)).status


async def test_a_receiver_takes_accounts_that_are_added_later() -> None:
    """A receiver of all accounts accepts callbacks of an account that is added later."""
    tenants = Tenants()
    async with tenants.client as client:
        before = await tenants.ask("late")
        client.add_account(tiny(kind=Reporting, name="late"))
        accounts = tenants.receiver.accounts
        after = await tenants.ask("late")

    assert (404, 204) == (before, after)
    assert ("main", "tenant", "late") == accounts == tenants.receiver.accounts


async def test_a_receiver_of_some_accounts_takes_no_others_later() -> None:
    """A receiver of named accounts refuses callbacks of an account that is added later."""
    tenants = Tenants(accounts=["tenant"])
    async with tenants.client as client:
        client.add_account(tiny(kind=Reporting, name="late"))
        statuses = [await tenants.ask(name) for name in ("tenant", "late", "main")]

    assert [204, 404, 404] == statuses
    assert ("tenant",) == tenants.receiver.accounts


@pytest.mark.parametrize("how", [{}, {"accounts": ["tenant"]}])
async def test_an_account_is_replaced_to_change_its_secret(how: dict[str, Any]) -> None:
    """After an account is replaced, its new secret verifies and the old one does not."""
    tenants = Tenants(**how)
    async with tenants.client as client:
        before = [await tenants.ask("tenant", key) for key in (KEY, "new-key")]
        await client.remove_account("tenant")
        between = await tenants.ask("tenant")
        client.add_account(with_key("tenant", "new-key"))
        after = [await tenants.ask("tenant", key) for key in (KEY, "new-key")]

    assert [204, 401] == before
    assert 204 == between  # the last reports of an account come after it was removed
    assert [401, 204] == after


async def test_an_added_account_is_received_after_its_removal() -> None:
    """The reports of an account that was added are received, if they come after it was removed."""
    tenants = Tenants()
    async with tenants.client as client:
        client.add_account(tiny(kind=Reporting, name="late"))
        await client.remove_account("late")
        status = await tenants.ask("late")

    assert 204 == status


async def test_accounts_that_come_and_go_are_not_received_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Above a limit, the accounts that were removed first are forgotten, and no current one is."""
    monkeypatch.setattr(receiver, "MAX_REMOVED", 2)
    tenants = Tenants()
    async with tenants.client as client:
        for number in range(6):
            client.add_account(tiny(kind=Reporting, name=f"t{number}"))
        for number in (0, 2, 4):
            await tenants.ask(f"t{number}")
        for number in (5, 1, 3, 0, 4):
            await client.remove_account(f"t{number}")
        statuses = {name: await tenants.ask(name) for name in ("t5", "t1", "t3", "t0", "t4")}
        current = [await tenants.ask(name) for name in ("main", "tenant", "t2")]

    assert {"t5": 404, "t1": 404, "t3": 204, "t0": 204, "t4": 204} == statuses
    assert [204, 204, 204] == current


async def test_an_account_without_a_secret_is_not_received() -> None:
    """An account without a secret is not received, whether it is added or replaces another."""
    tenants = Tenants()
    async with tenants.client as client:
        await client.remove_account("tenant")
        for name in ("tenant", "late"):
            client.add_account(with_key(name, ""))
        statuses = [
            await tenants.ask(name, key) for name in ("tenant", "late") for key in (KEY, "")
        ]

        await client.remove_account("tenant")
        statuses.append(await tenants.ask("tenant"))

    assert [404] * 5 == statuses
    assert ("main",) == tenants.receiver.accounts
