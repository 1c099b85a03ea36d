"""The adapter of the in-memory provider passes the conformance suite."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import orjson

from omnimsg.adapter import Account, Request, Response, StatusRow
from omnimsg.domain.channel import Channel
from omnimsg.domain.message import Message
from omnimsg.domain.secret import Secret
from omnimsg.testing import Accept, AdapterConformance, FakeAdapter, Refuse, Said
from omnimsg.testing.memory.fake_adapter import FakeSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

CHANNELS = (Channel.SMS, Channel.WHATSAPP)


class FakeAdapterOnTwoChannels(FakeAdapter):
    """The adapter with two of its channels: they are all alike, and each more costs a second."""

    capabilities = attrs.evolve(
        FakeAdapter.capabilities,
        channels={each: FakeAdapter.capabilities.channels[each] for each in CHANNELS},
    )


def test_the_channels_are_alike() -> None:
    """Every channel has the capabilities of those that the suite tests."""
    capabilities = FakeAdapter.capabilities

    assert set(Channel) == set(capabilities.channels)
    assert all(
        each == capabilities.channels[CHANNELS[0]] for each in capabilities.channels.values()
    )


class TestFake(AdapterConformance):
    """The conformance suite with the answers of `FakeProvider`."""

    adapter_class = FakeAdapterOnTwoChannels

    def account(self) -> Account[FakeSettings]:
        """Return an account with a distinctive key."""
        settings = FakeSettings(key=Secret("fake-s3cret"))
        return Account(name="fake", settings=settings, base_url=FakeAdapter.base_url)

    def messages(self, count: int) -> list[Message]:
        """Return texts to different recipients."""
        return [Message(f"+3725550{n:04d}", f"Table {n} is ready") for n in range(count)]

    def answer(self, request: Request, said: Sequence[Said]) -> Response:
        """Answer with a result for each message."""
        results = []
        for each in said:
            if isinstance(each, Accept):
                results.append({"reference": each.message.reference, "id": each.id})
            elif isinstance(each, Refuse):
                results.append({"reference": each.message.reference, "code": each.code})
        return Response(200, orjson.dumps({"results": results}))

    def answer_status(self, request: Request, row: StatusRow | None) -> Response:
        """Answer with the status, or with 404 for an unknown id."""
        if row is None:
            return Response(404, b"{}")
        return Response(200, orjson.dumps({"status": row.name}))
