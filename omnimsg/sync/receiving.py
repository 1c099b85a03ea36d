"""The receiving methods of the synchronous client: callbacks, events, waits and doubts."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import anyio.to_thread

from omnimsg.delivery.handlers import NotHandledError
from omnimsg.domain.arguments import require_function
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

_NO_COROUTINES = (
    "a handler of omnimsg.sync is a plain function; coroutine functions are for omnimsg.Client"
)


class Receiving:
    """The receiving methods of `Client`.

    Messages are tracked from the first call of one of these methods on; make that call before the
    first send. Handlers are plain functions; each call runs in a worker thread and may block.
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
        `events` are done with the event. Otherwise the provider sends the event again, so a handler
        may see an event more than once only after it has raised or timed out, or the process was
        restarted.

        Args:
            handler: Called with each new event, in a worker thread. Without one, and without a loop
                over `events`, only reports are handled: any other event is answered 503, and comes
                again.
            accounts: The accounts whose callbacks are received; unless given, all whose provider
                sends any.
            public_url: Replaces `callbacks.public_url` of the configuration.

        Raises:
            ConfigError: An account has no secret to verify callbacks with, none has a provider that
                sends callbacks, or the public URL is not known.
            InvalidValue: `accounts` is no list, `handler` no function, or `public_url` no URL.
            TypeError: `handler` is a coroutine function.
        """
        in_thread = None if handler is None else self._in_thread(handler)
        return Receiver(self._client.receiver(in_thread, accounts=accounts, public_url=public_url))

    def events(self) -> Generator[Event, None, None]:
        """Iterate over the events that the receivers of this client get from now on.

        An event is handled when the loop asks for the next one; if the loop is left or raises
        instead, the provider sends the event again. Use `contextlib.closing` if the loop's body may
        break. Closing the client ends the loop.
        """
        return iterate(self._client.events())

    def on_status(self, handler: H) -> H:
        """Call a function when the status of a message changes; also as a decorator.

        It is called with a `StatusChanged`, in a worker thread. Changes of one message arrive one
        at a time and in order. A report that changes nothing, such as a late `SENT` after
        `DELIVERED`, causes no call.

        Raises:
            InvalidValue: `handler` is no function.
            TypeError: It is a coroutine function.
        """
        self._client.on_status(self._in_thread(handler))
        return handler

    def wait(
        self,
        message: Accepted | str,
        status: Status | str = Status.DELIVERED,
        *,
        timeout: float = 60.0,
    ) -> MessageStatus:
        """Wait until a message has a status or a higher one, or has failed.

        Reports are noticed at once; those that another process got are read from the store that it
        shares, with growing pauses from the first second on. The provider is polled too: from the
        first second on if this client has no receiver for the account, else after 30 seconds.
        Closing the client ends the wait.

        A message whose fallback legs this client runs has the status once one of the legs has it,
        and has failed once all of them have; the returned status is that of this leg, or of the
        last one. In another process an id stands for one leg alone.

        Args:
            message: What `send` returned, or its id.
            status: The status to wait for, or its exact text: `"read"`.
            timeout: Seconds to wait.

        Raises:
            TimeoutError: The message has neither got so far nor failed in time.
            OperationError: The client was closed before; its `reason` is `CANCELLED`.
            InvalidValue: There is no such status, or the timeout is not a number.
        """
        return run(self._client.wait(message, status, timeout=timeout))

    def tracked(self, message: Accepted | str) -> Tracked | None:
        """Return the tracked state of a message, without asking the provider; `None` if unknown."""
        return run(self._client.tracked(message))

    def doubts(self) -> Sequence[Tracked]:
        """Return the messages that may have been sent, the oldest first.

        Those without proof in time are `Handover.UNRESOLVED` and stay on the list. What was sent
        before this client tracks messages is not on it: without a receiver, call this once first.
        """
        return run(self._client.doubts())

    def finish_legs(self, *, timeout: float) -> int:
        """Wait until no message waits for a fallback leg any more, and return how many still do.

        For a script that has sent its messages: closing the client ends the waits for legs. A leg
        with a ttl is waited for until that is over. A leg without one is waited for ten minutes,
        because otherwise only a report of its failure would end the wait. Both count from `send_at`
        of a message that is scheduled.

        Args:
            timeout: Seconds to wait.
        """
        return run(self._client.finish_legs(timeout=timeout))

    def unknown_codes(self) -> Sequence[UnknownCode]:
        """Return the codes and statuses of providers that are missing in the adapters' tables.

        The list has those that this client has met, in answers, reports and look-ups: at most 1,000
        different ones. Give them a meaning with `codes` of the account, and report them to us.
        """
        return self._client.unknown_codes()

    def _in_thread(self, handler: Callable[[T], Any]) -> Callable[[T], Awaitable[None]]:
        """Return a coroutine function that calls a handler in a worker thread.

        Raises:
            InvalidValue: The handler cannot be called.
            TypeError: The handler is a coroutine function.
        """
        require_function("handler", handler)
        if inspect.iscoroutinefunction(handler):
            raise TypeError(_NO_COROUTINES)
        threads = self._client.handler_threads

        def handle(value: T) -> None:
            try:
                result = handler(value)
            except Exception:
                raise
            except BaseException as error:
                # `sys.exit()` must end only the handler: in a task, it would end the event loop.
                raise NotHandledError from error
            # Of an object, or a lambda around a coroutine function, the call alone shows it.
            if inspect.iscoroutine(result):
                result.close()
                raise TypeError(_NO_COROUTINES)

        async def call(value: T) -> None:
            # Abandoned, so that the time limit of handlers also holds for one that hangs.
            await anyio.to_thread.run_sync(
                handle, value, abandon_on_cancel=True, limiter=threads.here
            )

        return call
