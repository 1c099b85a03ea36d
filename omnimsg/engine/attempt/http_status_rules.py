"""What an HTTP status proves about a request whose answer holds no verdict of the provider.

Only the provider's own document can reject a message. A 4xx without one may as well come from a
proxy, a firewall or a mistyped address: it proves that nothing was sent, and counts against the
account. Statuses that a hop in between sends when it gives up waiting prove nothing: the server
behind it may go on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from omnimsg.adapter import Effect, Verdict
from omnimsg.domain.reason import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

_EVERY_REQUEST = "every request would be refused like this; check base_url and proxies"


@attrs.frozen
class StatusRule:
    """What one HTTP status proves.

    Attributes:
        verdict: What it proves about the request.
        reason: The unified reason.
        detail: What happened, or what to do about it.
        source: The document that defines the status; a section alone is one of RFC 9110.
    """

    verdict: Verdict
    reason: Reason
    detail: str
    source: str


def _account(reason: Reason, detail: str, source: str) -> StatusRule:
    return StatusRule(Verdict.ACCOUNT, reason, detail, source)


def _unknown(reason: Reason, detail: str, source: str) -> StatusRule:
    return StatusRule(Verdict.AMBIGUOUS, reason, detail, source)


_INTERIM = _unknown(Reason.INVALID_RESPONSE, "an interim answer, and no final one after it", "15.2")
_UNREADABLE = _unknown(Reason.INVALID_RESPONSE, "the answer cannot be read", "15.3")
_REDIRECT = _account(
    Reason.MISCONFIGURED, "a redirect, which is never followed; check base_url", "15.4"
)
_FOREIGN = _account(
    Reason.MISCONFIGURED,
    "refused, but not in the provider's own form; check base_url, proxies and firewalls",
    "15.5",
)
_FAILED = _unknown(Reason.PROVIDER_ERROR, "the provider failed; it may have acted first", "15.6")

_FORM = (406, 411, 414, 415, 417, 426, 428, 431, 505)
"""Statuses about the form of the request, which all requests share: no message's fault."""

RULES: Mapping[int, StatusRule] = {
    302: _unknown(
        Reason.INVALID_RESPONSE,
        "a redirect after a POST, which many servers send when they have carried it out",
        "15.4.3",
    ),
    303: _unknown(
        Reason.INVALID_RESPONSE,
        "a redirect to the result, which servers send when they have carried out the request",
        "15.4.4",
    ),
    304: _unknown(
        Reason.INVALID_RESPONSE,
        "not modified, which is no answer to a request that changes something",
        "15.4.5",
    ),
    401: _account(Reason.UNAUTHORIZED, "check the account's credentials", "15.5.2"),
    402: _account(Reason.INSUFFICIENT_FUNDS, "top up the account", "15.5.3"),
    403: _account(
        Reason.FORBIDDEN, "check the account's rights and its list of allowed IPs", "15.5.4"
    ),
    404: _account(Reason.MISCONFIGURED, "check base_url and the ids in the account", "15.5.5"),
    405: _account(Reason.MISCONFIGURED, "check base_url", "15.5.6"),
    407: _account(Reason.MISCONFIGURED, "a proxy in between asks for credentials", "15.5.8"),
    408: _unknown(
        Reason.TIMEOUT,
        "the provider stopped waiting for the request; it may have read all of it",
        "15.5.9",
    ),
    409: _unknown(
        Reason.UNKNOWN,
        "the provider reports a conflict, perhaps with an earlier try of this request",
        "15.5.10",
    ),
    410: _account(Reason.MISCONFIGURED, "this URL is no longer in use; check base_url", "15.5.11"),
    413: _account(
        Reason.MISCONFIGURED,
        "larger than the server takes, but not in the provider's own form; check proxies and"
        " firewalls",
        "15.5.14",
    ),
    421: StatusRule(
        Verdict.NOT_SENT,
        Reason.PROVIDER_UNAVAILABLE,
        "the server does not answer for this host",
        "15.5.20",
    ),
    425: _unknown(
        Reason.PROVIDER_UNAVAILABLE,
        "the server refused early data; a proxy in between may have passed the request on",
        "RFC 8470, 5.2",
    ),
    429: StatusRule(Verdict.NOT_SENT, Reason.RATE_LIMITED, "too many requests", "RFC 6585, 4"),
    460: _unknown(
        Reason.TIMEOUT,
        "a load balancer reports that the client closed the connection; the provider may go on",
        "AWS, Application Load Balancer, HTTP 460",
    ),
    499: _unknown(
        Reason.TIMEOUT,
        "a proxy reports that the client closed the connection; the provider may go on",
        "nginx, ngx_http_request.h, NGX_HTTP_CLIENT_CLOSED_REQUEST",
    ),
    503: _unknown(
        Reason.PROVIDER_UNAVAILABLE,
        "the provider is unavailable; it may have acted first",
        "15.6.4",
    ),
    504: _unknown(Reason.TIMEOUT, "a gateway timed out; the request may have passed it", "15.6.5"),
    511: _account(Reason.MISCONFIGURED, "the network in between asks for a login", "RFC 6585, 6"),
    **dict.fromkeys(_FORM, _account(Reason.MISCONFIGURED, _EVERY_REQUEST, "15.5 and 15.6")),
}

# With these a firewall may refuse one text, with 413 one that is too large, and so it may with a
# 4xx of its own choice. All others are about the account, its address, or the form.
_MAY_BE_ABOUT_ONE = frozenset({403, 404, 405, 406, 410, 413})


def rule_of(status: int, effect: Effect) -> StatusRule:
    """Return what a status proves about a request of some effect."""
    if 300 <= status < 400 and (status not in RULES or effect.is_repeatable):
        return _REDIRECT
    if status in RULES:
        return RULES[status]
    if status < 300:
        return _UNREADABLE if status >= 200 else _INTERIM
    return _FOREIGN if status < 500 else _FAILED


def may_concern_one_message(status: int | None) -> bool:
    """Return whether a refusal of a whole request may be about some of its messages.

    A firewall may refuse a request for one text, or for its size. A wrong key is never about a
    text.
    """
    if status is None:
        return False
    return status in _MAY_BE_ABOUT_ONE or (400 <= status < 500 and status not in RULES)
