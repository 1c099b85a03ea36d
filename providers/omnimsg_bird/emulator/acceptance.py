"""Accept messages: resolve their contacts, build their records, and choose their lifecycle."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

import attrs
from aiohttp import web

from omnimsg.sandbox import (
    LifecycleStep,
    MessageRecord,
    SandboxState,
    Scenario,
    ServiceWindows,
    scenario,
)
from omnimsg.sandbox.schema import Json
from omnimsg_bird.emulator.batch import rejection_of, valid_properties
from omnimsg_bird.emulator.errors import RefusedError, listed, not_found
from omnimsg_bird.emulator.lifecycle import SCHEDULED, rejected_steps, steps_for
from omnimsg_bird.emulator.media import Uploads
from omnimsg_bird.emulator.message_rules import CREATE, UNSUPPORTED_BODIES
from omnimsg_bird.emulator.request_parsing import base_url, parse_start
from omnimsg_bird.emulator.resource import complete_contacts, content_of, echoed, summary

PROVIDER: Final = "bird"

_SENDERS: Final = {"email": "sandbox", "sms": "+37255509999", "whatsapp": "+37255509999"}


class Acceptance:
    """Turns requests into the records of accepted messages.

    Args:
        state: Clock, pace, ids and handsets.
        platforms: The platform of each channel, by the channel's id.
        uploads: The files that messages may refer to.
        windows: WhatsApp's service windows.
        accept: Stores a record and delivers it to its first recipient.
    """

    def __init__(
        self,
        state: SandboxState,
        *,
        platforms: Mapping[str, str],
        uploads: Uploads,
        windows: ServiceWindows,
        accept: Callable[[MessageRecord], None],
    ) -> None:
        self._state = state
        self._platforms = platforms
        self._uploads = uploads
        self._windows = windows
        self._accept = accept
        self._contacts: OrderedDict[str, str] = OrderedDict()

    def clear(self) -> None:
        """Forget the contacts."""
        self._contacts.clear()

    def batch_record(
        self, request: web.Request, entry: dict[str, Json], batch_id: str
    ) -> tuple[MessageRecord, str | None]:
        """Return the record of a batch's entry, and why it is rejected after acceptance, if so."""
        platform = self._platforms[request.match_info["channel_id"]]
        violations = list(CREATE[platform](entry))
        if not violations:
            try:
                return self.record(request, entry, batch_id)[0], None
            except RefusedError as error:
                payload = {"reference": entry.get("reference", "")}
                why = error.reason
        else:
            payload = valid_properties(entry, violations)
            why = listed(violations)
        steps = rejected_steps(*rejection_of(violations), self._state.apply_pace)
        return self.record(request, payload, batch_id, steps)[0], why

    def accept_for_all(self, record: MessageRecord, extra: Mapping[str, Any]) -> None:
        """Accept a message and deliver it to all of its recipients."""
        self._accept(record)
        for contact in extra["contacts"][1:]:
            self._state.handsets.add(attrs.evolve(record, to=self._address(contact)))

    def record(
        self,
        request: web.Request,
        payload: dict[str, Json],
        batch_id: str | None = None,
        steps: tuple[LifecycleStep, ...] | None = None,
    ) -> tuple[MessageRecord, dict[str, Any]]:
        """Return the record of a message, and its `extra`, which saves decoding it from the record.

        Args:
            request: The request that creates the message.
            payload: The message; it may lack required properties only if `steps` reject it.
            batch_id: The batch of the message.
            steps: The lifecycle of the message; by default that of its recipient's scenario.

        Raises:
            RefusedError: A contact is unknown, or the message is scheduled for too far ahead.
        """
        channel_id = request.match_info["channel_id"]
        platform = self._platforms[channel_id]
        now = self._state.clock()
        given = payload["receiver"]["contacts"] if "receiver" in payload else []
        contacts = self._resolve_contacts(given, platform)
        to = self._address(contacts[0]) if contacts else ""
        message_id = self._state.uuid()
        content = content_of(payload)
        extra = {
            "channel_id": channel_id,
            "batch_id": batch_id,
            "contacts": contacts,
            "tags": [tag.lower() for tag in payload.get("tags", ())],
            "echoed": echoed(payload),
        }
        record = MessageRecord(
            provider=PROVIDER,
            id=message_id,
            channel=platform,
            to=to,
            kind="template" if "template" in payload else content.get("type", ""),
            content=content,
            text=summary(payload) if content else "",
            created=now,
            start=parse_start(payload.get("scheduledFor"), now),
            steps=steps or self._steps(request, payload, platform, to),
            sender=_sender(payload, platform),
            reference=payload.get("reference"),
            client_id=f"{channel_id}/{message_id}",
            waiting=SCHEDULED,
            extra=extra,
        )
        return record, extra

    def _address(self, contact: dict[str, Json]) -> str:
        return contact.get("identifierValue") or self._contacts[contact["id"]]

    def _resolve_contacts(
        self, given: list[dict[str, Json]], platform: str
    ) -> list[dict[str, Json]]:
        """Return the complete contacts of a message, and remember their identifiers.

        Raises:
            RefusedError: A contact that is named by its id alone is unknown.
        """
        contacts = complete_contacts(given, platform)
        for contact in contacts:
            if "identifierValue" in contact:
                self._contacts[contact["id"]] = contact["identifierValue"]
                if len(self._contacts) > self._state.limits.handsets:
                    self._contacts.popitem(last=False)
            elif contact["id"] not in self._contacts:
                raise RefusedError(not_found("contact"))
        return contacts

    def _steps(
        self, request: web.Request, payload: dict[str, Json], platform: str, to: str
    ) -> tuple[LifecycleStep, ...]:
        """Return a message's lifecycle; content that its channel cannot use is rejected."""
        if "body" in payload and not UNSUPPORTED_BODIES[platform].isdisjoint(
            body_types(payload["body"])
        ):
            return rejected_steps("unsupported type", 12002, self._state.apply_pace)
        content = payload.get("body", payload.get("template"))
        channel_id = request.match_info["channel_id"]
        if self._uploads.has_unusable_media(content, partial(base_url, request), channel_id):
            return rejected_steps("invalid input", 11002, self._state.apply_pace)
        recipient = scenario(to)
        if platform == "whatsapp" and "template" not in payload and not self._windows.is_open(to):
            recipient = Scenario.WINDOW_CLOSED
        elif recipient is Scenario.WINDOW_CLOSED:
            recipient = Scenario.DELIVERED
        return steps_for(recipient, platform, payload.get("validity", 0), self._state.apply_pace)


def body_types(body: dict[str, Json]) -> set[str]:
    """Return the type of a body, and those of the bodies in a section."""
    if body["type"] != "section":
        return {body["type"]}
    return {"section"}.union(*map(body_types, body["section"].get("items", ())))


def _sender(payload: dict[str, Json], platform: str) -> str:
    if "sender" not in payload:
        return _SENDERS[platform]
    return str(payload["sender"]["connector"].get("identifierValue", _SENDERS[platform]))
