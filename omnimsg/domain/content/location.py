"""Locations and contact cards."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar

import attrs
from attrs.validators import optional

from omnimsg.domain import validate
from omnimsg.domain.frozen_dict import FrozenDict, freeze, to_string_map
from omnimsg.domain.redaction import hidden

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

StringMap = FrozenDict[str, str]

_text = optional(validate.text())


@attrs.frozen
class Location:
    """A geographic location.

    Attributes:
        latitude: Degrees north, -90 to 90.
        longitude: Degrees east, -180 to 180.
        name: The name of the location.
        address: The address; WhatsApp shows it only together with a name.
    """

    kind: ClassVar[str] = "location"

    latitude: float = attrs.field(repr=hidden, validator=validate.number(minimum=-90, maximum=90))
    longitude: float = attrs.field(
        repr=hidden, validator=validate.number(minimum=-180, maximum=180)
    )
    name: str | None = attrs.field(default=None, kw_only=True, repr=hidden, validator=_text)
    address: str | None = attrs.field(default=None, kw_only=True, repr=hidden, validator=_text)


def _iso_date(owner: object, field: attrs.Attribute[Any], value: object) -> None:
    try:
        valid = isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        valid = False
    if not valid:
        raise validate.refuse(owner, field.name, "must be a date as YYYY-MM-DD")


def _to_optional_map(value: Mapping[str, str] | None) -> StringMap | None:
    return None if value is None else to_string_map(value)


def _to_maps(value: Sequence[Mapping[str, str]]) -> tuple[StringMap, ...]:
    frozen: tuple[StringMap, ...] = freeze(value)
    return frozen


@attrs.frozen(kw_only=True)
class ContactCard:
    """A person or business for the recipient's address book.

    The keys of each mapping are WhatsApp's (`formatted_name`, `first_name`; `phone`, `type`;
    `street`, `city`, ...): providers pass them through without documenting them.

    Attributes:
        name: The parts of the name.
        phones: One mapping for each phone number.
        emails: One mapping for each e-mail address.
        addresses: One mapping for each postal address.
        urls: One mapping for each web page.
        org: Company, department and title.
        birthday: The date as `YYYY-MM-DD`.
    """

    name: StringMap = attrs.field(
        repr=hidden, converter=to_string_map, validator=validate.string_map
    )
    phones: tuple[StringMap, ...] = attrs.field(
        default=(), repr=hidden, converter=_to_maps, validator=validate.tuple_of_string_maps
    )
    emails: tuple[StringMap, ...] = attrs.field(
        default=(), repr=hidden, converter=_to_maps, validator=validate.tuple_of_string_maps
    )
    addresses: tuple[StringMap, ...] = attrs.field(
        default=(), repr=hidden, converter=_to_maps, validator=validate.tuple_of_string_maps
    )
    urls: tuple[StringMap, ...] = attrs.field(
        default=(), repr=hidden, converter=_to_maps, validator=validate.tuple_of_string_maps
    )
    org: StringMap | None = attrs.field(
        default=None,
        repr=hidden,
        converter=_to_optional_map,
        validator=optional(validate.string_map),
    )
    birthday: str | None = attrs.field(
        default=None,
        repr=hidden,
        validator=optional(_iso_date),
    )

    def __attrs_post_init__(self) -> None:
        """Require a name and something besides it."""
        if not self.name:
            raise validate.refuse(self, "name", "must not be empty")
        if not any((self.phones, self.emails, self.addresses, self.urls, self.org, self.birthday)):
            raise validate.refuse(self, "phones", "a card needs something besides the name")


def _to_cards(value: Sequence[ContactCard]) -> tuple[ContactCard, ...]:
    return validate.to_tuple(value)


@attrs.frozen
class Contacts:
    """One or several contact cards."""

    kind: ClassVar[str] = "contacts"

    contacts: tuple[ContactCard, ...] = attrs.field(
        converter=_to_cards, validator=validate.tuple_of(ContactCard, min_length=1)
    )
