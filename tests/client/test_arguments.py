"""What an argument of a method may be, and what the error says otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from omnimsg import ConfigError, InvalidValue, Message, Status
from omnimsg.testing import FakeProvider

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg import Client

pytestmark = pytest.mark.anyio

MESSAGE = Message("+37255500001", "Hi")


async def test_a_status_to_wait_for_may_be_its_exact_text() -> None:
    """As it may be in a query of the history."""
    provider = FakeProvider()
    async with provider.client() as client:
        accepted = await client.send(MESSAGE)
        provider.report(accepted, Status.READ)
        found = await client.wait(accepted, "read", timeout=5)

    assert Status.READ is found.status


@pytest.mark.parametrize("status", ["READ", "seen", "", None, 3])
async def test_a_status_that_is_none(status: Any) -> None:
    """The error lists the statuses; nobody waits, and nobody is asked."""
    async with FakeProvider().client() as client:
        with pytest.raises(InvalidValue, match="status: must be one of unknown, scheduled"):
            await client.wait("fake:1", status)


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("ids", lambda client: client.mark_read("fake:1")),
        ("accounts", lambda client: client.receiver(accounts="fake")),
    ],
)
async def test_one_text_is_no_list_of_texts(name: str, call: Callable[[Client], Any]) -> None:
    """It is not taken letter by letter; the error says what to write."""
    async with FakeProvider().client() as client:
        with pytest.raises(InvalidValue, match=f"{name}: must be a list of"):
            await call(client)


async def test_the_default_account_cannot_be_removed_without_a_name_either() -> None:
    """Nothing becomes of the account, which still sends."""
    name: Any = None
    async with FakeProvider().client() as client:
        with pytest.raises(ConfigError, match="account 'fake' is the default account"):
            await client.remove_account(name)
        accepted = await client.send(MESSAGE)

    assert "fake" == accepted.account


async def test_an_account_is_not_removed_in_no_number_of_seconds() -> None:
    """It was gone, without being closed."""
    async with FakeProvider().client(accounts=("main", "other")) as client:
        with pytest.raises(InvalidValue, match="deadline"):
            await client.remove_account("other", deadline=float("nan"))
        accepted = await client.send(MESSAGE, account="other")

    assert "other" == accepted.account


def test_the_event_loop_of_another_library() -> None:
    """There, the error says what to use instead."""
    entering = FakeProvider().client().__aenter__()

    with pytest.raises(RuntimeError, match=r"asyncio; under Trio, use omnimsg\.sync in"):
        entering.send(None)
