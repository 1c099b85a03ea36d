"""Recognise opt-outs and opt-ins in replies (STOP, START), interactions, reports and outcomes.

Each becomes a `ConsentChange`, whatever the provider or channel.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import attrs

from omnimsg.domain import validate
from omnimsg.domain.channel import Channel, optional_channel, to_optional_channel
from omnimsg.domain.events import InboundMessage, InteractionEvent, StatusEvent
from omnimsg.domain.frozen_dict import EMPTY, freeze_mapping
from omnimsg.domain.history import InteractionKind
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.outcome import Failed
from omnimsg.domain.reason import Reason
from omnimsg.domain.redaction import masked
from omnimsg.domain.reply_text import normalized, trimmed

if TYPE_CHECKING:
    from omnimsg.domain.events import Event
    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome
    from omnimsg.domain.status import LegStatus

# No keyword is nearly as long, so longer texts are not normalised.
_MAX_LENGTH = 64


class Consent(StrEnum):
    """Which messages a person agrees to receive from now on."""

    OPTED_OUT = "opted_out"
    MARKETING_OPTED_OUT = "marketing_opted_out"
    OPTED_IN = "opted_in"


def _to_consent(value: Consent | str) -> Consent:
    return validate.to_enum_member(Consent, value)


@attrs.frozen(kw_only=True)
class ConsentChange:
    """A change of a person's consent to receive messages.

    Attributes:
        consent: The new consent.
        account: The account whose provider told of the change.
        at: The time of the event, report or outcome that told of the change.
        key: The key of the event; `None` if the change does not come from an event.
        address: The person's number or mailbox; `None` if the provider names only our message.
        channel: The channel of the reply, interaction or message; `None` if unknown.
        sender: Our sender that the person replied to or that the message came from, if known.
        message_id: Our message that the person reacted to, if the provider names it.
        reference: The reference of that message.
    """

    consent: Consent = attrs.field(converter=_to_consent, validator=validate.enum_member(Consent))
    account: str
    at: datetime = attrs.field(converter=validate.to_fixed_offset, validator=validate.tz_aware)
    key: str | None = None
    address: str | None = attrs.field(default=None, repr=masked)
    channel: Channel | None = attrs.field(
        default=None, converter=to_optional_channel, validator=optional_channel
    )
    sender: str | None = attrs.field(default=None, repr=masked)
    message_id: MessageId | None = attrs.field(default=None, repr=masked)
    reference: str | None = attrs.field(default=None, repr=masked)


def _to_words(words: Iterable[str]) -> frozenset[str]:
    """Normalise words; leave anything else to the validator, also a text, which yields letters."""
    given: Any = words
    if isinstance(given, Iterable) and not isinstance(given, (str, bytes, Mapping)):
        given = tuple(given)
        if all(isinstance(each, str) for each in given):
            return frozenset(map(normalized, given))
    refused: frozenset[str] = given  # by the validator
    return refused


def _words(owner: object, field: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, frozenset):
        raise validate.refuse(owner, field.name, "must be a list of words")
    if "" in value:
        raise validate.refuse(owner, field.name, "has a word without letters")
    if any(len(each) > _MAX_LENGTH for each in value):
        raise validate.refuse(
            owner, field.name, f"has a word of more than {_MAX_LENGTH} characters"
        )


@attrs.frozen
class Keywords:
    """The replies that opt somebody out or in again, when they are the whole message.

    Attributes:
        stop: The words that opt out, in any case.
        start: The words that undo it.

    Raises:
        InvalidValue: A word is no text, has no letter or digit, or more than 64 characters.
    """

    stop: frozenset[str] = attrs.field(default=frozenset(), converter=_to_words, validator=_words)
    start: frozenset[str] = attrs.field(default=frozenset(), converter=_to_words, validator=_words)


COMMON = Keywords(
    # The rule of the USA on revoking consent names stop, quit, end, revoke, opt out, cancel and
    # unsubscribe (47 CFR 64.1200(a)(10)); carriers and providers add STOPALL.
    stop=["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"],
    start=["START", "UNSTOP"],
)
"""The keywords of every country; those of a single country are added to them and replace none."""

# We wrote a button's label, not the person: "Cancel", "End" or "Start" in a dialogue about an order
# are about the order. The labels in this list have no such other meaning.
BUTTONS = Keywords(stop=["STOP", "STOPALL", "UNSUBSCRIBE", "OPTOUT"], start=["UNSTOP"])
"""The labels of buttons that opt out or in again, in every country."""


def _to_countries(value: Mapping[str, Keywords]) -> Mapping[str, Keywords]:
    return freeze_mapping(value)


def _countries(owner: object, field: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, Mapping):
        raise validate.refuse(owner, field.name, "must map beginnings of numbers to Keywords")
    for prefix, words in value.items():
        if not isinstance(prefix, str) or not re.fullmatch(r"\+[1-9][0-9]{0,6}", prefix):
            raise validate.refuse(owner, field.name, "must have keys such as '+33'")
        if not isinstance(words, Keywords):
            raise validate.refuse(owner, f"{field.name}[{prefix!r}]", "must be Keywords")


@attrs.frozen
class OptOutRules:
    """Which replies opt a person out or in, everywhere and in some countries.

    Attributes:
        common: The keywords of every country.
        countries: Further keywords, by prefix of the person's number: `{"+33": Keywords(...)}`.
            Every prefix that matches adds its keywords.
        buttons: The labels that count when a button was tapped; no other keyword counts then.

    Raises:
        InvalidValue: A value is no `Keywords`, or a key of `countries` no beginning of a number.
    """

    common: Keywords = attrs.field(default=COMMON, validator=validate.instance_of(Keywords))
    countries: Mapping[str, Keywords] = attrs.field(
        default=EMPTY, converter=_to_countries, validator=_countries
    )
    buttons: Keywords = attrs.field(
        default=BUTTONS, kw_only=True, validator=validate.instance_of(Keywords)
    )

    def consent_in(self, text: str, sender: str | None = None) -> Consent | None:
        """Return the consent that a reply expresses; `None` for any other text.

        Only a reply that consists of a keyword counts: "STOP 12345" and "Please stop by" do not.

        Args:
            text: The whole reply, as the person typed it.
            sender: The person's number in E.164 form.
        """
        number = sender or ""
        further = [each for prefix, each in self.countries.items() if number.startswith(prefix)]
        return _consent_in(text, [self.common, *further])

    def consent_in_tap(self, label: str) -> Consent | None:
        """Return the consent that a tapped button expresses; `None` for any other button.

        Args:
            label: The button's label.
        """
        return _consent_in(label, [self.buttons])


def _consent_in(text: str, sets: Iterable[Keywords]) -> Consent | None:
    words = trimmed(text)
    if len(words) > _MAX_LENGTH:
        return None
    word = normalized(words)
    if any(word in each.stop for each in sets):
        return Consent.OPTED_OUT
    return Consent.OPTED_IN if any(word in each.start for each in sets) else None


RULES = OptOutRules()
"""The rules if an application sets none."""


def change_in_event(event: Event, rules: OptOutRules = RULES) -> ConsentChange | None:
    """Return the change of consent that an event reports; `None` if it reports none."""
    if isinstance(event, InboundMessage):
        consent, sender = _consent_in_message(event, rules), event.to
        address, channel, message_id = event.sender, event.channel, event.reply_to
    elif isinstance(event, InteractionEvent):
        found = event.interaction
        consent, sender = _INTERACTIONS.get(found.kind), None
        address, channel, message_id = event.recipient, found.channel, found.message_id
    elif isinstance(event, StatusEvent):
        consent, sender = _consent_of(event.reason), None
        address, channel, message_id = event.recipient, event.leg.channel, event.message_id
    else:
        return None
    if consent is None:
        return None
    return ConsentChange(
        consent=consent,
        account=event.account,
        at=event.at,
        key=event.key,
        address=address,
        channel=channel,
        sender=sender,
        message_id=message_id,
        reference=event.reference,
    )


def change_in_outcome(message: Message, outcome: Outcome, at: datetime) -> ConsentChange | None:
    """Return the change of consent that the outcome of a send reports; `None` if it reports none.

    Args:
        message: The message.
        outcome: Its outcome; Clickatell's code 26 has the reason `OPTED_OUT`.
        at: When the outcome was known.
    """
    consent = _consent_of(outcome.reason) if isinstance(outcome, Failed) else None
    if consent is None:
        return None
    return ConsentChange(
        consent=consent,
        account=outcome.account,
        at=at,
        address=message.to if isinstance(message.to, str) else message.to.value,
        channel=message.channel,
        sender=message.sender,
        reference=outcome.reference,
    )


def _consent_in_message(message: InboundMessage, rules: OptOutRules) -> Consent | None:
    """Return the consent in an inbound message; a caption is about its media and never counts."""
    if message.media:
        return None
    if message.tapped is not None:
        # Bird sends the label as the text, even if it names the button only by its payload.
        return rules.consent_in_tap(message.text or message.tapped.text)
    return rules.consent_in(message.text or "", message.sender)


def changes_in_legs(
    legs: Iterable[LegStatus], *, account: str, address: str | None, reference: str | None
) -> list[ConsentChange]:
    """Return the changes of consent in the reports about a message.

    Args:
        legs: The legs of the message, as reported.
        account: The account's name.
        address: The recipient.
        reference: The message's reference.
    """
    return [
        ConsentChange(
            consent=consent,
            account=account,
            at=at,
            address=address,
            channel=leg.channel,
            reference=reference,
        )
        for leg in legs
        for evidence, at in leg.timeline.entries.items()
        if (consent := _consent_of(evidence.reason)) is not None
    ]


def _consent_of(reason: Reason | None) -> Consent | None:
    """Return the consent behind a provider's refusal; our own (`SUPPRESSED`) changes nothing."""
    return None if reason is None else _REASONS.get(reason)


_REASONS = {
    Reason.OPTED_OUT: Consent.OPTED_OUT,
    Reason.MARKETING_OPTED_OUT: Consent.MARKETING_OPTED_OUT,
}
# Bird's `unsubscribe-request`, `reported-as-spam`, `subscribe-request` and `subscribe-consent`.
_INTERACTIONS = {
    InteractionKind.UNSUBSCRIBED: Consent.OPTED_OUT,
    InteractionKind.REPORTED_SPAM: Consent.OPTED_OUT,
    InteractionKind.SUBSCRIBED: Consent.OPTED_IN,
}
