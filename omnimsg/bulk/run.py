"""One run over a file of messages: send every line that is due, and record its outcome."""

from __future__ import annotations

from contextlib import aclosing
from itertools import islice
from typing import TYPE_CHECKING, Protocol

import anyio
import anyio.to_thread

from omnimsg.bulk.fingerprint import FileChangedError
from omnimsg.bulk.line_state import LineState
from omnimsg.bulk.parsing import LineParser
from omnimsg.domain.errors import InvalidValue
from omnimsg.engine.sending.stream_input import MessageRuns

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator, Sequence

    from omnimsg.bulk.line import Line
    from omnimsg.bulk.reader import MessageFile
    from omnimsg.bulk.results import ResultsFile
    from omnimsg.client import Client
    from omnimsg.domain.errors import Problem
    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome

# How many lines one call of a thread reads, and after how many outcomes the results are flushed.
_CHUNK = 64
# Seconds between two reports of how many messages wait for a fallback leg.
_LEG_POLL_SECONDS = 1.0


class LineObserver(Protocol):
    """Is notified of each line once, in the order in which lines are finished."""

    def on_skipped(self, line: int) -> None:
        """An earlier run has finished the line."""

    def on_bad_line(self, line: int, problems: Sequence[Problem]) -> None:
        """The line is not a message."""

    def on_outcome(self, line: int, outcome: Outcome) -> None:
        """The message of the line has its final outcome."""

    def on_waiting(self, messages: int) -> None:
        """All lines are finished, and this many messages wait for a fallback leg."""


class BulkRun:
    """One run over a file of messages.

    A line is due if no run has tried it; if its message was provably not processed and may be tried
    again; or, with `resend_ambiguous` only, if its message may have been sent.

    Args:
        file: The file of messages.
        results: Its results file, which must also be the client's journal.
        resend_ambiguous: Whether to resend messages that may have been sent.
        observer: Is notified of each line.
        region: The region of numbers without a country code; `None` if all must be in E.164 form.

    Attributes:
        finished: Whether the run has reached the end of the file.
        skipped: How many lines earlier runs had finished.
        lines_reached: How many lines of the file, its header included, the run has read.

    Raises:
        InvalidValue: The region is unknown.
        MissingExtraError: There is a region, and the package `phonenumberslite` is not installed.
    """

    def __init__(
        self,
        file: MessageFile,
        results: ResultsFile,
        *,
        resend_ambiguous: bool,
        observer: LineObserver,
        region: str | None = None,
    ) -> None:
        self._file = file
        self._results = results
        self._observer = observer
        self._parser = LineParser(file, results.generated_reference, region)
        self._file_error: FileChangedError | OSError | None = None
        self._due_states = {LineState.UNTRIED, LineState.RETRYABLE}
        if resend_ambiguous:
            self._due_states.add(LineState.AMBIGUOUS)
        self._stopping = self._has_stopped = False
        self._leg_wait: anyio.CancelScope | None = None
        self._at_end = False
        # Lines whose messages were handed over, and have no recorded outcome.
        self._handed_over: set[int] = set()
        self.finished: bool = False
        self.skipped: int = 0
        self.lines_reached: int = file.header_line_count

    @property
    def numbers_read(self) -> int:
        """How many numbers were not in E.164 form, and were read as those of the region."""
        return self._parser.numbers_read

    @property
    def lines_left(self) -> int:
        """How many lines no run has tried: not read, or read and not sent before the run ended."""
        states = self._results.line_states
        tried_before = states.count_after(self.lines_reached)
        unread = self._results.line_count - self.lines_reached - tried_before
        return max(0, unread) + sum(not states[line] for line in self._handed_over)

    async def send(self, client: Client, *, account: str | None, deadline: float) -> None:
        """Send the lines that are due, until the file ends or `stop` is called.

        At the end of the file, wait until no message has a fallback leg left that may be sent.

        Args:
            client: A client that was built with the results file as its journal.
            account: The account to send through; `None` for the route or default account.
            deadline: The deadline of each message, in seconds from when it leaves the queue.

        Raises:
            OSError: The results file cannot be written, or the file of messages cannot be read. No
                message was sent without a recorded intent.
            FileChangedError: The file of messages has changed; none of its new content was sent.
            ConfigError: There is no such account.
        """
        stream = client.send_many(MessageRuns(self._runs), account=account, deadline=deadline)
        async with aclosing(stream) as outcomes:
            count = 0
            async for each in outcomes:
                line, outcome = self._results.record_final(each)
                if self._results.line_states[line]:
                    self._handed_over.discard(line)
                if self._results.is_told_too_early:
                    await self._results.flush()
                if self._results.write_error is None:
                    self._observer.on_outcome(line, outcome)
                count += 1
                if count % _CHUNK == 0:
                    await self._results.flush_unsettled()
        await self._results.flush()
        if self._results.write_error is not None:
            raise self._results.write_error
        if self._file_error is not None:
            raise self._file_error
        self.finished = self._at_end
        if self.finished:
            await self._wait_for_legs(client)

    def stop(self) -> None:
        """Stop reading the file and waiting for legs; messages already read are still sent."""
        self._stopping = True
        if self._leg_wait is not None:
            self._leg_wait.cancel()

    async def _wait_for_legs(self, client: Client) -> None:
        with anyio.CancelScope() as self._leg_wait:
            seconds = 0.0
            while waiting := await client.finish_legs(timeout=seconds):
                self._observer.on_waiting(waiting)
                seconds = _LEG_POLL_SECONDS
        if self._results.write_error is not None:
            raise self._results.write_error

    async def _runs(self) -> AsyncGenerator[Iterator[Message], None]:
        lines = self._file.read()
        while chunk := await self._next_lines(lines):
            yield self._due_messages(chunk)
            if self._has_stopped:
                return
            # Wait for all queued entries, so that a slow disk slows the reading down instead of
            # filling the memory.
            await self._results.flush()
        self._at_end = self._file_error is None

    def _due_messages(self, chunk: Sequence[Line]) -> Iterator[Message]:
        for line in chunk:
            if self._stopping or self._results.write_error is not None:
                self._has_stopped = True
                return
            self.lines_reached = line.number + line.line_count - 1
            message = self._message_if_due(line)
            if message is not None:
                yield message

    async def _next_lines(self, lines: Iterator[Line]) -> list[Line]:
        """Read the next lines in a thread; none at the end, or if the file cannot be read."""
        try:
            return await anyio.to_thread.run_sync(lambda: list(islice(lines, _CHUNK)))
        except (FileChangedError, OSError) as error:
            # `send` raises it later: the outcomes of earlier messages are still to come.
            self._file_error = error
            return []

    def _message_if_due(self, line: Line) -> Message | None:
        """Return the message of a line if it is due; record and report a bad line."""
        state = self._results.line_states[line.number]
        if state not in self._due_states:
            if state is not LineState.BAD:
                self._parser.skip(line)
            self.skipped += 1
            self._observer.on_skipped(line.number)
            return None
        try:
            message = self._parser.parse(line)
        except InvalidValue as error:
            if state is not LineState.AMBIGUOUS:  # else an earlier run may have sent it
                self._results.record_bad_line(line.number, error.problems)
            self._observer.on_bad_line(line.number, error.problems)
            return None
        self._results.register(message.reference, line.number, has_legs=bool(message.fallback))
        self._handed_over.add(line.number)
        return message
