"""Checks that ids with special characters are quoted in requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import attrs

from omnimsg.adapter import Operation
from omnimsg.testing.adapters.operation_harness import OperationHarness, forgiving
from omnimsg.testing.adapters.samples import SINCE
from omnimsg.testing.assertions import check

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from omnimsg.adapter import Adapter, Flow, Request
    from omnimsg.testing.adapters.flow_driver import Responder

# Ends of ids that would start another path segment, a query, a fragment or an escape.
_TAILS = ("/x", "?x", "#x", "%2Fx", "/x?y=1#z")


class IdChecks(OperationHarness):
    """An unquoted id may address another message, and look it up or cancel it."""

    @check
    def test_ids_are_quoted(self) -> Iterator[str]:
        """An id with `/`, `?`, `#` or `%` is one path segment, and no two ids become the same."""
        adapter = self.build_adapter()
        for name, (start, respond) in self._flows_with_ids(adapter).items():
            plain = self._requests(start, "", respond, adapter)
            addresses = {_addresses(plain): ""}
            if _addresses(self._requests(start, "x", respond, adapter)) in addresses:
                continue  # the id is in no request
            for tail in _TAILS:
                requests = self._requests(start, tail, respond, adapter)
                if not requests:
                    continue  # refused before any request
                if _shapes(requests) != _shapes(plain):
                    yield f"{name}: an id with {tail!r} is not one segment of the path"
                    continue
                other = addresses.setdefault(_addresses(requests), tail)
                if other != tail:
                    yield f"{name}: ids with {other!r} and {tail!r} are the same"

    def _flows_with_ids(
        self, adapter: Adapter[Any]
    ) -> dict[str, tuple[Callable[[str], Flow[Any]], Responder]]:
        """Return each flow that takes an id, by name: its start function and its responder.

        The start function takes a string to append to an id that the provider knows.
        """
        context, id_, stored = self.context(adapter), self.known_id(), self.stored()
        message = self.batch(1)[0]
        flows: dict[Operation, Callable[[str], Flow[Any]]] = {
            Operation.STATUS: lambda tail: adapter.status(id_ + tail, context),
            Operation.CANCEL: lambda tail: adapter.cancel(id_ + tail, context),
            Operation.INTERACTIONS: lambda tail: adapter.interactions(id_ + tail, None, context),
            Operation.MARK_READ: lambda tail: adapter.mark_read([id_ + tail], context),
        }
        if adapter.check(_tailed(message, _TAILS[-1])) is None:
            flows[Operation.FIND] = lambda tail: adapter.find(
                _tailed(message, tail), SINCE, context
            )
        if stored.id is not None:
            flows |= {
                Operation.DOWNLOAD: lambda tail: adapter.download(_tailed(stored, tail), context),
                Operation.MEDIA_INFO: lambda tail: adapter.media_info(
                    _tailed(stored, tail), context
                ),
            }
        return {
            operation.value: (flow, self.operation_responder(operation))
            for operation, flow in flows.items()
            if operation in self.adapter_class.operations()
        }

    def _requests(
        self,
        start: Callable[[str], Flow[Any]],
        tail: str,
        respond: Responder,
        adapter: Adapter[Any],
    ) -> tuple[Request, ...]:
        """Return the requests of a flow for an id with this tail; none if it raises."""
        return self.run_guarded(lambda: start(tail), forgiving(respond), adapter).requests


def _tailed(value: Any, tail: str) -> Any:  # noqa: ANN401 - a message or a file
    """Return a copy with a tail appended to the id of a file, or the reference of a message."""
    name = "reference" if hasattr(value, "reference") else "id"
    return attrs.evolve(value, **{name: getattr(value, name) + tail})


def _shapes(requests: Sequence[Request]) -> list[tuple[int, bool, bool]]:
    """Return, for each URL, the number of path segments, and whether it has a query or fragment."""
    parts = [urlsplit(each.url) for each in requests]
    return [(each.path.count("/"), bool(each.query), bool(each.fragment)) for each in parts]


def _addresses(requests: Sequence[Request]) -> tuple[object, ...]:
    """Return the decoded path segments, the query and the body of each request."""
    return tuple(
        (tuple(map(unquote, each.url.split("/"))), each.query, each.body) for each in requests
    )
