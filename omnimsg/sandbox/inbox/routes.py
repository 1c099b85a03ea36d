"""The routes of the inbox page: its files, its data, and its actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from aiohttp import hdrs, web

from omnimsg.sandbox.control_query import (
    CONTROL,
    QueryError,
    control_route,
    json_body,
    read_query,
    whole_number,
)
from omnimsg.sandbox.fault_scripts import CALLBACK_KINDS, KINDS
from omnimsg.sandbox.inbox import page
from omnimsg.sandbox.inbox.inbox import MAX_TEMPLATES, OF_PHONES
from omnimsg.sandbox.inbox.outcomes import OutcomeError
from omnimsg.sandbox.responses import json_response
from omnimsg.sandbox.routes import list_routes
from omnimsg.sandbox.scenarios import MAGIC

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from omnimsg.sandbox.inbox.inbox import Inbox

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

PAGE: Final = ("/", f"{CONTROL}/inbox/{{name}}")
"""The paths of the page's files. They hold no data; under a foreign name the page says why."""
LIMIT: Final = 200
"""The default number of phones, of entries of a conversation, or of requests in an answer."""
EMULATORS: Final = web.AppKey("emulators", list[str])
"""The names of the emulators that an application serves."""
_LIST_QUERY: Final = ("limit", "search")
_MAX_TEMPLATE: Final = 4096


def _not_found(what: str) -> web.Response:
    return json_response({"error": what}, status=404)


def inbox_routes(inbox: Inbox) -> Iterable[web.RouteDef]:
    """Return the routes of the page and of its data.

    Args:
        inbox: The data to show.
    """
    views = _Views(inbox)
    table: list[tuple[str, str, Handler, tuple[str, ...]]] = [
        (hdrs.METH_GET, "/about", views.about, ()),
        (hdrs.METH_GET, "/events", inbox.streams.serve, ()),
        (hdrs.METH_GET, "/phones", views.list_phones, _LIST_QUERY),
        # Any character, because a refused number may have any, such as braces of a placeholder.
        (hdrs.METH_GET, "/phones/{number:.+}", views.show_phone, ("limit",)),
        (hdrs.METH_GET, "/exchanges", views.list_exchanges, ("limit", "refused")),
        (hdrs.METH_GET, "/exchanges/{id}", views.show_exchange, ()),
        (hdrs.METH_GET, "/media/{provider}/{id}", views.show_media, ()),
        (hdrs.METH_GET, "/mail/{provider}/{id}", views.show_mail, ()),
        (hdrs.METH_POST, "/outcomes", views.decide, ()),
        (hdrs.METH_PUT, "/templates/{name}", views.word_template, ()),
    ]
    return [
        web.get(PAGE[0], _start),
        web.get(PAGE[1], _asset),
        control_route(hdrs.METH_GET, "/routes", _list_routes),
        *(
            control_route(method, path, handler, takes=takes)
            for method, path, handler, takes in table
        ),
    ]


async def _start(request: web.Request) -> web.Response:
    """Show the inbox page to a browser, and list every route to other clients."""
    accept = ",".join(request.headers.getall(hdrs.ACCEPT, []))
    shown = await page.asset(request, page.INDEX) if page.prefers_html(accept) else None
    return await _list_routes(request) if shown is None else shown


async def _list_routes(request: web.Request) -> web.Response:
    """List every route of the sandbox, to browsers too."""
    routes = list_routes(request.app)
    response = json_response({"emulators": request.app[EMULATORS], "routes": routes})
    response.headers[hdrs.VARY] = hdrs.ACCEPT
    return response


async def _asset(request: web.Request) -> web.Response:
    """Return a file of the inbox page."""
    found = await page.asset(request, request.match_info["name"])
    return _not_found("inbox: the page has no such file") if found is None else found


class _Views:
    """The handlers for the data and the actions of the page."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    async def about(self, request: web.Request) -> web.Response:
        """Show the options of the page: emulators, faults, magic recipients, templates."""
        del request
        kinds = {
            kind: {name: words for name, (words, _) in parameters.items()}
            for kind, parameters in {**KINDS, **CALLBACK_KINDS}.items()
        }
        return json_response(
            {
                "era": self._inbox.era,
                "emulators": list(self._inbox.emulator_names()),
                "faults": kinds,
                "magic": {suffix: scenario.value for suffix, scenario in MAGIC.items()},
                "templates": self._inbox.templates,
            }
        )

    async def list_phones(self, request: web.Request) -> web.Response:
        """List phones and mailboxes, the latest first; the query may have search and limit."""
        query = read_query(request, *_LIST_QUERY)
        limit = whole_number("limit", query.get("limit")) or LIMIT
        wanted = query.get("search", "").strip().lower()
        conversations = self._inbox.conversations
        found = [
            each for each in self._inbox.phones if not wanted or conversations.matches(each, wanted)
        ]
        phones = [conversations.summary(each) for each in found[:limit]]
        return json_response({"era": self._inbox.era, "count": len(found), "phones": phones})

    async def show_phone(self, request: web.Request) -> web.Response:
        """Show a conversation, the latest entries; the query may have limit."""
        limit = whole_number("limit", read_query(request, "limit").get("limit")) or LIMIT
        number = request.match_info["number"].strip()
        phone = self._inbox.phones.get(number)
        if phone is None:
            return _not_found("number: nobody has written to this phone")
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
        query = read_query(request, "limit", "refused")
        limit = whole_number("limit", query.get("limit")) or LIMIT
        if query.get("refused") not in {None, "1"}:
            raise QueryError("refused: must be 1")
        exchanges = list(self._inbox.exchanges)
        refused = [each for each in exchanges if each.is_refused]
        shown = refused if "refused" in query else exchanges
        return json_response(
            {
                "count": len(exchanges),
                "refused": len(refused),
                "latest_refused": refused[0].id if refused else 0,
                "exchanges": [each.line() for each in shown[:limit]],
            }
        )

    async def show_exchange(self, request: web.Request) -> web.Response:
        """Show a request and its answer, without credentials, and as a curl command."""
        number = whole_number("id", request.match_info["id"])
        exchange = None if number is None else self._inbox.exchanges.get(number)
        if exchange is None:
            return _not_found("exchanges: the request is unknown, or forgotten")
        return json_response(exchange.as_json())

    async def show_media(self, request: web.Request) -> web.Response:
        """Return a file of a message, or one that a phone has sent."""
        media = self._inbox.media(request.match_info["provider"], request.match_info["id"])
        if media is None:
            return _not_found(f"media: no such file of the provider, or of {OF_PHONES}")
        return page.media_file(media)

    async def show_mail(self, request: web.Request) -> web.Response:
        """Return the HTML of an e-mail, with a policy that blocks scripts and remote content."""
        html = self._inbox.conversations.mail(
            request.match_info["provider"], request.match_info["id"]
        )
        return _not_found("mail: the message has no HTML") if html is None else page.mail(html)

    async def decide(self, request: web.Request) -> web.Response:
        """Set a message to delivered, read, failed, expired or contradicted now."""
        body = await _object(request, "provider", "id", "outcome")
        try:
            record = self._inbox.outcomes.decide(
                body.get("provider"), body.get("id"), body.get("outcome")
            )
        except OutcomeError as error:
            raise QueryError(str(error)) from None
        self._inbox.change(record)
        return json_response({"provider": record.provider, "id": record.id}, status=201)

    async def word_template(self, request: web.Request) -> web.Response:
        """Set the wording of a template for the page, such as {"text": "Hello {{1}}"}."""
        name, templates = request.match_info["name"], self._inbox.templates
        text = (await _object(request, "text")).get("text")
        if not (isinstance(text, str) and 0 < len(text) <= _MAX_TEMPLATE):
            raise QueryError(f"text: must be a text of at most {_MAX_TEMPLATE} characters")
        if name not in templates and len(templates) >= MAX_TEMPLATES:
            raise QueryError(f"templates: there are {MAX_TEMPLATES}, which is the limit")
        templates[name] = text
        return json_response({"templates": templates})


async def _object(request: web.Request, *names: str) -> dict[str, Any]:
    """Return the body, an object with no other members than these.

    Raises:
        QueryError: The body is not such an object.
    """
    body = await json_body(request)
    if not isinstance(body, dict):
        raise QueryError("body: must be a JSON object")
    for name in body:
        if name not in names:
            raise QueryError(f"{name}: unknown, use {', '.join(names)}")
    return body
