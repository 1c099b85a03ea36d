"""Run a flow by hand: no network, no event loop, no engine."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar

import attrs

from omnimsg.adapter import Answer, Request, Response
from omnimsg.domain.redaction import hidden

if TYPE_CHECKING:
    from omnimsg.adapter import Flow

T = TypeVar("T")

Respond: TypeAlias = Callable[[Request], Response]

MOST_REQUESTS = 50


@attrs.frozen(kw_only=True)
class Driven(Generic[T]):
    """What a flow did.

    Attributes:
        value: What it returned.
        requests: What it asked for, in order.
        responses: What it was told, in order.
    """

    value: T = attrs.field(repr=hidden)
    requests: tuple[Request, ...]
    responses: tuple[Response, ...]


def drive(flow: Flow[T], respond: Respond, *, most: int = MOST_REQUESTS) -> Driven[T]:
    """Run a flow to its end.

    A successful answer to a `SINK` request reaches the flow without its body, as it does in the
    engine.

    Args:
        flow: What an adapter's operation returned.
        respond: The provider: a request in, its answer out.
        most: The most requests before the flow counts as endless.

    Raises:
        AssertionError: It is no generator, it yielded something other than a `Request`, or it
            asked for more than `most` answers. Whatever the flow itself raises passes through.
    """
    _require(isinstance(flow, Generator), "an operation must be a generator of Requests", flow)
    requests: list[Request] = []
    responses: list[Response] = []
    try:
        request = next(flow)
        while True:
            _require(isinstance(request, Request), "a flow must yield Requests", request)
            _require(len(requests) < most, f"a flow must end within {most} requests", request)
            requests.append(request)
            responses.append(_delivered(request, respond(request)))
            request = flow.send(responses[-1])
    except StopIteration as end:
        return Driven(value=end.value, requests=tuple(requests), responses=tuple(responses))
    finally:
        flow.close()


def _delivered(request: Request, response: Response) -> Response:
    taken = request.answer is Answer.SINK and response.status in request.success
    return attrs.evolve(response, body=b"") if taken else response


def _require(holds: bool, rule: str, given: object) -> None:
    if not holds:
        raise AssertionError(f"{rule}; here is {type(given).__name__}")
