"""One configured use of a provider, as its adapter sees it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

import attrs

from omnimsg.domain.channel import Channel
from omnimsg.domain.frozen_dict import EMPTY

S = TypeVar("S")


@attrs.frozen(kw_only=True)
class TemplateMapping:
    """What a template of the application is called at this provider.

    Attributes:
        name: Its name there; `None` keeps the application's.
        id: Its id there, where the provider goes by ids (a Bird project).
        version: Its version there.
        language: Its language there, where the message's own should not be used.
        keys: The placeholders' names by position, where the provider names them: the first body
            parameter fills the first key.
    """

    name: str | None = None
    id: str | None = None
    version: str | None = None
    language: str | None = None
    keys: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Account(Generic[S]):
    """What an adapter is built from.

    Attributes:
        name: The account's name in the configuration; it starts the ids of its messages.
        settings: The provider's own part of the configuration, credentials among it.
        base_url: Where the API is, without a trailing slash.
        channel: The channel of a message that names none.
        sender: The sender of a message that names none.
        templates: Templates by the application's name.
        codes: The user's changes to the code table, by code and level.
        extras: Merged into every request, before the message's own extras.
    """

    name: str
    settings: S
    base_url: str
    channel: Channel | None = None
    sender: str | None = None
    templates: Mapping[str, TemplateMapping] = EMPTY
    codes: Mapping[tuple[str, str], Mapping[str, Any]] = EMPTY
    extras: Mapping[str, Any] = EMPTY
