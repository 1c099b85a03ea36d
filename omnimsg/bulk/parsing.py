"""Turn the lines of a file into messages: add references, and convert numbers to E.164 form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omnimsg.bulk.dedup import ReferenceSet
from omnimsg.domain.address import is_e164
from omnimsg.domain.errors import InvalidValue, Problem
from omnimsg.domain.phone_number import check_region, parse_number
from omnimsg.domain.serialization import message_from_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg.bulk.line import Line
    from omnimsg.bulk.reader import MessageFile
    from omnimsg.domain.message import Message


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
        self._references = ReferenceSet()
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
        """Record the reference of a line that is not parsed, because a later line may repeat it."""
        if isinstance(line.data, dict):
            self._is_new(line.data.get("reference"))

    def _parse(self, line: Line) -> Message:
        if line.problems:
            raise InvalidValue(*line.problems)
        data, own_reference = line.data, None
        if isinstance(data, dict):
            own_reference = data.get("reference")
            if "reference" not in data:
                data = {"reference": self._generated_reference(line.number), **data}
            if self._region is not None:
                data = {**data, **self._recipient(data.get("to"), self._region)}
        message = message_from_json(data)
        if not self._is_new(own_reference):
            raise InvalidValue(Problem("reference", "repeats the reference of an earlier line"))
        return message

    def _recipient(self, to: object, region: str) -> dict[str, Any]:
        """Return the recipient in E.164 form if it is a number in another form, else nothing."""
        if not isinstance(to, str) or "@" in to or is_e164(to):
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
