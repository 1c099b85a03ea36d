"""`TestSandbox`: the interface of a sandbox for tests, and `serve_sandbox`."""

from __future__ import annotations

import asyncio
import re
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, TypeVar

import attrs

from omnimsg.domain.address import is_e164, is_mailbox
from omnimsg.testing.sandbox.callback_carriers import Carrier, carrier_to
from omnimsg.testing.sandbox.callback_request import Mount
from omnimsg.testing.sandbox.config import PUBLIC_URL, SandboxConfig
from omnimsg.testing.sandbox.loop_tasks import loop_is_running
from omnimsg.testing.sandbox.numbers import plain
from omnimsg.testing.sandbox.phone import TIMEOUT, Phone
from omnimsg.testing.sandbox.thread import SandboxThread
from omnimsg.testing.sandbox.watching import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from omnimsg.sandbox import Sandbox
    from omnimsg.testing.sandbox.phone_message import PhoneMessage

T = TypeVar("T")

_POLL_SECONDS: Final = 0.01

# The country of a user, and an identifier that hides the number from the business.
_WHATSAPP_USER: Final = re.compile(r"[A-Za-z]{2}\.[A-Za-z0-9]+")

# What to look at where the application has refused callbacks, by its answer.
_ADVICE: Final = {
    401: "The signature is for another address or account: `call_back_to(public_url=...)` names"
    " the application's own public_url.",
    404: "There is no receiver, or no account of this name: `call_back_to(path=...)` says where"
    " the receiver is.",
}


@attrs.frozen(kw_only=True)
class InjectedFault:
    """A fault that a test has added.

    Attributes:
        kind: The kind of the fault.
    """

    kind: str
    _id: int
    _thread: SandboxThread

    @property
    def fired(self) -> int:
        """How many requests or callbacks the fault has hit."""
        faults = self._thread.call(self._thread.sandbox.faults.as_json)
        return next((int(each["fired"]) for each in faults if each["id"] == self._id), 0)

    def remove(self) -> None:
        """Remove the fault.

        Raises:
            LookupError: It was removed before.
        """
        self._thread.call(self._thread.sandbox.faults.remove, self._id)


class TestSandbox:
    """A sandbox in a separate thread, for synchronous and asynchronous tests.

    Its methods are thread-safe. Each method that waits has a second form, `async_...`, which lets
    the event loop of an asynchronous test run.

    Args:
        thread: The started thread that serves the sandbox.
        config: The configuration that reaches the sandbox.
    """

    # Despite its name, pytest must not collect it as a test class.
    __test__ = False

    def __init__(self, thread: SandboxThread, config: SandboxConfig) -> None:
        self.config = config
        self._thread = thread
        self._watch = Watch(thread, config)
        self._carrier: Carrier | None = None

    @property
    def url(self) -> str:
        """The address of the sandbox, without a trailing slash."""
        return self._thread.sandbox.url

    @property
    def messages(self) -> list[PhoneMessage]:
        """The messages that all phones have received, in the order of arrival."""
        return self._watch.messages()

    @property
    def requests(self) -> list[Mapping[str, Any]]:
        """The latest requests, as `GET /_sandbox/requests` shows them."""
        return self._thread.call(lambda: list(self._thread.sandbox.requests))

    @property
    def callbacks(self) -> list[dict[str, Any]]:
        """The latest attempts to call back, as `GET /_sandbox/callbacks` shows them."""
        return self._thread.call(lambda: self._thread.sandbox.callbacks.latest)

    def phone(self, number: str) -> Phone:
        """Return a phone or a mailbox, with all messages that it has received so far.

        Args:
            number: The number in E.164 form, grouped or not, a mailbox, or WhatsApp's id of a user,
                such as ZA.1349120865.

        Raises:
            ValueError: It is none of them: nothing can reach it, so that no test of it could fail.
        """
        if not (is_mailbox(number) or is_e164(plain(number)) or _WHATSAPP_USER.fullmatch(number)):
            raise ValueError(
                f"{number!r} is neither a number with its country code, such as +27820001000, nor a"
                " mailbox or WhatsApp's id of a user: no message can reach it"
            )
        return Phone(number, self._watch)

    def fail(
        self,
        kind: str = "status",
        *,
        provider: str | None = None,
        **options: Any,  # noqa: ANN401
    ) -> InjectedFault:
        """Add a fault: by default, let the next send request fail with HTTP 503.

        Args:
            kind: `status` (503), `rate_limit`, `reset_before` (nothing is sent), `reset_after` (the
                message is sent, but the answer is lost), `latency`, `callback_lost`, ...; the page
                of the docs about the sandbox lists all kinds.
            provider: The provider whose requests or callbacks it hits; `None` for all.
            options: `count` (1) or `probability`, and the parameters of the kind: `status`,
                `seconds`, ...

        Raises:
            FaultError: The kind or an option is unknown or invalid.
        """
        faults = self._thread.sandbox.faults
        fault = self._thread.call(lambda: faults.add(kind, provider=provider, **options))
        return InjectedFault(kind=kind, id=fault.id, thread=self._thread)

    def call(self, function: Callable[[Sandbox], T]) -> T:
        """Call a function with the `Sandbox`, in the sandbox's thread, and return its result.

        Use it for features without a method here: emulators, service windows, templates.
        """
        return self._thread.call(function, self._thread.sandbox)

    def call_back_to(
        self, application: object, *, path: str | None = None, public_url: str = PUBLIC_URL
    ) -> None:
        """Deliver callbacks (reports, and messages of phones) to the application under test.

        Args:
            application: An ASGI or WSGI application, the `TestClient` of Starlette or FastAPI, or
                the URL of a served application. An ASGI application is called in the running event
                loop of this thread, or without one in a new thread, without lifespan.
            path: The path of the receiver in the application; by default that of the public
                address, `/callbacks`, or of the URL.
            public_url: The application's own address of the receiver, which is signed; by default
                that of `config`.

        Raises:
            TypeError: The application is none of these.
            ValueError: The public address, or the URL of the application, is invalid.
        """
        if isinstance(application, str) and path is None:
            path = Mount.of(application, None).path
        self._thread.call(self._set_addresses, public_url)
        self._close_carrier()
        self._carrier = carrier_to(application, Mount.of(public_url, path))
        self._thread.call(self._thread.sandbox.callbacks.carry_with, self._carrier)

    def wait_for_callbacks(self, *, timeout: float = TIMEOUT) -> None:
        """Wait until the application has accepted every due callback, repetitions included.

        Args:
            timeout: Seconds.

        Raises:
            AssertionError: The application has not accepted a callback, or not answered in time.
            RuntimeError: `call_back_to` was not called; or this thread runs an event loop, which a
                wait would block.
        """
        __tracebackhide__ = True
        if loop_is_running():
            raise RuntimeError(
                "this thread runs an event loop, which a wait would block: await"
                " sandbox.async_wait_for_callbacks()"
            )
        self._require_taken(self._thread.begin(self._wait_until_taken, timeout).result())

    async def async_wait_for_callbacks(self, *, timeout: float = TIMEOUT) -> None:  # noqa: ASYNC109 - the parameters of the other wait
        """Wait like `wait_for_callbacks`, while the event loop runs."""
        __tracebackhide__ = True
        taken = self._thread.begin(self._wait_until_taken, timeout)
        self._require_taken(await asyncio.wrap_future(taken))

    def assert_nothing_sent(self, *, within: float = 0.1) -> None:
        """Require that no provider has accepted a message, and that none does within a time.

        It waits for requests in flight. If this thread runs an event loop, it does not wait, and
        fails if a task of the loop may be about to send.

        Args:
            within: Seconds.

        Raises:
            AssertionError: A message was sent, or whether one will be is not known.
        """
        __tracebackhide__ = True
        self._watch.require_nothing(None, within, "sandbox.async_assert_nothing_sent()")

    async def async_assert_nothing_sent(self, *, within: float = 0.1) -> None:
        """Require the same, while the event loop runs; wait also for tasks that send."""
        __tracebackhide__ = True
        await self._watch.async_require_nothing(None, within)

    def reset(self) -> None:
        """Remove all data, and switch callbacks off; requests in progress are aborted."""
        self._thread.call(self._reset)
        self._close_carrier()
        self._watch = Watch(self._thread, self.config)

    def _set_addresses(self, public_url: str) -> None:
        """Address callbacks to the accounts of the configuration; to the first of several."""
        sandbox, base = self._thread.sandbox, public_url.rstrip("/")
        sandbox.callbacks.set_url(base)
        for provider, emulator in sandbox.emulators.items():
            accounts = self.config.accounts_of(provider)
            if emulator.callbacks is not None and accounts and accounts[0] != provider:
                usual = emulator.callbacks.signer.address(base)
                own = f"{base}/{accounts[0]}{usual.removeprefix(f'{base}/{provider}')}"
                sandbox.callbacks.set_url(own, provider)

    def _close_carrier(self) -> None:
        carrier, self._carrier = self._carrier, None
        if carrier is not None:
            carrier.close()

    def _reset(self) -> None:
        sandbox = self._thread.sandbox
        sandbox.callbacks.switch_off()
        sandbox.callbacks.carry_with(None)
        sandbox.reset()

    def _require_taken(self, problem: str | None) -> None:
        __tracebackhide__ = True
        if problem is not None:
            errors = self._carrier.errors if self._carrier is not None else []
            raise AssertionError(problem) from (errors[-1] if errors else None)

    async def _wait_until_taken(self, seconds: float) -> str | None:
        """Wait until all callbacks are accepted; return the problem. Runs in the sandbox's loop."""
        callbacks = self._thread.sandbox.callbacks
        if not callbacks.is_on:
            raise RuntimeError("callbacks have no address: give one with sandbox.call_back_to(...)")
        ends = time.monotonic() + seconds
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, ends - time.monotonic())):
                    await callbacks.flush()
            counts = callbacks.counts
            if not counts["waiting"] or time.monotonic() >= ends:
                break
            await asyncio.sleep(_POLL_SECONDS)
        if not counts["waiting"] and not counts["given_up"]:
            return None
        lines = [
            f"  {each['provider']} {each['kind']}, attempt {each['attempt']}:"
            f" {each['status'] or each['error'] or 'no answer'}"
            for each in callbacks.latest[-10:]
        ]
        answers = {each["status"] for each in callbacks.latest[-10:]}
        lines += [advice for status, advice in _ADVICE.items() if status in answers]
        waiting = f"{counts['waiting']} callbacks wait, {counts['given_up']} were given up"
        return "\n".join([f"The application has not taken every callback: {waiting}.", *lines])


@contextmanager
def serve_sandbox(
    sandbox: Sandbox | None = None, *, own: Mapping[str, Any] | None = None
) -> Iterator[TestSandbox]:
    """Serve a sandbox from a thread until the end of the block, for tests without pytest.

    Args:
        sandbox: A sandbox that has not been started; by default one with all installed emulators.
        own: The configuration of the application under test, whose accounts are redirected to the
            sandbox.
    """
    thread = SandboxThread(sandbox)
    thread.start()
    try:
        with TemporaryDirectory(prefix="omnimsg-") as folder:
            served = TestSandbox(thread, SandboxConfig(thread.sandbox, Path(folder), own))
            try:
                yield served
            finally:
                served.reset()
    finally:
        thread.stop()
