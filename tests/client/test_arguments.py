"""What an argument of a method may be, and what the error says otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from omnimsg import ConfigError, Inline, InvalidValue, Message, Status, sync
from omnimsg.testing import FakeProvider
from omnimsg.testing.memory.fake_adapter import FakeAdapter

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg import Client

pytestmark = pytest.mark.anyio

MESSAGE = Message("+37255500001", "Hi")
OTHER = FakeAdapter.of("other")

# Calls with an argument of a wrong type, and how the error begins.
WRONG: list[tuple[str, Callable[[Any], Any]]] = [
    ("messages: must be several Message, not Message; give", lambda c: c.send_many(MESSAGE)),
    ("messages: must be several Message, not nothing", lambda c: c.send_many(None)),
    ("upload: must be Upload, not PosixPath; give Upload", lambda c: c.upload(Path("a.png"))),
    ("upload: must be Upload, not str", lambda c: c.upload("a.png")),
    ("stored: must be Stored, not str; give what `upload`", lambda c: c.download("main:1")),
    (
        "stored: must be Stored, not Inline; give .* an `Inline` one has its bytes in `data`",
        lambda c: c.download(Inline(b"a")),
    ),
    ("stored: must be Stored, not nothing", lambda c: c.media_info(None)),
    ("query: must be HistoryQuery, not str", lambda c: c.history("+27820001000")),
    ("ids: must be a list of ids, not nothing", lambda c: c.mark_read(None)),
    ("ids: must be a list of ids, not str", lambda c: c.mark_read("fake:1")),
    ("adapter: must be Adapter, not str; give one of", lambda c: c.add_account("fake")),
    ("policy: must be Policy, not dict", lambda c: c.add_account(OTHER, policy={"a": 1})),
    ("accounts: must be a list of names, not int", lambda c: c.receiver(accounts=3)),
    ("handler: must be a function, not str", lambda c: c.receiver("handle")),
    ("handler: must be a function, not nothing", lambda c: c.on_status(None)),
]


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
        with pytest.raises(InvalidValue, match=r"^status: must be one of unknown, scheduled"):
            await client.wait("fake:1", status)


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("ids", lambda client: client.mark_read("fake:1")),
        ("ids", lambda client: client.mark_read(b"fake:1")),
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


@pytest.mark.parametrize(("expected", "call"), WRONG)
async def test_an_argument_of_another_type(expected: str, call: Callable[[Any], Any]) -> None:
    """The error names the argument, its type and what to give.

    Before, it was an `AttributeError` of something inside, or came with the first event.
    """
    async with FakeProvider().client() as client:
        with pytest.raises(InvalidValue, match=f"^{expected}"):
            await call(client)


@pytest.mark.parametrize(("expected", "call"), WRONG)
def test_an_argument_of_another_type_in_a_thread(expected: str, call: Callable[[Any], Any]) -> None:
    """`omnimsg.sync` raises the same error."""
    with (
        sync.Client([FakeAdapter.of("fake")]) as client,
        pytest.raises(InvalidValue, match=f"^{expected}"),
    ):
        call(client)


@pytest.mark.parametrize("account", [["fake"], {"fake": 1}, 3])
async def test_an_account_that_is_no_name(account: Any) -> None:
    """It is an unknown account, also where it cannot be looked up."""
    async with FakeProvider().client() as client:
        with pytest.raises(ConfigError, match=r"no account .*: must be one of fake"):
            await client.send(MESSAGE, account=account)


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
