"""Write the queries for Bird's lists, read their pages, and search them.

Source: the list operations on the Messaging page of the Channels API reference. Two versions of it
have different default page sizes, so the size is always sent; the page about common usage allows
100. The last page is the one without `nextPageToken`, however short the others are.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from omnimsg.adapter import Absent, Request, refused
from omnimsg.domain.history import Page
from omnimsg.domain.reason import Reason
from omnimsg_bird.wire import decode

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg.adapter import Adapter, Answered, Flow, Response, StatusTable
    from omnimsg.domain.failure import Failure
    from omnimsg.domain.history import HistoryQuery

PAGE_SIZE = 100
# A search reads no more pages: more messages than a batch has, and than one recipient gets in the
# searched time. A longer list gives no verdict.
_MAX_PAGES = 5
_TOKEN = "pageToken"  # noqa: S105 - a parameter's name, no credential

_FILTERS = (
    ("to", "to"),
    ("sender", "from"),
    ("since", "startAt"),
    ("until", "endAt"),
    ("tag", "tag"),
    ("direction", "direction"),
    ("batch_id", "batchId"),
)


def check(query: HistoryQuery, adapter: Adapter[Any]) -> Failure | None:
    """Refuse a query that Bird's filters cannot express."""
    if query.status is not None and not _status_names(query.status, adapter.statuses):
        names = ", ".join(sorted({row.status.value for row in adapter.statuses}))
        return refused(
            Reason.UNSUPPORTED, "status", f"is {query.status.value}; Bird's messages are {names}"
        )
    if _TOKEN in query.extras.get(adapter.provider, ()):
        return refused(
            Reason.UNSUPPORTED,
            f"extras.{adapter.provider}.{_TOKEN}",
            "cannot be set by extras: omnimsg requests the pages itself",
        )
    return None


def parameters(
    query: HistoryQuery, page: str | None, adapter: Adapter[Any]
) -> tuple[tuple[str, str], ...]:
    """Write the filters as query parameters; a filter with several values is repeated."""
    filters: dict[str, Any] = {"limit": PAGE_SIZE}
    for ours, name in _FILTERS:
        filters[name] = getattr(query, ours)
    if query.tag is not None:
        # Bird turns the tags of messages into lower case, and says nothing of those of a filter.
        filters["tag"] = query.tag.lower()
    if query.status is not None:
        filters["status"] = _status_names(query.status, adapter.statuses)
    filters |= query.extras.get(adapter.provider, {})
    filters[_TOKEN] = page
    return tuple(
        (name, _as_text(single))
        for name, value in filters.items()
        for single in (value if isinstance(value, (list, tuple)) else [value])
        if single is not None
    )


def _status_names(status: object, statuses: StatusTable) -> list[str]:
    return [row.name for row in statuses if row.status is status]


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, datetime) else str(value)


def read_page(response: Response, read_item: Callable[[dict[str, Any]], Any]) -> Page[Any] | None:
    """Read a page. Entries that cannot be read, or are not objects, are left out.

    Args:
        response: The answer.
        read_item: Reads one entry; `None` if it cannot be read.
    """
    listed = _entries_and_token(response)
    if listed is None:
        return None
    entries, token = listed
    items = (read_item(entry) for entry in entries if isinstance(entry, dict))
    return Page(
        tuple(item for item in items if item is not None),
        token if isinstance(token, str) and token else None,
    )


def search(
    path: str,
    query: HistoryQuery,
    matches: Callable[[object], bool | None],
    adapter: Adapter[Any],
) -> Flow[Answered[dict[str, Any] | Absent]]:
    """Read a list until an entry matches or the list ends; `None` is no verdict.

    Args:
        path: The list.
        query: The filters.
        matches: Returns whether an entry, which may be any JSON value, is the one; `None` if it has
            too little data, so that nothing is proven absent from its list.
        adapter: The adapter with the tables.
    """
    token: str | None = None
    is_uncertain = False
    for _ in range(_MAX_PAGES):
        response = yield Request(
            "GET", path, query=parameters(query, token, adapter), authenticated=True
        )
        listed = _entries_and_token(response)
        if listed is None:
            return decode.read_failure(response, adapter)
        entries, next_token = listed
        for entry in entries:
            is_match = matches(entry)
            if is_match:
                found: dict[str, Any] = entry
                return found
            is_uncertain = is_uncertain or is_match is None
        if next_token in (None, ""):
            return None if is_uncertain else Absent()
        if not isinstance(next_token, str) or next_token == token:
            return None
        token = next_token
    return None


def _entries_and_token(response: Response) -> tuple[list[Any], object] | None:
    """Return the entries of a page and the token of the next one; `None` if it is no page."""
    document = response.json()
    entries = document.get("results") if isinstance(document, dict) else None
    if response.status != 200 or not isinstance(entries, list):
        return None
    return entries, document.get("nextPageToken")
