"""The plan of an account in a world: kind, adapter and policy."""

from __future__ import annotations

from typing import Any

import attrs

from omnimsg import OnAmbiguous, Policy
from omnimsg.adapter import Adapter
from omnimsg.engine.limits.rate_limiter import slots_of

# By kind of account: its provider, and further keys of its table.
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "clickatell": ("clickatell", {}),
    "messente": ("messente", {}),
    "bird": ("bird", {}),
    "bird-batch": ("bird", {"batch": True}),
    "toy": ("toy", {}),
}


@attrs.frozen(eq=False)
class AccountPlan:
    """The plan of one account.

    Attributes:
        name: Its name.
        kind: A key of `KINDS`.
        adapter: Its adapter, with a limit on the messages of one request.
        policy: Its policy.
    """

    name: str
    kind: str
    adapter: Adapter[Any]
    policy: Policy

    @property
    def provider(self) -> str:
        """The provider's name."""
        return KINDS[self.kind][0]

    @property
    def slots(self) -> int:
        """The number of requests that may be in flight at once."""
        return slots_of(self.policy.limits, self.adapter.capabilities)

    @property
    def holds_doubts(self) -> bool:
        """Whether a doubtful message is never sent again."""
        return self.policy.on_ambiguous is OnAmbiguous.HOLD
