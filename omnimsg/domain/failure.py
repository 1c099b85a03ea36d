"""Why something failed, in the unified model and in the provider's own words."""

from __future__ import annotations

from typing import Any

import attrs

from omnimsg.domain.reason import Fault, Reason, Retry
from omnimsg.domain.redaction import mask_text, masked


def _fault_of(failure: Failure) -> Fault:
    return failure.reason.fault


@attrs.frozen(kw_only=True)
class Failure:
    """Why a send or another operation failed.

    `retry` decides what may be done next, whatever the kind of the outcome that carries it.

    Attributes:
        reason: The unified reason.
        retry: Whether another attempt helps, and whether it is safe.
        fault: Who caused it; the reason's usual fault unless the provider's code is more precise.
        detail: What happened and what to do, for a person. It may quote the provider; the repr and
            `sentence` mask numbers and addresses in it.
        path: The message's field that caused the failure, dotted; `None` if no field did.
        retry_after: Seconds to wait before another attempt, if the provider gave them. They may be
            many; the client itself waits at most `Limits.max_pause`.
        code: The provider's code as text, with no meaning outside that provider.
        unknown_code: The code of the answer, if the adapter's tables have no row for it. `code` may
            be set too; if it is not, nothing in the answer was recognised, so that a proxy and not
            the provider may have written it.
        http_status: The HTTP status of the answer; `None` if there was no answer.
        request_id: The provider's id of the request, to quote to its support.
        raw: The provider's answer, decoded where possible.
    """

    reason: Reason
    retry: Retry
    fault: Fault = attrs.Factory(_fault_of, takes_self=True)
    detail: str = attrs.field(default="", repr=masked)
    path: str | None = None
    retry_after: float | None = None
    code: str | None = None
    unknown_code: str | None = None
    http_status: int | None = None
    request_id: str | None = None
    raw: Any = attrs.field(default=None, repr=False)

    def sentence(self) -> str:
        """Describe the failure in one line that is safe to log: numbers and addresses masked."""
        path = f"{self.path}: " if self.path else ""
        code, unknown = self.code, self.unknown_code
        codes = [f"code {code}"] if code is not None and code != unknown else []
        codes += [f"unknown code {unknown}"] if unknown is not None else []
        codes += [f"HTTP {self.http_status}"] if self.http_status is not None else []
        origin = f" ({', '.join(codes)})" if codes else ""
        detail = f": {mask_text(self.detail)}" if self.detail else ""
        return " ".join(f"{path}{self.reason.value}{origin}{detail}".split())
