"""`Emulator`: the base class of emulators, with the methods that the sandbox calls."""

from __future__ import annotations

import abc
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from omnimsg.sandbox.arguments import require
from omnimsg.sandbox.changed_messages import note_change
from omnimsg.sandbox.display import Display
from omnimsg.sandbox.media_store import MediaStore
from omnimsg.sandbox.message_records import MessageStore
from omnimsg.sandbox.scenarios import Scenario, scenario
from omnimsg.sandbox.service_windows import ServiceWindows
from omnimsg.sandbox.state import SandboxState

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Mapping, Sequence

    from aiohttp import web

    from omnimsg.sandbox.callbacks.source import CallbackSource
    from omnimsg.sandbox.message_records import LifecycleStep, MessageRecord

T = TypeVar("T")


def shuffle_entries(entries: Sequence[T], rng: random.Random) -> list[T]:
    """Return the entries in another order; two or more never keep their order."""
    result = list(entries)
    if len(result) > 1:
        rng.shuffle(result)
        if all(a is b for a, b in zip(entries, result, strict=True)):
            result.append(result.pop(0))
    return result


class Emulator(abc.ABC):
    """One provider's API, as strict as the provider.

    Handlers return a buffered ``web.Response``. The sandbox applies faults (resets, truncation,
    shuffled entries); a handler never does. The constructor takes the sandbox state; options of an
    emulator are keyword arguments with defaults, set through a factory such as
    ``functools.partial(MyEmulator, option=1)``.

    Attributes:
        name: The provider's name; also the prefix of its paths, as in ``/clickatell``.
        state: Clock, pace, ids and handsets.
        messages: The accepted messages that can be looked up.
        media: The uploaded files.
        windows: WhatsApp's service windows; an emulator without WhatsApp ignores them.
        callbacks: Builds the provider's callbacks; None for an emulator without callbacks.
        display: Prepares messages for the inbox page; by default only their texts.
        own_settings: The keys of `account` whose values depend on the options of this emulator.
    """

    name: ClassVar[str]
    own_settings: Mapping[str, Any] = MappingProxyType({})

    def __init__(self, state: SandboxState, *, service_window: bool = True) -> None:
        require(SandboxState, state=state)
        require(bool, service_window=service_window)
        self.state = state
        self.windows: ServiceWindows = ServiceWindows(state, enforced=service_window)
        self.messages: MessageStore = MessageStore(state.limits.messages)
        self.media: MediaStore = MediaStore(state.limits.media_bytes)
        self.callbacks: CallbackSource | None = None
        self.display: Display = Display()

    @classmethod
    @abc.abstractmethod
    def account(cls, base_url: str) -> dict[str, Any]:
        """Return the table of a configured account that reaches this emulator without options.

        Args:
            base_url: The emulator's own address, such as ``http://127.0.0.1:8080/clickatell``.
        """

    @abc.abstractmethod
    def routes(self) -> Iterable[web.RouteDef]:
        """Return the provider's routes; paths begin after the prefix, as in ``/v1/message``."""

    def control_routes(self) -> Iterable[web.RouteDef]:
        """Return routes for tests, served below ``/_sandbox/NAME``; none by default."""
        return ()

    @abc.abstractmethod
    def is_send(self, request: web.Request) -> bool:
        """Return whether a request may reach a handset; faults hit only these by default."""

    @abc.abstractmethod
    def refuse(self, request: web.Request, status: int) -> web.Response:
        """Return the provider's own response to a request that the sandbox refuses.

        The HTTP status of the response is the provider's and may differ from ``status``.

        Args:
            request: The refused request. Its credentials have not been checked.
            status: The cause: 404 no such path, 405 wrong method, 413 body too large, 429
                throttled.
        """

    def shuffle(self, document: object, rng: random.Random) -> object:
        """Return the decoded response to a send with its per-message entries in another order.

        By default the document is unchanged, for providers whose entries are in request order.
        """
        del rng
        return document

    def accept(self, record: MessageRecord) -> None:
        """Store an accepted message; its handset shows it from its delivering step on."""
        self.messages.add(record)
        self.state.handsets.add(record)
        note_change(record)

    def throttles(self, recipients: Iterable[str]) -> bool:
        """Count an attempt to send to each recipient; return whether their request is throttled.

        One recipient of the scenario ``THROTTLED_ONCE`` is enough, at every odd attempt.
        """
        once = {to for to in recipients if scenario(to) is Scenario.THROTTLED_ONCE}
        # No short circuit: every recipient is counted, also after one that is throttled.
        return True in {self.state.should_throttle(self.name, to) for to in once}

    def cancel(self, record: MessageRecord, step: LifecycleStep) -> None:
        """End the timeline of an accepted message with a step now."""
        record.cancel(self.state.clock(), step)
        note_change(record)

    def reset(self) -> None:
        """Remove messages, media and windows; an emulator with more state extends this."""
        self.messages.clear()
        self.media.clear()
        self.windows.clear()
