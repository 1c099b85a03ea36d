"""The emulator: its options, its routes, and the response of each route.

Sources: Messente Omnichannel API reference; the bulk messaging and scheduled messages pages; the
API setup page for Basic authentication and the throttle.
"""

import hmac
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from typing import Any, ClassVar, Final

import aiohttp
import orjson
from aiohttp import hdrs, web

from omnimsg.sandbox import Emulator, MessageRecord, SandboxState, Scenario, json_response, scenario
from omnimsg.sandbox.schema import Json
from omnimsg_messente.emulator.errors import (
    NOT_ALLOWED,
    NOT_FOUND,
    UNAUTHORIZED,
    RefusedError,
    invalid,
    violation_errors,
)
from omnimsg_messente.emulator.lifecycle import CANCELLED, ERRORS, PROCESSING, plan_legs
from omnimsg_messente.emulator.price import price_info
from omnimsg_messente.emulator.schema import BULK, OMNIMESSAGE

__all__ = ["PASSWORD", "USERNAME", "MessenteEmulator"]

USERNAME: Final = "sandbox"
PASSWORD: Final = "sandbox-password"  # noqa: S105 - opens nothing but the sandbox

_DEFAULT_SENDER: Final = "Sandbox"
_BILLED: Final = {"ACK", "DELIVRD", "SEEN"}
_SENDS: Final = {"/messente/v1/omnimessage", "/messente/v1/omnimessages"}

Handler = Callable[[web.Request], Awaitable[web.Response]]


class MessenteEmulator(Emulator):
    """Messente's Omnichannel API, at `/messente/v1`.

    Args:
        state: Clock, pace, ids and handsets.
        username: The user name that Basic authentication must carry; ASCII.
        password: The password that Basic authentication must carry; ASCII.
    """

    name: ClassVar[str] = "messente"

    def __init__(
        self, state: SandboxState, *, username: str = USERNAME, password: str = PASSWORD
    ) -> None:
        super().__init__(state)
        self._credentials = aiohttp.encode_basic_auth(username, password).encode()
        self._omnimessages: OrderedDict[str, tuple[MessageRecord, ...]] = OrderedDict()

    @classmethod
    def account(cls, base_url: str) -> dict[str, Any]:
        """Return the configuration of an account that reaches this emulator."""
        return {
            "provider": cls.name,
            "base_url": base_url,
            "username": USERNAME,
            "password": PASSWORD,
        }

    def routes(self) -> Iterable[web.RouteDef]:
        """Return Messente's four omnichannel operations."""
        table: list[tuple[str, str, Handler]] = [
            (hdrs.METH_POST, "/v1/omnimessage", self._send),
            (hdrs.METH_POST, "/v1/omnimessages", self._send_bulk),
            (hdrs.METH_GET, "/v1/omnimessage/{id}/status", self._status),
            (hdrs.METH_DELETE, "/v1/omnimessage/{id}", self._cancel),
        ]
        return [web.route(method, path, self._guarded(handler)) for method, path, handler in table]

    def is_send(self, request: web.Request) -> bool:
        """Return whether a request sends one omnimessage or a bulk."""
        return request.method == hdrs.METH_POST and request.path in _SENDS

    def refuse(self, request: web.Request, status: int) -> web.Response:
        """Return Messente's error for a request that the sandbox refuses.

        Only 404 and 405 have a documented body. A throttle (429) is documented as a status alone,
        per client address and so in front of the API; its body is empty, without an invented code.
        """
        del request
        documented = {404: NOT_FOUND, 405: NOT_ALLOWED}.get(status)
        return RefusedError(*documented).response() if documented else web.Response(status=status)

    def reset(self) -> None:
        """Forget messages, media and omnimessages."""
        super().reset()
        self._omnimessages.clear()

    def _guarded(self, handler: Handler) -> Handler:
        """Return a handler that authorises first and turns a refusal into a response."""

        async def guarded(request: web.Request) -> web.Response:
            given = request.headers.get(hdrs.AUTHORIZATION, "").encode(errors="replace")
            if not hmac.compare_digest(given, self._credentials):
                return RefusedError(*UNAUTHORIZED).response()
            try:
                return await handler(request)
            except RefusedError as refused:
                return refused.response()

        return guarded

    async def _send(self, request: web.Request) -> web.Response:
        payload = await _parse_body(request)
        if violations := list(OMNIMESSAGE(payload, ())):
            raise RefusedError(400, violation_errors(violations, payload))
        if self._should_throttle([payload["to"]]):
            return self.refuse(request, 429)
        return json_response(self._accept_omnimessage(payload), 201)

    async def _send_bulk(self, request: web.Request) -> web.Response:
        payload = await _parse_body(request)
        if violations := list(BULK(payload, ())):
            raise RefusedError(400, violation_errors(violations, payload))
        elements = payload["messages"]
        # A throttle applies to the whole request, so one recipient with that scenario is enough.
        if self._should_throttle([one.get("to") for one in elements if isinstance(one, dict)]):
            return self.refuse(request, 429)
        return json_response({"messages": [self._send_element(one) for one in elements]}, 201)

    def _should_throttle(self, recipients: Iterable[Json]) -> bool:
        throttled_once = {
            to
            for to in recipients
            if isinstance(to, str) and scenario(to) is Scenario.THROTTLED_ONCE
        }
        # Count every recipient, also after the first one that is throttled.
        return True in {self.state.should_throttle(self.name, to) for to in throttled_once}

    def _send_element(self, payload: Json) -> dict[str, Any]:
        """Send one element of a bulk and return its result; results are in request order."""
        if violations := list(OMNIMESSAGE(payload, ())):
            return {"errors": violation_errors(violations, payload)}
        return self._accept_omnimessage(payload)

    def _accept_omnimessage(self, payload: Json) -> dict[str, Any]:
        now = self.state.clock()
        to, messages = payload["to"], payload["messages"]
        omnimessage_id = self.state.uuid()
        legs = plan_legs(
            scenario(to),
            [(message["channel"], _ttl(message)) for message in messages],
            # The reference does not mention a past time; the older SMS API sends at once.
            max(now, _epoch_seconds(payload.get("time_to_send")) or now),
            self.state.apply_pace,
        )
        records = tuple(
            MessageRecord(
                provider=self.name,
                id=self.state.uuid(),
                channel=message["channel"],
                to=to,
                kind=_kind(message),
                content=message,
                text=_summary(message),
                created=now,
                start=leg.start,
                steps=leg.steps,
                sender=message.get("sender", _DEFAULT_SENDER),
                waiting=PROCESSING,
            )
            for message, leg in zip(messages, legs, strict=True)
        )
        for record in records:
            self.accept(record)
        self._omnimessages[omnimessage_id] = records
        if len(self._omnimessages) > self.state.limits.messages:
            self._omnimessages.popitem(last=False)
        return {
            "omnimessage_id": omnimessage_id,
            "to": to,
            "messages": [
                {"channel": record.channel, "message_id": record.id, "sender": record.sender}
                for record in records
            ],
        }

    async def _status(self, request: web.Request) -> web.Response:
        omnimessage_id, records = self._find(request)
        now = self.state.clock()
        return json_response(
            {
                "omnimessage_id": omnimessage_id,
                "to": records[0].to,
                "statuses": [_report(record, now) for record in records],
            }
        )

    async def _cancel(self, request: web.Request) -> web.Response:
        _, records = self._find(request)
        now = self.state.clock()
        if records[0].start <= now or records[0].steps[0].status == CANCELLED.status:
            raise RefusedError(*NOT_FOUND)
        for record in records:
            record.cancel(now, CANCELLED)
        return json_response({}, 202)

    def _find(self, request: web.Request) -> tuple[str, tuple[MessageRecord, ...]]:
        omnimessage_id = request.match_info["id"]
        records = self._omnimessages.get(omnimessage_id)
        if records is None:
            raise RefusedError(*NOT_FOUND)
        return omnimessage_id, records


async def _parse_body(request: web.Request) -> Json:
    # The documents ask for JSON and name no error for anything else; that of an invalid payload is
    # the nearest.
    if request.content_type != "application/json":
        raise invalid("Content-Type must be application/json")
    try:
        return orjson.loads(await request.read())
    except orjson.JSONDecodeError:
        raise invalid("the body is not valid JSON") from None


def _epoch_seconds(time_to_send: str | None) -> float | None:
    """Return the epoch seconds of an ISO 8601 time, which is in UTC unless it has an offset."""
    if time_to_send is None:
        return None
    time = datetime.fromisoformat(time_to_send)
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()


def _ttl(message: dict[str, Json]) -> float | None:
    """Return the ttl of a leg in seconds: `ttl` is in seconds, `validity` in minutes."""
    if "validity" in message:
        return float(message["validity"] * 60)
    return message.get("ttl")


_SETTINGS: Final = {"channel", "sender", "validity", "ttl", "autoconvert", "udh", "suggestions"}


def _kind(message: dict[str, Json]) -> str:
    """Return the names of a message's content fields, such as `text+button_text`."""
    return "+".join(name for name in message if name not in _SETTINGS)


def _summary(message: dict[str, Json]) -> str:
    """Return one line by which a person recognises a message."""
    content = message.get("text", "")
    if isinstance(content, dict):
        content = content["body"]
    return content or message.get("template", {}).get("name", "") or _kind(message)


def _report(record: MessageRecord, now: float) -> dict[str, Any]:
    """Return one element of `statuses`.

    In the documents the status, err, error and price of an unprocessed leg are null. They do not
    mention its `timestamp`, which is left out here. A timestamp has six decimals and no offset.
    """
    change = record.latest_change(now)
    report: dict[str, Any] = {
        "status": change.status or None,
        "channel": record.channel,
        "message_id": record.id,
        "sender": record.sender,
        "err": change.detail.get("err"),
        "error": ERRORS[change.detail.get("err", 0)],
        "price_info": None,
    }
    if change.status != PROCESSING:
        changed_at = datetime.fromtimestamp(change.at, UTC)
        report["timestamp"] = changed_at.strftime("%Y-%m-%dT%H:%M:%S.%f")
    if change.status in _BILLED:
        report["price_info"] = price_info(record.content)
    return report
