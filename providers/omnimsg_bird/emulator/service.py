"""The emulator: its options, its routes, and the response of each route.

Sources: Bird Channels API, Messaging and Send batch messages; Common API usage for the AccessKey
scheme; Rate limit for 429, which means that the request was not processed.
"""

import hmac
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, ClassVar, Final

import attrs
import orjson
from aiohttp import hdrs, web

from omnimsg.sandbox import (
    Emulator,
    LifecycleStep,
    MessageRecord,
    SandboxState,
    Scenario,
    json_response,
    scenario,
)
from omnimsg.sandbox.schema import Json, Violation, ViolationKind
from omnimsg_bird.emulator.batch import MAX_MESSAGES, rejection_of, valid_properties
from omnimsg_bird.emulator.create import BATCH, CREATE, PRESIGNED
from omnimsg_bird.emulator.errors import STATUSES, RefusedError, error_response, invalid
from omnimsg_bird.emulator.lifecycle import SCHEDULED, rejected_steps, steps_for
from omnimsg_bird.emulator.listing import list_page
from omnimsg_bird.emulator.media import Uploads
from omnimsg_bird.emulator.request_parsing import parse_body, parse_start
from omnimsg_bird.emulator.resource import (
    complete_contacts,
    interaction_resources,
    message_resource,
    summary,
)

__all__ = ["ACCESS_KEY", "CHANNELS", "WORKSPACE", "BirdEmulator"]

ACCESS_KEY: Final = "sandbox-access-key"
WORKSPACE: Final = "5a0d1c5e-0b1d-4c43-9d0a-6a1b3f7c0001"
CHANNELS: Final[Mapping[str, str]] = {
    "email": "5a0d1c5e-0b1d-4c43-9d0a-6a1b3f7c0e3a",
    "sms": "5a0d1c5e-0b1d-4c43-9d0a-6a1b3f7c05a5",
    "whatsapp": "5a0d1c5e-0b1d-4c43-9d0a-6a1b3f7c03a9",
}

_SENDERS: Final = {"email": "sandbox", "sms": "+37255509999", "whatsapp": "+37255509999"}

Handler = Callable[[web.Request], Awaitable[web.Response]]


class BirdEmulator(Emulator):
    """Bird's Channels API: one workspace with one channel each of SMS, WhatsApp and e-mail.

    Args:
        state: Clock, pace, ids and handsets.
        access_key: The key that the AccessKey scheme must carry.
        workspace: The workspace's id.
        channels: The channels' ids by platform: sms, whatsapp, email.
        storage: The host name for uploads and downloads of files, such as `localhost`; None for
            the host of the API. Bird's own storage has another host than its API.

    Attributes:
        refusals: The statuses of the errors for the next requests, in order.
    """

    name: ClassVar[str] = "bird"

    def __init__(
        self,
        state: SandboxState,
        *,
        access_key: str = ACCESS_KEY,
        workspace: str = WORKSPACE,
        channels: Mapping[str, str] = CHANNELS,
        storage: str | None = None,
    ) -> None:
        super().__init__(state)
        self._authorization = f"AccessKey {access_key}".encode()
        self._workspace = workspace
        self._platforms = {channel_id: platform for platform, channel_id in channels.items()}
        self._contacts: OrderedDict[str, str] = OrderedDict()
        self._uploads = Uploads(state, self.media, storage)
        self.refusals: deque[int] = deque()

    @classmethod
    def account(cls, base_url: str) -> dict[str, Any]:
        """Return the configuration of an account that reaches this emulator."""
        return {
            "provider": cls.name,
            "base_url": base_url,
            "access_key": ACCESS_KEY,
            "workspace_id": WORKSPACE,
            "channels": dict(CHANNELS),
        }

    def routes(self) -> Iterable[web.RouteDef]:
        """Return Bird's operations on messages and media, and the storage behind the media."""
        workspace = "/workspaces/{workspace_id}"
        channel = f"{workspace}/channels/{{channel_id}}"
        message = f"{channel}/messages/{{message_id}}"
        table: list[tuple[str, str, Handler]] = [
            (hdrs.METH_GET, f"{workspace}/channels/messages", self._list),
            (hdrs.METH_POST, f"{channel}/messages", self._create),
            (hdrs.METH_POST, f"{channel}/batch/messages", self._create_batch),
            (hdrs.METH_GET, f"{channel}/messages", self._list),
            (hdrs.METH_GET, message, self._get),
            (hdrs.METH_GET, f"{message}/interactions", self._get_interactions),
            (hdrs.METH_POST, f"{workspace}/channel-media/presigned-upload", self._presign),
            (hdrs.METH_POST, f"{channel}/presigned-upload", self._presign),
            (hdrs.METH_GET, f"{workspace}/media/{{media_id}}", self._redirect_to_file),
        ]
        guarded = [
            web.route(method, path, self._guarded(handler)) for method, path, handler in table
        ]
        storage = "/storage/{bucket}"
        return [
            *guarded,
            web.post(storage, self._uploads.upload),
            web.get(f"{storage}/{{media_id}}", self._uploads.download),
        ]

    def control_routes(self) -> Iterable[web.RouteDef]:
        """Return the route that orders an error for the next request."""
        return [web.post("/errors", self._add_refusal)]

    async def _add_refusal(self, request: web.Request) -> web.Response:
        try:
            options = orjson.loads(await request.read())
            status = options["status"]
            known = status in STATUSES
        except (ValueError, TypeError, KeyError):
            known = False
        if not known:
            listed = ", ".join(map(str, sorted(STATUSES)))
            return json_response({"error": f"status: must be one of {listed}"}, 400)
        self.refusals.append(status)
        return json_response({"status": status}, 201)

    def is_send(self, request: web.Request) -> bool:
        """Return whether a request creates messages."""
        return request.method == hdrs.METH_POST and request.path.endswith("/messages")

    def refuse(self, request: web.Request, status: int) -> web.Response:
        """Return Bird's error for a request that the sandbox refuses."""
        del request
        return error_response(status)

    def reset(self) -> None:
        """Forget messages, media, contacts, upload grants and ordered errors."""
        super().reset()
        self._contacts.clear()
        self._uploads.clear()
        self.refusals.clear()

    def _guarded(self, handler: Handler) -> Handler:
        """Return a handler that authorises first and turns a refusal into a response."""

        async def guarded(request: web.Request) -> web.Response:
            given = request.headers.get(hdrs.AUTHORIZATION, "").encode(errors="replace")
            if not hmac.compare_digest(given, self._authorization):
                return error_response(401)
            if self.refusals:
                return error_response(self.refusals.popleft())
            try:
                if request.match_info["workspace_id"] != self._workspace:
                    return error_response(404)
                if request.match_info.get("channel_id", "") not in {"", *self._platforms}:
                    return error_response(404)
                return await handler(request)
            except RefusedError as error:
                return error.response

        return guarded

    async def _create(self, request: web.Request) -> web.Response:
        channel_id = request.match_info["channel_id"]
        payload = await parse_body(request, CREATE[self._platforms[channel_id]])
        record = self._record(request, payload)
        throttled_once = scenario(record.to) is Scenario.THROTTLED_ONCE
        if throttled_once and self.state.should_throttle(self.name, record.to):
            return error_response(429)
        self._accept_for_all(record)
        return json_response(message_resource(record, record.history(record.created)[0]), 202)

    async def _create_batch(self, request: web.Request) -> web.Response:
        entries = (await parse_body(request, BATCH))["messageRequests"]
        if not 1 <= len(entries) <= MAX_MESSAGES:
            return error_response(400)
        batch_id = self.state.uuid()
        for entry in entries:
            self._accept_for_all(self._batch_record(request, entry, batch_id))
        return json_response({"id": batch_id}, 202)

    def _batch_record(
        self, request: web.Request, entry: dict[str, Json], batch_id: str
    ) -> MessageRecord:
        """Return the record of a batch's entry; an invalid entry is rejected after acceptance."""
        platform = self._platforms[request.match_info["channel_id"]]
        violations = list(CREATE[platform](entry, ()))
        if not violations:
            try:
                return self._record(request, entry, batch_id)
            except RefusedError:
                payload = {"reference": entry.get("reference", "")}
        else:
            payload = valid_properties(entry, violations)
        steps = rejected_steps(*rejection_of(violations), self.state.apply_pace)
        return self._record(request, payload, batch_id, steps)

    def _accept_for_all(self, record: MessageRecord) -> None:
        """Accept a message and deliver it to all of its recipients."""
        self.accept(record)
        for contact in record.extra["contacts"][1:]:
            self.state.handsets.add(attrs.evolve(record, to=self._address(contact)))

    def _record(
        self,
        request: web.Request,
        payload: dict[str, Json],
        batch_id: str | None = None,
        steps: tuple[LifecycleStep, ...] | None = None,
    ) -> MessageRecord:
        """Return the record of a message.

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
        now = self.state.clock()
        given = payload.get("receiver", {}).get("contacts", [])
        contacts = self._resolve_contacts(given, platform)
        to = self._address(contacts[0]) if contacts else ""
        content: dict[str, Json] = payload.get("body") or payload.get("template") or {}
        return MessageRecord(
            provider=self.name,
            id=self.state.uuid(),
            channel=platform,
            to=to,
            kind="template" if "template" in payload else content.get("type", ""),
            content=content,
            text=summary(payload) if content else "",
            created=now,
            start=parse_start(payload.get("scheduledFor"), now),
            steps=steps or self._steps(request, payload, platform, scenario(to)),
            sender=_sender(payload, platform),
            reference=payload.get("reference"),
            waiting=SCHEDULED,
            extra={
                "payload": payload,
                "channel_id": channel_id,
                "batch_id": batch_id,
                "contacts": contacts,
                "tags": [tag.lower() for tag in payload.get("tags", ())],
            },
        )

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
        for index, contact in enumerate(contacts):
            if "identifierValue" in contact:
                self._contacts[contact["id"]] = contact["identifierValue"]
                if len(self._contacts) > self.state.limits.handsets:
                    self._contacts.popitem(last=False)
            elif contact["id"] not in self._contacts:
                path = ("receiver", "contacts", index, "id")
                raise invalid([Violation(path, ViolationKind.VALUE, "contact does not exist")])
        return contacts

    def _steps(
        self, request: web.Request, payload: dict[str, Json], platform: str, recipient: Scenario
    ) -> tuple[LifecycleStep, ...]:
        """Return a message's lifecycle; content that its channel cannot use is rejected."""
        if payload.get("body", {}).get("type") == "html" and platform != "email":
            return rejected_steps("unsupported type", 12002, self.state.apply_pace)
        content = payload.get("body", payload.get("template"))
        channel_id = request.match_info["channel_id"]
        if self._uploads.has_unusable_media(content, _base_url(request), channel_id):
            return rejected_steps("invalid input", 11002, self.state.apply_pace)
        return steps_for(recipient, platform, payload.get("validity", 0), self.state.apply_pace)

    async def _get(self, request: web.Request) -> web.Response:
        record = self._find(request)
        change = record.latest_change(self.state.clock())
        return json_response(message_resource(record, change))

    async def _get_interactions(self, request: web.Request) -> web.Response:
        record = self._find(request)
        results = interaction_resources(record, self.state.clock(), self.state.pace)
        return json_response({"results": results})

    async def _list(self, request: web.Request) -> web.Response:
        channel_id = request.match_info.get("channel_id")
        records = [
            record for record in self.messages if channel_id in {None, record.extra["channel_id"]}
        ]
        query = {name: request.query.getall(name) for name in request.query}
        now = self.state.clock()
        return json_response(list_page(records, query, now, workspace=channel_id is None))

    def _find(self, request: web.Request) -> MessageRecord:
        record = self.messages.get(request.match_info["message_id"])
        if record is None or record.extra["channel_id"] != request.match_info["channel_id"]:
            raise RefusedError(error_response(404))
        return record

    async def _presign(self, request: web.Request) -> web.Response:
        payload = await parse_body(request, PRESIGNED)
        return json_response(
            self._uploads.grant(
                _base_url(request),
                self._workspace,
                payload["contentType"],
                request.match_info.get("channel_id"),
            )
        )

    async def _redirect_to_file(self, request: web.Request) -> web.Response:
        redirect = self._uploads.redirect(_base_url(request), request.match_info["media_id"])
        return error_response(404) if redirect is None else redirect


def _base_url(request: web.Request) -> str:
    return f"{request.url.origin()}/bird"


def _sender(payload: dict[str, Json], platform: str) -> str:
    connector = payload.get("sender", {}).get("connector", {})
    return str(connector.get("identifierValue", _SENDERS[platform]))
