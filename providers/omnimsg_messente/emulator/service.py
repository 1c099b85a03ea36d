"""The emulator: its options, its routes, and the response of each route.

Sources: Messente Omnichannel API reference; the bulk messaging and scheduled messages pages; the
API setup page for Basic authentication and the throttle.
"""

import functools
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from typing import Any, ClassVar, Final

import aiohttp
from aiohttp import hdrs, web

from omnimsg.json_codec import JSONDecodeError, loads
from omnimsg.sandbox import (
    Emulator,
    LifecycleStep,
    MessageRecord,
    SandboxState,
    explained,
    json_response,
    scenario,
)
from omnimsg.sandbox.arguments import require
from omnimsg.sandbox.schema import Json, Rule
from omnimsg_messente.emulator.callback_signer import INBOUND_SECRET, MessenteSigner
from omnimsg_messente.emulator.callback_source import MessenteCallbacks
from omnimsg_messente.emulator.display import MessenteDisplay
from omnimsg_messente.emulator.errors import (
    RefusedError,
    invalid,
    reasons,
    refused,
    violation_errors,
)
from omnimsg_messente.emulator.lifecycle import (
    CANCELLED,
    PROCESSING,
    WINDOW_CLOSED,
    Attempt,
    plan_legs,
)
from omnimsg_messente.emulator.message_rules import BULK, OMNIMESSAGE
from omnimsg_messente.emulator.orders import Orders
from omnimsg_messente.emulator.report import kind, leg_report, summary

USERNAME: Final = "sandbox"
PASSWORD: Final = "sandbox-password"  # noqa: S105 - opens nothing but the sandbox

_DEFAULT_SENDER: Final = "Sandbox"
_SENDS: Final = {"/messente/v1/omnimessage", "/messente/v1/omnimessages"}

Handler = Callable[[web.Request], Awaitable[web.Response]]


class MessenteEmulator(Emulator):
    """Messente's Omnichannel API, at `/messente/v1`.

    Args:
        state: Clock, pace, ids and handsets.
        username: The user name that Basic authentication must carry; ASCII.
        password: The password that Basic authentication must carry, and that signs reports; ASCII.
        inbound_secret: The Shared Secret of the inbound number.
        service_window: Whether WhatsApp content other than a template needs an inbound message of
            the last 24 hours.

    Attributes:
        orders: The errors and statuses that a test orders for the next requests or messages.
    """

    name: ClassVar[str] = "messente"

    def __init__(
        self,
        state: SandboxState,
        *,
        username: str = USERNAME,
        password: str = PASSWORD,
        inbound_secret: str = INBOUND_SECRET,
        service_window: bool = True,
    ) -> None:
        super().__init__(state, service_window=service_window)
        require(str, username=username, password=password, inbound_secret=inbound_secret)
        self.orders = Orders()
        self.display = MessenteDisplay()
        self.callbacks = MessenteCallbacks(MessenteSigner(password, inbound_secret), state)
        self.own_settings = {
            "username": username,
            "password": password,
            "inbound_secrets": [inbound_secret],
        }
        self._credentials = aiohttp.encode_basic_auth(username, password)
        self._omnimessages: OrderedDict[str, tuple[MessageRecord, ...]] = OrderedDict()

    @classmethod
    def account(cls, base_url: str) -> dict[str, Any]:
        """Return the configuration of an account that reaches this emulator."""
        return {
            "provider": cls.name,
            "base_url": base_url,
            "username": USERNAME,
            "password": PASSWORD,
            "inbound_secrets": [INBOUND_SECRET],
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

    def control_routes(self) -> Iterable[web.RouteDef]:
        """Return the route that orders errors and statuses."""
        return [web.post("/errors", self._add_order)]

    async def _add_order(self, request: web.Request) -> web.Response:
        """Order an error ``code``, or a ``status`` or ``err`` of messages; see the sandbox page."""
        try:
            self.orders.add(**loads(await request.read()))
        except (ValueError, TypeError) as error:
            return json_response({"error": f"errors: {error}"}, status=400)
        return json_response({"planned": True}, status=201)

    def is_send(self, request: web.Request) -> bool:
        """Return whether a request sends one omnimessage or a bulk."""
        return request.method == hdrs.METH_POST and request.path in _SENDS

    def refuse(self, request: web.Request, status: int) -> web.Response:
        """Return Messente's error for a request that the sandbox refuses.

        Only 404 and 405 have a documented body. A throttle (429) is documented as a status alone,
        per client address and so in front of the API; its body is empty, without an invented code.
        """
        del request
        code = {404: "101", 405: "107"}.get(status)
        if code is not None:
            return refused(code).response()
        why = {413: "the body is too large", 429: "throttled"}[status]
        return explained(web.Response(status=status), why)

    def reset(self) -> None:
        """Forget messages, media, windows, omnimessages and orders."""
        super().reset()
        self.orders.clear()
        self._omnimessages.clear()

    def _guarded(self, handler: Handler) -> Handler:
        """Return a handler that authorises first and turns a refusal into a response."""

        @functools.wraps(handler)
        async def guarded(request: web.Request) -> web.Response:
            # Several lines are refused: a proxy in front of the API may join them.
            if request.headers.getall(hdrs.AUTHORIZATION, []) != [self._credentials]:
                return refused("103").response()
            try:
                self._raise_ordered()
                return await handler(request)
            except RefusedError as error:
                return error.response()

        return guarded

    def _raise_ordered(self, to: Json = None) -> None:
        """Raise the error that is ordered for the next request, or for an omnimessage."""
        code = self.orders.next_code(to if isinstance(to, str) else None)
        if code is not None:
            raise refused(code)

    async def _send(self, request: web.Request) -> web.Response:
        """Send one omnimessage."""
        payload = await _parse_body(request, OMNIMESSAGE)
        if self.throttles([payload["to"]]):
            return self.refuse(request, 429)
        self._raise_ordered(payload["to"])
        return json_response(self._accept_omnimessage(payload), 201)

    async def _send_bulk(self, request: web.Request) -> web.Response:
        """Send several omnimessages."""
        elements = (await _parse_body(request, BULK))["messages"]
        # A throttle applies to the whole request, so one recipient with that scenario is enough.
        recipients = [one.get("to") for one in elements if isinstance(one, dict)]
        if self.throttles([to for to in recipients if isinstance(to, str)]):
            return self.refuse(request, 429)
        results = [self._send_element(one) for one in elements]
        wrong = [
            f"messages[{index}]: {reason}"
            for index, result in enumerate(results)
            for reason in reasons(result.get("errors", ()))
        ]
        return explained(json_response({"messages": results}, 201), *wrong)

    def _send_element(self, payload: Json) -> dict[str, Any]:
        """Send one element of a bulk and return its result; results are in request order."""
        if violations := list(OMNIMESSAGE(payload)):
            return {"errors": violation_errors(violations, payload)}
        try:
            self._raise_ordered(payload["to"])
        except RefusedError as error:
            return {"errors": error.errors}
        return self._accept_omnimessage(payload)

    def _accept_omnimessage(self, payload: Json) -> dict[str, Any]:
        now = self.state.clock()
        to, messages = payload["to"], payload["messages"]
        omnimessage_id = self.state.uuid()
        legs = plan_legs(
            scenario(to),
            [
                Attempt(message["channel"], _ttl(message), partial(self._override, to, message))
                for message in messages
            ],
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
                kind=kind(message),
                content=message,
                text=summary(message),
                created=now,
                start=leg.start,
                steps=leg.steps,
                sender=message.get("sender", _DEFAULT_SENDER),
                client_id=omnimessage_id,
                waiting=PROCESSING,
                extra={"dlr_url": payload.get("dlr_url")},
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

    def _override(self, to: str, message: dict[str, Json]) -> tuple[LifecycleStep, ...]:
        """Return the lifecycle that replaces that of the recipient's scenario, empty for none."""
        channel = message["channel"]
        ordered = self.orders.next_steps(to, channel)
        if ordered:
            return ordered
        if channel == "whatsapp" and "template" not in message and not self.windows.is_open(to):
            return WINDOW_CLOSED
        return ()

    async def _status(self, request: web.Request) -> web.Response:
        """Report the status of each leg."""
        omnimessage_id, records = self._find(request)
        now = self.state.clock()
        return json_response(
            {
                "omnimessage_id": omnimessage_id,
                "to": records[0].to,
                "statuses": [leg_report(each, each.latest_change(now)) for each in records],
            }
        )

    async def _cancel(self, request: web.Request) -> web.Response:
        """Cancel a scheduled omnimessage."""
        _, records = self._find(request)
        now = self.state.clock()
        if records[0].start <= now or records[0].steps[0].status == CANCELLED.status:
            raise refused("101")
        for record in records:
            self.cancel(record, CANCELLED)
        return json_response({}, 202)

    def _find(self, request: web.Request) -> tuple[str, tuple[MessageRecord, ...]]:
        omnimessage_id = request.match_info["id"]
        records = self._omnimessages.get(omnimessage_id)
        if records is None:
            raise refused("101")
        return omnimessage_id, records


async def _parse_body(request: web.Request, rule: Rule) -> Json:
    # The documents require JSON and name no error for other types; the error of an invalid payload
    # is the nearest.
    if request.content_type != "application/json":
        raise invalid("Content-Type must be application/json")
    try:
        payload = loads(await request.read())
    except JSONDecodeError:
        raise invalid("the body is not valid JSON") from None
    if violations := list(rule(payload)):
        raise RefusedError(400, violation_errors(violations, payload))
    return payload


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
