"""Toy's lists, in pages: past texts, and the interactions with a text."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import attrs
from support.toy.base import ToyBase, as_list, as_object

from omnimsg.adapter import refused
from omnimsg.domain.failure import Failure
from omnimsg.domain.history import (
    Direction,
    HistoryQuery,
    Interaction,
    InteractionKind,
    Page,
    PastMessage,
)
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.reason import Reason
from omnimsg.domain.status import LegStatus, Timeline

if TYPE_CHECKING:
    from omnimsg.adapter import Context, Flow
    from omnimsg.adapter.interface import Answered

WAYS = {Direction.OUTGOING: "out", Direction.INCOMING: "in"}


class ToyLists(ToyBase):
    """The operations that list."""

    def history(
        self, query: HistoryQuery, page: str | None, context: Context
    ) -> Flow[Answered[Page[PastMessage]]]:
        """List past texts, a page at a time."""
        filters = self.filters(query)
        if isinstance(filters, Failure):
            return filters
        found = yield from self.fetch_page("/texts", page, filters)
        if found is None:
            return None
        return Page(tuple(self.past_message(each, context) for each in found.items), found.next)

    def filters(self, query: HistoryQuery) -> tuple[tuple[str, str], ...] | Failure:
        """Encode the filters of a query, or refuse the first that Toy lacks."""
        for name in ("channel", "tag", "status", "batch_id"):
            if getattr(query, name) is not None:
                return refused(Reason.UNSUPPORTED, name, "is no filter of Toy")
        values: dict[str, str | None] = {
            "to": query.to,
            "from": query.sender,
            "after": None if query.since is None else query.since.isoformat(),
            "before": None if query.until is None else query.until.isoformat(),
            "way": None if query.direction is None else WAYS[query.direction],
        }
        values |= {name: str(value) for name, value in query.extras.get(self.provider, {}).items()}
        return tuple((name, value) for name, value in values.items() if value is not None)

    def past_message(self, item: dict[str, Any], context: Context) -> PastMessage:
        """Decode an item of the list of texts."""
        to, sender, key, at = (item.get(name) for name in ("to", "from", "key", "at"))
        evidence = self.statuses.evidence(item.get("state"))
        return PastMessage(
            id=MessageId.of(self.account.name, item["id"]),
            direction=next((each for each, way in WAYS.items() if way == item.get("way")), None),
            leg=LegStatus(timeline=Timeline.of(evidence, context.now)),
            to=(to,) if isinstance(to, str) else (),
            sender=sender if isinstance(sender, str) else None,
            reference=key if isinstance(key, str) else None,
            created=datetime.fromtimestamp(at, UTC) if type(at) is int and abs(at) < 1e10 else None,
            raw=item,
        )

    def interactions(
        self, provider_id: str, page: str | None, context: Context
    ) -> Flow[Answered[Page[Interaction]]]:
        """List the taps on a text, a page at a time."""
        found = yield from self.fetch_page(f"/texts/{quote(provider_id, safe='')}/taps", page)
        if found is None:
            return None
        return Page(
            tuple(
                Interaction(
                    message_id=MessageId.of(self.account.name, provider_id),
                    kind=InteractionKind.CLICKED,
                    provider_kind=each["id"],
                    raw=each,
                )
                for each in found.items
            ),
            found.next,
        )

    def fetch_page(
        self, url: str, page: str | None, filters: tuple[tuple[str, str], ...] = ()
    ) -> Flow[Page[dict[str, Any]] | None]:
        """Fetch a page of items; items without an id are left out."""
        request = self.request(url)
        query = filters if page is None else (*filters, ("page", page))
        response = yield attrs.evolve(request, query=query)
        document = as_object(response.json())
        if not isinstance(document.get("items"), list):
            return None
        items = tuple(
            each
            for each in map(as_object, as_list(document["items"]))
            if isinstance(each.get("id"), str) and each["id"]
        )
        following = document.get("next")
        return Page(items, following if isinstance(following, str) and following else None)
