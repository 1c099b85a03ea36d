"""Finding out which entry of an answer belongs to which message.

Entries may come in another order, and refused ones may lack our reference (the vendor's page
"One API request parameters" maps answers by `clientMessageId`). A wrong match would report one
customer's message as another's, so whatever is not certain stays without an entry.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

if TYPE_CHECKING:
    from collections.abc import Sequence

Entry: TypeAlias = dict[str, Any]


@attrs.frozen(kw_only=True)
class Names:
    """What the members of an entry are called that tell whose it is.

    Attributes:
        reference: Echoes what is unique in the request.
        address: Echoes what need not be unique.
        id: The provider's own id, on accepted entries only.
    """

    reference: str
    address: str
    id: str


def in_order(references: list[str], listed: list[Any], name: str) -> bool:
    """Whether entry by entry names message by message, as it mostly does: nothing is to be found.

    Args:
        references: What the messages were sent with; they differ.
        listed: The answer's entries as they came.
        name: The member that echoes a reference.
    """
    return references == [entry.get(name) if entry.__class__ is dict else None for entry in listed]


def join(
    references: Sequence[str], addresses: Sequence[str], listed: Sequence[object], names: Names
) -> list[Entry | None]:
    """Give each message its entry.

    In turn: by reference; by an address that is unique among the messages and the entries still
    open; and, where nothing is missing, foreign or contradictory, the last entry to the last
    message, or one common refusal to all that are left.

    Args:
        references: What each message was sent with to be told apart; they differ.
        addresses: What each message was addressed to, as it was sent.
        listed: The answer's entries as they came.
        names: The members that tell whose an entry is.

    Returns:
        An entry for each message in the order given, `None` where none is certain.
    """
    found, nameless, clean = _by_reference(references, listed, names.reference)
    if nameless and len(found) < len(references):
        wanted = {
            position: address for position, address in enumerate(addresses) if position not in found
        }
        entries = _unclaimed(nameless, found, names.id)
        matched = _by_address(wanted, entries, names.address)
        found |= matched
        left = [each for each in entries if not any(each is one for one in matched.values())]
        still = [position for position in wanted if position not in matched]
        if clean and len(left) == len(still) == 1:
            # An address that quotes another message of the request is a contradiction.
            if _address(left[0], names.address) not in addresses:
                found[still[0]] = left[0]
        elif clean and len(left) == len(still) and _all_refused_alike(left, names.id):
            found |= dict.fromkeys(still, _common(left))
    return [found.get(position) for position in range(len(references))]


def code_of(error: object) -> str | None:
    """Read an error's code as text; `None` where there is none."""
    code = error.get("code") if isinstance(error, dict) else None
    return str(code) if isinstance(code, (int, str)) and not isinstance(code, bool) else None


def text_of(entry: Entry, name: str) -> str | None:
    """Read a member that should be text and not empty; `None` where it is something else."""
    value = entry.get(name)
    return value if isinstance(value, str) and value else None


def _by_reference(
    references: Sequence[str], listed: Sequence[object], name: str
) -> tuple[dict[int, Entry | None], list[Entry], bool]:
    """Match by reference: what was found, what names nobody, and whether nothing was odd.

    Two different entries for one message leave it with `None`: one of them is not its own.
    """
    index = {reference: position for position, reference in enumerate(references)}
    found: dict[int, Entry | None] = {}
    nameless: list[Entry] = []
    clean = True
    for entry in listed:
        if not isinstance(entry, dict):
            clean = False
            continue
        reference = entry.get(name)
        if reference is None or reference == "":
            nameless.append(entry)
            continue
        position = index.get(reference) if isinstance(reference, str) else None
        if position is None:
            clean = False
        elif position not in found:
            found[position] = entry
        elif found[position] != entry:
            found[position] = None
            clean = False
    return found, nameless, clean


def _unclaimed(nameless: list[Entry], found: dict[int, Entry | None], name: str) -> list[Entry]:
    """Leave out entries that repeat the id of another: they are its copies."""
    claimed = {text_of(entry, name) for entry in found.values() if entry is not None}
    entries = []
    for entry in nameless:
        own = text_of(entry, name)
        if own is None or own not in claimed:
            entries.append(entry)
            claimed.add(own)
    return entries


def _by_address(wanted: dict[int, str], entries: list[Entry], name: str) -> dict[int, Entry]:
    asked = Counter(wanted.values())
    offered = Counter(_address(entry, name) for entry in entries)
    by_address = {_address(entry, name): entry for entry in entries}
    return {
        position: by_address[address]
        for position, address in wanted.items()
        if asked[address] == offered[address] == 1
    }


def _all_refused_alike(entries: list[Entry], name: str) -> bool:
    codes = {code_of(entry.get("error")) for entry in entries}
    return (
        len(codes) == 1
        and None not in codes
        and all(each.get("accepted") is False and text_of(each, name) is None for each in entries)
    )


def _common(entries: list[Entry]) -> Entry:
    """Keep what all entries say alike, and of their errors at least the code."""
    first = entries[0]
    alike = {
        name: value
        for name, value in first.items()
        if all(name in each and each[name] == value for each in entries)
    }
    return {"error": {"code": first["error"]["code"]}, **alike}


def _address(entry: Entry, name: str) -> str | None:
    value = text_of(entry, name)
    return None if value is None else value.strip().removeprefix("+")
