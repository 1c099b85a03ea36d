"""Callbacks whose bodies are forms, as an emulator of another distribution may have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlencode

import aiohttp
import attrs
import pytest

from omnimsg.sandbox import CallbackDraft, PhoneReply, Sandbox, SandboxState
from omnimsg_messente.emulator import MessenteEmulator
from omnimsg_messente.emulator.callback_signer import MessenteSigner
from omnimsg_messente.emulator.callback_source import MessenteCallbacks

from .conftest import TO

if TYPE_CHECKING:
    from support.callback_target import Target

pytestmark = pytest.mark.anyio

FORM = urlencode({"from": TO, "text": "Yes & no"})


class _Forms(MessenteCallbacks):
    def reply(self, reply: PhoneReply) -> CallbackDraft:
        return attrs.evolve(super().reply(reply), body=FORM.encode())


class _Emulator(MessenteEmulator):
    name: ClassVar[str] = "messente"

    def __init__(self, state: SandboxState) -> None:
        super().__init__(state)
        self.callbacks = _Forms(MessenteSigner("password", "secret"), state)


async def test_a_phone_answers_with_a_form(target: Target) -> None:
    """A reply is sent as the provider's form, and is shown as its text."""
    async with Sandbox([_Emulator], callbacks=f"{target.url}/callbacks") as sandbox:
        sent = sandbox.reply(TO, "Yes & no")
        await sandbox.callbacks.flush()

    assert (FORM, [FORM.encode()]) == (sent.callback, [each.body for each in target.calls])


async def test_the_control_api_shows_a_form_as_text(target: Target) -> None:
    """`POST /_sandbox/inbound` answers with the text of the form."""
    async with (
        Sandbox([_Emulator], callbacks=f"{target.url}/callbacks") as sandbox,
        aiohttp.ClientSession(sandbox.url) as session,
        session.post("/_sandbox/inbound", json={"from": TO, "text": "Yes & no"}) as response,
    ):
        answer = await response.json()

    assert (201, FORM) == (response.status, answer["callback"])
