"""Match the entries of an answer to the messages of its request.

Entries may come in another order, and refused ones may lack our reference (the vendor's page
"One API request parameters" maps answers by `clientMessageId`). A wrong match would report one
customer's message as another's, so a message without a certain match gets no entry.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from omnimsg.adapter import read_code
from omnimsg.adapter.inbound import address_text, text_or_none

if TYPE_CHECKING:
    from collections.abc import Sequence

Entry: TypeAlias = dict[str, Any]


@attrs.frozen(kw_only=True)
class EntryMembers:
    """The names of the members that identify an entry's message.

    Attributes:
        reference: Echoes the message's reference, which is unique in the request.
        address: Echoes the message's address, which need not be unique.
        id: The provider's own id, on accepted entries only.
    """

    reference: str
    address: str
    id: str


def are_in_order(references: list[str], entries: list[Any], name: str) -> bool:
    """Return whether the entries repeat the references in order, as in nearly every answer.

    Args:
        references: The references of the messages; they are unique.
        entries: The answer's entries.
        name: The member that echoes a reference.
    """
    return references == [entry.get(name) if entry.__class__ is dict else None for entry in entries]


def match_entries(
    references: Sequence[str],
    addresses: Sequence[str],
    entries: Sequence[object],
    members: EntryMembers,
) -> list[Entry | None]:
    """Find the entry of each message.

    An entry is matched by its reference; if it has none, by an address that is unique among the
    unmatched messages and among the unmatched entries. If a consistent answer then leaves one entry
    and one message, they are a match. If it leaves as many entries as messages, all with the same
    refusal, each of these messages gets that refusal.

    Args:
        references: The reference of each message, as sent; they are unique.
        addresses: The address of each message, as sent.
        entries: The answer's entries.
        members: The names of the members that identify an entry's message.

    Returns:
        An entry for each message, in the order given; `None` where no match is certain.
    """
    matched, unnamed, consistent = _by_reference(references, entries, members.reference)
    if unnamed and len(matched) < len(references):
        unmatched = {
            index: address for index, address in enumerate(addresses) if index not in matched
        }
        unclaimed = _unclaimed(unnamed, matched, members.id)
        by_address = _by_address(unmatched, unclaimed, members.address)
        matched |= by_address
        left = [entry for entry in unclaimed if not any(entry is e for e in by_address.values())]
        indices = [index for index in unmatched if index not in by_address]
        if consistent and len(left) == len(indices) == 1:
            # The address of another message of the request would be a contradiction.
            if _address(left[0], members.address) not in addresses:
                matched[indices[0]] = left[0]
        elif consistent and len(left) == len(indices) and _have_same_refusal(left, members.id):
            matched |= dict.fromkeys(indices, _common_members(left))
    return [matched.get(index) for index in range(len(references))]


def names_another(entry: Entry, name: str, address: str) -> bool:
    """Return whether an entry names another number than that of its message.

    Callers may reuse references, so an entry with our reference may belong to another request. A
    value that is not a number, such as a part of one or a read notice's id, contradicts nothing.
    """
    found = _address(entry, name)
    return found is not None and found.isdigit() and address.isdigit() and found != address


def code_of(error: object) -> str | None:
    """Read an error's code as text; `None` if there is none."""
    return read_code(error.get("code")) if isinstance(error, dict) else None


def _by_reference(
    references: Sequence[str], entries: Sequence[object], name: str
) -> tuple[dict[int, Entry | None], list[Entry], bool]:
    """Match entries by reference.

    If two different entries have the same reference, both are ignored: the message gets `None`.

    Returns:
        The entry by the index of its message, the entries without a reference, and whether the
        answer is consistent: no entry is malformed, unknown or contradictory.
    """
    index_of = {reference: index for index, reference in enumerate(references)}
    matched: dict[int, Entry | None] = {}
    unnamed: list[Entry] = []
    consistent = True
    for entry in entries:
        if not isinstance(entry, dict):
            consistent = False
            continue
        reference = entry.get(name)
        if reference is None or reference == "":
            unnamed.append(entry)
            continue
        index = index_of.get(reference) if isinstance(reference, str) else None
        if index is None:
            consistent = False
        elif index not in matched:
            matched[index] = entry
        elif matched[index] != entry:
            matched[index] = None
            consistent = False
    return matched, unnamed, consistent


def _unclaimed(unnamed: list[Entry], matched: dict[int, Entry | None], name: str) -> list[Entry]:
    """Drop entries that repeat the id of another entry: they are copies of it."""
    claimed = {text_or_none(entry.get(name)) for entry in matched.values() if entry is not None}
    entries = []
    for entry in unnamed:
        id_ = text_or_none(entry.get(name))
        if id_ is None or id_ not in claimed:
            entries.append(entry)
            claimed.add(id_)
    return entries


def _by_address(unmatched: dict[int, str], entries: list[Entry], name: str) -> dict[int, Entry]:
    wanted_count = Counter(unmatched.values())
    entry_count = Counter(_address(entry, name) for entry in entries)
    by_address = {_address(entry, name): entry for entry in entries}
    return {
        index: by_address[address]
        for index, address in unmatched.items()
        if wanted_count[address] == entry_count[address] == 1
    }


def _have_same_refusal(entries: list[Entry], name: str) -> bool:
    codes = {code_of(entry.get("error")) for entry in entries}
    return (
        len(codes) == 1
        and None not in codes
        and all(
            entry.get("accepted") is False and text_or_none(entry.get(name)) is None
            for entry in entries
        )
    )


def _common_members(entries: list[Entry]) -> Entry:
    """Keep the members that are equal in all entries, and of their errors at least the code."""
    first = entries[0]
    equal = {
        name: value
        for name, value in first.items()
        if all(name in entry and entry[name] == value for entry in entries)
    }
    return {"error": {"code": first["error"]["code"]}, **equal}


def _address(entry: Entry, name: str) -> str | None:
    value = address_text(entry.get(name))
    return None if value is None else value.removeprefix("+")
