"""Drive an adapter's flows by hand, without the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import orjson

from omnimsg import testing
from omnimsg.adapter import Response

if TYPE_CHECKING:
    from omnimsg.adapter import Flow, Request

T = TypeVar("T")


def answer(status: int, document: object) -> Response:
    """Build an answer with a JSON document."""
    return Response(status, orjson.dumps(document))


def drive(flow: Flow[T], *answers: Response) -> tuple[list[Request], T]:
    """Answer a flow's requests in turn; return the requests and the flow's value."""
    unused = iter(answers)
    driven = testing.drive(flow, lambda _: next(unused))
    return list(driven.requests), driven.value
