"""The emulator: its options, its routes, and the response of each route.

Source: the One API reference (OpenAPI 1.0.0), all seven operations.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import TYPE_CHECKING, Any, ClassVar, Final

import orjson
from aiohttp import hdrs, web

from omnimsg.sandbox import (
    Emulator,
    MessageRecord,
    Scenario,
    json_response,
    scenario,
    shuffle_entries,
)
from omnimsg_clickatell.emulator import content_checks, file_checks, lifecycle
from omnimsg_clickatell.emulator.account_faults import AccountFaults
from omnimsg_clickatell.emulator.errors import (
    ErrorLevel,
    RefusedError,
    error_response,
    upload_error_response,
)
from omnimsg_clickatell.emulator.inbound import Inbox
from omnimsg_clickatell.emulator.message_rules import MESSAGE, NOTIFICATION, SMS, WHATSAPP
from omnimsg_clickatell.emulator.request_parsing import (
    API_KEY,
    authorise,
    check_rule,
    parse_entries,
)
from omnimsg_clickatell.emulator.uploads import Uploads
from omnimsg_clickatell.emulator.value_rules import is_number, parse_time

if TYPE_CHECKING:
    import random
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from omnimsg.sandbox import SandboxState

    Handler = Callable[[web.Request], Awaitable[web.Response]]

_SEND: Final = "/v1/message"
_UPLOAD: Final = "/v1/media"


class ClickatellEmulator(Emulator):
    """Clickatell's One API.

    Args:
        state: Clock, pace, ids and handsets.
        parts: Maximum number of parts of an SMS.
        channels: The channels of the integration.
        numbers: The integration's own numbers, which ``from`` may name; None for any.
        echo_refused: Whether a refused message's entry repeats its ``clientMessageId``.
        service_window: Whether WhatsApp content other than a template needs an inbound message
            of the last 24 hours; off by default, so that no inbound message is needed to try it.

    Attributes:
        account_faults: The errors that a test orders for the next requests or messages.
        inbox: The inbound messages.
    """

    name: ClassVar[str] = "clickatell"

    def __init__(
        self,
        state: SandboxState,
        *,
        parts: int = 10,
        channels: frozenset[str] = frozenset({SMS, WHATSAPP}),
        numbers: frozenset[str] | None = None,
        echo_refused: bool = True,
        service_window: bool = False,
    ) -> None:
        super().__init__(state)
        self.account_faults = AccountFaults()
        self.inbox = Inbox(state)
        self._uploads = Uploads(self.media, state)
        self._max_parts = parts
        self._channels = channels
        self._numbers = numbers
        self._echo_refused = echo_refused
        self._service_window = service_window

    @classmethod
    def account(cls, base_url: str) -> dict[str, Any]:
        """Return the account's table: provider, address and API key."""
        return {"provider": cls.name, "base_url": base_url, "api_key": API_KEY}

    def routes(self) -> Iterable[web.RouteDef]:
        """Return the seven operations."""
        table: list[tuple[str, str, Handler]] = [
            ("POST", _SEND, self._send),
            ("GET", "/v1/message/{message_id}", self._status),
            ("POST", "/v1/notification", self._notify),
            ("POST", _UPLOAD, self._uploads.upload),
            ("GET", _UPLOAD, self._uploads.download),
            ("GET", "/v1/media/{file_id}", self._uploads.metadata),
            ("GET", "/v1/balance", self._balance),
        ]
        return [web.route(method, path, self._guarded(handler)) for method, path, handler in table]

    def control_routes(self) -> Iterable[web.RouteDef]:
        """Return the routes that add an inbound message and order an error."""
        return [web.post("/inbound", self._add_inbound), web.post("/errors", self._add_fault)]

    def is_send(self, request: web.Request) -> bool:
        """Return whether the request is a send."""
        return request.method == hdrs.METH_POST and request.path == f"/{self.name}{_SEND}"

    def refuse(self, request: web.Request, status: int) -> web.Response:
        """Return One API's error for a request that the sandbox refuses; all are HTTP 400."""
        if status == 413 and request.path == f"/{self.name}{_UPLOAD}":
            return upload_error_response(RefusedError(31, file_checks.MAX_UPLOAD_MB))
        codes = {404: (41, ""), 405: (42, ""), 413: (32, file_checks.MAX_PAYLOAD_MB), 429: (43, "")}
        return error_response(RefusedError(*codes[status]))

    def shuffle(self, document: Any, rng: random.Random) -> object:  # noqa: ANN401
        """Shuffle the messages: Clickatell does not promise the order of the request."""
        if "messages" not in document:
            return document
        return {**document, "messages": shuffle_entries(document["messages"], rng)}

    def reset(self) -> None:
        """Forget messages, media, inbound messages and ordered errors."""
        super().reset()
        self.account_faults.clear()
        self.inbox.clear()

    def process_message(
        self, message: dict[str, Any], *, too_large: bool = False
    ) -> tuple[int, dict[str, Any]]:
        """Accept or refuse one entry of ``messages``.

        Args:
            message: The entry.
            too_large: Whether the request exceeds the size limit.

        Returns:
            The HTTP status of the entry alone, and the entry of the response.
        """
        try:
            record = self._accept_one(message, too_large=too_large)
        except RefusedError as refused:
            echoed = ("to", "clientMessageId") if self._echo_refused else ("to",)
            entry = {"error": refused.error(), "accepted": False}
            return refused.http, entry | _strings(message, *echoed)
        entry = {"apiMessageId": record.id, "accepted": True}
        return 202, entry | _strings(message, "to", "clientMessageId") | {"error": None}

    def _guarded(self, handler: Handler) -> Handler:
        """Return a handler that authorises first and turns a refusal into a response."""

        async def guarded(request: web.Request) -> web.Response:
            try:
                authorise(request)
                self.account_faults.raise_next(ErrorLevel.GLOBAL)
                return await handler(request)
            except RefusedError as refused:
                return error_response(refused)

        return guarded

    async def _send(self, request: web.Request) -> web.Response:
        body = await request.read()
        messages = parse_entries(request, body, "messages")
        too_large = len(body) > file_checks.MAX_PAYLOAD_MB * file_checks.MEGABYTE
        results = [self.process_message(message, too_large=too_large) for message in messages]
        document = {"messages": [entry for _, entry in results], "error": None}
        return json_response(document, _overall_status([http for http, _ in results]))

    def _accept_one(self, message: dict[str, Any], *, too_large: bool) -> MessageRecord:
        """Check a message and accept it.

        Raises:
            RefusedError: With the message's error.
        """
        if too_large:
            raise RefusedError(32, file_checks.MAX_PAYLOAD_MB)
        check_rule(MESSAGE, message)
        to, channel, now = message["to"], message.get("channel", SMS), self.state.clock()
        recipient = self._check_recipient(to, channel, message.get("from"))
        checked = content_checks.check_content(message, self._uploads.find, self._max_parts)
        steps = checked.steps or lifecycle.steps_for(channel, recipient)
        if self._is_outside_window(to, channel, checked.kind):
            steps = lifecycle.steps_to_failure("WHATSAPP_RE_ENGAGEMENT_REQUIRED")
        content = checked.content
        if checked.inline is not None:
            # The handset stores a file id, so that media bytes are stored and limited once.
            content = {**content, "fileId": self._uploads.store(*checked.inline).id}
        scheduled = parse_time(message.get("scheduledDeliveryTime", ""))
        start = now if scheduled is None else max(now, scheduled.timestamp())
        record = MessageRecord(
            provider=self.name,
            id=self.state.hex_id(),
            channel=channel,
            to=to,
            kind=checked.kind,
            content=content,
            text=checked.summary,
            created=now,
            start=start,
            waiting=lifecycle.SCHEDULED,
            steps=self.state.apply_pace(steps),
            sender=message.get("from"),
            reference=message.get("clientMessageId"),
        )
        self.accept(record)
        return record

    def _check_recipient(self, to: str, channel: str, sender: str | None) -> Scenario:
        """Check what does not depend on the content, and return the recipient's scenario.

        Raises:
            RefusedError: 25, 39, 45; the ordered error; the error of the recipient's scenario.
        """
        if not is_number(to):
            raise RefusedError(25, to)
        if channel not in self._channels:
            raise RefusedError(39)
        if sender is not None and self._numbers is not None and sender not in self._numbers:
            raise RefusedError(45)
        self.account_faults.raise_next(ErrorLevel.MESSAGE, to, detail=to)
        recipient = scenario(to)
        if recipient in lifecycle.REFUSALS:
            raise RefusedError(lifecycle.REFUSALS[recipient], to)
        if recipient is Scenario.THROTTLED_ONCE and self.state.should_throttle(self.name, to):
            raise RefusedError(lifecycle.THROTTLED)
        return recipient

    def _is_outside_window(self, to: str, channel: str, kind: str) -> bool:
        free_content = channel == WHATSAPP and kind != "template"
        return self._service_window and free_content and not self.inbox.is_window_open(to)

    async def _status(self, request: web.Request) -> web.Response:
        now = self.state.clock()
        record = self.messages.get(request.match_info["message_id"])
        if record is None:
            # The reference gives an unknown message another form, because its channel is unknown,
            # and the time of the request. Its 404 concerns the account, so this is taken as a 200.
            return json_response({"status": lifecycle.UNKNOWN, "timestamp": _milliseconds(now)})
        change = record.latest_change(now)
        entry = {"status": change.status, "timestamp": _milliseconds(change.at)}
        return json_response({record.channel: entry})

    async def _notify(self, request: web.Request) -> web.Response:
        body = await request.read()
        events = parse_entries(request, body, "event", "messageStatusUpdate")
        results = [self._mark_read(event) for event in events]
        listed = {"messageStatusUpdate": [entry for _, entry in results]}
        status = _overall_status([http for http, _ in results])
        return json_response({"event": listed, "error": None}, status)

    def _mark_read(self, event: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Return the HTTP status of a notification and its entry in the response."""
        echoed = _strings(event, "messageId", "clientEventId")
        try:
            self._check_event(event)
        except RefusedError as refused:
            return refused.http, {"error": refused.error(), "accepted": False} | echoed
        entry = {"apiEventId": self.state.hex_id(), "accepted": True}
        return 202, entry | echoed | {"error": None}

    def _check_event(self, event: dict[str, Any]) -> None:
        """Check a notification.

        Raises:
            RefusedError: 23; for an unknown message too, since no code is documented for it.
        """
        check_rule(NOTIFICATION, event)
        inbound = self.inbox.get(event["messageId"])
        if inbound is None or inbound.channel != WHATSAPP:
            raise RefusedError(23, "messageId")

    async def _balance(self, request: web.Request) -> web.Response:
        del request
        return json_response({"balance": 1000.0, "currency": "EUR"})

    async def _add_inbound(self, request: web.Request) -> web.Response:
        """Add an inbound message; media has ``content`` (base64) and ``contentType``."""
        try:
            options = orjson.loads(await request.read())
            inbound = self.inbox.receive(options["from"], options.get("channel", WHATSAPP))
            data = base64.b64decode(options.get("content", ""), validate=True)
            document: dict[str, Any] = {"messageId": inbound.id}
            if data:
                media = self._uploads.store(data, options["contentType"])
                document["fileId"] = media.id
                document["sha256Hash"] = hashlib.sha256(data).hexdigest()
        except (
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
            binascii.Error,
            RefusedError,
        ) as error:
            return json_response({"error": f"inbound: {error!r}"}, status=400)
        return json_response(document, status=201)

    async def _add_fault(self, request: web.Request) -> web.Response:
        """Order an error: ``code``, and optionally ``level``, ``to`` and ``count``."""
        try:
            self.account_faults.add(**orjson.loads(await request.read()))
        except (ValueError, TypeError) as error:
            return json_response({"error": f"errors: {error}"}, status=400)
        return json_response({"planned": True}, status=201)


def _milliseconds(epoch_seconds: float) -> int:
    return int(epoch_seconds * 1000)


def _strings(given: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Return the named properties whose values are strings."""
    return {name: given[name] for name in names if isinstance(given.get(name), str)}


def _overall_status(statuses: list[int]) -> int:
    """Return the HTTP status of a response: one message's own, else 207 if any is refused.

    So says the errors table; the reference speaks of differing outcomes only, which leaves open
    what several refusals give.
    """
    if len(statuses) == 1:
        return statuses[0]
    return 202 if all(status == 202 for status in statuses) else 207
