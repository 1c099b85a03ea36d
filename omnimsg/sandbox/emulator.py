"""For people who write emulators: what one has to say to be served by the sandbox."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from omnimsg.sandbox.media_store import MediaStore
from omnimsg.sandbox.message_records import Messages

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Sequence

    from aiohttp import web

    from omnimsg.sandbox.message_records import Record
    from omnimsg.sandbox.state import World

T = TypeVar("T")


def shuffled(items: Sequence[T], order: random.Random) -> list[T]:
    """Return ``items`` in another order; two or more never keep theirs."""
    result = list(items)
    if len(result) > 1:
        order.shuffle(result)
        if all(a is b for a, b in zip(items, result, strict=True)):
            result.append(result.pop(0))
    return result


class Emulator(abc.ABC):
    """One provider's API, as strict as the provider.

    Handlers answer with a buffered ``web.Response``; faults (resets, truncation, other orders) are
    the kit's business and never appear in a handler. An emulator is constructed with its world
    alone; options of its own are keyword arguments with defaults, set through a factory such as
    ``functools.partial(MyEmulator, option=1)``.

    Attributes:
        name: The provider's name; also the prefix of its paths, as in ``/clickatell``.
        world: Clock, pace, ids and handsets.
        messages: The accepted messages that can be looked up.
        media: The uploaded files.
    """

    name: ClassVar[str]

    def __init__(self, world: World) -> None:
        self.world = world
        self.messages: Messages = Messages(world.limits.messages)
        self.media: MediaStore = MediaStore(world.limits.media_bytes)

    @classmethod
    @abc.abstractmethod
    def account(cls, base_url: str) -> dict[str, Any]:
        """Return the table of a configured account that reaches this emulator.

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
        """Say whether a request may reach a handset; faults act on these by default."""

    @abc.abstractmethod
    def refuse(self, request: web.Request, status: int) -> web.Response:
        """Phrase a refusal that the kit found, in the provider's own shape and HTTP status.

        Args:
            request: What is refused. Its credentials have not been checked.
            status: 404 no such path, 405 wrong verb, 413 body too large, 429 throttled.
        """

    def shuffle(self, document: object, order: random.Random) -> object:
        """Return a send's decoded answer with its per-message entries in another order.

        By default the document as it is, for providers whose answers are in order.
        """
        del order
        return document

    def accept(self, record: Record) -> None:
        """Remember an accepted message and put it on its way to its handset."""
        self.messages.add(record)
        self.world.handsets.expect(record)

    def reset(self) -> None:
        """Forget messages and media; an emulator with more state extends this."""
        self.messages.clear()
        self.media.clear()
