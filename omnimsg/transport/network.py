"""The network settings of one account: proxy, certificates, timeouts, connections."""

from __future__ import annotations

import base64
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import unquote, urlsplit

import attrs
from attrs.validators import optional

from omnimsg.domain import validate
from omnimsg.domain.host import is_authority
from omnimsg.domain.invalid_value import InvalidValue, Problem
from omnimsg.domain.secret import Secret

if TYPE_CHECKING:
    import ssl

# The time limit for making a connection, seconds: name look-up, TCP and TLS. It leaves time for
# another attempt within the default deadline of 30 s.
CONNECT_TIMEOUT = 10.0

# Seconds for which an unused connection is kept. A server that closes a connection while a request
# is on its way leaves the message in doubt, so this is shorter than the timeouts of known servers
# (gunicorn 2 s, Node.js, uvicorn and Apache 5 s), with room for a slow network.
KEEPALIVE = 0.8


class TransportKind(StrEnum):
    """The HTTP implementation that sends the requests of an account.

    Attributes:
        AIOHTTP: aiohttp.
        PROTOCOL: omnimsg's own HTTP/1.1 on an `asyncio.Protocol`, with less than half of the
            instructions for a message. It needs the extra `protocol`.
    """

    AIOHTTP = "aiohttp"
    PROTOCOL = "protocol"


@attrs.frozen(kw_only=True)
class Proxy:
    """An HTTP proxy, which is asked for a tunnel (CONNECT) to an `https` URL.

    Attributes:
        url: Its URL, without credentials.
        authorization: The value of `Proxy-Authorization`; `None` without credentials.
    """

    url: str
    authorization: Secret | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Its host, without brackets, and its port."""
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or 80

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `http://proxy.example:3128`, or `http://user:password@proxy.example:3128`.

        Raises:
            ValueError: It is not such a URL. The error does not show it.
        """
        try:
            parts = urlsplit(text)
            host, port = parts.hostname, parts.port
            is_named = is_authority(parts.netloc.rpartition("@")[2])
        except ValueError:
            is_named = False
        if not is_named or not host or not text.isprintable() or " " in text:
            raise ValueError("must be a URL such as http://proxy.example:3128")
        if parts.scheme != "http":
            raise ValueError("must be an http:// URL: only HTTP proxies can be used")
        if parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError("must be only scheme, credentials, host and port")
        authorization = None
        if parts.username is not None or parts.password is not None:
            pair = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
            authorization = Secret(f"Basic {base64.b64encode(pair.encode()).decode()}")
        name = f"[{host}]" if ":" in host else host
        url = f"http://{name}" + ("" if port is None else f":{port}")
        return cls(url=url, authorization=authorization)


def _to_proxy(value: Proxy | str | None) -> Proxy | None:
    if not isinstance(value, str):
        return value
    try:
        return Proxy.parse(value)
    except ValueError as error:
        raise InvalidValue(Problem("Network.proxy", str(error))) from None


def _to_path(value: Path | str | None) -> Path | None:
    return Path(value) if isinstance(value, str) else value


def _to_kind(value: TransportKind | str) -> TransportKind:
    return validate.to_enum_member(TransportKind, value)


@attrs.frozen(kw_only=True)
class Network:
    """The network settings of one account. Variables such as `HTTPS_PROXY` are not used.

    Attributes:
        proxy: The URL of an HTTP proxy for all requests, such as `http://proxy.example:3128`. It
            may hold a user and a password.
        ca_file: A PEM file with certificates to trust besides those of the system.
        connect_timeout: Seconds until a connection must be made, after which it is tried again.
        request_timeout: Seconds until a request must be answered, file transfers excepted; unless
            given, the deadline of the call decides. A message that is not answered in time is
            `Ambiguous`.
        keepalive: Seconds after which an unused connection is not used again; 0 opens one for each
            request. It must be less than what the server waits before it closes a connection.
        allow_http: Whether an `http://` URL may name another machine. Everybody on the way can then
            read the credentials and the messages.
        transport: The HTTP implementation that sends the requests.
    """

    proxy: Proxy | None = attrs.field(
        default=None, converter=_to_proxy, validator=optional(validate.instance_of(Proxy))
    )
    ca_file: Path | None = attrs.field(
        default=None, converter=_to_path, validator=optional(validate.instance_of(Path))
    )
    connect_timeout: float = attrs.field(default=CONNECT_TIMEOUT, validator=validate.positive)
    request_timeout: float | None = attrs.field(default=None, validator=optional(validate.positive))
    keepalive: float = attrs.field(default=KEEPALIVE, validator=validate.number(minimum=0))
    allow_http: bool = attrs.field(default=False, validator=validate.instance_of(bool))
    transport: TransportKind = attrs.field(
        default=TransportKind.AIOHTTP,
        converter=_to_kind,
        validator=validate.enum_member(TransportKind),
    )

    def tls_context(self) -> ssl.SSLContext | None:
        """Return the TLS context that trusts `ca_file`; `None` where none is named.

        Raises:
            OSError: The file cannot be read, or holds no certificate (`ssl.SSLError`).
        """
        if self.ca_file is None:
            return None
        import ssl  # noqa: PLC0415 - slow to import, and rarely needed

        context = ssl.create_default_context()
        context.load_verify_locations(cafile=self.ca_file)
        context.set_alpn_protocols(["http/1.1"])
        return context
