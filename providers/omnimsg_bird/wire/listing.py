"""Write the queries for Bird's lists, and read their pages.

Source: the list operations on the Messaging page of the Channels API reference. Two versions of it
have different default page sizes, so the size is always sent; the page about common usage allows
100. The last page is the one without `nextPageToken`, however short the others are.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from omnimsg.adapter import refused
from omnimsg.domain.history import Page
from omnimsg.domain.reason import Reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg.adapter import Adapter, Response, StatusTable
    from omnimsg.domain.failure import Failure
    from omnimsg.domain.history import HistoryQuery

PAGE_SIZE = 100
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
    document = response.json()
    if response.status != 200 or not isinstance(document, dict):
        return None
    results: object = document.get("results")
    if not isinstance(results, list):
        return None
    token: Any = document.get("nextPageToken")
    items = (read_item(entry) for entry in results if isinstance(entry, dict))
    return Page(
        tuple(item for item in items if item is not None),
        token if isinstance(token, str) and token else None,
    )
