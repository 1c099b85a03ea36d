"""The routes of the inbox page: its files, its data, and its actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import hdrs, web

from omnimsg.sandbox.control_requests import (
    CONTROL,
    control_route,
    json_object,
    whole_number,
)
from omnimsg.sandbox.fault_scripts import CALLBACK_KINDS, KINDS
from omnimsg.sandbox.inbox import page
from omnimsg.sandbox.inbox.inbox import MAX_TEMPLATES, OF_PHONES
from omnimsg.sandbox.request_error import RequestError
from omnimsg.sandbox.responses import json_response
from omnimsg.sandbox.routes import list_routes
from omnimsg.sandbox.scenarios import MAGIC

if TYPE_CHECKING:
    from collections.abc import Iterable

    from omnimsg.sandbox.inbox.inbox import Inbox

PAGE: Final = ("/", f"{CONTROL}/inbox/{{name}}")
"""The paths of the page's files. They hold no data; under a foreign name the page says why."""
LIMIT: Final = 200
"""The default number of phones, of entries of a conversation, or of requests in an answer."""
_MAX_TEMPLATE: Final = 4096


def _not_found(what: str) -> RequestError:
    return RequestError(what, status=404)


def inbox_routes(inbox: Inbox) -> Iterable[web.RouteDef]:
    """Return the routes of the page and of its data.

    Args:
        inbox: The data to show.
    """
    views = _Views(inbox)
    return [
        web.get(PAGE[0], views.start),
        web.get(PAGE[1], _asset),
        control_route("GET", "/routes", views.list_routes),
        control_route("GET", "/about", views.about),
        control_route("GET", "/events", inbox.streams.serve),
        control_route("GET", "/phones", views.list_phones, takes=("limit", "search")),
        # Any character, because a refused number may have any, such as braces of a placeholder.
        control_route("GET", "/phones/{number:.+}", views.show_phone, takes=("limit",)),
        control_route("GET", "/exchanges", views.list_exchanges, takes=("limit", "refused")),
        control_route("GET", "/exchanges/{id}", views.show_exchange),
        control_route("GET", "/media/{provider}/{id}", views.show_media),
        control_route("GET", "/mail/{provider}/{id}", views.show_mail),
        control_route("POST", "/outcomes", views.decide),
        control_route("PUT", "/templates/{name}", views.word_template),
    ]


async def _asset(request: web.Request) -> web.Response:
    """Return a file of the inbox page."""
    found = await page.asset(request, request.match_info["name"])
    if found is None:
        raise _not_found("inbox: the page has no such file")
    return found


class _Views:
    """The handlers for the data and the actions of the page."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    async def start(self, request: web.Request) -> web.Response:
        """Show the inbox page to a browser, and list every route to other clients."""
        accept = ",".join(request.headers.getall(hdrs.ACCEPT, []))
        shown = await page.asset(request, page.INDEX) if page.prefers_html(accept) else None
        return await self.list_routes(request) if shown is None else shown

    async def list_routes(self, request: web.Request) -> web.Response:
        """List every route of the sandbox, to browsers too."""
        routes = list_routes(request.app)
        response = json_response({"emulators": list(self._inbox.emulators), "routes": routes})
        response.headers[hdrs.VARY] = hdrs.ACCEPT
        return response

    async def about(self, _: web.Request) -> web.Response:
        """Show the options of the page: emulators, faults, magic recipients, templates."""
        kinds = {
            kind: {name: words for name, (words, _) in parameters.items()}
            for kind, parameters in {**KINDS, **CALLBACK_KINDS}.items()
        }
        return json_response(
            {
                "era": self._inbox.era,
                "emulators": list(self._inbox.emulators),
                "faults": kinds,
                "magic": {suffix: scenario.value for suffix, scenario in MAGIC.items()},
                "templates": self._inbox.templates,
            }
        )

    async def list_phones(self, request: web.Request) -> web.Response:
        """List phones and mailboxes, the latest first; the query may have search and limit."""
        limit = whole_number("limit", request.query.get("limit")) or LIMIT
        wanted = request.query.get("search", "").strip().lower()
        conversations = self._inbox.conversations
        found = [
            each for each in self._inbox.phones if not wanted or conversations.matches(each, wanted)
        ]
        phones = [conversations.summary(each) for each in found[:limit]]
        return json_response({"era": self._inbox.era, "count": len(found), "phones": phones})

    async def show_phone(self, request: web.Request) -> web.Response:
        """Show a conversation, the latest entries; the query may have limit."""
        limit = whole_number("limit", request.query.get("limit")) or LIMIT
        number = request.match_info["number"].strip()
        phone = self._inbox.phones.get(number)
        if phone is None:
            raise _not_found("number: nobody has written to this phone")
        count, entries = self._inbox.conversations.entries(phone, limit)
        return json_response(
            {
                **self._inbox.conversations.summary(phone),
                "era": self._inbox.era,
                "count": count,
                "entries": entries,
                "windows": self._inbox.conversations.windows(phone),
            }
        )

    async def list_exchanges(self, request: web.Request) -> web.Response:
        """List the latest requests, the latest first; the query may have refused=1 and limit."""
        limit = whole_number("limit", request.query.get("limit")) or LIMIT
        if request.query.get("refused") not in {None, "1"}:
            raise RequestError("refused: must be 1")
        exchanges = list(self._inbox.exchanges)
        with_refusal = [each for each in exchanges if each.is_refused]
        shown = with_refusal if "refused" in request.query else exchanges
        return json_response(
            {
                "count": len(exchanges),
                "refused": len(with_refusal),
                "latest_refused": with_refusal[0].id if with_refusal else 0,
                "exchanges": [each.line() for each in shown[:limit]],
            }
        )

    async def show_exchange(self, request: web.Request) -> web.Response:
        """Show a request and its answer, without credentials, and as a curl command."""
        number = whole_number("id", request.match_info["id"])
        exchange = None if number is None else self._inbox.exchanges.get(number)
        if exchange is None:
            raise _not_found("exchanges: the request is unknown, or forgotten")
        return json_response(exchange.as_json())

    async def show_media(self, request: web.Request) -> web.Response:
        """Return a file of a message, or one that a phone has sent."""
        media = self._inbox.media(request.match_info["provider"], request.match_info["id"])
        if media is None:
            raise _not_found(f"media: no such file of the provider, or of {OF_PHONES}")
        return page.media_file(media)

    async def show_mail(self, request: web.Request) -> web.Response:
        """Return the HTML of an e-mail, with a policy that blocks scripts and remote content."""
        html = self._inbox.conversations.mail(
            request.match_info["provider"], request.match_info["id"]
        )
        if html is None:
            raise _not_found("mail: the message has no HTML")
        return page.mail(html)

    async def decide(self, request: web.Request) -> web.Response:
        """Set a message to delivered, read, failed, expired or contradicted now."""
        body = await json_object(request, "provider", "id", "outcome")
        record = self._inbox.decide(body.get("provider"), body.get("id"), body.get("outcome"))
        return json_response({"provider": record.provider, "id": record.id}, status=201)

    async def word_template(self, request: web.Request) -> web.Response:
        """Set the wording of a template for the page, such as {"text": "Hello {{1}}"}."""
        name, templates = request.match_info["name"], self._inbox.templates
        text = (await json_object(request, "text")).get("text")
        if not (isinstance(text, str) and 0 < len(text) <= _MAX_TEMPLATE):
            raise RequestError(f"text: must be a text of at most {_MAX_TEMPLATE} characters")
        if name not in templates and len(templates) >= MAX_TEMPLATES:
            raise RequestError(f"templates: there are {MAX_TEMPLATES}, which is the limit")
        templates[name] = text
        return json_response({"templates": templates})
