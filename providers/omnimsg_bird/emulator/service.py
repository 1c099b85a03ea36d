"""Bird's channel operations: send one or a batch, look up, list, interactions, media.

Sources: Bird Channels API, Messaging and Send batch messages; Common API usage for the AccessKey
scheme; Rate limit for 429, which was not processed.
"""

import hmac
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Final

import attrs
import orjson
from aiohttp import hdrs, web

from omnimsg.sandbox import (
    Emulator,
    MessageRecord,
    Scenario,
    LifecycleStep,
    SandboxState,
    json_response,
    scenario,
)
from omnimsg.sandbox.schema import Json, ViolationKind, Rule, Violation
from omnimsg_bird.emulator.batch import MOST, blamed, readable
from omnimsg_bird.emulator.create import BATCH, CREATE, PRESIGNED
from omnimsg_bird.emulator.errors import STATUSES, RefusedError, invalid, refusal
from omnimsg_bird.emulator.lifecycle import SCHEDULED, life, refused
from omnimsg_bird.emulator.listing import page
from omnimsg_bird.emulator.media import Uploads
from omnimsg_bird.emulator.resource import interactions, line, message, named_contacts

__all__ = ["ACCESS_KEY", "CHANNELS", "WORKSPACE", "BirdEmulator"]

ACCESS_KEY: Final = "sandbox-access-key"
WORKSPACE: Final = "5a0d1c5e-0b1d-4c43-9d0a-6a1b3f7c0001"
CHANNELS: Final[Mapping[str, str]] = {
    "email": "5a0d1c5e-0b1d-4c43-9d0a-6a1b3f7c0e3a",
    "sms": "5a0d1c5e-0b1d-4c43-9d0a-6a1b3f7c05a5",
    "whatsapp": "5a0d1c5e-0b1d-4c43-9d0a-6a1b3f7c03a9",
}

_SENDERS: Final = {"email": "sandbox", "sms": "+37255509999", "whatsapp": "+37255509999"}
# The documents say 200 KB; the smaller of the two readings holds.
_MOST_BYTES: Final = 200_000
_MOST_AHEAD: Final = 35 * 24 * 3600
# Bird may send at once what is scheduled for less than this; the sandbox does.
_SOON: Final = 600

Handler = Callable[[web.Request], Awaitable[web.Response]]


class BirdEmulator(Emulator):
    """Bird's Channels API: one workspace with one channel each of SMS, WhatsApp and e-mail.

    Args:
        state: Clock, pace, ids and handsets.
        access_key: What the AccessKey scheme must bring.
        workspace: The workspace's id.
        channels: The channels' ids by platform: sms, whatsapp, email.
        storage: The name of the host that files are put to and fetched from, such as `localhost`;
            None for the host of the API. At Bird it is another one.

    Attributes:
        refusals: The statuses of errors that the next requests are refused with, in order.
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
        one = f"{channel}/messages/{{message_id}}"
        table: list[tuple[str, str, Handler]] = [
            (hdrs.METH_GET, f"{workspace}/channels/messages", self._list),
            (hdrs.METH_POST, f"{channel}/messages", self._create),
            (hdrs.METH_POST, f"{channel}/batch/messages", self._batch),
            (hdrs.METH_GET, f"{channel}/messages", self._list),
            (hdrs.METH_GET, one, self._get),
            (hdrs.METH_GET, f"{one}/interactions", self._interactions),
            (hdrs.METH_POST, f"{workspace}/channel-media/presigned-upload", self._presign),
            (hdrs.METH_POST, f"{channel}/presigned-upload", self._presign),
            (hdrs.METH_GET, f"{workspace}/media/{{media_id}}", self._redirect),
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
        return [web.post("/errors", self._order)]

    async def _order(self, request: web.Request) -> web.Response:
        try:
            wanted = orjson.loads(await request.read())
            status = wanted["status"]
            known = status in STATUSES
        except (ValueError, TypeError, KeyError):
            known = False
        if not known:
            listed = ", ".join(map(str, sorted(STATUSES)))
            return json_response({"error": f"status: must be one of {listed}"}, 400)
        self.refusals.append(status)
        return json_response({"status": status}, 201)

    def is_send(self, request: web.Request) -> bool:
        """Say whether a request creates a message."""
        return request.method == hdrs.METH_POST and request.path.endswith("/messages")

    def refuse(self, request: web.Request, status: int) -> web.Response:
        """Phrase a refusal in Bird's shape."""
        del request
        return refusal(status)

    def reset(self) -> None:
        """Forget contacts, uploads and ordered refusals too."""
        super().reset()
        self._contacts.clear()
        self._uploads.clear()
        self.refusals.clear()

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.Response:
            given = request.headers.get(hdrs.AUTHORIZATION, "").encode(errors="replace")
            if not hmac.compare_digest(given, self._authorization):
                return refusal(401)
            if self.refusals:
                return refusal(self.refusals.popleft())
            try:
                if request.match_info["workspace_id"] != self._workspace:
                    return refusal(404)
                if request.match_info.get("channel_id", "") not in {"", *self._platforms}:
                    return refusal(404)
                return await handler(request)
            except RefusedError as error:
                return error.response

        return guarded

    async def _create(self, request: web.Request) -> web.Response:
        platform = self._platforms[request.match_info["channel_id"]]
        payload = await _payload(request, CREATE[platform])
        record = self._record(request, payload)
        played = scenario(record.to)
        if played is Scenario.THROTTLED_ONCE and self.state.should_throttle(self.name, record.to):
            return refusal(429)
        self._take(record)
        return json_response(message(record, record.history(record.created)[0]), 202)

    async def _batch(self, request: web.Request) -> web.Response:
        entries = (await _payload(request, BATCH))["messageRequests"]
        if not 1 <= len(entries) <= MOST:
            return refusal(400)
        batch_id = self.state.uuid()
        for entry in entries:
            self._take(self._batched(request, entry, batch_id))
        return json_response({"id": batch_id}, 202)

    def _batched(
        self, request: web.Request, entry: dict[str, Json], batch_id: str
    ) -> MessageRecord:
        """Return the record of a batch's entry, which is rejected later if it is invalid."""
        platform = self._platforms[request.match_info["channel_id"]]
        found = list(CREATE[platform](entry, ()))
        if not found:
            try:
                return self._record(request, entry, batch_id)
            except RefusedError:
                found = []
        return self._record(
            request,
            readable(entry, found) if found else {"reference": entry.get("reference", "")},
            batch_id,
            refused(*blamed(found), self.state.apply_pace),
        )

    def _take(self, record: MessageRecord) -> None:
        """Remember a message and put it on its way to everybody that it is for."""
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
            request: What brought it.
            payload: A message, of which members may be missing only where `steps` reject it.
            batch_id: The batch that it came in.
            steps: Its life; by default what its recipient plays.

        Raises:
            RefusedError: A contact is unknown, or the message is for too far ahead.
        """
        channel_id = request.match_info["channel_id"]
        platform = self._platforms[channel_id]
        now = self.state.clock()
        given = payload.get("receiver", {}).get("contacts", [])
        contacts = self._recipients(given, platform)
        to = self._address(contacts[0]) if contacts else ""
        said: dict[str, Json] = payload.get("body") or payload.get("template") or {}
        return MessageRecord(
            provider=self.name,
            id=self.state.uuid(),
            channel=platform,
            to=to,
            kind="template" if "template" in payload else said.get("type", ""),
            content=said,
            text=line(payload) if said else "",
            created=now,
            start=_start(payload.get("scheduledFor"), now),
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

    def _recipients(self, given: list[dict[str, Json]], platform: str) -> list[dict[str, Json]]:
        """Return the contacts of a message; one named by its id alone must be known."""
        contacts = named_contacts(given, platform)
        for index, contact in enumerate(contacts):
            if "identifierValue" in contact:
                self._contacts[contact["id"]] = contact["identifierValue"]
                if len(self._contacts) > self.state.limits.handsets:
                    self._contacts.popitem(last=False)
            elif contact["id"] not in self._contacts:
                where = ("receiver", "contacts", index, "id")
                raise invalid([Violation(where, ViolationKind.VALUE, "contact does not exist")])
        return contacts

    def _steps(
        self, request: web.Request, payload: dict[str, Json], platform: str, played: Scenario
    ) -> tuple[LifecycleStep, ...]:
        """Return a message's life; content that its channel cannot use ends it early."""
        if payload.get("body", {}).get("type") == "html" and platform != "email":
            return refused("unsupported type", 12002, self.state.apply_pace)
        content = payload.get("body", payload.get("template"))
        if self._uploads.unusable(content, _base(request), request.match_info["channel_id"]):
            return refused("invalid input", 11002, self.state.apply_pace)
        return life(played, platform, payload.get("validity", 0), self.state.apply_pace)

    async def _get(self, request: web.Request) -> web.Response:
        record = self._found(request)
        return json_response(message(record, record.latest_change(self.state.clock())))

    async def _interactions(self, request: web.Request) -> web.Response:
        now = self.state.clock()
        return json_response({"results": interactions(self._found(request), now, self.state.pace)})

    async def _list(self, request: web.Request) -> web.Response:
        channel_id = request.match_info.get("channel_id")
        seen = [
            record for record in self.messages if channel_id in {None, record.extra["channel_id"]}
        ]
        query = {name: request.query.getall(name) for name in request.query}
        return json_response(page(seen, query, self.state.clock(), workspace=channel_id is None))

    def _found(self, request: web.Request) -> MessageRecord:
        record = self.messages.get(request.match_info["message_id"])
        if record is None or record.extra["channel_id"] != request.match_info["channel_id"]:
            raise RefusedError(refusal(404))
        return record

    async def _presign(self, request: web.Request) -> web.Response:
        payload = await _payload(request, PRESIGNED)
        return json_response(
            self._uploads.grant(
                _base(request),
                self._workspace,
                payload["contentType"],
                request.match_info.get("channel_id"),
            )
        )

    async def _redirect(self, request: web.Request) -> web.Response:
        found = self._uploads.redirect(_base(request), request.match_info["media_id"])
        return refusal(404) if found is None else found


def _base(request: web.Request) -> str:
    return f"{request.url.origin()}/bird"


async def _payload(request: web.Request, rule: Rule) -> dict[str, Json]:
    body = await request.read()
    if len(body) > _MOST_BYTES:
        raise RefusedError(refusal(413))
    # Bird asks for JSON and names no refusal of anything else; 400 is the nearest documented one.
    if request.content_type != "application/json":
        raise RefusedError(refusal(400))
    try:
        payload: dict[str, Json] = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise RefusedError(refusal(400)) from None
    if found := list(rule(payload, ())):
        raise invalid(found)
    return payload


def _start(scheduled_for: str | None, now: float) -> float:
    """Return the epoch time at which a message's life begins."""
    if scheduled_for is None:
        return now
    moment = datetime.fromisoformat(scheduled_for).timestamp()
    if moment > now + _MOST_AHEAD:
        where = ("scheduledFor",)
        raise invalid([Violation(where, ViolationKind.VALUE, "must be at most 35 days from now")])
    return moment if moment >= now + _SOON else now


def _sender(payload: dict[str, Json], platform: str) -> str:
    connector = payload.get("sender", {}).get("connector", {})
    return str(connector.get("identifierValue", _SENDERS[platform]))
