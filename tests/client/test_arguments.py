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
    """`wait` takes a status by its exact text, as a query of the history does."""
    provider = FakeProvider()
    async with provider.client() as client:
        accepted = await client.send(MESSAGE)
        provider.report(accepted, Status.READ)
        found = await client.wait(accepted, "read", timeout=5)

    assert Status.READ is found.status


@pytest.mark.parametrize("status", ["READ", "seen", "", None, 3])
async def test_an_invalid_status_is_refused(status: Any) -> None:
    """The error for an invalid status lists the statuses; no look-up is made."""
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
async def test_a_text_in_place_of_a_list_is_refused(
    name: str, call: Callable[[Client], Any]
) -> None:
    """A text in place of a list is refused, not read letter by letter; the error names it."""
    async with FakeProvider().client() as client:
        with pytest.raises(InvalidValue, match=f"{name}: must be a list of"):
            await call(client)


async def test_the_default_account_cannot_be_removed_by_none() -> None:
    """`remove_account(None)`, the default account, is refused; the account still sends."""
    name: Any = None
    async with FakeProvider().client() as client:
        with pytest.raises(ConfigError, match="account 'fake' is the default account"):
            await client.remove_account(name)
        accepted = await client.send(MESSAGE)

    assert "fake" == accepted.account


async def test_an_invalid_deadline_does_not_remove_an_account() -> None:
    """`remove_account` with an invalid deadline is refused; the account still sends."""
    async with FakeProvider().client(accounts=("main", "other")) as client:
        with pytest.raises(InvalidValue, match="deadline"):
            await client.remove_account("other", deadline=float("nan"))
        accepted = await client.send(MESSAGE, account="other")

    assert "other" == accepted.account


def test_another_librarys_event_loop_is_refused() -> None:
    """In an event loop other than asyncio's, the error says what to use instead."""
    entering = FakeProvider().client().__aenter__()

    with pytest.raises(RuntimeError, match=r"asyncio; under Trio, use omnimsg\.sync in"):
        entering.send(None)
