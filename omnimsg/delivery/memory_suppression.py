"""The in-memory suppression list: for one process, lost when the process ends."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from omnimsg.delivery.tracked import address_of
from omnimsg.domain.address import is_e164, is_email, is_mailbox
from omnimsg.domain.email_address import why_not_email
from omnimsg.domain.invalid_value import InvalidValue, Problem
from omnimsg.domain.opt_out import Consent
from omnimsg.domain.phone_number import why_not_e164
from omnimsg.domain.validate import kind_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from omnimsg.domain.message import Message
    from omnimsg.domain.opt_out import ConsentChange

MARKETING = frozenset({"marketing"})

# A plus before a digit, or digits and no letters: a number, also with `tel:` or an apostrophe in
# front, or as a spreadsheet's 2.78E+10. Other texts are ids of contacts at the provider.
_holds_number = re.compile(r"\+\s*\d|\A\W*\d[\W\d]*\Z").search


class MemorySuppression:
    """Remembers which addresses have opted out, for all accounts and channels.

    An address that has opted out gets no message until it opts in again. An address that has opted
    out of marketing gets no message with one of the marketing tags.

    Args:
        opted_out: Addresses that have opted out before: numbers and mailboxes, as `Message.to`. A
            number may lack its plus.
        marketing_tags: The tags of messages that are marketing. A provider without tags refuses
            such a message, so that an account there needs a list that knows marketing otherwise.

    Raises:
        InvalidValue: A number is not in E.164 form, or an e-mail address is none, so no message to
            it would be recognized; or one text was given in place of a collection.
    """

    def __init__(
        self, opted_out: Collection[str] = (), *, marketing_tags: Collection[str] = MARKETING
    ) -> None:
        for name, given in (("opted_out", opted_out), ("marketing_tags", marketing_tags)):
            if isinstance(given, str):
                raise InvalidValue(_problem(name, "must be a collection of texts, not one text"))
        self._consents: dict[str, dict[Consent, datetime]] = {
            each.casefold(): {Consent.OPTED_OUT: _EARLIEST} for each in _listed(opted_out)
        }
        self._marketing_tags = frozenset(marketing_tags)

    def __contains__(self, address: object) -> bool:
        """Return whether an address has opted out of everything."""
        return isinstance(address, str) and self._has(address, Consent.OPTED_OUT)

    async def suppressed(self, account: str, messages: Sequence[Message]) -> Sequence[bool]:
        """Return whether each message must not be sent."""
        del account
        return [self._is_suppressed(each) for each in messages]

    async def record(self, change: ConsentChange) -> None:
        """Store a change. The times of changes decide, not the order in which they arrive."""
        if change.address is None:
            return
        consents = self._consents.setdefault(change.address.casefold(), {})
        consents[change.consent] = max(change.at, consents.get(change.consent, change.at))

    def _is_suppressed(self, message: Message) -> bool:
        address = address_of(message)
        if address is None:
            return False
        if self._has(address, Consent.OPTED_OUT):
            return True
        return not self._marketing_tags.isdisjoint(message.tags) and self._has(
            address, Consent.MARKETING_OPTED_OUT
        )

    def _has(self, address: str, consent: Consent) -> bool:
        """Return whether an address has opted out and not in again; at equal times, out counts."""
        consents = self._consents.get(address.casefold())
        if consents is None or consent not in consents:
            return False
        return consents[consent] >= consents.get(Consent.OPTED_IN, _EARLIEST)


def _listed(opted_out: Collection[str]) -> Iterator[str]:
    """Yield the addresses of a list in the forms in which messages have them."""
    for index, each in enumerate(opted_out):
        if (why := _why_unusable(each)) is not None:
            raise InvalidValue(_problem(f"opted_out[{index}]", why))
        yield each
        if _is_without_plus(each):
            yield f"+{each}"


def _why_unusable(address: object) -> str | None:
    """Return why no message could have an address; `None` if one could."""
    if not isinstance(address, str):
        return f"must be text, not {kind_of(address)}"
    if is_mailbox(address):
        return None if is_email(address) else why_not_email(address)
    if is_e164(address) or _is_without_plus(address) or not _holds_number(address):
        return None
    return why_not_e164(address)


def _is_without_plus(address: str) -> bool:
    """Return whether an address is digits alone: a number, or the id of a contact."""
    return address.isascii() and address.isdecimal() and not address.startswith("0")


def _problem(name: str, what: str) -> Problem:
    return Problem(f"MemorySuppression.{name}", what)


_EARLIEST = datetime.min.replace(tzinfo=UTC)
