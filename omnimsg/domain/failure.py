"""What went wrong, once in the unified model and once in the provider's own words."""

from __future__ import annotations

from typing import Any

import attrs

from omnimsg.domain.reason import Fault, Reason, Retry
from omnimsg.domain.redaction import mask_text, masked


def _fault_of(failure: Failure) -> Fault:
    return failure.reason.fault


@attrs.frozen(kw_only=True)
class Failure:
    """Why a send or another operation did not succeed.

    `retry` decides what may be done next, not the kind of outcome that carries it.

    Attributes:
        reason: The unified reason.
        retry: Whether trying again helps, and whether it is safe.
        fault: Whose doing it is; the reason's usual fault unless the provider's code says more.
        detail: What happened and what to do, for a person. May quote the provider; its repr and
            `sentence` mask numbers and addresses.
        path: The field of the message that is to blame, dotted, where one is.
        retry_after: Seconds to wait before another attempt, where the provider said so.
        code: The provider's code as text, with no meaning outside that provider.
        http_status: The HTTP status of the answer; `None` where there was none.
        request_id: The provider's id of the request, to quote to its support.
        raw: The provider's own words, decoded where they could be.
    """

    reason: Reason
    retry: Retry
    fault: Fault = attrs.Factory(_fault_of, takes_self=True)
    detail: str = attrs.field(default="", repr=masked)
    path: str | None = None
    retry_after: float | None = None
    code: str | None = None
    http_status: int | None = None
    request_id: str | None = None
    raw: Any = attrs.field(default=None, repr=False)

    def sentence(self) -> str:
        """Say it in one line, safe to log: no number, address or message text in full."""
        where = f"{self.path}: " if self.path else ""
        said = [f"code {self.code}"] if self.code is not None else []
        said += [f"HTTP {self.http_status}"] if self.http_status is not None else []
        origin = f" ({', '.join(said)})" if said else ""
        detail = f": {mask_text(self.detail)}" if self.detail else ""
        return " ".join(f"{where}{self.reason.value}{origin}{detail}".split())
