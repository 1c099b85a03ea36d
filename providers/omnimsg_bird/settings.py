"""The keys of a Bird account in the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from omnimsg.domain import validate
from omnimsg.domain.frozen_dict import freeze
from omnimsg.domain.secret import Secret, to_secrets
from omnimsg_bird.capabilities import CAPABILITIES
from omnimsg_bird.hosts import FILES


def _channels(owner: object, field: attrs.Attribute[Any], value: object) -> None:
    """Refuse a channel that the adapter does not have, such as a misspelt one."""
    if not isinstance(value, Mapping) or not value:
        raise validate.refuse(owner, field.name, "must map at least one channel to its id")
    for name, channel_id in value.items():
        if name not in CAPABILITIES.channels:
            known = ", ".join(CAPABILITIES.channels)
            raise validate.refuse(owner, f"{field.name}.{name}", f"must be one of {known}")
        # A message's id is "channel/message", so a channel's id must not contain a slash.
        if not isinstance(channel_id, str) or not channel_id or "/" in channel_id:
            raise validate.refuse(owner, f"{field.name}.{name}", "must be the channel's id")


@attrs.frozen(kw_only=True)
class BirdSettings:
    """The keys of a Bird account.

    Attributes:
        access_key: The access key's token.
        workspace_id: The workspace, a UUID.
        channels: The channels that the account uses, by our name, with the id (a UUID) of each in
            the workspace: `channels = {sms = "...", whatsapp = "...", email = "..."}`.
        batch: Whether several messages share a request. This is faster, but Bird's ids of the
            messages are unknown at first, and an error in one of them shows only in its status.
        media_hosts: The hosts that files may be uploaded to and downloaded from, besides the host
            of `base_url`: names, with a port unless it is 443; `*` matches any characters.
            Listing a host here gives it no access key.
        signing_keys: The `signingKey` of the webhook subscriptions, as text; several while one is
            being replaced. Without any, no callback is accepted.
    """

    access_key: Secret = attrs.field(validator=validate.instance_of(Secret))
    workspace_id: str = attrs.field(validator=validate.text())
    channels: Mapping[str, str] = attrs.field(converter=freeze, validator=_channels)
    batch: bool = attrs.field(default=False, validator=validate.instance_of(bool))
    media_hosts: tuple[str, ...] = attrs.field(
        default=FILES, converter=validate.to_tuple, validator=validate.tuple_of(str)
    )
    signing_keys: tuple[Secret, ...] = attrs.field(
        default=(), converter=to_secrets, validator=validate.tuple_of(Secret)
    )
