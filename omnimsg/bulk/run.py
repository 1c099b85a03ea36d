"""One run over a file: give every line that is due to the client, and record its outcome."""

from __future__ import annotations

from contextlib import aclosing
from itertools import islice
from typing import TYPE_CHECKING, Protocol

import anyio.to_thread

from omnimsg.bulk.dedup import ReferenceSet
from omnimsg.bulk.line_state import LineState
from omnimsg.domain.errors import InvalidValue, Problem
from omnimsg.domain.serialization import message_from_json

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from omnimsg.bulk.reader import Line, MessageFile
    from omnimsg.bulk.results import ResultsFile
    from omnimsg.client import Client
    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome

# Lines read in one call of a thread, and outcomes after which the results are flushed.
_CHUNK = 64


class LineObserver(Protocol):
    """Is notified of every line once, in the order in which the lines are finished."""

    def on_skipped(self, line: int) -> None:
        """An earlier run has finished the line."""

    def on_bad_line(self, line: int, problems: Sequence[Problem]) -> None:
        """The line is not a message."""

    def on_outcome(self, line: int, outcome: Outcome) -> None:
        """The message of the line has its final outcome."""


class BulkRun:
    """One run over a file of messages.

    A line is due when no run has tried it; when its message is proven not processed and may be
    tried again; or, with `resend_ambiguous` only, when it may have been sent.

    Args:
        file: The file of messages.
        results: Its results file, which is also the client's journal.
        resend_ambiguous: Whether to send again messages that may have been sent.
        observer: Is notified of each line.

    Attributes:
        finished: Whether the run has reached the end of the file.
        skipped: How many lines earlier runs had finished.
    """

    def __init__(
        self,
        file: MessageFile,
        results: ResultsFile,
        *,
        resend_ambiguous: bool,
        observer: LineObserver,
    ) -> None:
        self._file = file
        self._results = results
        self._observer = observer
        self._references = ReferenceSet()
        self._due_states = {LineState.UNTRIED, LineState.RETRYABLE}
        if resend_ambiguous:
            self._due_states.add(LineState.AMBIGUOUS)
        self._stopping = False
        self._at_end = False
        self.finished: bool = False
        self.skipped: int = 0

    async def send(self, client: Client, *, account: str | None, deadline: float) -> None:
        """Send the lines that are due, until the file ends or `stop` is called.

        Args:
            client: A client that was built with the results file as its journal.
            account: The account to send through; the default account where it is `None`.
            deadline: The deadline of each message, in seconds from when it is read.

        Raises:
            OSError: The results file cannot be written. No message was sent without an intent.
            ConfigError: There is no such account.
        """
        stream = client.send_many(self._messages(), account=account, deadline=deadline)
        async with aclosing(stream) as outcomes:
            count = 0
            async for outcome in outcomes:
                line = self._results.record_final(outcome)
                if self._results.write_error is None:
                    self._observer.on_outcome(line, outcome)
                count += 1
                if count % _CHUNK == 0:
                    await self._results.flush()
        await self._results.flush()
        if self._results.write_error is not None:
            raise self._results.write_error
        self.finished = self._at_end

    def stop(self) -> None:
        """Stop reading the file; messages that were read are still sent."""
        self._stopping = True

    async def _messages(self) -> AsyncGenerator[Message, None]:
        lines = self._file.read()
        while chunk := await anyio.to_thread.run_sync(lambda: list(islice(lines, _CHUNK))):
            for line in chunk:
                if self._stopping or self._results.write_error is not None:
                    return
                message = self._message_if_due(line)
                if message is not None:
                    yield message
            await self._results.flush()
        self._at_end = True

    def _message_if_due(self, line: Line) -> Message | None:
        """Return the message of a line if it is due; record and report a bad line."""
        state = self._results.line_states[line.number]
        if state not in self._due_states:
            # A later line with the same reference is a bad line in this run too.
            if state is not LineState.BAD and isinstance(line.data, dict):
                self._is_new(line.data.get("reference"))
            self.skipped += 1
            self._observer.on_skipped(line.number)
            return None
        try:
            message = self._parse(line)
        except InvalidValue as error:
            field_of = self._file.field_of
            problems = [Problem(field_of(each.path), each.why) for each in error.problems]
            self._results.record_bad_line(line.number, problems)
            self._observer.on_bad_line(line.number, problems)
            return None
        self._results.register(message.reference, line.number)
        return message

    def _parse(self, line: Line) -> Message:
        if line.problems:
            raise InvalidValue(*line.problems)
        data, own_reference = line.data, None
        if isinstance(data, dict):
            own_reference = data.get("reference")
            data = {"reference": self._results.generated_reference(line.number), **data}
        message = message_from_json(data)
        if not self._is_new(own_reference):
            raise InvalidValue(Problem("reference", "is that of an earlier line"))
        return message

    def _is_new(self, reference: object) -> bool:
        """Remember a reference of the file; return whether no earlier line has it."""
        return not isinstance(reference, str) or self._references.add(reference)
