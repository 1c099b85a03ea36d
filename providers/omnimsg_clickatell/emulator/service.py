"""The emulator: its options, its routes, and the response of each route.

Source: the One API reference (OpenAPI 1.0.0), all seven operations.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from types import NoneType
from typing import TYPE_CHECKING, Any, ClassVar, Final

from aiohttp import hdrs, web

from omnimsg.sandbox import (
    Emulator,
    MessageRecord,
    Scenario,
    json_response,
    scenario,
    shuffle_entries,
)
from omnimsg.sandbox.arguments import require, require_range, require_texts
from omnimsg_clickatell.emulator import content_checks, file_checks, known_templates, lifecycle
from omnimsg_clickatell.emulator.account_faults import AccountFaults
from omnimsg_clickatell.emulator.callback_signer import CALLBACK_SECRET, ClickatellSigner
from omnimsg_clickatell.emulator.callback_source import ClickatellCallbacks
from omnimsg_clickatell.emulator.control import control_routes
from omnimsg_clickatell.emulator.display import ClickatellDisplay
from omnimsg_clickatell.emulator.errors import (
    ErrorLevel,
    RefusedError,
    error_response,
    upload_error_response,
)
from omnimsg_clickatell.emulator.inbound import InboundMessages
from omnimsg_clickatell.emulator.media import Uploads
from omnimsg_clickatell.emulator.message_rules import MESSAGE, NOTIFICATION, SMS, WHATSAPP
from omnimsg_clickatell.emulator.request_parsing import (
    API_KEY,
    authorise,
    check_rule,
    parse_entries,
)
from omnimsg_clickatell.emulator.results import Result, respond, strings
from omnimsg_clickatell.emulator.statuses import milliseconds, steps_to
from omnimsg_clickatell.emulator.value_rules import is_number, parse_time

if TYPE_CHECKING:
    import random
    from collections.abc import Awaitable, Callable, Iterable

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
            of the last 24 hours.
        templates: The approved templates, each with the number of its body's parameters (None for
            any number); None for every template.
        callback_secret: The last part of the callback URL's path.
        callback_login: The Basic credentials of callbacks, as ``name:password``; None for none.

    Attributes:
        account_faults: The errors and statuses that a test orders for the next requests or
            messages.
        inbox: The inbound messages.
        uploads: The files.
        templates: The approved templates.
    """

    name: ClassVar[str] = "clickatell"

    def __init__(  # noqa: PLR0913 - the settings of an integration
        self,
        state: SandboxState,
        *,
        parts: int = 10,
        channels: frozenset[str] = frozenset({SMS, WHATSAPP}),
        numbers: frozenset[str] | None = None,
        echo_refused: bool = True,
        service_window: bool = True,
        templates: Mapping[str, int | None] | None = known_templates.DEFAULT,
        callback_secret: str = CALLBACK_SECRET,
        callback_login: str | None = None,
    ) -> None:
        super().__init__(state, service_window=service_window)
        require(int, parts=parts)
        require_range("parts", parts, 1)
        require_texts(channels=channels, numbers=numbers or ())
        require(bool, echo_refused=echo_refused)
        require(Mapping, NoneType, templates=templates)
        require(str, callback_secret=callback_secret)
        require(str, NoneType, callback_login=callback_login)
        self.account_faults = AccountFaults()
        self.inbox = InboundMessages(state, self.windows)
        self.templates = known_templates.KnownTemplates(templates)
        self.uploads = Uploads(self.media, state)
        logins = {} if callback_login is None else {"callback_logins": [callback_login]}
        self.own_settings = {"callback_secrets": [callback_secret], **logins}
        self._max_parts = parts
        self._channels = channels
        self._numbers = numbers
        self._echo_refused = echo_refused
        self.display = ClickatellDisplay(self.uploads.find)
        self.callbacks = ClickatellCallbacks(
            ClickatellSigner(callback_secret, callback_login),
            state=state,
            inbox=self.inbox,
            uploads=self.uploads,
            numbers=numbers,
        )

    @classmethod
    def account(cls, base_url: str) -> dict[str, Any]:
        """Return the account's table: provider, address, API key, and the secret of callbacks."""
        return {
            "provider": cls.name,
            "base_url": base_url,
            "api_key": API_KEY,
            "callback_secrets": [CALLBACK_SECRET],
        }

    def routes(self) -> Iterable[web.RouteDef]:
        """Return the seven operations."""
        table: list[tuple[str, str, Handler]] = [
            ("POST", _SEND, self._send),
            ("GET", "/v1/message/{message_id}", self._status),
            ("POST", "/v1/notification", self._notify),
            ("POST", _UPLOAD, self.uploads.upload),
            ("GET", _UPLOAD, self.uploads.download),
            ("GET", "/v1/media/{file_id}", self.uploads.metadata),
            ("GET", "/v1/balance", self._balance),
        ]
        return [web.route(method, path, self._guarded(handler)) for method, path, handler in table]

    def control_routes(self) -> Iterable[web.RouteDef]:
        """Return the routes that add an inbound message or a template, and order an error."""
        return control_routes(self)

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
        """Forget messages, media, windows, inbound messages, templates and ordered errors."""
        super().reset()
        self.account_faults.clear()
        self.inbox.clear()
        self.templates.clear()

    def process_message(self, message: dict[str, Any], *, too_large: bool = False) -> Result:
        """Accept or refuse one entry of ``messages``.

        Args:
            message: The entry.
            too_large: Whether the request exceeds the size limit.

        Returns:
            The result: the HTTP status of the entry alone, and the entry of the response.
        """
        try:
            record = self._accept_one(message, too_large=too_large)
        except RefusedError as refused:
            echoed = ("to", "clientMessageId") if self._echo_refused else ("to",)
            entry = {"error": refused.error(), "accepted": False}
            return Result(refused.http, entry | strings(message, *echoed), refused.reason)
        entry = {"apiMessageId": record.id, "accepted": True}
        return Result(202, entry | strings(message, "to", "clientMessageId") | {"error": None})

    def _guarded(self, handler: Handler) -> Handler:
        """Return a handler that authorises first and turns a refusal into a response."""

        @functools.wraps(handler)
        async def guarded(request: web.Request) -> web.Response:
            try:
                authorise(request)
                self.account_faults.raise_next(ErrorLevel.GLOBAL)
                return await handler(request)
            except RefusedError as refused:
                return error_response(refused)

        return guarded

    async def _send(self, request: web.Request) -> web.Response:
        """Send one or more messages."""
        body = await request.read()
        messages = parse_entries(request, body, "messages")
        too_large = len(body) > file_checks.MAX_PAYLOAD_MB * file_checks.MEGABYTE
        results = [self.process_message(message, too_large=too_large) for message in messages]
        document = {"messages": [result.entry for result in results], "error": None}
        return respond(document, "messages", results)

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
        checked = content_checks.check_content(message, self.uploads.find, self._max_parts)
        steps = checked.steps or lifecycle.steps_for(channel, recipient)
        last = self._status_of(message, to, channel, checked.kind)
        if last is not None:
            steps = steps_to(last)
        content = checked.content
        if checked.inline is not None:
            # The handset stores a file id, so that media bytes are stored and limited once.
            content = {**content, "fileId": self.uploads.store(*checked.inline).id}
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
            steps=lifecycle.limit_to_validity(
                self.state.apply_pace(steps), message.get("validityPeriod")
            ),
            sender=message.get("from"),
            reference=message.get("clientMessageId"),
        )
        record.client_id = record.id
        self.accept(record)
        return record

    def _check_recipient(self, to: str, channel: str, sender: str | None) -> Scenario:
        """Check recipient, channel and sender, and return the recipient's scenario.

        Raises:
            RefusedError: 23, 39, 45; the ordered error; the error of the recipient's scenario.
        """
        if not is_number(to):
            # As in the only published sample of a refusal; 25 is for a number that does not exist.
            raise RefusedError(23, "to", "must be an E.164 number as digits")
        if channel not in self._channels:
            raise RefusedError(39)
        if sender is not None and self._numbers is not None and sender not in self._numbers:
            raise RefusedError(45)
        self.account_faults.raise_next(ErrorLevel.MESSAGE, to)
        recipient = scenario(to)
        code = lifecycle.refusal_of(channel, recipient)
        if code is not None:
            raise RefusedError(code, to)
        if recipient is Scenario.THROTTLED_ONCE and self.state.should_throttle(self.name, to):
            raise RefusedError(lifecycle.THROTTLED)
        return recipient

    def _status_of(self, message: dict[str, Any], to: str, channel: str, kind: str) -> str | None:
        """Return an accepted message's last status, None if its recipient's scenario decides."""
        ordered = self.account_faults.next_status(to)
        if ordered is not None:
            return ordered
        if kind == "template":
            return self.templates.failure_of(message["template"])
        if channel == WHATSAPP and not self.windows.is_open(to):
            return "WHATSAPP_RE_ENGAGEMENT_REQUIRED"
        return None

    async def _status(self, request: web.Request) -> web.Response:
        """Query the status of a message."""
        now = self.state.clock()
        record = self.messages.get(request.match_info["message_id"])
        if record is None:
            # In the reference an unknown message has another form, because its channel is unknown,
            # with the time of the request. The 404 there is for the account, so this is a 200.
            return json_response({"status": lifecycle.UNKNOWN, "timestamp": milliseconds(now)})
        change = record.latest_change(now)
        entry = {"status": change.status, "timestamp": milliseconds(change.at)}
        return json_response({record.channel: entry})

    async def _notify(self, request: web.Request) -> web.Response:
        """Mark inbound messages as read."""
        body = await request.read()
        events = parse_entries(request, body, "event", "messageStatusUpdate")
        results = [self._mark_read(event) for event in events]
        listed = {"messageStatusUpdate": [result.entry for result in results]}
        return respond({"event": listed, "error": None}, "messageStatusUpdate", results)

    def _mark_read(self, event: dict[str, Any]) -> Result:
        """Return the result of a notification."""
        echoed = strings(event, "messageId", "clientEventId")
        try:
            self._check_event(event)
        except RefusedError as refused:
            entry = {"error": refused.error(), "accepted": False}
            return Result(refused.http, entry | echoed, refused.reason)
        entry = {"apiEventId": self.state.hex_id(), "accepted": True}
        return Result(202, entry | echoed | {"error": None})

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
        """Return the balance."""
        del request
        return json_response({"balance": 1000.0, "currency": "EUR"})
