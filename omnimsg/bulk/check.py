"""Check a file of messages without sending it: bad lines, refusals, repeated recipients."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import attrs

from omnimsg.bulk.parsing import LineParser
from omnimsg.bulk.text_set import TextSet
from omnimsg.domain.errors import InvalidValue, Problem
from omnimsg.domain.outcome import NotSent
from omnimsg.domain.redaction import mask_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from omnimsg.bulk.reader import MessageFile
    from omnimsg.domain.message import Message
    from omnimsg.engine.health_and_preview import Preview


@attrs.frozen
class BadLine:
    """A line that is not a message.

    Attributes:
        line: The number of the line.
        problems: Why the line is not a message.
    """

    line: int
    problems: tuple[Problem, ...]


@attrs.frozen
class RefusedLine:
    """A message that the account would not send.

    Attributes:
        line: The number of the line.
        outcome: The outcome that sending would have.
    """

    line: int
    outcome: NotSent


@attrs.frozen
class Repetition:
    """A recipient of more than one message.

    Attributes:
        recipient: The recipient, masked.
        lines: The numbers of the lines of these messages.
    """

    recipient: str
    lines: tuple[int, ...]


class FileCheck:
    """One check of a file of messages.

    Args:
        file: The file of messages.
        preview: Returns the preview of a message: its channel and, if it would be refused, why.
        region: The region of numbers without a country code; `None` if all must be in E.164 form.

    Attributes:
        to_send: How many messages would be sent, by channel and kind of content.
        numbers_read: How many numbers were not in E.164 form, and were read as those of the region.

    Raises:
        InvalidValue: The region is unknown.
        MissingExtraError: There is a region, and the package `phonenumberslite` is not installed.
    """

    def __init__(
        self,
        file: MessageFile,
        preview: Callable[[Message], Preview],
        region: str | None = None,
    ) -> None:
        self._file = file
        self._preview = preview
        self._region = region
        self._repeated = TextSet()
        self._any_repeated = False
        self.to_send: Counter[tuple[str | None, str]] = Counter()
        self.numbers_read: int = 0

    def problems(self) -> Iterator[BadLine | RefusedLine]:
        """Read the file, and yield the lines that would not be sent.

        Raises:
            FileChangedError: The file has changed since it was opened.
            OSError: The file cannot be read.
        """
        parser = self._parser()
        recipients = TextSet()
        for line in self._file.read():
            try:
                message = parser.parse(line)
            except InvalidValue as error:
                yield BadLine(line.number, error.problems)
                continue
            preview = self._preview(message)
            if preview.refusal is not None:
                yield RefusedLine(line.number, preview.refusal)
                continue
            self.to_send[preview.channel, message.content.kind] += 1
            recipient = repr(message.to) if not isinstance(message.to, str) else message.to
            if not recipients.add(recipient):
                self._repeated.add(recipient)
                self._any_repeated = True
        self.numbers_read = parser.numbers_read

    def repetitions(self) -> list[Repetition]:
        """Read the file again, after `problems`; return the recipients of more than one message.

        Raises:
            FileChangedError: The file has changed since it was opened.
            OSError: The file cannot be read.
        """
        found: dict[str, list[int]] = {}
        if not self._any_repeated:
            return []
        parser = self._parser()
        for line in self._file.read():
            try:
                to = parser.parse(line).to
            except InvalidValue:
                continue
            if isinstance(to, str) and to in self._repeated:
                found.setdefault(to, []).append(line.number)
        return [Repetition(mask_text(to), tuple(lines)) for to, lines in found.items()]

    def _parser(self) -> LineParser:
        return LineParser(self._file, "check-{}".format, self._region)
