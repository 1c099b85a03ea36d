"""The control routes: inbound messages, approved templates, ordered errors and statuses."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import TYPE_CHECKING, Any, Protocol

from aiohttp import web

from omnimsg.json_codec import loads
from omnimsg.sandbox import json_response
from omnimsg_clickatell.emulator.errors import RefusedError
from omnimsg_clickatell.emulator.message_rules import WHATSAPP

if TYPE_CHECKING:
    from collections.abc import Iterable

    from omnimsg_clickatell.emulator.account_faults import AccountFaults
    from omnimsg_clickatell.emulator.inbound import Inbox
    from omnimsg_clickatell.emulator.known_templates import KnownTemplates
    from omnimsg_clickatell.emulator.uploads import Uploads


class Controlled(Protocol):
    """What a test controls of the emulator."""

    account_faults: AccountFaults
    inbox: Inbox
    templates: KnownTemplates
    uploads: Uploads


def control_routes(emulator: Controlled) -> Iterable[web.RouteDef]:
    """Return the routes, which the sandbox serves below ``/_sandbox/clickatell``."""

    async def add_inbound(request: web.Request) -> web.Response:
        """Add an inbound message; media has ``content`` (base64) and ``contentType``."""
        try:
            options = loads(await request.read())
            inbound = emulator.inbox.receive(options["from"], options.get("channel", WHATSAPP))
            data = base64.b64decode(options.get("content", ""), validate=True)
            document: dict[str, Any] = {"messageId": inbound.id}
            if data:
                media = emulator.uploads.store(data, options["contentType"])
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

    async def add_fault(request: web.Request) -> web.Response:
        """Order an error code or a status, for a number (to) or not, count times."""
        try:
            emulator.account_faults.add(**loads(await request.read()))
        except (ValueError, TypeError) as error:
            return json_response({"error": f"errors: {error}"}, status=400)
        return json_response({"planned": True}, status=201)

    async def add_template(request: web.Request) -> web.Response:
        """Approve a template: templateName, and optionally parameters and languages."""
        try:
            options = loads(await request.read())
            emulator.templates.add(options.pop("templateName", None), **options)
        except (ValueError, TypeError, AttributeError) as error:
            return json_response({"error": f"templates: {error}"}, status=400)
        return json_response({"approved": True}, status=201)

    return [
        web.post("/inbound", add_inbound),
        web.post("/errors", add_fault),
        web.post("/templates", add_template),
    ]
