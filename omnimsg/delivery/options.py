"""The keys of the table `[callbacks]` of a configuration."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

import attrs
from attrs.validators import optional

from omnimsg.domain import validate
from omnimsg.domain.host import is_authority


def _public_url(owner: object, field: attrs.Attribute[Any], value: str) -> None:
    validate.instance_of(str)(owner, field, value)
    try:
        parts = urlsplit(value)
        is_usable = parts.scheme in ("http", "https") and is_authority(parts.netloc)
    except ValueError:
        is_usable = False
    # `urlsplit` drops line breaks and tabs.
    is_printed = value.isascii() and value.isprintable() and " " not in value and "\\" not in value
    if not is_usable or parts.query or parts.fragment or not is_printed:
        raise validate.refuse(
            owner, field.name, "must be an address such as 'https://hooks.example.com/callbacks'"
        )


def _to_networks(value: Iterable[str]) -> tuple[str, ...]:
    """Convert several texts to a tuple; return anything else, a single text included."""
    given: Any = value
    are_several = isinstance(given, Iterable) and not isinstance(given, (str, bytes))
    return tuple(given) if are_several else given


def _networks(owner: object, field: attrs.Attribute[Any], value: tuple[str, ...]) -> None:
    validate.tuple_of(str)(owner, field, value)
    for index, each in enumerate(value):
        try:
            ipaddress.ip_network(each)
        except ValueError:
            raise validate.refuse(
                owner, f"{field.name}[{index}]", "must be a network such as '10.0.0.0/8'"
            ) from None


def _without_slash(value: str | None) -> str | None:
    return value.rstrip("/") if isinstance(value, str) else value


@attrs.frozen(kw_only=True)
class CallbackOptions:
    """How callbacks are received.

    Attributes:
        public_url: The URL at which providers call the receiver, without the account's name:
            `https://hooks.example.com/callbacks` where Bird calls `.../callbacks/bird`. Bird signs
            it, and Messente gets it with each message.
        trusted_proxies: The networks of proxies whose `X-Forwarded-Proto` and `X-Forwarded-Host`
            say how the provider called, where there is no `public_url`.
        body_limit: The largest body, in bytes.
        concurrency: How many callbacks the handlers work on at once.
        backlog: How many requests are in progress at once, from reading to the answer; more are
            answered 503.
        read_timeout: Seconds within which a body must have arrived.
        handler_timeout: Seconds that store, suppression list and handlers together may take for
            one event. A callback with several is given up when those that failed have taken twice
            as long.
    """

    public_url: str | None = attrs.field(
        default=None, converter=_without_slash, validator=optional(_public_url)
    )
    trusted_proxies: tuple[str, ...] = attrs.field(
        default=(), converter=_to_networks, validator=_networks
    )
    body_limit: int = attrs.field(default=1_048_576, validator=validate.integer(minimum=1))
    concurrency: int = attrs.field(default=100, validator=validate.integer(minimum=1))
    backlog: int = attrs.field(default=1_000, validator=validate.integer(minimum=1))
    read_timeout: float = attrs.field(default=10.0, validator=validate.positive)
    handler_timeout: float = attrs.field(default=20.0, validator=validate.positive)

    def report_url(self, account: str) -> str | None:
        """Return the URL for the reports of an account; `None` without a `public_url`."""
        return None if self.public_url is None else f"{self.public_url}/{account}"
