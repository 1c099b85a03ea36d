"""What comes back to a client, for applications without an event loop."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import anyio.to_thread

from omnimsg.delivery.handlers import NotHandledError
from omnimsg.domain.status import Status
from omnimsg.sync.call import run
from omnimsg.sync.iteration import iterate
from omnimsg.sync.wsgi import Receiver

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator, Iterable, Sequence

    from omnimsg.delivery.tracked import Tracked
    from omnimsg.domain.events import Event
    from omnimsg.domain.outcome import Accepted
    from omnimsg.domain.status import MessageStatus
    from omnimsg.engine.delivery_events import StatusChanged
    from omnimsg.engine.unknown_codes import UnknownCode
    from omnimsg.sync.interruption import LoopClient

    EventHandler: TypeAlias = Callable[[Event], object]
    StatusHandler: TypeAlias = Callable[[StatusChanged], object]

H = TypeVar("H", bound="StatusHandler")
T = TypeVar("T")


class Reports:
    """The half of `Client` for what comes back.

    Messages are tracked from the first use of one of these methods on; call what you need of them
    before the first send. Handlers are plain functions; each call runs in a worker thread and may
    block.
    """

    _client: LoopClient

    def receiver(
        self,
        handler: EventHandler | None = None,
        *,
        accounts: Iterable[str] | None = None,
        public_url: str | None = None,
    ) -> Receiver:
        """Return the WSGI application that receives the callbacks of all accounts.

        A provider is answered 204 when the handler, those of `on_status` and the loops over
        `events` are done with the event. Otherwise it sends it again, so a handler may see an event
        more than once only after it has raised, timed out, or the process was restarted.

        Args:
            handler: Called with each new event, in a worker thread.
            accounts: The accounts whose callbacks are taken; all that have any unless given.
            public_url: In the place of `callbacks.public_url` of the configuration.

        Raises:
            ConfigError: An account has no secret to verify callbacks with, or nothing tells the
                address by which the providers call.
        """
        in_thread = None if handler is None else _in_thread(handler)
        return Receiver(self._client.receiver(in_thread, accounts=accounts, public_url=public_url))

    def events(self) -> Generator[Event, None, None]:
        """Go through the events that a receiver of this client takes from now on.

        An event is handled when the loop asks for the next one; where the loop is left or raises
        instead, the provider sends the event again. Put it into `contextlib.closing` where the body
        may break.
        """
        return iterate(self._client.events())

    def on_status(self, handler: H) -> H:
        """Call a function when a message has another status; also as a decorator.

        It is called with a `StatusChanged`, in a worker thread, for one message at a time in order,
        and never for a report that changes nothing: a late `SENT` after `DELIVERED` is one.
        """
        self._client.on_status(_in_thread(handler))
        return handler

    def wait(
        self,
        message: Accepted | str,
        status: Status = Status.DELIVERED,
        *,
        timeout: float = 60.0,
    ) -> MessageStatus:
        """Wait until a message has a status or a higher one, or has failed.

        Reports wake it at once. Beside them the provider is asked, more rarely the longer it takes:
        from the first second on where this client has no receiver of the account.

        Args:
            message: What `send` returned, or its id.
            status: The status to wait for.
            timeout: Seconds to wait.

        Raises:
            TimeoutError: The message has neither got so far nor failed in time.
        """
        return run(self._client.wait(message, status, timeout=timeout))

    def tracked(self, message: Accepted | str) -> Tracked | None:
        """Return what is known here of a message, without asking the provider."""
        return run(self._client.tracked(message))

    def doubts(self) -> Sequence[Tracked]:
        """Return the messages that may have been sent, the oldest first.

        Those that nothing settled in time are `Handover.UNRESOLVED` and stay on the list.
        """
        return run(self._client.doubts())

    def finish_legs(self, *, timeout: float) -> int:
        """Wait until no message waits for a fallback leg any more, and return how many still do.

        For a script that has sent its messages: closing the client ends what waits. A leg with a
        ttl is waited for until that is over, and one without for ten minutes, because only a report
        that it has failed would end it.

        Args:
            timeout: Seconds to wait.
        """
        return run(self._client.finish_legs(timeout=timeout))

    def unknown_codes(self) -> Sequence[UnknownCode]:
        """Return the codes and statuses that providers gave and the tables do not have.

        Those that this client has met, in answers, reports and look-ups: at most 1,000 different
        ones. Give them a meaning with `codes` of the account, and report them to us.
        """
        return self._client.unknown_codes()


def _in_thread(handler: Callable[[T], Any]) -> Callable[[T], Awaitable[None]]:
    """Return a coroutine function that calls a handler in a worker thread.

    Raises:
        TypeError: The handler is a coroutine function.
    """
    if inspect.iscoroutinefunction(handler):
        raise TypeError(
            "a handler of omnimsg.sync is a plain function; coroutine functions are for"
            " omnimsg.Client"
        )

    def handle(value: T) -> None:
        try:
            handler(value)
        except Exception:
            raise
        except BaseException as error:
            # `sys.exit()` ends a thread. Out of a task it would end the event loop of all calls.
            raise NotHandledError from error

    async def call(value: T) -> None:
        # The time limit of handlers holds also for one that hangs: its thread is left alone.
        await anyio.to_thread.run_sync(handle, value, abandon_on_cancel=True)

    return call
