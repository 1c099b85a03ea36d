"""Run one call of a client, for commands that make a single call to a provider."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from omnimsg.cli.errors import SEE_IDS, CommandError
from omnimsg.domain.errors import InvalidValue
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.stray_characters import unseen_in_line

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from omnimsg.client import Client

T = TypeVar("T")


def run_one_call(
    config: Path, call: Callable[[Client], Awaitable[T]], *, account: str | None = None
) -> T:
    """Open a client, await one call with it, close it, and return the call's result.

    Args:
        config: The configuration, a TOML file.
        call: The call; its argument is the client.
        account: The account that the call uses; `None` for the default account. Only the secrets of
            this account must be available.
    """
    import anyio  # noqa: PLC0415 - keeps help fast

    from omnimsg.client import Client  # noqa: PLC0415

    async def with_client() -> T:
        async with Client.from_config(config, default=account) as client:
            return await call(client)

    return anyio.run(with_client)


def account_of(message_id: str, *, argument: str = "MESSAGE_ID:", advice: str = SEE_IDS) -> str:
    """Return the account that an id names.

    Args:
        message_id: The id.
        argument: What it is called on the command line.
        advice: Where the user finds one.

    Raises:
        CommandError: The text is not an id.
    """
    form = f"{argument} must look like account:provider-id"
    # Each line of a file that Windows has written ends in a carriage return.
    if unseen := unseen_in_line(message_id):
        raise CommandError(f"{form}: {unseen}", advice)
    try:
        return MessageId(message_id).account
    except InvalidValue:
        raise CommandError(form, advice) from None
