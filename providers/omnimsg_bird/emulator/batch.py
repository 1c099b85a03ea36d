"""What Bird makes of the entries of a batch: all are taken, bad ones are rejected afterwards.

Source: the page "Send batch messages" (1 to 100 messages, 400 for another number, validation after
the answer, the batch's id in it) and the 11xxx of "Message failure codes". The name of the member
that holds the batch's id is not published; it is `id` here, as everywhere else at Bird.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from omnimsg.sandbox.schema import Json, Violation

__all__ = ["MOST", "blamed", "readable"]

MOST: Final = 100
"""Messages in a batch."""

_CONTACTS: Final = ("receiver", "contacts")


def blamed(found: Iterable[Violation]) -> tuple[str, int]:
    """Return what a message with these violations is rejected for, in words and as a code."""
    if any(each.path == _CONTACTS and "at most" in each.message for each in found):
        return "invalid channel configuration", 11001
    return "invalid input", 11002


def readable(entry: Mapping[str, Json], found: Iterable[Violation]) -> dict[str, Json]:
    """Return the members of an entry in which nothing is wrong."""
    bad = {each.path[0] for each in found if each.path}
    return {name: value for name, value in entry.items() if name not in bad}
