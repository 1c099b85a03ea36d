"""Run a flow without a network, an event loop or the engine."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

import attrs

from omnimsg.adapter import Answer, Effect, Request, Response
from omnimsg.domain.redaction import hidden

if TYPE_CHECKING:
    from omnimsg.adapter import Flow

T = TypeVar("T")

Responder: TypeAlias = Callable[[Request], Response]
Alter: TypeAlias = Callable[[Response], Response]

MAX_REQUESTS = 50


@attrs.frozen(kw_only=True)
class Driven(Generic[T]):
    """The record of a finished flow.

    Attributes:
        value: The value that the flow returned.
        requests: The requests that it yielded, in order.
        responses: The responses that it received, in order.
    """

    value: T = attrs.field(repr=hidden)
    requests: tuple[Request, ...]
    responses: tuple[Response, ...]


def drive(flow: Flow[T], respond: Responder, *, max_requests: int = MAX_REQUESTS) -> Driven[T]:
    """Run a flow to its end.

    A successful answer to a `SINK` request reaches the flow without its body, as it does in the
    engine.

    Args:
        flow: The flow that an adapter's operation returned.
        respond: Plays the provider: takes a request and returns its answer.
        max_requests: The number of requests after which the flow counts as endless.

    Raises:
        AssertionError: The flow is not a generator, yielded something other than a `Request`, or
            yielded more than `max_requests` requests. Errors of the flow and of `respond` pass
            through.
    """
    _require(isinstance(flow, Generator), "an operation must be a generator of Requests", flow)
    requests: list[Request] = []
    responses: list[Response] = []
    try:
        while True:
            try:
                request = flow.send(responses[-1]) if responses else next(flow)
            except StopIteration as end:
                return Driven(value=end.value, requests=tuple(requests), responses=tuple(responses))
            _require(isinstance(request, Request), "a flow must yield Requests", request)
            _require(
                len(requests) < max_requests,
                f"a flow must end within {max_requests} requests",
                request,
            )
            requests.append(request)
            # Outside of the inner `try`: a `StopIteration` of `respond` is not the flow's end.
            responses.append(_without_sunk_body(request, respond(request)))
    finally:
        flow.close()


def changing(**fields: Any) -> Alter:  # noqa: ANN401 - any field of a response
    """Return a function that gives an answer other fields."""
    return lambda response: attrs.evolve(response, **fields)


def sending_index(requests: Sequence[Request]) -> int:
    """Return the index of the first request with `Effect.SENDS`; 0 if there is none."""
    effects = [each.effect for each in requests]
    return effects.index(Effect.SENDS) if Effect.SENDS in effects else 0


def _without_sunk_body(request: Request, response: Response) -> Response:
    sunk = request.answer is Answer.SINK and response.status in request.success
    return attrs.evolve(response, body=b"") if sunk else response


def _require(condition: bool, rule: str, actual: object) -> None:
    if not condition:
        raise AssertionError(f"{rule}; got {type(actual).__name__}")
