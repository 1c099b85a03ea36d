"""The emulator: its options, its routes, and the response of each route.

Sources: Bird Channels API, Messaging and Send batch messages; Common API usage for the AccessKey
scheme; Rate limit for 429, which means that the request was not processed.
"""

import functools
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from types import NoneType
from typing import Any, ClassVar, Final

from aiohttp import hdrs, web

from omnimsg.json_codec import loads
from omnimsg.sandbox import (
    Emulator,
    MessageRecord,
    SandboxState,
    explained,
    json_response,
)
from omnimsg.sandbox.arguments import require, require_texts
from omnimsg_bird.emulator.acceptance import PROVIDER, Acceptance
from omnimsg_bird.emulator.batch import MAX_MESSAGES
from omnimsg_bird.emulator.callback_signer import SIGNING_KEY, BirdSigner
from omnimsg_bird.emulator.callback_source import BirdCallbacks
from omnimsg_bird.emulator.display import BirdDisplay
from omnimsg_bird.emulator.errors import STATUSES, RefusedError, error_response, not_found
from omnimsg_bird.emulator.listing import list_page
from omnimsg_bird.emulator.media import Uploads
from omnimsg_bird.emulator.message_rules import BATCH, CREATE, PRESIGNED
from omnimsg_bird.emulator.request_parsing import base_url, parse_body
from omnimsg_bird.emulator.resource import (
    Interactions,
    content_of,
    message_resource,
    planned_interaction,
    resource_of,
)

ACCESS_KEY: Final = "sandbox-access-key"
WORKSPACE: Final = "5a0d1c5e-0b1d-4c43-9d0a-6a1b3f7c0001"
CHANNELS: Final[Mapping[str, str]] = {
    "email": "5a0d1c5e-0b1d-4c43-9d0a-6a1b3f7c0e3a",
    "sms": "5a0d1c5e-0b1d-4c43-9d0a-6a1b3f7c05a5",
    "whatsapp": "5a0d1c5e-0b1d-4c43-9d0a-6a1b3f7c03a9",
}

MAX_REFUSALS: Final = 1000

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
        service_window: Whether WhatsApp content other than a template needs an inbound message of
            the last 24 hours.
        signing_key: The key that signs callbacks.

    Attributes:
        refusals: The statuses of the errors for the next requests, in order.
    """

    name: ClassVar[str] = PROVIDER

    def __init__(  # noqa: PLR0913 - the settings of a workspace
        self,
        state: SandboxState,
        *,
        access_key: str = ACCESS_KEY,
        workspace: str = WORKSPACE,
        channels: Mapping[str, str] = CHANNELS,
        storage: str | None = None,
        service_window: bool = True,
        signing_key: str = SIGNING_KEY,
    ) -> None:
        super().__init__(state, service_window=service_window)
        require(str, access_key=access_key, workspace=workspace, signing_key=signing_key)
        require(str, NoneType, storage=storage)
        require(Mapping, channels=channels)
        require_texts(channels=channels.values())
        hosts = {} if storage is None else {"media_hosts": [f"{storage}:*"]}
        self.own_settings = {
            **hosts,
            "access_key": access_key,
            "workspace_id": workspace,
            "channels": dict(channels),
            "signing_keys": [signing_key],
        }
        self._authorization = f"AccessKey {access_key}"
        self._workspace = workspace
        self._platforms = {channel_id: platform for platform, channel_id in channels.items()}
        self._uploads = Uploads(state, self.media, storage)
        self._interactions = Interactions(state.limits.messages)
        self._acceptance = Acceptance(
            state,
            platforms=self._platforms,
            uploads=self._uploads,
            windows=self.windows,
            accept=self.accept,
        )
        self.callbacks = BirdCallbacks(
            BirdSigner(signing_key),
            state=state,
            workspace=workspace,
            channels=channels,
            uploads=self._uploads,
            interactions=self._interactions,
        )
        self.display = BirdDisplay(
            state,
            self._platforms,
            self._interactions,
            lambda media_id: self.media.get(media_id, state.clock()),
        )
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
            "signing_keys": [SIGNING_KEY],
        }

    def routes(self) -> Iterable[web.RouteDef]:
        """Return Bird's operations on messages and media, and the storage behind the media."""
        workspace = "/workspaces/{workspace_id}"
        channel = f"{workspace}/channels/{{channel_id}}"
        message = f"{channel}/messages/{{message_id}}"
        table: list[tuple[str, str, Handler]] = [
            # Routes are tried in this order, and most requests are for this one.
            (hdrs.METH_POST, f"{channel}/messages", self._create),
            (hdrs.METH_GET, f"{channel}/messages", self._list),
            (hdrs.METH_POST, f"{channel}/batch/messages", self._create_batch),
            (hdrs.METH_GET, f"{workspace}/channels/messages", self._list),
            (hdrs.METH_GET, message, self._get),
            (hdrs.METH_GET, f"{message}/interactions", self._get_interactions),
            (hdrs.METH_POST, f"{workspace}/channel-media/presigned-upload", self._presign),
            (hdrs.METH_POST, f"{channel}/presigned-upload", self._presign),
            (hdrs.METH_GET, f"{workspace}/media/{{media_id}}", self._redirect_to_file),
            # The URL of a file from a phone.
            (
                hdrs.METH_GET,
                f"{workspace}/messages/{{message_id}}/media/{{media_id}}",
                self._redirect_to_file,
            ),
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
        """Order an HTTP status for the next request, such as {"status": 409}."""
        try:
            options = loads(await request.read())
            status = options["status"]
            known = status in STATUSES
        except (ValueError, TypeError, KeyError):
            known = False
        if not known:
            listed = ", ".join(map(str, sorted(STATUSES)))
            return json_response({"error": f"status: must be one of {listed}"}, 400)
        if len(self.refusals) >= MAX_REFUSALS:
            return json_response({"error": f"errors: {MAX_REFUSALS} wait, which is the limit"}, 400)
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
        self._acceptance.clear()
        self._uploads.clear()
        self._interactions.clear()
        self.refusals.clear()

    def _guarded(self, handler: Handler) -> Handler:
        """Return a handler that authorises first and turns a refusal into a response."""
        known_channels = frozenset({"", *self._platforms})

        @functools.wraps(handler)
        async def guarded(request: web.Request) -> web.Response:
            # Several lines are refused: a proxy in front of the API may join them.
            if request.headers.getall(hdrs.AUTHORIZATION, []) != [self._authorization]:
                return error_response(401)
            if self.refusals:
                return error_response(self.refusals.popleft())
            try:
                if request.match_info["workspace_id"] != self._workspace:
                    return not_found("workspace")
                if request.match_info.get("channel_id", "") not in known_channels:
                    return not_found("channel")
                return await handler(request)
            except RefusedError as error:
                return error.response

        return guarded

    async def _create(self, request: web.Request) -> web.Response:
        """Send a message."""
        channel_id = request.match_info["channel_id"]
        payload = await parse_body(request, CREATE[self._platforms[channel_id]])
        record, extra = self._acceptance.record(request, payload)
        if self.throttles([record.to]):
            return error_response(429)
        self._acceptance.accept_for_all(record, extra)
        resource = resource_of(record, record.first_change(), content_of(payload), extra)
        return json_response(resource, 202)

    async def _create_batch(self, request: web.Request) -> web.Response:
        """Send a batch of messages."""
        entries = (await parse_body(request, BATCH))["messageRequests"]
        if not 1 <= len(entries) <= MAX_MESSAGES:
            return error_response(400)
        batch_id = self.state.uuid()
        results = [self._acceptance.batch_record(request, entry, batch_id) for entry in entries]
        # A throttle concerns the request as a whole, so one recipient with that scenario is enough.
        if self.throttles([record.to for record, _ in results]):
            return error_response(429)
        for record, _ in results:
            self._acceptance.accept_for_all(record, record.extra)
        rejected = [
            f"messageRequests[{index}] is rejected after acceptance: {why}"
            for index, (_, why) in enumerate(results)
            if why is not None
        ]
        return explained(json_response({"id": batch_id}, 202), *rejected)

    async def _get(self, request: web.Request) -> web.Response:
        """Get a message."""
        record = self._find(request)
        change = record.latest_change(self.state.clock())
        return json_response(message_resource(record, change))

    async def _get_interactions(self, request: web.Request) -> web.Response:
        """List the interactions with a message."""
        record = self._find(request)
        planned = planned_interaction(record, self.state.pace)
        read = [planned[1]] if planned is not None and planned[0] <= self.state.clock() else []
        results = [*read, *self._interactions.of(record)]
        return json_response({"results": results})

    async def _list(self, request: web.Request) -> web.Response:
        """List messages."""
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
            raise RefusedError(not_found("message"))
        return record

    async def _presign(self, request: web.Request) -> web.Response:
        """Create a presigned upload."""
        payload = await parse_body(request, PRESIGNED)
        return json_response(
            self._uploads.grant(
                base_url(request),
                self._workspace,
                payload["contentType"],
                request.match_info.get("channel_id"),
            )
        )

    async def _redirect_to_file(self, request: web.Request) -> web.Response:
        """Redirect to a file."""
        redirect = self._uploads.redirect(base_url(request), request.match_info["media_id"])
        return not_found("media") if redirect is None else redirect
