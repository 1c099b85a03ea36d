"""The receiver: a web application that takes the callbacks of all accounts.

It is an ASGI application, which every framework can mount, and provides an aiohttp.web one. A
callback is answered 204 only when all its events are handled. In every other case the provider
sends it again.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections import Counter
from typing import TYPE_CHECKING, Any

from omnimsg.adapter import Authenticity, Callback, Context
from omnimsg.delivery import asgi
from omnimsg.delivery.public_address import PublicAddress
from omnimsg.delivery.request import HANDLED, Answer, CallbackRequest, RefusedBecause
from omnimsg.delivery.time_limit import TimeLimitError, within
from omnimsg.domain.errors import ConfigError
from omnimsg.domain.events import StatusEvent
from omnimsg.domain.log_fields import log_fields
from omnimsg.engine.attempt.outcome_redaction import Redactor
from omnimsg.engine.cancellation import is_own_cancellation
from omnimsg.engine.delivery_events import CallbackRefused
from omnimsg.engine.loop_bound import PerLoop
from omnimsg.engine.unknown_codes import note_leg

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from aiohttp import web

    from omnimsg.adapter import Adapter
    from omnimsg.delivery.dispatcher import Dispatcher
    from omnimsg.delivery.options import CallbackOptions
    from omnimsg.engine.clock import Clock
    from omnimsg.engine.observers import Observers

log: logging.Logger = logging.getLogger("omnimsg.delivery")

# The most removed accounts whose callbacks are still received. Those of tenants that come and go
# would fill the memory, each with its secrets.
MAX_REMOVED = 10_000
# After events that failed have taken so many times `handler_timeout`, the callback is given up. Two
# and not one: an event that hangs by itself does not keep those after it from being handled.
_MOST_SPENT = 2


class RefusedError(Exception):
    """A request is refused."""

    def __init__(self, why: RefusedBecause, detail: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.detail = detail


class Receiver:
    """Receives the callbacks of the accounts of a client.

    The path of a callback ends with the account's name, and for Clickatell with a secret after it:
    `/callbacks/bird`, `/callbacks/clickatell/SECRET`. The application chooses what comes before.

    Mount it as an ASGI application, or use `aiohttp_app()`.

    Args:
        adapters: By account name; those whose provider sends no callbacks are left out. It may
            change: an account that is added is received too, unless it has no secret to verify
            with, and one that is removed stays, because its last reports are still to come, until
            10,000 others were removed after it.
        options: Limits and the public URL.
        dispatcher: Hands on the events.
        observers: Notified of refused requests.
        clock: Tells the time.

    Attributes:
        handled: How many callbacks were answered 204.
        refused: How many were refused, by cause.

    Raises:
        ConfigError: No account can receive, an account has no secret to verify with, or the public
            URL is not known.
    """

    def __init__(
        self,
        adapters: Mapping[str, Adapter[Any]],
        *,
        options: CallbackOptions,
        dispatcher: Dispatcher,
        observers: Observers,
        clock: Clock,
    ) -> None:
        self._adapters = adapters
        # By account name: the adapters whose callbacks are received, as they were last seen.
        self._received = {name: each for name, each in adapters.items() if each.receives()}
        self._options = options
        self._address = PublicAddress(options)
        self._dispatcher = dispatcher
        self._observers = observers
        self._clock = clock
        self._in_progress = 0
        self._slots = PerLoop(lambda: asyncio.Semaphore(options.concurrency))
        self.handled: int = 0
        self.refused: Counter[RefusedBecause] = Counter()
        self._require_secrets()

    @property
    def accounts(self) -> tuple[str, ...]:
        """The names of the accounts whose callbacks are received."""
        return tuple(filter(self.has_account, {**self._received, **self._adapters}))

    def has_account(self, name: str) -> bool:
        """Return whether the callbacks of an account are received."""
        return self._find_adapter(name) is not None

    def keep(self, name: str) -> None:
        """Go on receiving for an account that is about to be removed; the client calls this."""
        adapter = self._find_adapter(name)  # which notes an account that was added later
        if adapter is None:
            return
        # To the end, so that the accounts that were removed first come first.
        del self._received[name]
        self._received[name] = adapter
        if len(self._received) > MAX_REMOVED:
            removed = [each for each in self._received if each not in self._adapters]
            for each in removed[:-MAX_REMOVED]:
                del self._received[each]

    async def __call__(self, scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> None:
        """Serve as an ASGI application."""
        await asgi.serve(self.respond, scope, receive, send)

    def mount(self, application: asgi.Application, path: str) -> asgi.Application:
        """Return an ASGI application: the receiver below `path`, `application` for all other paths.

        For frameworks that cannot mount an application themselves, such as Django.

        Args:
            application: The application that serves every other path.
            path: The path of the receiver, such as `/callbacks`.
        """
        return asgi.mounted(self, application, path)

    def aiohttp_app(self) -> web.Application:
        """Return an aiohttp.web application, to run or to add with `add_subapp`."""
        from omnimsg.delivery.aiohttp_app import application  # noqa: PLC0415 - costs an import

        return application(self.respond)

    async def respond(self, request: CallbackRequest) -> Answer:
        """Answer one request; raise nothing but the cancellation of the calling task."""
        account = ""
        try:
            adapter, tail, path_secret = self._find(request)
            account = adapter.account.name
            self._count_request()
            try:
                body = request.body
                if not isinstance(body, bytes):
                    body = await self._read(request, body)
                elif len(body) > self._options.body_limit:
                    raise RefusedError(RefusedBecause.TOO_LARGE)
                callback = self._callback(request, body, tail, path_secret)
                context = Context.make(account=account, now=self._clock.utc_now())
                # Verified before it waits for a slot: forged callbacks must not delay genuine ones.
                self._verify(adapter, callback, context)
                async with self._slots.here:
                    await self._hand_on(adapter, callback, context)
            finally:
                self._in_progress -= 1
        except RefusedError as refusal:
            self._report_refusal(account, refusal)
            return refusal.why.answer
        self.handled += 1
        return HANDLED

    def _find(self, request: CallbackRequest) -> tuple[Adapter[Any], str, bytes | None]:
        """Return the adapter that a path names, the path's tail, and the secret in it."""
        if request.method != "POST":
            raise RefusedError(RefusedBecause.WRONG_METHOD)
        path = request.path.rstrip("/")
        segments, end = path.rsplit("/", 2), request.path[len(path) :]
        adapter = self._find_adapter(segments[-1])
        if adapter is not None:
            return adapter, segments[-1] + end, None
        adapter = self._find_adapter(segments[-2]) if len(segments) > 1 else None
        if adapter is None:
            raise RefusedError(RefusedBecause.NO_SUCH_ACCOUNT)
        return adapter, "/".join(segments[-2:]) + end, segments[-1].encode("latin-1", "replace")

    def _find_adapter(self, name: str) -> Adapter[Any] | None:
        """Return the adapter that receives for an account; `None` if none does."""
        adapter, received = self._adapters.get(name), self._received.get(name)
        if adapter is None or adapter is received:
            return received
        # Added, or replaced to change its secrets, since the receiver was built.
        if adapter.receives() and adapter.callback_problem() is None:
            self._received[name] = adapter
            return adapter
        self._received.pop(name, None)
        return None

    def _count_request(self) -> None:
        """Count a request as in progress until it is answered; refuse it if there are too many."""
        if self._in_progress >= self._options.backlog:
            raise RefusedError(RefusedBecause.TOO_MANY)
        self._in_progress += 1

    async def _read(
        self, request: CallbackRequest, pieces: Callable[[], AsyncIterator[bytes]]
    ) -> bytes:
        """Read the body within its limits."""
        limit = self._options.body_limit
        length = request.header(b"content-length")
        if length is not None and length.isdigit() and int(length[:20]) > limit:
            raise RefusedError(RefusedBecause.TOO_LARGE)
        try:
            body = await within(self._options.read_timeout, _joined_pieces(pieces(), limit))
        except TimeoutError:
            raise RefusedError(RefusedBecause.TOO_SLOW) from None
        except Exception:  # noqa: BLE001 - each server has its own errors for a body that breaks off
            raise RefusedError(RefusedBecause.BROKEN_OFF) from None
        if body is None:
            raise RefusedError(RefusedBecause.TOO_LARGE)
        return body

    def _callback(
        self, request: CallbackRequest, body: bytes, tail: str, path_secret: bytes | None
    ) -> Callback:
        url = self._address.of(request, tail)
        if url is None:
            raise RefusedError(RefusedBecause.UNKNOWN_ADDRESS, self._address.why_unknown(request))
        return Callback.make(body=body, headers=request.headers, url=url, path_secret=path_secret)

    def _verify(self, adapter: Adapter[Any], callback: Callback, context: Context) -> None:
        """Refuse a callback that does not come from the provider."""
        try:
            authenticity = adapter.verify(callback, context)
        except Exception as error:
            raise RefusedError(RefusedBecause.NOT_HANDLED, _where(error)) from error
        if authenticity is not Authenticity.GENUINE:
            raise RefusedError(RefusedBecause.NOT_GENUINE, str(authenticity))

    async def _hand_on(self, adapter: Adapter[Any], callback: Callback, context: Context) -> None:
        """Hand on the events of a genuine callback.

        One that is not handled stops no other, unless those that failed have taken so long that the
        store must be expected to hang: a callback may have thousands of events.
        """
        remember_until = context.now + adapter.repeats_for
        failed: BaseException | None = None
        now, spent = self._clock.monotonic, 0.0
        redactor = Redactor(adapter)
        try:
            events = tuple(adapter.parse(callback, context))
        except Exception as error:
            raise RefusedError(RefusedBecause.NOT_HANDLED, _where(error)) from error
        for event in events:
            began = now()
            try:
                if isinstance(event, StatusEvent):
                    note_leg(event.leg, adapter, self._observers)
                    event = redactor.report(event)  # noqa: PLW2901 - in its place
                await self._dispatcher.dispatch(event, context.now, remember_until)
            except (Exception, asyncio.CancelledError) as error:
                if is_own_cancellation(error):
                    raise
                failed, spent = failed or error, spent + now() - began
                if spent >= _MOST_SPENT * self._options.handler_timeout:
                    break
        if failed is not None:
            raise RefusedError(RefusedBecause.NOT_HANDLED, _where(failed)) from failed

    def _report_refusal(self, account: str, refusal: RefusedError) -> None:
        """Count a refusal, log it, and notify the observers."""
        why = refusal.why
        self.refused[why] += 1
        adapter = self._received.get(account)
        provider = None if adapter is None else adapter.provider
        fields = log_fields(
            account=account,
            provider=provider,
            refused_because=why.value,
            http_status=why.answer.status,
        )
        if why is RefusedBecause.NOT_HANDLED:
            log.warning(
                "a callback of account %r was not handled (%s); the provider will send it again",
                account,
                refusal.detail,
                extra=fields,
            )
        elif account:
            log.info(
                "a callback of account %r was refused: %s %s",
                account,
                why,
                refusal.detail,
                extra=fields,
            )
        if self._observers.callback_refused is not None:
            self._observers.callback_refused(
                CallbackRefused(account=account, why=why, http_status=why.answer.status)
            )

    def _require_secrets(self) -> None:
        if not self._received:
            raise ConfigError("no account has a provider whose callbacks omnimsg reads")
        problems = [
            f"accounts.{name} {problem}"
            for name, adapter in self._received.items()
            if (problem := adapter.callback_problem()) is not None
        ]
        if not self._address.is_known:
            problems.append(
                "callbacks.public_url is missing: the address by which the providers call, such as"
                " 'https://hooks.example.com/callbacks'"
            )
        if problems:
            raise ConfigError("callbacks cannot be received:\n  " + "\n  ".join(problems))


async def _joined_pieces(pieces: AsyncIterator[bytes], limit: int) -> bytes | None:
    """Return the pieces of a body as one; `None` as soon as they are larger than the limit."""
    body = b""
    rest: list[bytes] = []
    size = 0
    async for piece in pieces:
        size += len(piece)
        if size > limit:
            return None
        if body:
            rest.append(piece)
        else:
            body = piece
    return b"".join((body, *rest)) if rest else body


def _where(error: BaseException) -> str:
    """Return the type of an error and where it was raised; its text may quote the event."""
    if isinstance(error, TimeLimitError):
        return f"handler_timeout: {error}"
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return type(error).__name__
    last = frames[-1]
    return f"{type(error).__name__} in {last.name}, {last.filename}:{last.lineno}"
