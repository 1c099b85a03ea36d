"""One message object of each kind of content, through each provider that supports it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import pytest

from omnimsg import Accepted, Client, NotSentError
from omnimsg.domain.message import CONTENT_KINDS
from omnimsg.domain.serialization import message_to_json
from omnimsg.sandbox import Sandbox

if TYPE_CHECKING:
    from omnimsg import Channel

pytestmark = pytest.mark.anyio

contents: Any = importlib.import_module("contents")
content_examples: Any = importlib.import_module("content_examples")

WAYS: list[tuple[str, str, Channel]] = [
    (account, name, channel)
    for account, adapter in content_examples.accounts().items()
    for name in contents.CONTENTS
    for channel in content_examples.carried(adapter, name)
]


def _config(sandbox: Sandbox) -> dict[str, Any]:
    """Return the sandbox's accounts, with the keys of the template's placeholders for Bird."""
    config = sandbox.config()
    config["accounts"]["bird"]["templates"] = {"table_ready": {"keys": ["name", "time"]}}
    return config


async def test_every_kind_is_among_the_samples() -> None:
    """The samples include every kind of content."""
    kinds = {content.kind for content in contents.CONTENTS.values()}

    assert kinds == {kind.kind for kind in CONTENT_KINDS}  # type: ignore[attr-defined]


async def test_every_kind_has_a_provider() -> None:
    """Every sample is supported by at least one provider and channel."""
    carried = {name for _, name, _ in WAYS}

    assert carried == set(contents.CONTENTS)


@pytest.mark.parametrize(
    ("account", "name", "channel"), WAYS, ids=[f"{a}-{c.value}-{n}" for a, n, c in WAYS]
)
async def test_what_a_provider_carries_arrives(account: str, name: str, channel: Channel) -> None:
    """A supported message is accepted, and arrives once through the chosen provider."""
    message = contents.message(name, channel)

    async with Sandbox() as sandbox, Client.from_config(_config(sandbox)) as client:
        sandbox.open_windows(contents.PHONE)
        outcome = await client.send(message, account=account)
        received = sandbox.handsets.received(message.to)
        everybody = sandbox.handsets.all()

    assert isinstance(outcome, Accepted)
    assert [each.provider for each in received] == [account]
    assert len(everybody) == 1


@pytest.mark.parametrize("name", list(contents.CONTENTS))
async def test_what_a_provider_cannot_carry_never_leaves(name: str) -> None:
    """Unsupported content is refused with a path and without a request."""
    refused = 0

    async with Sandbox() as sandbox, Client.from_config(_config(sandbox)) as client:
        for account, adapter in client.accounts.items():
            for channel in adapter.capabilities.channels:
                if (account, name, channel) not in WAYS:
                    with pytest.raises(NotSentError) as error:
                        await client.send(contents.message(name, channel), account=account)
                    assert error.value.failure.path is not None
                    refused += 1
        requests = list(sandbox.requests)

    carried = sum(each == name for _, each, _ in WAYS)
    channels = sum(len(each.capabilities.channels) for each in content_examples.accounts().values())
    assert (requests, refused + carried) == ([], channels)


async def test_the_object_is_not_touched_by_being_sent() -> None:
    """Sending a message through several accounts does not change the message."""
    message = contents.message("text", next(c for a, n, c in WAYS if n == "text"))
    before = message_to_json(message)

    async with Sandbox() as sandbox, Client.from_config(_config(sandbox)) as client:
        for account in client.accounts:
            await client.send(message, account=account)

    assert message_to_json(message) == before
