"""One configured account of a provider, from which its adapter is built."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

import attrs
from attrs.validators import optional

from omnimsg.domain import validate
from omnimsg.domain.channel import Channel
from omnimsg.domain.frozen_dict import EMPTY

S = TypeVar("S")

_is_key = validate.text(max_length=512)


def _check_keys(owner: object, field: attrs.Attribute[Any], keys: tuple[str, ...]) -> None:
    for index, key in enumerate(keys):
        _is_key(owner, field.evolve(name=f"{field.name}[{index}]"), key)


@attrs.frozen(kw_only=True)
class TemplateMapping:
    """How this provider identifies a template of the application.

    Attributes:
        name: The provider's name of the template; the application's name unless given.
        id: The provider's id of the template, if it uses ids (a Bird project, a Viber template of
            Messente).
        version: The provider's version of the template.
        language: The language to use instead of the message's own.
        keys: The names of the placeholders, in order, if the provider names them: the first body
            parameter fills the first key.
    """

    name: str | None = attrs.field(default=None, validator=optional(validate.text(max_length=512)))
    id: str | None = attrs.field(default=None, validator=optional(validate.text(max_length=512)))
    version: str | None = attrs.field(
        default=None, validator=optional(validate.text(max_length=128))
    )
    language: str | None = attrs.field(
        default=None, validator=optional(validate.text(max_length=35))
    )
    keys: tuple[str, ...] = attrs.field(default=(), validator=_check_keys)


@attrs.frozen(kw_only=True)
class Account(Generic[S]):
    """The configuration of an account, from which its adapter is built.

    Attributes:
        name: The account's name in the configuration; the ids of its messages start with it.
        settings: The provider's own settings, including credentials.
        base_url: The URL of the API, without a trailing slash.
        channel: The channel of a message that has none.
        sender: The sender of a message that has none, on every channel.
        senders: The sender of a message that has none, by channel; comes before `sender`.
        templates: Template mappings, by the application's template name.
        codes: The user's changes to the code table, by code and level.
        extras: Merged into every message, before the message's own extras.
    """

    name: str
    settings: S
    base_url: str
    channel: Channel | None = None
    sender: str | None = None
    senders: Mapping[Channel, str] = EMPTY
    templates: Mapping[str, TemplateMapping] = EMPTY
    codes: Mapping[tuple[str, str], Mapping[str, Any]] = EMPTY
    extras: Mapping[str, Any] = EMPTY
