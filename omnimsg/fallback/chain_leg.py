"""The legs of a message, each as a message of its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Protocol

import attrs

from omnimsg.domain.channel import Channel
from omnimsg.domain.errors import ConfigError
from omnimsg.domain.failure import Failure
from omnimsg.domain.message import Message, message_of_leg
from omnimsg.domain.outcome import NotSent
from omnimsg.domain.reason import Reason, Retry

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from omnimsg.domain.message import Leg
    from omnimsg.domain.outcome import Outcome


class LegTarget(Protocol):
    """Where a leg is handed over: one account, or the routes of a client."""

    @property
    def name(self) -> str | None:
        """The account's name; `None` for routes."""

    def submit(self, message: Message, deadline: float) -> Awaitable[Outcome]:
        """Send one message, and return its last outcome."""

    def refusal(self, message: Message) -> NotSent | None:
        """Return the outcome of a message that cannot be sent; `None` if it can."""

    def carried(self, message: Message) -> Message | None:
        """Return a message for providers that run its fallback legs; `None` if omnimsg runs them.

        Its legs have what their routes add.
        """

    def prepare(self, message: Message) -> Message:
        """Return a message as it leaves, with what its route adds."""

    def resends(self, message: Message) -> bool:
        """Return whether a message that may have been sent may be sent once more."""

    def channel(self, message: Message) -> Channel | None:
        """Return the channel that a message travels on; `None` if it cannot be determined."""


@attrs.frozen(kw_only=True)
class ChainLeg:
    """One leg.

    Attributes:
        index: 0 is the message itself, 1 the first of its `fallback`.
        message: The message to hand over: without legs, and without a ttl if the provider has none.
        find_target: Returns where it is handed over, or raises `ConfigError` if its account was
            removed. An account is found by its name: it may be replaced, as to change its secrets,
            and a leg must not keep a removed one in memory.
        channel: The channel that it travels on; `None` if it cannot be determined.
        ttl: Seconds from its hand-over, or from `send_at`, within which it must be delivered;
            `None` is any time.
        account: The name of the account; `None` for routes.
        send_at: When the message is to be sent. No leg is sent earlier.
    """

    index: int
    message: Message
    find_target: Callable[[], LegTarget]
    channel: Channel | None
    ttl: int | None
    account: str | None
    send_at: datetime | None

    async def submit(self, now: datetime, deadline: float) -> Outcome:
        """Hand it over, and return its last outcome.

        Args:
            now: The time of day.
            deadline: Seconds until its caller gives up.
        """
        try:
            target = self.find_target()
        except ConfigError as error:
            path = f"fallback[{leg_number(self.index)}].account" if self.index else None
            return _refused(self.message, self.account or "", path, str(error))
        return await target.submit(self.message_at(now), deadline)

    @property
    def resends(self) -> bool:
        """Whether another leg may follow this one if it may have been sent."""
        try:
            return self.find_target().resends(self.message)
        except ConfigError:
            return False

    def message_at(self, now: datetime) -> Message:
        """Return the message to hand over now: a scheduled one while `send_at` lies ahead."""
        if self.send_at is None or self.send_at <= now:
            return self.message
        return attrs.evolve(self.message, send_at=self.send_at)


def split_legs(
    message: Message, target: LegTarget, target_of: Callable[[str], LegTarget]
) -> Sequence[ChainLeg] | NotSent:
    """Split a message into its legs.

    Args:
        message: The message.
        target: Where legs that name no account are handed over.
        target_of: Returns the account with a name.

    Returns:
        The legs, in order; or the outcome of the message if one of them cannot be sent, so that
        this shows at once and not only when the leg is needed.

    Raises:
        ConfigError: An account of a route cannot be used.
    """
    legs: list[ChainLeg] = []
    tried: set[tuple[str | None, Channel | None]] = set()
    for index, leg in enumerate((None, *message.fallback)):
        path = "" if leg is None else f"fallback[{leg_number(index)}]"
        account = None if leg is None else leg.account
        try:
            leg_target = target if account is None else target_of(account)
        except ConfigError as error:
            return _refused(message, account or "", f"{path}.account", str(error))
        chain_leg = _chain_leg(index, message, leg, leg_target, target_of)
        refusal = leg_target.refusal(chain_leg.message)
        if refusal is not None:
            failure = refusal.failure
            where = ".".join(filter(None, (path, failure.path)))
            return attrs.evolve(refusal, failure=attrs.evolve(failure, path=where or None))
        key = account, chain_leg.channel
        if key in tried:
            why = "is tried for the second time; one message tries a channel once"
            return _refused(message, leg_target.name or "", f"{path}.channel", why)
        tried.add(key)
        legs.append(chain_leg)
    return legs


def leg_number(index: int) -> int:
    """Return the index in `Message.fallback` of a leg that is not the message itself."""
    return index - 1


def _chain_leg(
    index: int,
    message: Message,
    leg: Leg | None,
    target: LegTarget,
    target_of: Callable[[str], LegTarget],
) -> ChainLeg:
    sent = attrs.evolve(message, fallback=()) if leg is None else message_of_leg(message, leg)
    ttl = target.prepare(sent).ttl
    if ttl is not None:
        refusal = target.refusal(sent)
        if refusal is not None and refusal.failure.path == "ttl":
            # The provider has no ttl on this channel, so that omnimsg alone watches the time.
            sent = attrs.evolve(sent, ttl=None)
    name = target.name
    return ChainLeg(
        index=index,
        message=sent,
        find_target=(lambda: target) if name is None else partial(target_of, name),
        channel=target.channel(sent),
        ttl=ttl,
        account=name,
        send_at=message.send_at,
    )


def _refused(message: Message, account: str, path: str | None, why: str) -> NotSent:
    failure = Failure(reason=Reason.INVALID_MESSAGE, retry=Retry.NEVER, path=path, detail=why)
    return NotSent(reference=message.reference, account=account, failure=failure)
