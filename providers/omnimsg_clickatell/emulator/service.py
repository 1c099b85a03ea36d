"""The emulator: who may ask, and what each path answers.

Source: the One API reference (OpenAPI 1.0.0), all seven operations.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import TYPE_CHECKING, Any, ClassVar, Final

import orjson
from aiohttp import hdrs, web

from omnimsg.sandbox import Emulator, Record, Scenario, answer, scenario, shuffled
from omnimsg_clickatell.emulator import content_checks, file_checks, lifecycle
from omnimsg_clickatell.emulator.account_faults import Planned
from omnimsg_clickatell.emulator.errors import Level, Refused, refused_file, refused_whole
from omnimsg_clickatell.emulator.inbound import Inbox
from omnimsg_clickatell.emulator.message_rules import (
    MESSAGE,
    NOTIFICATION,
    SMS,
    WHATSAPP,
)
from omnimsg_clickatell.emulator.uploads import Uploads
from omnimsg_clickatell.emulator.value_rules import is_number, parsed_time, where

if TYPE_CHECKING:
    import random
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from omnimsg.sandbox import World
    from omnimsg.sandbox.schema import Rule

    Handler = Callable[[web.Request], Awaitable[web.Response]]

API_KEY: Final = "sandbox-not-a-secret-A=="
"""In the form of a real key, sixteen bytes of URL-safe base64, and as public as this file."""

MOST: Final = 100
"""Messages, or notifications, in a request."""

_SEND: Final = "/v1/message"
_UPLOAD: Final = "/v1/media"


class ClickatellEmulator(Emulator):
    """Clickatell's One API.

    Args:
        world: Clock, pace, ids and handsets.
        parts: Most parts of an SMS.
        channels: The channels of the integration.
        numbers: The integration's own numbers, which ``from`` may name; None for any.
        echo_refused: Whether a refused message's entry repeats its ``clientMessageId``.
        service_window: Whether WhatsApp content other than a template needs an inbound message
            of the last 24 hours; off, so that a sandbox can be tried without one.
    """

    name: ClassVar[str] = "clickatell"

    def __init__(
        self,
        world: World,
        *,
        parts: int = 10,
        channels: frozenset[str] = frozenset({SMS, WHATSAPP}),
        numbers: frozenset[str] | None = None,
        echo_refused: bool = True,
        service_window: bool = False,
    ) -> None:
        super().__init__(world)
        self.planned = Planned()
        self.inbox = Inbox(world)
        self._uploads = Uploads(self.media, world)
        self._parts = parts
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
        return [web.route(verb, path, self._guarded(handler)) for verb, path, handler in table]

    def control_routes(self) -> Iterable[web.RouteDef]:
        """Return what tests arrange: an inbound message, a refusal."""
        return [web.post("/inbound", self._plant), web.post("/errors", self._plan)]

    def is_send(self, request: web.Request) -> bool:
        """Say whether the request is a send."""
        return request.method == hdrs.METH_POST and request.path == f"/{self.name}{_SEND}"

    def refuse(self, request: web.Request, status: int) -> web.Response:
        """Phrase what the kit refuses; all of these are HTTP 400 here."""
        if status == 413 and request.path == f"/{self.name}{_UPLOAD}":
            return refused_file(Refused(31, file_checks.UPLOAD))
        codes = {404: (41, ""), 405: (42, ""), 413: (32, file_checks.PAYLOAD), 429: (43, "")}
        return refused_whole(Refused(*codes[status]))

    def shuffle(self, document: Any, order: random.Random) -> object:  # noqa: ANN401
        """Shuffle the messages: Clickatell does not promise the order of the request."""
        if "messages" not in document:
            return document
        return {**document, "messages": shuffled(document["messages"], order)}

    def reset(self) -> None:
        """Forget messages, media, inbound messages and planned refusals."""
        super().reset()
        self.planned.clear()
        self.inbox.clear()

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.Response:
            try:
                _authorise(request)
                self.planned.give(Level.GLOBAL)
                return await handler(request)
            except Refused as refused:
                return refused_whole(refused)

        return guarded

    async def _send(self, request: web.Request) -> web.Response:
        body = await request.read()
        messages = _entries(request, body, "messages")
        too_large = len(body) > file_checks.PAYLOAD * file_checks.MEGABYTE
        verdicts = [self._verdict(message, too_large=too_large) for message in messages]
        document = {"messages": [entry for _, entry in verdicts], "error": None}
        return answer(document, _together([http for http, _ in verdicts]))

    def _verdict(self, message: dict[str, Any], *, too_large: bool) -> tuple[int, dict[str, Any]]:
        try:
            record = self._accepted(message, too_large=too_large)
        except Refused as refused:
            echoed = ("to", "clientMessageId") if self._echo_refused else ("to",)
            entry = {"error": refused.error(), "accepted": False}
            return refused.http, entry | _strings(message, *echoed)
        entry = {"apiMessageId": record.id, "accepted": True}
        return 202, entry | _strings(message, "to", "clientMessageId") | {"error": None}

    def _accepted(self, message: dict[str, Any], *, too_large: bool) -> Record:
        """Check a message and send it on its way.

        Raises:
            Refused: With the message's error.
        """
        if too_large:
            raise Refused(32, file_checks.PAYLOAD)
        _check(MESSAGE, message)
        to, channel, now = message["to"], message.get("channel", SMS), self.world.clock()
        played = self._recipient(to, channel, message.get("from"))
        reading = content_checks.read(message, self._uploads.find, self._parts)
        steps = reading.ends or lifecycle.life(channel, played)
        if self._shut(to, channel, reading.kind):
            steps = lifecycle.failed("WHATSAPP_RE_ENGAGEMENT_REQUIRED")
        shown = reading.content
        if reading.inline is not None:
            # The handset keeps a reference, so that media bytes have one cap and one place.
            shown = {**shown, "fileId": self._uploads.keep(*reading.inline).id}
        scheduled = parsed_time(message.get("scheduledDeliveryTime", ""))
        start = now if scheduled is None else max(now, scheduled.timestamp())
        record = Record(
            provider=self.name,
            id=self.world.hex_id(),
            channel=channel,
            to=to,
            kind=reading.kind,
            content=shown,
            text=reading.summary,
            created=now,
            start=start,
            waiting=lifecycle.SCHEDULED,
            steps=self.world.paced(steps),
            sender=message.get("from"),
            reference=message.get("clientMessageId"),
        )
        self.accept(record)
        return record

    def _recipient(self, to: str, channel: str, sender: str | None) -> Scenario:
        """Check what does not depend on the content, and return the recipient's scenario.

        Raises:
            Refused: 25, 39, 45; what was planned; what the recipient's scenario says.
        """
        if not is_number(to):
            raise Refused(25, to)
        if channel not in self._channels:
            raise Refused(39)
        if sender is not None and self._numbers is not None and sender not in self._numbers:
            raise Refused(45)
        self.planned.give(Level.MESSAGE, to, detail=to)
        played = scenario(to)
        if played in lifecycle.REFUSALS:
            raise Refused(lifecycle.REFUSALS[played], to)
        if played is Scenario.THROTTLED_ONCE and self.world.throttles(self.name, to):
            raise Refused(lifecycle.THROTTLED)
        return played

    def _shut(self, to: str, channel: str, kind: str) -> bool:
        free = channel == WHATSAPP and kind != "template"
        return self._service_window and free and not self.inbox.open(to)

    async def _status(self, request: web.Request) -> web.Response:
        now = self.world.clock()
        record = self.messages.get(request.match_info["message_id"])
        if record is None:
            # The reference says: another form, since no channel is known, and the time of the
            # request. 404 is the account's, so this is taken to be a flat 200.
            return answer({"status": lifecycle.UNKNOWN, "timestamp": _milliseconds(now)})
        state = record.state(now)
        entry = {"status": state.status, "timestamp": _milliseconds(state.at)}
        return answer({record.channel: entry})

    async def _notify(self, request: web.Request) -> web.Response:
        events = _entries(request, await request.read(), "event", "messageStatusUpdate")
        verdicts = [self._read(event) for event in events]
        listed = {"messageStatusUpdate": [entry for _, entry in verdicts]}
        return answer({"event": listed, "error": None}, _together([http for http, _ in verdicts]))

    def _read(self, event: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        echo = _strings(event, "messageId", "clientEventId")
        try:
            self._check_event(event)
        except Refused as refused:
            return refused.http, {"error": refused.error(), "accepted": False} | echo
        entry = {"apiEventId": self.world.hex_id(), "accepted": True}
        return 202, entry | echo | {"error": None}

    def _check_event(self, event: dict[str, Any]) -> None:
        """Check a notification.

        Raises:
            Refused: 23; for an unknown message too, since no code is documented for it.
        """
        _check(NOTIFICATION, event)
        inbound = self.inbox.get(event["messageId"])
        if inbound is None or inbound.channel != WHATSAPP:
            raise Refused(23, "messageId")

    async def _balance(self, request: web.Request) -> web.Response:
        del request
        return answer({"balance": 1000.0, "currency": "EUR"})

    async def _plant(self, request: web.Request) -> web.Response:
        """Plant an inbound message; media has ``content`` (base64) and ``contentType``."""
        try:
            given = orjson.loads(await request.read())
            planted = self.inbox.receive(given["from"], given.get("channel", WHATSAPP))
            data = base64.b64decode(given.get("content", ""), validate=True)
            shown: dict[str, Any] = {"messageId": planted.id}
            if data:
                media = self._uploads.keep(data, given["contentType"])
                shown["fileId"] = media.id
                shown["sha256Hash"] = hashlib.sha256(data).hexdigest()
        except (ValueError, KeyError, TypeError, AttributeError, binascii.Error, Refused) as error:
            return answer({"error": f"inbound: {error!r}"}, status=400)
        return answer(shown, status=201)

    async def _plan(self, request: web.Request) -> web.Response:
        """Plan a refusal: ``code``, and optionally ``level``, ``to`` and ``count``."""
        try:
            self.planned.add(**orjson.loads(await request.read()))
        except (ValueError, TypeError) as error:
            return answer({"error": f"errors: {error}"}, status=400)
        return answer({"planned": True}, status=201)


def _authorise(request: web.Request) -> None:
    """Check the bare key: a scheme in front of it makes it another key.

    Raises:
        Refused: 1, it is not the account's.
    """
    if request.headers.getall(hdrs.AUTHORIZATION, []) != [API_KEY]:
        raise Refused(1)


def _milliseconds(moment: float) -> int:
    return int(moment * 1000)


def _strings(given: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: given[name] for name in names if isinstance(given.get(name), str)}


def _together(statuses: list[int]) -> int:
    """Return the status of an answer: one message's own, else 207 as soon as one is refused.

    So says the errors table; the reference speaks of differing outcomes only, which leaves open
    what several refusals give.
    """
    if len(statuses) == 1:
        return statuses[0]
    return 202 if all(status == 202 for status in statuses) else 207


def _check(rule: Rule, value: dict[str, Any]) -> None:
    """Raise the first violation.

    Raises:
        Refused: 23, with the parameter's path.
    """
    for violation in rule(value, ()):
        raise Refused(23, where(violation.path))


def _entries(request: web.Request, body: bytes, *path: str) -> list[dict[str, Any]]:
    """Return the list of objects under ``path`` in a JSON body that has nothing else.

    Raises:
        Refused: 21, it is not that; 22, it is too long; 40, it says that it is not UTF-8.
    """
    if (request.charset or "utf-8").lower() != "utf-8":
        raise Refused(40, request.charset)
    if request.content_type != "application/json":
        raise Refused(21)
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Refused(21) from None
    for name in path:
        if not isinstance(value, dict) or set(value) != {name}:
            raise Refused(21)
        value = value[name]
    if not isinstance(value, list) or not value or not all(isinstance(one, dict) for one in value):
        raise Refused(21)
    if len(value) > MOST:
        raise Refused(22)
    return value
