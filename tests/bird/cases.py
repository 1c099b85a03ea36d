"""The class of the catalogue's cases: a message and its JSON in a request."""

from __future__ import annotations

from typing import Any

import attrs

from omnimsg.domain.channel import Channel
from omnimsg.domain.content import (
    Content,
)
from omnimsg.domain.media import Stored
from omnimsg.domain.message import Message

JsonObject = dict[str, Any]

PHONE = "+37255500001"
MAILBOX = "ola@example.test"
URL = "https://media.example.test/a"
PROJECT = "0b8c6f0e-58a7-4b5e-9d55-5b8e8a6f1c11"
STORED = Stored(account="bird", url="https://media.api.bird.com/m")


@attrs.frozen
class Case:
    """A message and its JSON in a request.

    Attributes:
        channel: The channel that it is sent on.
        content: The content.
        member: The member of the request that carries it: `body` or `template`.
        json: The value of that member.
    """

    channel: Channel
    content: Content
    member: str
    json: JsonObject

    @property
    def to(self) -> str:
        """A recipient that the channel can address."""
        return MAILBOX if self.channel is Channel.EMAIL else PHONE

    def message(self) -> Message:
        """Build the message."""
        return Message(self.to, self.content, channel=self.channel, reference="r-1")

    def document(self) -> JsonObject:
        """Return the whole request."""
        key = "emailaddress" if self.channel is Channel.EMAIL else "phonenumber"
        return {
            "receiver": {"contacts": [{"identifierKey": key, "identifierValue": self.to}]},
            self.member: self.json,
            "reference": "r-1",
        }
