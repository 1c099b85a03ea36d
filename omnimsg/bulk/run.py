"""One run over a file: every line that is due is handed to the client, and its end is recorded."""

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

    from omnimsg.bulk.reader import Line, Lines
    from omnimsg.bulk.results import Results
    from omnimsg.client import Client
    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome

# Lines that are read at once, and outcomes that are written at once where no request does it.
_GATHER = 64


class Watcher(Protocol):
    """Told of every line once, in the order in which they are done with."""

    def skipped(self, line: int) -> None:
        """A line that an earlier run has done with."""

    def bad(self, line: int, problems: Sequence[Problem]) -> None:
        """A line that is no message."""

    def concluded(self, line: int, outcome: Outcome) -> None:
        """A line that was handed over."""


class Run:
    """One run over a file of messages.

    A line is due when no run has tried it, when it is proven not to have been processed and may be
    tried again, or, only if the caller says so, when it may have been sent.

    Args:
        lines: The file.
        results: Its results; also the journal of the client.
        resend_ambiguous: Whether to send again what may have been sent.
        watcher: Told how it goes.

    Attributes:
        finished: Whether every line that was due has had its turn.
        skipped: Lines that an earlier run was done with.
    """

    def __init__(
        self, lines: Lines, results: Results, *, resend_ambiguous: bool, watcher: Watcher
    ) -> None:
        self._lines = lines
        self._results = results
        self._watcher = watcher
        self._references = ReferenceSet()
        self._due = {LineState.UNTRIED, LineState.RETRYABLE}
        if resend_ambiguous:
            self._due.add(LineState.AMBIGUOUS)
        self._stopping = False
        self._at_end = False
        self.finished: bool = False
        self.skipped: int = 0

    async def send(self, client: Client, *, account: str | None, deadline: float) -> None:
        """Send what is due, until the file ends or `stop` is called.

        Args:
            client: Built with the results as its journal.
            account: The account to send through; the default account unless given.
            deadline: Seconds of patience for each message, from when it is its turn.

        Raises:
            OSError: The results cannot be written; nothing has left unrecorded.
            ConfigError: There is no such account.
        """
        stream = client.send_many(self._messages(), account=account, deadline=deadline)
        async with aclosing(stream) as outcomes:
            number = 0
            async for outcome in outcomes:
                line = self._results.conclude(outcome)
                if self._results.broken is None:
                    self._watcher.concluded(line, outcome)
                number += 1
                if number % _GATHER == 0:
                    await self._results.flush()
        await self._results.flush()
        if self._results.broken is not None:
            raise self._results.broken
        self.finished = self._at_end

    def stop(self) -> None:
        """Read no further; what was read is still sent."""
        self._stopping = True

    async def _messages(self) -> AsyncGenerator[Message, None]:
        lines = self._lines.read()
        while some := await anyio.to_thread.run_sync(lambda: list(islice(lines, _GATHER))):
            for line in some:
                if self._stopping or self._results.broken is not None:
                    return
                message = self._message(line)
                if message is not None:
                    yield message
            await self._results.flush()
        self._at_end = True

    def _message(self, line: Line) -> Message | None:
        """Return a line's message if it is due."""
        standing = self._results.standings[line.number]
        if standing not in self._due:
            # An equal reference further down is a bad line in this run as in all others.
            if standing is not LineState.BAD and isinstance(line.data, dict):
                self._is_new(line.data.get("reference"))
            self.skipped += 1
            self._watcher.skipped(line.number)
            return None
        try:
            message = self._read(line)
        except InvalidValue as error:
            place = self._lines.place
            problems = [Problem(place(each.path), each.why) for each in error.problems]
            self._results.bad(line.number, problems)
            self._watcher.bad(line.number, problems)
            return None
        self._results.expect(message.reference, line.number)
        return message

    def _read(self, line: Line) -> Message:
        if line.problems:
            raise InvalidValue(*line.problems)
        data, given = line.data, None
        if isinstance(data, dict):
            given = data.get("reference")
            data = {"reference": self._results.reference_of(line.number), **data}
        message = message_from_json(data)
        if not self._is_new(given):
            raise InvalidValue(Problem("reference", "is that of an earlier line"))
        return message

    def _is_new(self, reference: object) -> bool:
        """Note a reference that the file gives, and say whether no earlier line has it."""
        return not isinstance(reference, str) or self._references.add(reference)
