"""What a request contains: its parts as text, and its parameters, wherever they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from omnimsg.adapter import Multipart, Source
from omnimsg.json_codec import loads

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from omnimsg.adapter import Request


def request_texts(request: Request) -> dict[str, str]:
    """Return the url, query, headers and body of a request as text, by name."""
    body = request.body
    if isinstance(body, Multipart):
        body_text = "\n".join(f"{name}={value}" for name, value in body.fields) + body.file_name
    elif isinstance(body, Source):
        body_text = body.data.decode("latin-1") if isinstance(body.data, bytes) else ""
    else:
        body_text = (body or b"").decode("utf-8", "replace")
    return {
        "url": request.url,
        "query": "\n".join(f"{name}={value}" for name, value in request.query),
        "headers": "\n".join(f"{name}: {value}" for name, value in request.headers.items()),
        "body": body_text,
    }


def parameters(request: Request) -> Iterator[tuple[str, str]]:
    """Yield the parameters of a request, from its query, its form, or its JSON document."""
    yield from request.query
    yield from parse_qsl(urlsplit(request.url).query)
    if not isinstance(request.body, bytes):
        return
    if "form" in (request.content_type or ""):
        yield from parse_qsl(request.body.decode())
    elif "json" in (request.content_type or ""):
        yield from _members(loads(request.body))


def _members(document: Any, path: Sequence[str] = ()) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - JSON
    """Yield the values of a JSON document, each with its dotted path."""
    if isinstance(document, dict):
        for key, value in document.items():
            yield from _members(value, (*path, key))
    elif isinstance(document, list):
        for value in document:
            yield from _members(value, path)
    elif document is not None:
        yield ".".join(path), document if isinstance(document, str) else str(document)
