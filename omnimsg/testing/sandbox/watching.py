"""`Watch`: read a sandbox from a test, and wait for messages in the sandbox's event loop."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

import attrs

from omnimsg.testing.sandbox.explanation import Explanation
from omnimsg.testing.sandbox.loop_tasks import loop_is_running, unfinished_sends
from omnimsg.testing.sandbox.numbers import NumberBook
from omnimsg.testing.sandbox.snapshot import Snapshot, take

if TYPE_CHECKING:
    from omnimsg.testing.sandbox.config import SandboxConfig
    from omnimsg.testing.sandbox.matching import Wanted
    from omnimsg.testing.sandbox.phone_message import PhoneMessage
    from omnimsg.testing.sandbox.thread import SandboxThread

# Messages arrive by the sandbox's clock, which sends no notice, so it has to be polled.
_POLL_SECONDS: Final = 0.01
# The timeout for requests and sends in flight, in seconds; after it, an assertion fails as unknown.
_MAX_WAIT_SECONDS: Final = 5.0

_LOOP_IS_BLOCKED: Final = (
    "Nothing was waited for: this thread runs an event loop, and a wait would block it, with all"
    " that runs in it. In an async test: await {}"
)


class Watch:
    """The view of a test on a sandbox.

    Args:
        thread: The thread that serves the sandbox.
        config: The configuration, which names the accounts.

    Attributes:
        thread: The thread that serves the sandbox.
        book: The spelling of numbers in the test.
    """

    def __init__(self, thread: SandboxThread, config: SandboxConfig) -> None:
        self.thread = thread
        self._accounts = {name: config.accounts_of(name) for name in thread.sandbox.emulators}
        self.book: NumberBook = NumberBook()
        self._found: set[tuple[str, str]] = set()

    def messages(self, handset: str | None = None) -> list[PhoneMessage]:
        """Return the messages that a phone, or all phones, have received, oldest first."""
        return [
            self._with_account(each) for each in self._take_snapshot().messages(self.book, handset)
        ]

    def explain(self, handset: str | None, snapshot: Snapshot | None = None) -> Explanation:
        """Return the explanation of a failure about a phone, or about all phones."""
        return Explanation(
            snapshot=snapshot or self._take_snapshot(),
            book=self.book,
            handset=handset,
            found=frozenset(self._found),
        )

    def wait(self, handset: str, wanted: Wanted, timeout: float) -> PhoneMessage:
        """Wait for a message that no earlier wait has returned, and return it.

        Raises:
            AssertionError: No such message arrived in time; or none has arrived yet, and a wait
                would block this thread's event loop.
        """
        __tracebackhide__ = True
        if loop_is_running():
            found = self._first_match(self._take_snapshot(), handset, wanted)
            hint = _LOOP_IS_BLOCKED.format("phone.async_wait_for(...)")
            return self._returned(found, handset, wanted, "", hint)
        found = self.thread.begin(self._wait_for_arrival, handset, wanted, timeout).result()
        return self._returned(found, handset, wanted, f" within {timeout:g} s")

    async def async_wait(self, handset: str, wanted: Wanted, timeout: float) -> PhoneMessage:  # noqa: ASYNC109 - the caller's parameters
        """Wait like `wait`, while the event loop runs."""
        __tracebackhide__ = True
        found = await asyncio.wrap_future(
            self.thread.begin(self._wait_for_arrival, handset, wanted, timeout)
        )
        return self._returned(found, handset, wanted, f" within {timeout:g} s")

    def require_nothing(self, handset: str | None, within: float, hint: str) -> None:
        """Require that nothing was sent to a phone, or to any, and nothing is within a time.

        Args:
            handset: The phone; `None` for all.
            within: Seconds.
            hint: The call for asynchronous tests, named in the failure.

        Raises:
            AssertionError: A message was sent, or whether one will be is not known.
        """
        __tracebackhide__ = True
        if not loop_is_running():
            self._require_nothing(
                self.thread.begin(self._wait_for_quiet, handset, within).result(), handset
            )
            return
        self._require_nothing(self._take_snapshot(), handset)
        sends = unfinished_sends()
        if sends:
            raise AssertionError(
                f"It cannot be told whether anything will be sent: {', '.join(sends)} has not"
                f" ended. {_LOOP_IS_BLOCKED.format(hint)}"
            )

    async def async_require_nothing(self, handset: str | None, within: float) -> None:
        """Require the same as `require_nothing`, while the event loop runs."""
        __tracebackhide__ = True
        ends = time.monotonic() + max(within, _MAX_WAIT_SECONDS)
        while True:
            quiet = self.thread.begin(self._wait_for_quiet, handset, within)
            self._require_nothing(await asyncio.wrap_future(quiet), handset)
            sends = unfinished_sends()
            if not sends:
                return
            if time.monotonic() >= ends:
                raise AssertionError(
                    f"It cannot be told whether anything was sent: {', '.join(sends)} has not ended"
                )

    def _take_snapshot(self) -> Snapshot:
        return self.thread.call(take, self.thread.sandbox)

    def _first_match(self, snapshot: Snapshot, handset: str, wanted: Wanted) -> PhoneMessage | None:
        """Return the oldest matching message that no earlier wait has returned."""
        return next(
            (
                each
                for each in snapshot.messages(self.book, handset)
                if (each.provider, each.id) not in self._found and wanted.matches(each)
            ),
            None,
        )

    def _returned(
        self,
        found: PhoneMessage | None,
        handset: str,
        wanted: Wanted,
        how_long: str,
        hint: str = "",
    ) -> PhoneMessage:
        __tracebackhide__ = True
        if found is None:
            number = self.book.written(handset)
            explanation = self.explain(handset)
            raise AssertionError(explanation.of_missing(number, wanted, how_long, hint))
        self._found.add((found.provider, found.id))
        return self._with_account(found)

    def _with_account(self, message: PhoneMessage) -> PhoneMessage:
        """Return a message with the id for its account; without an id if there are several."""
        accounts, known = self._accounts[message.provider], message.message_id
        if known is None or accounts == [message.provider]:
            return message
        own = known.partition(":")[2]
        return attrs.evolve(
            message, message_id=f"{accounts[0]}:{own}" if len(accounts) == 1 else None
        )

    def _require_nothing(self, snapshot: Snapshot, handset: str | None) -> None:
        __tracebackhide__ = True
        if snapshot.reached(handset):
            whom = "" if handset is None else f" to {self.book.written(handset)}"
            raise AssertionError(self.explain(handset, snapshot).of_unwanted(whom))
        if snapshot.under_way:
            raise AssertionError(
                f"It cannot be told whether anything was sent: {snapshot.under_way} requests have"
                " no answer yet"
            )

    async def _wait_for_arrival(
        self, handset: str, wanted: Wanted, seconds: float
    ) -> PhoneMessage | None:
        """Wait for a message; runs in the sandbox's event loop."""
        ends = time.monotonic() + seconds
        while True:
            found = self._first_match(take(self.thread.sandbox), handset, wanted)
            if found is not None or time.monotonic() >= ends:
                return found
            await asyncio.sleep(_POLL_SECONDS)

    async def _wait_for_quiet(self, handset: str | None, within: float) -> Snapshot:
        """Wait until a message is accepted, or the time has passed; runs in the sandbox's loop."""
        begun = time.monotonic()
        while True:
            snapshot = take(self.thread.sandbox)
            passed = time.monotonic() - begun
            may_end = passed >= within and (not snapshot.under_way or passed >= _MAX_WAIT_SECONDS)
            if may_end or snapshot.reached(handset):
                return snapshot
            await asyncio.sleep(_POLL_SECONDS)
