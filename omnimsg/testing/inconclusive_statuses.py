"""HTTP statuses that do not prove whether a request was performed, with the source of each.

Behind each of them the message may be on a phone. Only the provider's own document, with a code
that it documents, proves more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_INTERIM = "RFC 9110, 15.2: an interim answer; the final one never came"
_PERFORMED = "RFC 9110, 15.4: the usual answer to a POST that was performed"
_FAILED = "RFC 9110, 15.6: the server failed, perhaps after it had acted"
_CDN = "Cloudflare documentation, 5xx errors: the origin may have acted"

INCONCLUSIVE_STATUSES: Mapping[int, str] = {
    100: _INTERIM,
    101: _INTERIM,
    102: _INTERIM,
    103: _INTERIM,
    302: _PERFORMED,
    303: _PERFORMED,
    304: "RFC 9110, 15.4.5: an answer of a cache to a conditional request, which this is not",
    408: "RFC 9110, 15.5.9: the server gave up reading; it may have read enough",
    409: "RFC 9110, 15.5.10: a conflict, perhaps with an earlier copy of the request",
    425: "RFC 8470, 5.2: a hop feared a replay; the first copy may have been performed",
    460: "AWS load balancer guide, HTTP 460: the hop lost its client; the target may go on",
    499: "nginx source, ngx_http_request.h: the hop lost its client; the backend may go on",
    500: _FAILED,
    502: _FAILED,
    503: _FAILED,
    504: _FAILED,
    507: _FAILED,
    520: _CDN,
    524: _CDN,
    599: _FAILED,
}
