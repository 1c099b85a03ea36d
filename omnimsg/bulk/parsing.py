"""Turn the lines of a file into messages: add references, and convert numbers to E.164 form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omnimsg.bulk.text_set import TextSet
from omnimsg.domain.address import is_e164, is_mailbox
from omnimsg.domain.errors import InvalidValue, Problem
from omnimsg.domain.phone_number import check_region, parse_number
from omnimsg.domain.serialization import message_from_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg.bulk.line import Line
    from omnimsg.bulk.reader import MessageFile
    from omnimsg.domain.message import Message

REPEATED_REFERENCE = Problem("reference", "repeats the reference of another line")
"""The problem of a line whose message may be that of another line."""

# A message in which one field at a time is replaced, to check that field by itself.
_GOOD = {"to": "+37255500001", "content": {"type": "text", "text": "-"}}


class LineParser:
    """Turns the lines of one file into messages, in the order of the file.

    Args:
        file: The file of messages.
        generated_reference: Returns the reference for a line, by number, that has none.
        region: The region of numbers without a country code, as `parse_number` takes it; `None`
            if every number must be in E.164 form.

    Attributes:
        numbers_read: How many numbers were not in E.164 form, and were read as those of the region.

    Raises:
        InvalidValue: The region is unknown.
        MissingExtraError: There is a region, and the package `phonenumberslite` is not installed.
    """

    def __init__(
        self,
        file: MessageFile,
        generated_reference: Callable[[int], str],
        region: str | None = None,
    ) -> None:
        self._file = file
        self._generated_reference = generated_reference
        self._region = None if region is None else check_region(region)
        self._references = TextSet()
        self.numbers_read: int = 0

    def parse(self, line: Line) -> Message:
        """Return the message of a line.

        Raises:
            InvalidValue: The line is not a message; the problems name fields as the file does.
        """
        try:
            return self._parse(line)
        except InvalidValue as error:
            field_of = self._file.field_of
            raise InvalidValue(
                *(Problem(field_of(each.path), each.why) for each in error.problems)
            ) from None

    def skip(self, line: Line) -> None:
        """Record the reference of a line that is not parsed, because another one may repeat it."""
        if isinstance(line.data, dict):
            self._is_new(line.data.get("reference"))

    def _parse(self, line: Line) -> Message:
        data, own_reference = line.data, None
        problems = list(line.problems)
        if line.others is not None:
            # What is wrong with the other cells is reported too, but not that there is no content.
            data = {"content": _GOOD["content"], **line.others}
        elif problems:
            raise InvalidValue(*problems)
        if isinstance(data, dict):
            own_reference = data.get("reference")
            if own_reference is None:
                data = {**data, "reference": self._generated_reference(line.number)}
            if self._region is not None:
                try:
                    data = {**data, **self._recipient(data.get("to"), self._region)}
                except InvalidValue as error:
                    problems += error.problems
        try:
            message = message_from_json(data)
        except InvalidValue as error:
            known = {each.path for each in problems}
            problems += [each for each in _all_problems(data, error) if each.path not in known]
        # A bad line is not sent, so the next line with its reference is the first one.
        if self._is_known(own_reference) if problems else not self._is_new(own_reference):
            problems.append(REPEATED_REFERENCE)
        if problems:
            raise InvalidValue(*problems)
        return message

    def _recipient(self, to: object, region: str) -> dict[str, Any]:
        """Return the recipient in E.164 form if it is a number in another form, else nothing."""
        if not isinstance(to, str) or is_mailbox(to) or is_e164(to):
            return {}
        try:
            number = parse_number(to, region)
        except InvalidValue as error:
            raise InvalidValue(Problem("to", error.problems[0].why)) from None
        self.numbers_read += 1
        return {"to": number}

    def _is_new(self, reference: object) -> bool:
        """Record a reference of the file; return whether no earlier line has it."""
        return not isinstance(reference, str) or self._references.add(reference)

    def _is_known(self, reference: object) -> bool:
        return isinstance(reference, str) and reference in self._references


def _all_problems(data: object, error: InvalidValue) -> list[Problem]:
    """Return the problems of all fields: the model stops at the first value that it refuses."""
    found: list[Problem] = []
    for name, value in data.items() if isinstance(data, dict) else ():
        try:
            message_from_json({**_GOOD, name: value})
        except InvalidValue as of_one_field:
            found += of_one_field.problems
    paths = {each.path for each in found}
    return found + [each for each in error.problems if each.path not in paths]
