"""Accepted messages and their timelines.

A message's whole timeline is planned when the message is accepted. Nothing runs in the background:
the status of a message is computed from its timeline and the clock on each look-up.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import attrs

from omnimsg.json_codec import dumps, loads

if TYPE_CHECKING:
    from collections.abc import Iterator


_LAST_MILLISECOND: Final = 253_402_300_799_999
"""The end of the year 9999, after which ISO 8601 has no date."""


def utc_timestamp(epoch_seconds: float) -> str:
    """Return a time as ISO 8601 in UTC with milliseconds and a ``Z``; at most year 9999."""
    return _of_millisecond(min(round(epoch_seconds * 1_000_000) // 1000, _LAST_MILLISECOND))


# Both functions are cached: a request has several times, and there are many requests a second.
@lru_cache(maxsize=8)
def _of_millisecond(milliseconds: int) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"{_date_and_time(seconds)}.{rest:03d}Z"


@lru_cache(maxsize=8)
def _date_and_time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


@attrs.frozen
class LifecycleStep:
    """One planned status of a message.

    Attributes:
        status: The provider's name of the status.
        offset: Seconds after the start of the timeline; tables leave it at 0 and ``apply_pace``
            sets it.
        delivers: Whether the handset receives the message with this step.
        detail: Further data that the provider reports with this status, such as a failure code.
    """

    status: str
    offset: float = 0.0
    delivers: bool = attrs.field(default=False, kw_only=True)
    detail: Mapping[str, Any] = attrs.field(factory=dict, kw_only=True)


@attrs.frozen
class StatusChange:
    """A step that a message has reached; ``at`` is epoch seconds."""

    status: str
    at: float
    detail: Mapping[str, Any] = attrs.field(factory=dict, kw_only=True)


def describe(kind: str, *parts: str | None) -> str:
    """Return a description of content without a text: its kind in brackets, then its parts.

    The form is the same for every provider, and the parts are not shortened.
    """
    return " ".join([f"[{kind}]", *(part for part in parts if part)])


def _as_json(value: Any) -> bytes:  # noqa: ANN401 - JSON data
    """Return a value as JSON; bytes are JSON already, passed on by ``attrs.evolve``."""
    if isinstance(value, bytes):
        return value
    # Copied to fragment less memory: orjson allocates a kilobyte and shrinks it to the result, and
    # the gaps between the results of many messages would be too small for most other objects.
    return bytes(memoryview(dumps(value)))


# No hooks on assignment: because of the converters, attrs would otherwise also set each attribute
# in the constructor through a slower call.
@attrs.define(kw_only=True, eq=False, on_setattr=attrs.setters.NO_OP)
class MessageRecord:
    """An accepted message and its planned timeline.

    ``content`` and ``extra`` are JSON data, stored as bytes and decoded on each access: changing
    the returned value does not change the record. As lists and dicts they would take most of a
    message's memory, and the garbage collector would visit all of them for as long as the message
    is kept.

    Attributes:
        to: The recipient as the request named it: a number or a mailbox.
        kind: The provider's name for the kind of content.
        text: The whole text; for content without one, the result of ``describe``.
        created: Epoch seconds when the message was accepted.
        start: Epoch seconds when its timeline begins; later than ``created`` if scheduled.
        steps: The steps from ``start`` on, in the order of their offsets.
        waiting: The status before ``start``.
        client_id: The part of an omnimsg client's message id after the account's name.
    """

    provider: str
    id: str
    channel: str
    to: str
    kind: str
    _content: bytes = attrs.field(alias="content", converter=_as_json)
    text: str
    created: float
    start: float
    steps: tuple[LifecycleStep, ...]
    sender: str | None = None
    reference: str | None = None
    client_id: str | None = None
    waiting: str | None = None
    _extra: bytes = attrs.field(default=b"{}", alias="extra", converter=_as_json)

    @property
    def content(self) -> Any:  # noqa: ANN401 - JSON data
        """The provider's own content object, as it was sent."""
        return loads(self._content)

    @property
    def extra(self) -> dict[str, Any]:
        """Further data that the emulator stores with the message."""
        decoded: dict[str, Any] = loads(self._extra)
        return decoded

    def history(self, now: float) -> tuple[StatusChange, ...]:
        """Return the changes until ``now``, oldest first; never empty from ``created`` on."""
        return tuple(self._changes(now))

    def first_change(self) -> StatusChange:
        """Return the change with which the message was accepted."""
        return next(self._changes(math.inf))

    def _changes(self, now: float) -> Iterator[StatusChange]:
        if self.waiting is not None and self.start > self.created:
            yield StatusChange(self.waiting, self.created)
        for step in self.steps:
            at = self.start + step.offset
            if at <= now:
                yield StatusChange(step.status, at, detail=step.detail)

    def next_step_at(self, now: float) -> float | None:
        """Return the epoch time of the first step after ``now``, None if there is none."""
        if not self.steps or self.start + self.steps[-1].offset <= now:
            return None
        return next(at for step in self.steps if (at := self.start + step.offset) > now)

    def latest_change(self, now: float) -> StatusChange:
        """Return the latest change at ``now``."""
        return self.history(now)[-1]

    def delivered_at(self) -> float | None:
        """Return the epoch time at which the handset receives the message, None for never."""
        return next((self.start + step.offset for step in self.steps if step.delivers), None)

    def cancel(self, now: float, step: LifecycleStep) -> None:
        """Drop the steps after ``now`` and end the timeline with ``step`` at ``now``."""
        past = tuple(done for done in self.steps if self.start + done.offset <= now)
        self.steps = (*past, attrs.evolve(step, offset=now - self.start))


def message_id_of(record: MessageRecord) -> str | None:
    """Return the message's id in an omnimsg client, for an account with the provider's name."""
    return None if record.client_id is None else f"{record.provider}:{record.client_id}"


class MessageStore:
    """The messages of one emulator by the provider's message id; the oldest are dropped first."""

    def __init__(self, max_messages: int) -> None:
        self._max_messages = max_messages
        self._records: OrderedDict[str, MessageRecord] = OrderedDict()

    def add(self, record: MessageRecord) -> None:
        """Store a record under its id."""
        self._records[record.id] = record
        if len(self._records) > self._max_messages:
            self._records.popitem(last=False)

    def get(self, message_id: str) -> MessageRecord | None:
        """Return the record of an id, None if it is unknown or evicted."""
        return self._records.get(message_id)

    def clear(self) -> None:
        """Remove all records."""
        self._records.clear()

    def __iter__(self) -> Iterator[MessageRecord]:
        return iter(self._records.values())

    def __len__(self) -> int:
        return len(self._records)
