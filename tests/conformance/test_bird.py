"""Bird's adapter keeps the promises of every adapter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from omnimsg.adapter import Account, Request, Response, StatusRow, TemplateMapping
from omnimsg.domain.content import Template, TextParameter
from omnimsg.domain.message import Message
from omnimsg.domain.privacy import Secret
from omnimsg.testing import Accept, AdapterConformance, Refuse, Said
from omnimsg_bird import BirdAdapter, BirdSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

CHANNELS = {
    "sms": "0d3f9a52-0000-4000-8000-00000000000a",
    "whatsapp": "0d3f9a52-0000-4000-8000-00000000000b",
    "email": "0d3f9a52-0000-4000-8000-00000000000c",
}


class TestBird(AdapterConformance):
    """One message a request, so a refused request is a refused message."""

    adapter_class = BirdAdapter
    message_levels = frozenset({"http", "422"})
    request_levels = frozenset()
    status_levels = frozenset({"http"})
    other_levels = frozenset({"failure", "sms-messagebird"})

    def account(self) -> Account[BirdSettings]:
        """Give an access key that is easily found, and a channel of each kind."""
        settings = BirdSettings(
            access_key=Secret("bird-s3cret-key"),
            workspace_id="0d3f9a52-0000-4000-8000-000000000001",
            channels=CHANNELS,
        )
        template = TemplateMapping(id="0d3f9a52-0000-4000-8000-0000000000f1")
        return Account(
            name="bird",
            settings=settings,
            base_url=BirdAdapter.base_url,
            templates={"table_ready": template},
        )

    def messages(self, count: int) -> list[Message]:
        """Give SMS to as many people."""
        return [
            Message(f"+3161234{number:04d}", f"Table {number} is ready", channel="sms")
            for number in range(count)
        ]

    def answer(self, request: Request, said: Sequence[Said]) -> Response:
        """Answer with the message, or with an error and its HTTP status."""
        first = said[0]
        if isinstance(first, Accept):
            message = {"id": first.id, "channelId": CHANNELS["sms"], "status": "accepted"}
            return Response(202, orjson.dumps(message))
        if not isinstance(first, Refuse):
            return Response(202)
        on_http = first.level == "http"
        error = {"code": "Refused" if on_http else first.code, "message": first.detail}
        return Response(int(first.code if on_http else first.level), orjson.dumps(error))

    def samples(self) -> list[Message]:
        """Give a template of a project, with the version and the names that Bird goes by."""
        template = Template(
            "table_ready", "en", version="v-1", body=[TextParameter("Thandi", name="who")]
        )
        to = {"sms": "+31612340001", "whatsapp": "+31612340001", "email": "ola@example.test"}
        return [Message(to[channel], template, channel=channel) for channel in CHANNELS]

    def answer_status(self, request: Request, row: StatusRow | None) -> Response:
        """Answer with the message as it is now."""
        if row is None:
            return Response(404, b'{"code":"NotFound","message":"no such message"}')
        message = {
            "id": request.url.rpartition("/")[2],
            "channelId": CHANNELS["sms"],
            "status": row.name,
            "updatedAt": "2030-01-02T03:04:05Z",
        }
        return Response(200, orjson.dumps(message))
