"""Accounts with fallback legs that omnimsg runs, and what happened to the legs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import attrs
from support.adapters import Reply, TinyAdapter
from support.routed import Routed, outcome_of

from omnimsg import (
    Accepted,
    Channel,
    HandedOver,
    Leg,
    LegChanged,
    Message,
    Observer,
    Reason,
    Status,
)
from omnimsg.adapter import Answered, Context, Flow, Request, Response
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.status import Evidence, LegStatus, MessageStatus, Timeline

if TYPE_CHECKING:
    from omnimsg import Client, Outcome


TO = "+37255500001"


class Asked(TinyAdapter):
    """Tiny whose look-ups return the status that the transport answers."""

    def status(self, provider_id: str, context: Context) -> Flow[Answered[MessageStatus]]:
        """Look up a message."""
        response = yield Request("GET", f"/messages/{provider_id}", authenticated=True)
        word = response.body.decode()
        evidence = Evidence(Status(word.partition(" ")[0]), word, reason=_reason(word))
        leg = LegStatus(timeline=Timeline.of(evidence, context.now))
        return MessageStatus(id=MessageId.of(self.account.name, provider_id), legs=(leg,))


class CarriesLegsAtA(Asked):
    """`Asked` whose account `a` supports fallback legs itself."""

    def __init__(self, account: Any) -> None:
        super().__init__(account)
        if account.name == "a":
            channels = {
                channel: attrs.evolve(each, fields=each.fields | {"fallback"})
                for channel, each in self.capabilities.channels.items()
            }
            self.capabilities = attrs.evolve(self.capabilities, channels=channels)


def _reason(word: str) -> Reason | None:
    reason = word.partition(" ")[2]
    return Reason(reason) if reason else None


class Seen(Observer):
    """An observer that keeps hand-overs and the changes of legs."""

    def __init__(self) -> None:
        self.events: list[LegChanged] = []
        self.handed_over_legs: list[Message] = []

    def handed_over(self, event: HandedOver) -> None:
        """Keep the message."""
        self.handed_over_legs.append(event.message)

    def leg_changed(self, event: LegChanged) -> None:
        """Keep the event."""
        self.events.append(event)

    @property
    def states(self) -> list[tuple[int, str, str]]:
        """Each change: the leg, its account and its state."""
        return [(each.leg, each.account, each.state.value) for each in self.events]


def wire(sends: Reply, *says: tuple[float, str]) -> Reply:
    """Answer sends with `sends`, and look-ups by the seconds since the first send.

    Args:
        sends: Answers a send.
        says: Pairs of a second and the status from then on, in order.
    """
    began: list[float] = []

    def reply(request: Request) -> Any:
        now = asyncio.get_running_loop().time()
        if request.method == "POST":
            began.append(now)
            return sends(request)
        waited = now - began[0]
        word = [said for since, said in says if waited >= since][-1]
        return Response(200, word.encode())

    return reply


def message(*legs: Leg, **fields: Any) -> Message:
    """Build a WhatsApp message with a ttl of a minute, and legs."""
    fields = {"channel": Channel.WHATSAPP, "ttl": 60, "reference": "r0", **fields}
    return Message(TO, "Your table is ready", fallback=legs, **fields)


SMS = Leg(channel=Channel.SMS)
ELSEWHERE = Leg(channel=Channel.SMS, account="b")
COMES = (0.0, "accepted")


def told(
    routed: Routed, given: Message, seconds: float = 3600.0, **options: Any
) -> tuple[Outcome, Any]:
    """Send a message, let time pass, and return its outcome and tracked state."""

    async def story(client: Client) -> tuple[Outcome, Any]:
        outcome = await outcome_of(client, given, **options)
        await asyncio.sleep(seconds)
        known = await client.tracked(outcome) if isinstance(outcome, Accepted) else None
        return outcome, known

    found: tuple[Outcome, Any] = routed.run(story)
    return found


def legs_of(*replies: Reply, **options: Any) -> tuple[Routed, Seen]:
    """Build accounts that can be asked for a status, and the observer of their legs."""
    seen = Seen()
    return Routed(*replies, kind=Asked, observers=[seen], **options), seen


async def handed_over(client: Client, given: Message, *, stream: bool) -> None:
    """Send a message, alone or as a stream."""
    if stream:
        _ = [each async for each in client.send_many([given])]
    else:
        await client.send(given)
