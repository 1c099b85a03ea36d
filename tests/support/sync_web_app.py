"""A WSGI application that sends a message for each request, with one client per process.

The client is used when this module is imported, so that a server that forks its workers forks a
process with an event loop and connections.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from support.adapters import texts, tiny

from omnimsg.sync import Client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

client = Client([tiny(os.environ["PROVIDER_URL"])])
client.send(texts(1)[0])


def wsgi(
    environ: dict[str, Any], start: Callable[[str, list[tuple[str, str]]], object]
) -> Iterable[bytes]:
    """Send the message whose number is the path; return this process and the provider's id."""
    number = int(environ["PATH_INFO"].strip("/"))
    accepted = client.send(texts(1, start=number)[0], deadline=10)
    body = f"{os.getpid()} {accepted.provider_id}".encode()
    start("200 OK", [("Content-Length", str(len(body)))])
    return [body]
