"""The configuration: which accounts there are, and which one is used unless another is named."""

from __future__ import annotations

from typing import Any

import attrs

from omnimsg.adapter import Adapter, TemplateMapping, Verdict
from omnimsg.domain.channel import Channel
from omnimsg.domain.frozen import EMPTY, FrozenDict, freeze
from omnimsg.domain.reason import Fault, Reason, Retry


@attrs.frozen(kw_only=True)
class CodeChange:
    """What the user says a provider's code means; what is left out stays as it was.

    Attributes:
        reason: The unified reason.
        verdict: What it proves: `rejected`, `not_sent`, `account` or `ambiguous`.
        retry: Whether another attempt helps and is safe.
        fault: Whose doing it is.
    """

    reason: Reason | None = None
    verdict: Verdict | None = None
    retry: Retry | None = None
    fault: Fault | None = None

    def members(self) -> dict[str, Any]:
        """Return what is given, by the name of the row's member."""
        return attrs.asdict(self, filter=lambda _, value: value is not None)


@attrs.frozen(kw_only=True)
class AccountTable:
    """The keys that every `[accounts.NAME]` may have; the provider adds its own.

    Attributes:
        provider: The provider's name.
        base_url: Where its API is, where that is not the usual place.
        channel: The channel of a message that names none.
        sender: The sender of a message that names none.
        templates: By the application's name.
        codes: Changes to the provider's code table, by `"level:code"`.
        extras: Merged into every request.
    """

    provider: str
    base_url: str | None = None
    channel: Channel | None = None
    sender: str | None = None
    templates: dict[str, TemplateMapping] = attrs.field(factory=dict)
    codes: dict[str, CodeChange] = attrs.field(factory=dict)
    extras: FrozenDict[str, Any] = attrs.field(default=EMPTY, converter=freeze)


@attrs.frozen(kw_only=True)
class Config:
    """A whole configuration, ready for use.

    Attributes:
        adapters: By account name, in the order of the configuration.
        default: The account that is used unless another is named.
    """

    adapters: dict[str, Adapter[Any]]
    default: str
