"""Convert a callback to a request of an application: its path, ASGI scope, or WSGI environ."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, unquote, unquote_to_bytes, urlsplit
from wsgiref.util import setup_testing_defaults

import attrs

if TYPE_CHECKING:
    from omnimsg.sandbox import SignedCallback

_PORTS = {"http": 80, "https": 443}


@attrs.frozen(kw_only=True)
class Mount:
    """Maps the public address of callbacks to a path in an application.

    Attributes:
        public_url: The address that the providers call and sign.
        path: The path of that address in the application.
    """

    public_url: str
    path: str

    @classmethod
    def of(cls, public_url: str, path: str | None) -> Mount:
        """Return the mount; by default with the path of the public address."""
        public_url = public_url.rstrip("/")
        path = urlsplit(public_url).path if path is None else path.rstrip("/")
        return cls(public_url=public_url, path=path)

    def target(self, url: str) -> str:
        """Return the path and the query that the application gets for a callback's address."""
        if url == self.public_url or url.startswith((f"{self.public_url}/", f"{self.public_url}?")):
            return self.path + url.removeprefix(self.public_url) or "/"
        # An address that the message itself names for its reports.
        parts = urlsplit(url)
        return f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"


def asgi_scope(signed: SignedCallback, target: str) -> dict[str, Any]:
    """Return the scope of a callback for an ASGI application."""
    url, (path, _, query) = urlsplit(signed.url), target.partition("?")
    headers = {"host": url.netloc, "content-length": str(len(signed.body)), **signed.headers}
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": url.scheme,
        "path": unquote(path),
        "raw_path": path.encode("ascii"),
        "query_string": query.encode("ascii"),
        "root_path": "",
        "headers": [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in headers.items()
        ],
        "client": ("127.0.0.1", 0),
        "server": (url.hostname, _port(url)),
        "state": {},
        "extensions": {},
    }


def wsgi_environ(signed: SignedCallback, target: str) -> dict[str, Any]:
    """Return the environ of a callback for a WSGI application."""
    url, (path, _, query) = urlsplit(signed.url), target.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "REQUEST_URI": target,
        "QUERY_STRING": query,
        "CONTENT_LENGTH": str(len(signed.body)),
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": url.netloc,
        "SERVER_NAME": url.hostname,
        "SERVER_PORT": str(_port(url)),
        "wsgi.url_scheme": url.scheme,
        "wsgi.input": BytesIO(signed.body),
        "wsgi.multithread": True,
    }
    for name, value in signed.headers.items():
        key = name.upper().replace("-", "_")
        environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
    setup_testing_defaults(environ)
    return environ


def _port(url: SplitResult) -> int:
    return url.port or _PORTS.get(url.scheme, 80)
