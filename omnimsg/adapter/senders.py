"""An account's senders: find the one for a channel, and refuse one that would be dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from omnimsg.adapter.capability_check import refused
from omnimsg.domain.errors import ConfigError
from omnimsg.domain.reason import Reason, Retry

if TYPE_CHECKING:
    from collections.abc import Iterable

    from omnimsg.adapter.account import Account
    from omnimsg.adapter.capabilities import Capabilities
    from omnimsg.domain.channel import Channel
    from omnimsg.domain.failure import Failure


def check_senders(
    account: Account[Any], provider: str, capabilities: Capabilities, channels: Iterable[Channel]
) -> None:
    """Refuse a configured sender that no message of the account can carry.

    Args:
        account: The account.
        provider: The provider's name.
        capabilities: The provider's capabilities.
        channels: The channels that the account can use.

    Raises:
        ConfigError: No channel of the account carries a sender, or the named channel does not.
    """
    carriers = sender_channels(channels, capabilities)
    for channel in account.senders:
        if channel not in carriers:
            names = ", ".join(sorted(carriers)) or "no channel"
            raise ConfigError(
                f"accounts.{account.name}.senders.{channel} cannot be used: {provider} takes a"
                f" sender on {names} of this account"
            )
    if account.sender is not None and not carriers:
        raise ConfigError(
            f"accounts.{account.name}.sender cannot be used: {provider} takes no sender on any"
            " channel of this account; leave it out"
        )


def sender_channels(channels: Iterable[Channel], capabilities: Capabilities) -> set[Channel]:
    """Return the channels on which the provider takes a sender."""
    return {channel for channel in channels if _has_sender(channel, capabilities)}


def sender_of(account: Account[Any], channel: Channel | None) -> str | None:
    """Return the account's sender on a channel, for a message without one of its own."""
    return account.sender if channel is None else account.senders.get(channel, account.sender)


def would_drop_sender(account: Account[Any], channel: Channel, capabilities: Capabilities) -> bool:
    """Return whether the account has a sender for a channel that cannot carry one."""
    return sender_of(account, channel) is not None and not _has_sender(channel, capabilities)


def dropped_sender(account: Account[Any], channel: Channel) -> Failure:
    """Build the failure of a message that would lose the account's sender."""
    failure = refused(
        Reason.MISCONFIGURED,
        "sender",
        f"comes from account {account.name!r}, but this provider takes no sender on"
        f" {channel.value}; name it by channel in the account's `senders`",
    )
    return attrs.evolve(failure, retry=Retry.AFTER_FIX)


def _has_sender(channel: Channel, capabilities: Capabilities) -> bool:
    supported = capabilities.channels.get(channel)
    return supported is not None and "sender" in supported.fields
