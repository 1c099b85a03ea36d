"""Send the messages of `omnimsg demo` to a sandbox, and follow them to their ends."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import asynccontextmanager
from functools import partial
from types import NoneType
from typing import TYPE_CHECKING, Any, TypeAlias

import anyio
import attrs
from aiohttp import web

from omnimsg.cli.demo_messages import DemoMessage, configuration, demo_messages
from omnimsg.client import Client
from omnimsg.domain.outcome import Accepted, Outcome
from omnimsg.domain.status import MessageStatus
from omnimsg.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from omnimsg.domain.events import Event
    from omnimsg.domain.message_id import MessageId

# Seconds to wait for the final statuses, in addition to the time that the sandbox's pace takes.
STATUS_TIMEOUT = 10.0


@attrs.define
class DemoResult:
    """The state of one message of the demo so far.

    Attributes:
        message: The message with its expected result.
        outcome: The outcome; `None` until there is one.
        status: The status; `None` until it was reported.
        delivered: Whether the handset has received the message.
    """

    message: DemoMessage
    outcome: Outcome | None = None
    status: MessageStatus | None = None
    delivered: bool = False

    @property
    def id(self) -> MessageId | None:
        """The id to look up the status with; `None` unless the message was accepted."""
        return self.outcome.id if isinstance(self.outcome, Accepted) else None

    def actual(self) -> dict[str, Any]:
        """Return the actual values, with the keys of `expected`."""
        reason = None if self.status is None else self.status.reason
        if self.outcome is not None and not isinstance(self.outcome, Accepted):
            reason = self.outcome.reason
        return {
            "outcome": None if self.outcome is None else self.outcome.kind,
            "status": None if self.status is None else self.status.status.value,
            "reason": reason,
            "delivered": self.delivered,
        }

    def expected(self) -> dict[str, Any]:
        """Return the expected values."""
        message = self.message
        return {
            "outcome": message.outcome,
            "status": None if message.status is None else message.status.value,
            "reason": message.reason,
            "delivered": message.status is not None and message.status.reached,
        }

    @property
    def as_expected(self) -> bool:
        """Whether all actual values are as expected."""
        return self.actual() == self.expected()

    @property
    def finished(self) -> bool:
        """Whether the message is as expected, or can no longer become so."""
        if self.as_expected:
            return True
        if self.status is None:
            return not isinstance(self.outcome, Accepted | NoneType)
        return self.status.status.failed


Show: TypeAlias = Callable[[list[DemoResult]], None]


def _show_nothing(_: list[DemoResult]) -> None:
    """Show nothing while the demo runs."""


async def run_with_sandbox(pace: float, show: Show = _show_nothing) -> list[DemoResult]:
    """Run the demo with a sandbox of its own; see `run_demo`."""
    async with Sandbox(pace=pace) as sandbox:
        return await run_demo(sandbox, show)


async def run_demo(
    sandbox: Sandbox,
    show: Show = _show_nothing,
    *,
    timeout: float = STATUS_TIMEOUT,  # noqa: ASYNC109 - at the timeout, the results are kept
) -> list[DemoResult]:
    """Send all messages to a running sandbox, and wait until they have finished.

    Args:
        sandbox: The sandbox.
        show: Is called with the results whenever one has changed.
        timeout: Seconds to wait for the final statuses, in addition to the time that the pace
            takes.
    """
    results = [DemoResult(each) for each in demo_messages(list(sandbox.emulators))]
    show(results)
    async with Client.from_config(configuration(sandbox)) as client, _receiving(client, sandbox):
        async with anyio.create_task_group() as group:
            for account in client.accounts:
                own = [each for each in results if each.message.provider == account]
                group.start_soon(_send, client, account, own, partial(show, results))
        with anyio.move_on_after(timeout + 10 * sandbox.state.pace):
            while not all(each.finished for each in results):
                await _update(client, sandbox, results)
                show(results)
                await anyio.sleep(0.05)
        # Notice a message that was delivered although it was expected not to be.
        await _update(client, sandbox, results)
    return results


@asynccontextmanager
async def _receiving(client: Client, sandbox: Sandbox) -> AsyncIterator[None]:
    """Receive the reports of the sandbox, on a port that the system chooses."""
    listening = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listening.getsockname()[1]}/callbacks"
    receiver = client.receiver(_ignore_event, public_url=address)
    runner = web.AppRunner(receiver.aiohttp_app(), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.SockSite(runner, listening).start()
        sandbox.callbacks.set_url(address)
        yield
    finally:
        await runner.cleanup()


def _ignore_event(event: Event) -> None:
    """Ignore an event: the tracker records the reports, and the demo has no replies."""


async def _send(
    client: Client, account: str, results: list[DemoResult], on_change: Callable[[], None]
) -> None:
    messages = [each.message.build() for each in results]
    async for outcome in client.send_many(messages, account=account):
        results[outcome.position or 0].outcome = outcome
        on_change()


async def _update(client: Client, sandbox: Sandbox, results: list[DemoResult]) -> None:
    """Update the statuses of unfinished messages, and whether handsets have received them."""
    for each in results:
        each.delivered = bool(sandbox.handsets.received(each.message.to))
        if each.id is not None and not each.finished:
            tracked = await client.tracked(each.id)
            each.status = None if tracked is None else tracked.status
