"""Errors and statuses that no request can cause, ordered by a test.

No request makes an operator refuse a sender or an account lose its rights, so a test can order each
error code for the next requests, and each `status` and `err` for the next messages.
"""

from collections.abc import Mapping
from typing import Final

import attrs

from omnimsg.sandbox import LifecycleStep
from omnimsg_messente.emulator.errors import CODES
from omnimsg_messente.emulator.lifecycle import ERRORS, STATUSES, ordered_steps

MAX_ORDERS: Final = 1000

_CHANNELS: Final = frozenset({"sms", "viber", "whatsapp", "rcs"})

_STATUS_OF_ERR: Final[Mapping[int, str]] = {
    0: "DELIVRD",
    1: "FAILED",
    2: "EXPIRED",
    3: "FAILED",
    4: "REJECTD",
    5: "FAILED",
    6: "REJECTD",
    7: "REJECTD",
    8: "REJECTD",
    9: "REJECTD",
    10: "SEEN",
    999: "FAILED",
}
"""The usual status of each err (support page on statuses and error codes)."""


@attrs.define(kw_only=True)
class Order:
    """An error, or a lifecycle, for the next `remaining` requests or messages.

    Attributes:
        code: The error code of the response; None if `steps` are ordered.
        steps: The lifecycle of the message after it is accepted.
        to: Only messages to this number.
        channel: Only messages on this channel.
    """

    code: str | None
    steps: tuple[LifecycleStep, ...]
    to: str | None
    channel: str | None
    remaining: int

    def matches(self, to: str, channel: str) -> bool:
        """Return whether the order applies to a message."""
        return self.to in {None, to} and self.channel in {None, channel}


class Orders:
    """The orders that have not been carried out yet."""

    def __init__(self) -> None:
        self._orders: list[Order] = []

    def add(
        self,
        *,
        code: str | int | None = None,
        status: str | None = None,
        err: int | None = None,
        to: object = None,
        channel: object = None,
        count: object = 1,
    ) -> None:
        """Order an error or a status.

        Args:
            code: An error code, 101 to 107, for the whole response; with `to` for the omnimessage,
                which in a bulk is one element.
            status: The last status of a message that is accepted.
            err: The `err` of that status. Of `status` and `err`, one that is not given is the usual
                one for the other.
            to: Only an omnimessage to this number, with or without a plus.
            channel: Only messages on this channel; for a status or err only.
            count: The number of requests or messages.

        Raises:
            ValueError: A value is not documented; neither or both of a code and a status or err
                are given; too many orders wait.
        """
        number = None if code is None else str(code)
        if (number is None) == (status is None and err is None):
            raise ValueError("code: give either a code, or a status or err")
        if number is not None and number not in CODES:
            raise ValueError(f"code: {code!r} is not one of {', '.join(CODES)}")
        if number is not None and channel is not None:
            raise ValueError("channel: an error code concerns no channel")
        if not (to is None or isinstance(to, str)):
            raise ValueError("to: must be a number")
        if not (channel is None or (isinstance(channel, str) and channel in _CHANNELS)):
            raise ValueError(f"channel: {channel!r} is not a channel")
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise ValueError("count: must be a whole number of at least 1")
        self._orders = [order for order in self._orders if order.remaining]
        if len(self._orders) >= MAX_ORDERS:
            raise ValueError(f"errors: {MAX_ORDERS} are waiting, which is the limit")
        steps = () if number is not None else ordered_steps(*_status_and_err(status, err))
        self._orders.append(
            Order(
                code=number,
                steps=steps,
                to=None if to is None else f"+{to.removeprefix('+')}",
                channel=channel,
                remaining=count,
            )
        )

    def next_code(self, to: str | None = None) -> str | None:
        """Return the code ordered for the next request, or for the next omnimessage to a number."""
        for order in self._orders:
            if order.remaining and order.code is not None and order.to == to:
                order.remaining -= 1
                return order.code
        return None

    def next_steps(self, to: str, channel: str) -> tuple[LifecycleStep, ...]:
        """Return the steps ordered for the next message, empty if there are none."""
        for order in self._orders:
            if order.remaining and order.steps and order.matches(to, channel):
                order.remaining -= 1
                return order.steps
        return ()

    def clear(self) -> None:
        """Forget all orders."""
        self._orders.clear()


def _status_and_err(status: str | None, err: int | None) -> tuple[str, int | None]:
    if status is not None and status not in STATUSES:
        raise ValueError(f"status: {status!r} is not one of {', '.join(STATUSES)}")
    if err is not None and (isinstance(err, bool) or err not in ERRORS):
        raise ValueError(f"err: {err!r} is not one of {', '.join(map(str, ERRORS))}")
    if status is None:
        return _STATUS_OF_ERR[err or 0], err or 0
    return status, err
