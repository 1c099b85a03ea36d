"""Grants of uploads, redirects of downloads, and what the storage behind both answers.

Sources: the Messaging page of the Channels API reference (grant, form, no key), Create pre-signed
upload of the Conversations API (204), Amazon S3 API reference, Error responses.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import attrs

from omnimsg.domain.errors import InvalidValue
from omnimsg.domain.media import Stored
from omnimsg_bird import codes

if TYPE_CHECKING:
    from omnimsg.adapter import Adapter, Response
    from omnimsg.domain.failure import Failure

REDIRECTS = frozenset({301, 302, 303, 307, 308})
UPLOADED = frozenset({200, 201, 204})

_is_code = re.compile(rb"<Code>([A-Za-z]{1,64})</Code>").search


@attrs.frozen
class Grant:
    """A permission to put one file into the storage.

    Attributes:
        stored: What the file will be called.
        method: The verb to put it with.
        url: Where to.
        fields: What the form must hold before the file, in this order.
    """

    stored: Stored
    method: str
    url: str
    fields: tuple[tuple[str, str], ...]


def grant(response: Response, account: str) -> Grant | None:
    """Read the answer to a presigned upload; `None` where something in it is missing."""
    document = response.json()
    if response.status != 200 or not isinstance(document, dict):
        return None
    media_url, upload_url, method, form = (
        document.get(name) for name in ("mediaUrl", "uploadUrl", "uploadMethod", "uploadFormData")
    )
    if not isinstance(method, str) or not (method.isascii() and method.isalpha()):
        return None
    if not isinstance(upload_url, str) or not isinstance(form, dict):
        return None
    if not all(isinstance(value, str) for value in form.values()):
        return None
    try:
        stored = Stored(account=account, url=media_url)
    except InvalidValue:
        return None
    return Grant(stored, method.upper(), upload_url, tuple(form.items()))


def target(response: Response, url: str) -> str:
    """Return where a redirect leads; what cannot be read stays for `stranger` to refuse."""
    location = response.header("Location") or ""
    try:
        return urljoin(url, location) if location else ""
    except ValueError:
        return location


def refusal(response: Response, adapter: Adapter[Any]) -> Failure | None:
    """Read what the storage has against a request; it speaks XML, and knows nothing of Bird."""
    if not 400 <= response.status < 500:
        return None
    found = _is_code(response.body)
    code = None if found is None else found[1].decode()
    row = adapter.table.get(code, codes.STORAGE) or adapter.table.get("4xx", codes.STORAGE)
    if row is None:
        return None
    return attrs.evolve(row.failure(response=response), code=code)
