"""An HTTP request for display: exact, except that the account's secrets are masked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import attrs

from omnimsg.domain.frozen_dict import EMPTY, freeze
from omnimsg.domain.redaction import hidden
from omnimsg.domain.secret import secrets_in

if TYPE_CHECKING:
    from omnimsg.adapter import Request
    from omnimsg.engine.account import AccountEngine

MASK = "***"
"""Stands in place of a secret."""

# Headers that carry credentials, such as a token that a flow has computed from a secret.
_CREDENTIALS = re.compile(
    r"auth|cookie|secret|token|password|signature|(api|access)[-_]?key", re.IGNORECASE
)


@attrs.frozen(kw_only=True)
class MaskedRequest:
    """An HTTP request without its secrets.

    Attributes:
        method: The method.
        url: The whole address.
        query: Names and values of the query, in order.
        headers: The header lines that the account adds; the values of credentials are masked.
        body: The body, as text; `None` if there is none, or if it is a file or a form.
    """

    method: str
    url: str = attrs.field(repr=hidden)
    query: tuple[tuple[str, str], ...] = attrs.field(default=(), repr=hidden)
    headers: Mapping[str, str] = attrs.field(default=EMPTY, converter=freeze)
    body: str | None = attrs.field(default=None, repr=hidden)


def masked_request(account: AccountEngine, request: Request) -> MaskedRequest:
    """Return a request of an account, with every secret of the account masked."""
    adapter = account.adapter
    # The longest first: a secret may be a part of another one.
    secrets = sorted(
        (each.reveal() for each in secrets_in(adapter.account.settings)), key=len, reverse=True
    )

    def mask(text: str) -> str:
        for secret in secrets:
            text = text.replace(secret, MASK)
        return text

    headers = {
        name: MASK if _CREDENTIALS.search(name) else mask(value)
        for name, value in request.headers.items()
    }
    if request.content_type is not None:
        headers["Content-Type"] = request.content_type
    if request.authenticated:
        headers |= dict.fromkeys(adapter.authorization(), MASK)
    url = request.url if "://" in request.url else adapter.account.base_url + request.url
    body = request.body if isinstance(request.body, bytes) else None
    return MaskedRequest(
        method=request.method,
        url=mask(url),
        query=tuple((name, mask(value)) for name, value in request.query),
        headers=headers,
        body=None if body is None else mask(body.decode(errors="replace")),
    )
