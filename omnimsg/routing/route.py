"""A route as a value: which messages it takes, and through which accounts they go."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

import attrs
from attrs.validators import optional

from omnimsg.domain import validate
from omnimsg.domain.channel import Channel, to_channel
from omnimsg.domain.content import Content
from omnimsg.domain.frozen_dict import EMPTY, FrozenDict, freeze_mapping, to_map
from omnimsg.domain.message import Priority, to_priority
from omnimsg.domain.redaction import masked
from omnimsg.engine.policy import OnAmbiguous, to_on_ambiguous

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CONTENT_WORDS: tuple[str, ...] = tuple(sorted(each.kind for each in Content.__args__))
"""The kinds of content, as `type` names them in JSON."""

# Rotations longer than this would cost memory and change nothing that anybody could measure.
_MAX_WEIGHT = 1000


class Strategy(StrEnum):
    """In which order the accounts of a route are tried.

    Whatever the order, an account whose circuit is open is passed over until it is time to probe.

    Attributes:
        FAILOVER: In the order given: the first takes everything while it is well.
        WEIGHTED: Each is tried first for its share of the messages; the others follow in the order
            given.
        ROUND_ROBIN: Each in turn is tried first, for an equal share of the messages.
    """

    FAILOVER = "failover"
    WEIGHTED = "weighted"
    ROUND_ROBIN = "round_robin"


def _to_channels(value: Sequence[Channel | str]) -> tuple[Channel, ...]:
    return validate.to_tuple_of(to_channel, value)


def _to_priorities(value: Sequence[Priority | str]) -> tuple[Priority, ...]:
    return validate.to_tuple_of(to_priority, value)


def _to_strategy(value: Strategy | str) -> Strategy:
    return validate.to_enum_member(Strategy, value)


def _to_weights(value: Mapping[str, int]) -> FrozenDict[str, int]:
    return freeze_mapping(value)


def _check_contents(owner: Match, field: attrs.Attribute[Any], value: tuple[str, ...]) -> None:
    validate.tuple_of(str)(owner, field, value)
    if not set(value) <= set(CONTENT_WORDS):
        raise validate.refuse(owner, field.name, f"must be some of {', '.join(CONTENT_WORDS)}")


def _check_weights(owner: Route, field: attrs.Attribute[Any], value: Mapping[str, Any]) -> None:
    validate.mapping(owner, field, value)
    for name, weight in value.items():
        if not isinstance(weight, int) or isinstance(weight, bool) or not 0 < weight <= _MAX_WEIGHT:
            where = f"{field.name}.{name}"
            raise validate.refuse(owner, where, f"must be a whole number from 1 to {_MAX_WEIGHT}")


def _check_accounts(owner: Route, field: attrs.Attribute[Any], value: tuple[str, ...]) -> None:
    validate.tuple_of(str)(owner, field, value)
    if not value:
        raise validate.refuse(owner, field.name, "must name an account")
    if len(set(value)) < len(value):
        raise validate.refuse(owner, field.name, "names an account twice")


@attrs.frozen(kw_only=True)
class Match:
    """Which messages a route takes: those that meet every condition; without one, all.

    Attributes:
        channels: One of these channels. A message that names none travels on the channel that the
            route's first account would give it.
        prefixes: The number begins with one of these: `+27` is a country, `+2782` a network in it.
            An e-mail address or a provider's contact begins with none.
        contents: Content of one of these kinds, by its `type` in JSON, such as `template`.
        tags: At least one of these tags. Only an account whose provider carries tags can send such
            a message; `metadata` works with all.
        priorities: One of these priorities.
        senders: One of these senders, set on the message itself.
        metadata: Each of these entries, in the message's metadata.
    """

    channels: tuple[Channel, ...] = attrs.field(
        default=(), converter=_to_channels, validator=validate.tuple_of(Channel)
    )
    prefixes: tuple[str, ...] = attrs.field(
        default=(), converter=validate.to_texts, validator=validate.number_prefixes
    )
    contents: tuple[str, ...] = attrs.field(
        default=(), converter=validate.to_texts, validator=_check_contents
    )
    tags: tuple[str, ...] = attrs.field(
        default=(), converter=validate.to_texts, validator=validate.tuple_of(str)
    )
    priorities: tuple[Priority, ...] = attrs.field(
        default=(), converter=_to_priorities, validator=validate.tuple_of(Priority)
    )
    senders: tuple[str, ...] = attrs.field(
        default=(), converter=validate.to_texts, validator=validate.tuple_of(str)
    )
    metadata: FrozenDict[str, Any] = attrs.field(
        default=EMPTY, converter=to_map, validator=validate.mapping
    )

    @property
    def given(self) -> tuple[str, ...]:
        """The names of its conditions."""
        return tuple(each.name for each in attrs.fields(Match) if getattr(self, each.name))

    @property
    def takes_all(self) -> bool:
        """Whether every message meets it."""
        return not self.given


@attrs.frozen(kw_only=True)
class RouteLimits:
    """How fast a route hands messages to its accounts; their own limits apply as well.

    Attributes:
        messages_per_second: Messages, evenly spaced; unless given, as fast as they come.
    """

    messages_per_second: float | None = attrs.field(
        default=None, validator=optional(validate.positive)
    )


def _check_on_ambiguous(owner: Route, field: attrs.Attribute[Any], value: OnAmbiguous) -> None:
    validate.enum_member(OnAmbiguous)(owner, field, value)
    if value is OnAmbiguous.RESEND_IF_NOT_FOUND:
        raise validate.refuse(
            owner,
            field.name,
            "must be hold or resend: only the account that may have sent a message can be asked"
            " for it, so resend_if_not_found is a setting of accounts",
        )


@attrs.frozen(kw_only=True)
class Route:
    """A rule: the messages that it takes go through its accounts.

    A client tries its routes in order and takes the first that matches; what none takes goes
    through the default account alone.

    Attributes:
        accounts: The names of the accounts, in the order in which they are tried.
        name: Its name in plans and errors; its number unless given.
        match: Which messages it takes; all unless given.
        strategy: Which account a message tries first.
        weights: By account name, for `weighted`: an account with 3 is tried first three times as
            often as one with 1.
        sender: The sender of a message that names none; an error where no account takes one.
        ttl: The ttl of a message that has none, seconds.
        limits: How fast messages go.
        on_ambiguous: What becomes of a message that may have been sent: `"hold"` ends it as
            `Ambiguous`, `"resend"` goes on to the next account, and some people get it twice.

    Raises:
        InvalidValue: A field has an invalid value; the error names the field.
    """

    accounts: tuple[str, ...] = attrs.field(converter=validate.to_texts, validator=_check_accounts)
    name: str = attrs.field(default="", validator=validate.text(min_length=0, max_length=64))
    match: Match = attrs.field(default=Match(), validator=validate.instance_of(Match))
    strategy: Strategy = attrs.field(
        default=Strategy.FAILOVER,
        converter=_to_strategy,
        validator=validate.enum_member(Strategy),
    )
    weights: FrozenDict[str, int] = attrs.field(
        default=EMPTY, converter=_to_weights, validator=_check_weights
    )
    sender: str | None = attrs.field(default=None, repr=masked, validator=optional(validate.sender))
    ttl: int | None = attrs.field(default=None, validator=optional(validate.integer(minimum=1)))
    limits: RouteLimits = attrs.field(
        default=RouteLimits(), validator=validate.instance_of(RouteLimits)
    )
    on_ambiguous: OnAmbiguous = attrs.field(
        default=OnAmbiguous.HOLD,
        converter=to_on_ambiguous,
        validator=_check_on_ambiguous,
    )

    def __attrs_post_init__(self) -> None:
        """Refuse weights that do not fit the accounts, or that the strategy does not use."""
        if self.strategy is Strategy.WEIGHTED and set(self.weights) != set(self.accounts):
            odd = sorted(set(self.weights) ^ set(self.accounts))
            why = "must have a weight for each of the accounts, and no other: look at "
            raise validate.refuse(self, "weights", why + ", ".join(map(repr, odd)))
        if self.strategy is not Strategy.WEIGHTED and self.weights:
            raise validate.refuse(self, "weights", "needs strategy = 'weighted'")
