"""A callback before it has an address, and as it goes over the wire."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import attrs


@attrs.frozen(kw_only=True)
class CallbackDraft:
    """What a provider says in one callback.

    Attributes:
        kind: ``status.``, ``inbound.`` or ``interaction.`` and the provider's own word for it, such
            as ``status.DEVICE_ACK``; of an inbound message its content, such as ``inbound.text``.
        id: The provider's id of the message that it reports or brings.
        body: The body of the request.
        about: Callbacks about the same are sent one after the other: the message's id, or the
            number of the phone.
        url: The address that the message itself named for its reports.
    """

    kind: str
    id: str
    body: bytes = attrs.field(repr=False)
    about: str
    url: str | None = attrs.field(default=None, repr=False)

    @property
    def is_inbound(self) -> bool:
        """Whether it brings a message of a phone."""
        return self.kind.startswith("inbound.")


@attrs.frozen(kw_only=True)
class SignedCallback:
    """The request of a callback; the address is sent exactly as it is written here."""

    url: str = attrs.field(repr=False)
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: bytes = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class PlannedReport:
    """A report that is due at a time.

    Attributes:
        at: Epoch seconds of what it reports.
        status: The provider's name of the status; empty if it reports none.
        build: Returns the callback, for the time that it is to name.
    """

    at: float
    status: str
    build: Callable[[float], CallbackDraft]
