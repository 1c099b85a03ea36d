"""Opt-outs: a person replies STOP, a provider says that somebody opted out, and START undoes it.

All of them become one `ConsentChange`, whichever provider or channel it came from.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import attrs
from attrs.validators import optional

from omnimsg.domain import validate
from omnimsg.domain.channel import Channel
from omnimsg.domain.events import InboundMessage, InteractionEvent, StatusEvent
from omnimsg.domain.frozen_dict import EMPTY, freeze
from omnimsg.domain.history import InteractionKind
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.outcome import Failed
from omnimsg.domain.reason import Reason
from omnimsg.domain.redaction import masked

if TYPE_CHECKING:
    from omnimsg.domain.events import Event
    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome
    from omnimsg.domain.status import LegStatus

# No keyword is nearly as long; a long text is not looked at any further.
_MAX_LENGTH = 64
# By Unicode category. Left out everywhere: white space, hyphens of every shape, and what nobody
# sees: controls, zero-width characters, the keycap around an emoji.
_IGNORED = frozenset({"Cc", "Cf", "Me", "Pd", "Zl", "Zp", "Zs"})
# Left out around the words only: all punctuation, and the accents and the tilde that stand for it.
_TRIMMED = frozenset({"Pc", "Pe", "Pf", "Pi", "Po", "Ps", "Sk"})
_TILDE = "~"
# Variation selectors and the grapheme joiner, whose category is that of the vowel signs of Indic
# scripts, without which words mean something else.
_SELECTORS = re.compile("[\u034f\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")


class Consent(StrEnum):
    """What a person wants from now on."""

    OPTED_OUT = "opted_out"
    MARKETING_OPTED_OUT = "marketing_opted_out"
    OPTED_IN = "opted_in"


@attrs.frozen(kw_only=True)
class ConsentChange:
    """A person changed what they want to receive.

    Attributes:
        consent: What they want now.
        account: The account that learned it.
        at: When.
        key: That of the event; of a send, `None`.
        address: Who: a number or a mailbox; `None` where the provider names only our message.
        channel: Where they said it; `None` if unknown.
        sender: The sender of ours that they said it to.
        message_id: Our message that made them, where it is named.
        reference: The reference of that message.
    """

    consent: Consent = attrs.field(validator=validate.enum_member(Consent))
    account: str
    at: datetime = attrs.field(validator=validate.tz_aware)
    key: str | None = None
    address: str | None = attrs.field(default=None, repr=masked)
    channel: Channel | None = attrs.field(
        default=None, validator=optional(validate.enum_member(Channel))
    )
    sender: str | None = attrs.field(default=None, repr=masked)
    message_id: MessageId | None = attrs.field(default=None, repr=masked)
    reference: str | None = attrs.field(default=None, repr=masked)


def normalized(text: str) -> str:
    """Write a reply as keywords are compared: without case, punctuation around it, and spaces.

    `" Stop. "` becomes `stop`, `OPT-OUT` and `Opt out` become `optout`.
    """
    folded = unicodedata.normalize("NFKC", _visible(text)).casefold()
    shown = _trimmed(_visible(unicodedata.normalize("NFKC", folded)))
    return unicodedata.normalize("NFKC", shown)


def _visible(text: str) -> str:
    return "".join(each for each in text if not _is_ignored(each))


def _trimmed(text: str) -> str:
    start, end = 0, len(text)
    while start < end and _is_trimmed(text[start]):
        start += 1
    while start < end and _is_trimmed(text[end - 1]):
        end -= 1
    return text[start:end]


def _is_ignored(character: str) -> bool:
    return unicodedata.category(character) in _IGNORED or bool(_SELECTORS.match(character))


def _is_trimmed(character: str) -> bool:
    return (
        unicodedata.category(character) in _TRIMMED or character == _TILDE or _is_ignored(character)
    )


def _to_words(words: Iterable[str]) -> frozenset[str]:
    """Normalise words; return anything else for the validator, also a text, which has letters."""
    given: Any = words
    if not isinstance(given, Iterable) or isinstance(given, (str, bytes, Mapping)):
        return given  # type: ignore[return-value]
    listed: Any = tuple(given)
    are_texts = all(isinstance(each, str) for each in listed)
    return frozenset(map(normalized, listed)) if are_texts else listed


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
"""The keywords of every country; a law that names others adds to them and takes none away."""

# A button's label is ours, not the person's: "Cancel", "End" or "Start" in a dialogue about an
# order are about the order. What is left has no other meaning.
BUTTONS = Keywords(stop=["STOP", "STOPALL", "UNSUBSCRIBE", "OPTOUT"], start=["UNSTOP"])
"""The labels of buttons that opt out or in again, in every country."""


def _to_countries(value: Mapping[str, Keywords]) -> Mapping[str, Keywords]:
    frozen: Mapping[str, Keywords] = freeze(value)
    return frozen


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
    """Which replies are opt-outs, everywhere and in some countries.

    Attributes:
        common: The keywords of every country.
        countries: Further keywords, by how numbers of the country begin: `{"+33": Keywords(...)}`.
            Each prefix that fits a sender adds its own.
        buttons: The labels that count where a button was tapped; no other keyword does there.

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
        """Return what a reply asks for; `None` where it is any other text.

        Only a reply that consists of a keyword counts: "STOP 12345" and "Please stop by" do not.

        Args:
            text: The whole reply, as the person typed it.
            sender: Who sent it, in E.164 form.
        """
        number = sender or ""
        further = [each for prefix, each in self.countries.items() if number.startswith(prefix)]
        return _consent_in(text, [self.common, *further])

    def consent_in_tap(self, label: str) -> Consent | None:
        """Return what a tapped button asks for; `None` where it asks for anything else.

        Args:
            label: What stands on it.
        """
        return _consent_in(label, [self.buttons])


def _consent_in(text: str, sets: Iterable[Keywords]) -> Consent | None:
    trimmed = _trimmed(text)
    if len(trimmed) > _MAX_LENGTH:
        return None
    word = normalized(trimmed)
    if any(word in each.stop for each in sets):
        return Consent.OPTED_OUT
    return Consent.OPTED_IN if any(word in each.start for each in sets) else None


RULES = OptOutRules()
"""The rules where an application sets none."""


def change_in_event(event: Event, rules: OptOutRules = RULES) -> ConsentChange | None:
    """Return the change of consent that an event means; `None` where it means none."""
    if isinstance(event, InboundMessage):
        consent = _consent_in_message(event, rules)
        details: dict[str, Any] = {
            "address": event.sender,
            "channel": event.channel,
            "sender": event.to,
            "message_id": event.reply_to,
        }
    elif isinstance(event, InteractionEvent):
        interaction = event.interaction
        consent = _INTERACTIONS.get(interaction.kind)
        details = {"channel": interaction.channel, "message_id": interaction.message_id}
    elif isinstance(event, StatusEvent):
        consent = _consent_of(event.reason)
        details = {"channel": event.leg.channel, "message_id": event.message_id}
    else:
        return None
    if consent is None:
        return None
    return ConsentChange(
        consent=consent,
        account=event.account,
        at=event.at,
        key=event.key,
        reference=event.reference,
        **details,
    )


def change_in_outcome(message: Message, outcome: Outcome, at: datetime) -> ConsentChange | None:
    """Return the change of consent that the outcome of a send tells of; `None` where there is none.

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
    """Read what a person says; the words below a picture are about the picture."""
    if message.media:
        return None
    if message.tapped is not None:
        # Bird's text is the label, also where the button itself is known by its payload only.
        return rules.consent_in_tap(message.text or message.tapped.text)
    return rules.consent_in(message.text or "", message.sender)


def changes_in_legs(
    legs: Iterable[LegStatus], *, account: str, address: str | None, reference: str | None
) -> list[ConsentChange]:
    """Return the changes of consent that the reports of a message tell of.

    Args:
        legs: What was reported of it.
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
    """Read a provider's refusal; our own (`SUPPRESSED`) tells nothing new."""
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
