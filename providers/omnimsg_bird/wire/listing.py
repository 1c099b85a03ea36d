"""What is asked of Bird's lists, and what they answer.

Source: the list operations on the Messaging page of the Channels API reference. Two generations of
it have different default sizes of a page, so the size is always sent; the page about common usage
allows 100. The last page is the one without `nextPageToken`, however short the others are.
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
_TOKEN = "pageToken"  # noqa: S105 - the place in a list

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
    """Refuse what no filter can say."""
    if query.status is not None and not _words(query.status, adapter.statuses):
        known = ", ".join(sorted({row.status.value for row in adapter.statuses}))
        return refused(
            Reason.UNSUPPORTED, "status", f"is {query.status.value}; Bird's messages are {known}"
        )
    if _TOKEN in query.extras.get(adapter.provider, ()):
        return refused(
            Reason.UNSUPPORTED,
            f"extras.{adapter.provider}.{_TOKEN}",
            "is not for extras to set: the pages follow each other by themselves",
        )
    return None


def parameters(
    query: HistoryQuery, page: str | None, adapter: Adapter[Any]
) -> tuple[tuple[str, str], ...]:
    """Write the filters; several values of one are its name repeated."""
    asked: dict[str, Any] = {"limit": PAGE_SIZE}
    for ours, name in _FILTERS:
        asked[name] = getattr(query, ours)
    if query.status is not None:
        asked["status"] = _words(query.status, adapter.statuses)
    asked |= query.extras.get(adapter.provider, {})
    asked[_TOKEN] = page
    return tuple(
        (name, _written(each))
        for name, value in asked.items()
        for each in (value if isinstance(value, (list, tuple)) else [value])
        if each is not None
    )


def _words(status: object, statuses: StatusTable) -> list[str]:
    return [row.name for row in statuses if row.status is status]


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, datetime) else str(value)


def page(response: Response, item: Callable[[object], Any]) -> Page[Any] | None:
    """Read a page; what is on it and cannot be read at all is left out.

    Args:
        response: The answer.
        item: Reads one of the results.
    """
    document = response.json()
    if response.status != 200 or not isinstance(document, dict):
        return None
    results: object = document.get("results")
    if not isinstance(results, list):
        return None
    token: Any = document.get("nextPageToken")
    found = (item(each) for each in results)
    return Page(
        tuple(each for each in found if each is not None),
        token if isinstance(token, str) and token else None,
    )
