"""The entries of a batch: Bird accepts all of them, and rejects invalid ones afterwards.

Source: the page "Send batch messages" (1 to 100 messages, 400 for another number, validation after
the response, the batch's id in it) and the 11xxx of "Message failure codes". The name of the
property that holds the batch's id is not published; it is `id` here, as in Bird's other answers.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from omnimsg.sandbox.schema import Json, Violation

MAX_MESSAGES: Final = 100
"""Messages in a batch."""

_CONTACTS: Final = ("receiver", "contacts")


def rejection_of(violations: Iterable[Violation]) -> tuple[str, int]:
    """Return the description and the code of the rejection of a message with these violations."""
    if any(each.path == _CONTACTS and "at most" in each.message for each in violations):
        return "invalid channel configuration", 11001
    return "invalid input", 11002


def valid_properties(entry: Mapping[str, Json], violations: Iterable[Violation]) -> dict[str, Json]:
    """Return the properties of an entry that have no violation."""
    invalid = {each.path[0] for each in violations if each.path}
    return {name: value for name, value in entry.items() if name not in invalid}
