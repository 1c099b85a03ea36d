"""The control routes: inbound messages, approved templates, ordered errors and statuses."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any, Final, Protocol

from aiohttp import web

from omnimsg.json_codec import loads
from omnimsg.sandbox import json_response
from omnimsg.sandbox.control_requests import json_body
from omnimsg.sandbox.schema import Rule, Violation, ViolationKind, fields, text
from omnimsg_clickatell.emulator.file_checks import TYPES, normalise
from omnimsg_clickatell.emulator.message_rules import SMS, WHATSAPP
from omnimsg_clickatell.emulator.value_rules import BASE64, constrained, parameter_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from omnimsg_clickatell.emulator.account_faults import AccountFaults
    from omnimsg_clickatell.emulator.inbound import InboundMessages
    from omnimsg_clickatell.emulator.known_templates import KnownTemplates
    from omnimsg_clickatell.emulator.media import Uploads


def _check_file(value: Any) -> Iterator[Violation]:  # noqa: ANN401
    """Require a known type beside a file, and no type without one."""
    if ("content" in value) != ("contentType" in value):
        missing = "contentType" if "content" in value else "content"
        yield Violation((missing,), ViolationKind.MISSING, "a file has both")


_INBOUND: Final[Rule] = fields(
    _check_file,
    required={"from": text(pattern=r"\+?[0-9]+")},
    optional={
        "channel": text(one_of=(SMS, WHATSAPP)),
        "content": BASE64,
        "contentType": constrained(
            text(pattern=r"[^\x00-\x1f\x7f]+"),
            ("must be a supported content type", lambda value: normalise(value) in TYPES),
        ),
    },
)


class Controlled(Protocol):
    """The parts of the emulator that a test controls."""

    account_faults: AccountFaults
    inbox: InboundMessages
    templates: KnownTemplates
    uploads: Uploads


def control_routes(emulator: Controlled) -> Iterable[web.RouteDef]:
    """Return the routes, which the sandbox serves below ``/_sandbox/clickatell``."""

    async def add_inbound(request: web.Request) -> web.Response:
        """Add an inbound message; media has ``content`` (base64) and ``contentType``."""
        options = await json_body(request)
        # Check everything first, so that a refused message opens no service window.
        for violation in _INBOUND(options):
            error = f"{parameter_name(violation.path) or 'body'}: {violation.message}"
            return json_response({"error": error}, status=400)
        inbound = emulator.inbox.receive(options["from"], options.get("channel", WHATSAPP))
        document: dict[str, Any] = {"messageId": inbound.id}
        if "content" in options:
            data = base64.b64decode(options["content"])
            media = emulator.uploads.store(data, options["contentType"])
            document["fileId"] = media.id
            document["sha256Hash"] = hashlib.sha256(data).hexdigest()
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
