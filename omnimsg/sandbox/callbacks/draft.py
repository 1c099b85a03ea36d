"""The values of a callback: its draft without an address, its signed request, a planned report."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import attrs


@attrs.frozen(kw_only=True)
class CallbackDraft:
    """The content of one callback.

    Attributes:
        kind: ``status.`` or ``interaction.`` with the provider's own name, such as
            ``status.DEVICE_ACK``; or ``inbound.`` with the kind of content, such as
            ``inbound.text``.
        id: The provider's id of the reported or inbound message.
        body: The body of the request.
        about: The message's id or the phone's number; callbacks with the same value are sent one
            after the other.
        url: The address that the message itself named for its reports.
    """

    kind: str
    id: str
    body: bytes = attrs.field(repr=False)
    about: str
    url: str | None = attrs.field(default=None, repr=False)

    @property
    def is_inbound(self) -> bool:
        """Whether the callback contains a message of a phone."""
        return self.kind.startswith("inbound.")


@attrs.frozen(kw_only=True)
class SignedCallback:
    """The signed request of a callback; its address must be requested unchanged."""

    url: str = attrs.field(repr=False)
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: bytes = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class PlannedReport:
    """A report that is due at a time.

    Attributes:
        at: Epoch seconds of the reported change, when the report is due.
        status: The provider's name of the status; empty if it reports none.
        build: Returns the callback; takes the time that it states.
    """

    at: float
    status: str
    build: Callable[[float], CallbackDraft]
