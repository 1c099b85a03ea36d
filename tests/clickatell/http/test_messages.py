"""Every message of the catalogue: sent as documented, and delivered once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest.mock import ANY

import pytest
from clickatell.cases import PNG, TO, Case, uploaded
from clickatell.catalogue import CATALOGUE

from .conftest import ContractRecorder, check_delivery

if TYPE_CHECKING:
    from support.sandbox_fixtures import Clock

    from omnimsg import Client
    from omnimsg.sandbox import Sandbox
    from omnimsg_clickatell.emulator import ClickatellEmulator

pytestmark = pytest.mark.anyio

OBJECTS = (
    "media",
    "location",
    "contacts",
    "template",
    "listPicker",
    "button",
    "actionUrl",
    "locationRequest",
)


def shown(wire: dict[str, Any]) -> tuple[str, Any]:
    """Return what a handset shows of a message: its kind and the vendor's own object."""
    kind = next((name for name in OBJECTS if name in wire), "text")
    if kind == "media" and "content" in wire:
        return kind, wire[kind] | {"fileId": ANY}
    return ("binary" if "binary" in wire else kind), wire.get(kind, wire.get("content"))


@pytest.mark.parametrize("case", CATALOGUE.values(), ids=CATALOGUE)
async def test_it_arrives_as_documented(
    client: Client, sandbox: Sandbox, recorder: ContractRecorder, clock: Clock, case: Case
) -> None:
    """The request is as documented, and the handset shows the message once."""
    files = await uploaded(client)
    message = case.message(files)
    wire = case.members(files)

    accepted = await client.send(message)
    clock.now += 7200

    common = {
        "to": TO.removeprefix("+"),
        "channel": case.channel,
        "clientMessageId": message.reference,
    }
    assert recorder.sent() == [wire | common]
    (received,) = sandbox.handsets.received(TO)
    assert shown(wire) == (received.kind, received.content)
    assert (case.channel, message.reference) == (received.channel, received.reference)
    assert wire.get("from") == received.sender
    assert f"clickatell:{received.id}" == accepted.id
    check_delivery(sandbox, [accepted])


async def test_inline_bytes_arrive(
    client: Client, sandbox: Sandbox, emulator: ClickatellEmulator, clock: Clock
) -> None:
    """The bytes of a picture inside a message reach the handset unchanged."""
    files = await uploaded(client)

    await client.send(CATALOGUE["inline image"].message(files))

    (received,) = sandbox.handsets.received(TO)
    media = emulator.media.get(received.content["fileId"], clock.now)
    assert media is not None
    assert PNG == media.data
