"""The legs of a message, each as a message of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import attrs

from omnimsg.domain.errors import ConfigError
from omnimsg.domain.failure import Failure
from omnimsg.domain.message import Message
from omnimsg.domain.outcome import NotSent
from omnimsg.domain.reason import Reason, Retry

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from omnimsg.domain.channel import Channel
    from omnimsg.domain.message import Leg
    from omnimsg.domain.outcome import Outcome


class Way(Protocol):
    """Where a leg is handed over: one account, or the routes of a client."""

    def submit(self, message: Message, deadline: float) -> Awaitable[Outcome]:
        """Send one message, and return its last outcome."""

    def refusal(self, message: Message) -> NotSent | None:
        """Return the outcome of a message that cannot be sent; `None` if it can."""

    def carries_legs(self, message: Message) -> bool:
        """Return whether providers run the fallback legs of a message."""

    def resends(self, message: Message) -> bool:
        """Return whether a message that may have been sent may be sent once more."""

    def channel(self, message: Message) -> Channel | None:
        """Return the channel that a message travels on; `None` if it cannot be determined."""


@attrs.frozen(kw_only=True)
class Stage:
    """One leg.

    Attributes:
        index: 0 is the message itself, 1 the first of its `fallback`.
        message: The message to hand over: without legs, and without a ttl if the provider has none.
        way: Where it is handed over.
        ttl: Seconds from its hand-over within which it must be delivered; `None` is any time.
        account: The account that the leg names.
    """

    index: int
    message: Message
    way: Way
    ttl: int | None
    account: str | None


def stages_of(
    message: Message, way: Way, way_of: Callable[[str], Way]
) -> Sequence[Stage] | NotSent:
    """Split a message into its legs.

    Args:
        message: The message.
        way: Where legs that name no account are handed over.
        way_of: Returns the account with a name.

    Returns:
        The legs, in order; or the outcome of the message if one of them cannot be sent, so that
        this shows at once and not only when the leg is needed.

    Raises:
        ConfigError: An account of a route cannot be used.
    """
    stages: list[Stage] = []
    tried: set[tuple[str | None, Channel | None]] = set()
    for index, leg in enumerate((None, *message.fallback)):
        path = "" if leg is None else f"fallback[{leg_number(index)}]"
        account = None if leg is None else leg.account
        try:
            target = way if account is None else way_of(account)
        except ConfigError as error:
            return _refused(message, account or "", f"{path}.account", str(error))
        stage = _stage(index, message, leg, target)
        refusal = target.refusal(stage.message)
        if refusal is not None:
            failure = refusal.failure
            where = ".".join(filter(None, (path, failure.path)))
            return attrs.evolve(refusal, failure=attrs.evolve(failure, path=where or None))
        key = account, target.channel(stage.message)
        if key in tried:
            why = "is tried for the second time; one message tries a channel once"
            return _refused(message, account or "", f"{path}.channel", why)
        tried.add(key)
        stages.append(stage)
    return stages


def leg_number(index: int) -> int:
    """Return the index in `Message.fallback` of a leg that is not the message itself."""
    return index - 1


def _stage(index: int, message: Message, leg: Leg | None, way: Way) -> Stage:
    if leg is None:
        sent = attrs.evolve(message, fallback=())
    else:
        # `reply_to` refers to a message on the first channel, and `encryption` to the message's own
        # content.
        sent = attrs.evolve(
            message,
            content=leg.content or message.content,
            channel=leg.channel,
            sender=leg.sender,
            ttl=leg.ttl,
            send_at=None,
            reply_to=None,
            encryption=None if leg.content is not None else message.encryption,
            fallback=(),
        )
    ttl = sent.ttl
    if ttl is not None:
        refusal = way.refusal(sent)
        if refusal is not None and refusal.failure.path == "ttl":
            # The provider has no ttl on this channel, so that omnimsg alone watches the time.
            sent = attrs.evolve(sent, ttl=None)
    account = None if leg is None else leg.account
    return Stage(index=index, message=sent, way=way, ttl=ttl, account=account)


def _refused(message: Message, account: str, path: str, why: str) -> NotSent:
    failure = Failure(reason=Reason.INVALID_MESSAGE, retry=Retry.NEVER, path=path, detail=why)
    return NotSent(reference=message.reference, account=account, failure=failure)
