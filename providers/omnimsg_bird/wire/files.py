"""Read upload grants, download redirects, and the answers of the file storage.

Sources: the Messaging page of the Channels API reference (grant, form, no key), Create pre-signed
upload of the Conversations API (204), Amazon S3 API reference, Error responses.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import attrs

from omnimsg.adapter import code_text
from omnimsg.domain.errors import InvalidValue
from omnimsg.domain.media import Stored
from omnimsg_bird import codes

if TYPE_CHECKING:
    from omnimsg.adapter import Adapter, Response
    from omnimsg.domain.failure import Failure

REDIRECTS = frozenset({301, 302, 303, 307, 308})
UPLOADED = frozenset({200, 201, 204})

_find_code = re.compile(rb"<Code>([A-Za-z]{1,64})</Code>").search


@attrs.frozen
class Grant:
    """A permission to upload one file to the storage.

    Attributes:
        stored: The file as it will be stored.
        method: The HTTP method of the upload.
        url: The URL of the upload.
        fields: The fields of the form before the file, in this order.
    """

    stored: Stored
    method: str
    url: str
    fields: tuple[tuple[str, str], ...]


def read_grant(response: Response, account: str) -> Grant | None:
    """Read the answer to a presigned upload; `None` if it is incomplete."""
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


def redirect_url(response: Response, url: str) -> str:
    """Return the URL of a redirect. An invalid one is returned unchanged, and refused later."""
    location = response.header("Location") or ""
    try:
        return urljoin(url, location) if location else ""
    except ValueError:
        return location


def read_storage_failure(response: Response, adapter: Adapter[Any]) -> Failure | None:
    """Read a refusal of the file storage, which answers in XML, not in Bird's form."""
    if not 400 <= response.status < 500:
        return None
    match = _find_code(response.body)
    code = None if match is None else match[1].decode()
    code_row = adapter.table.get(code, codes.STORAGE)
    row = code_row or adapter.table.get("4xx", codes.STORAGE)
    if row is None:
        return None
    unknown = code_text(code) if code_row is None else None
    return attrs.evolve(row.failure(response=response), code=code, unknown_code=unknown)
