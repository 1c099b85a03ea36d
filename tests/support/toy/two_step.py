"""Toy with a token: a request before the one that sends, and one after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import orjson
from support.toy.adapter import ToyAdapter
from support.toy.base import as_object
from support.toy.conformance import ToyConformance

from omnimsg.adapter import Effect, Response

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg.adapter import Context, Flow, Request
    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome
    from omnimsg.testing import Said


class TwoStepToyAdapter(ToyAdapter):
    """The adapter for a Toy that needs a token, and gives ids in a second answer only."""

    def send(self, messages: Sequence[Message], context: Context) -> Flow[Sequence[Outcome | None]]:
        """Fetch a token, send texts, and ask for their ids unless all were refused."""
        response = yield self.token_request()
        token = self.token(response)
        if token is None:
            return self.without_token(messages, response)
        body = {"texts": [self.encode(each, context) for each in messages]}
        request = self.request("/texts", body, Effect.SENDS)
        response = yield attrs.evolve(request, headers={"X-Token": token})
        outcomes = self.outcomes(messages, response)
        if response.status != 200 or None not in outcomes:
            return outcomes
        keys = ",".join(each.reference for each in messages)
        response = yield attrs.evolve(self.request("/ids"), query=(("keys", keys),))
        return [
            each or self.after_send(later)
            for each, later in zip(outcomes, self.outcomes(messages, response), strict=True)
        ]

    def token_request(self) -> Request:
        """Build the request for a token."""
        return self.request("/token", {}, Effect.REPEATABLE)

    def token(self, response: Response) -> str | None:
        """Decode a token."""
        token = as_object(response.json()).get("token")
        is_token = isinstance(token, str) and token.isalnum() and token.isascii()
        return token if response.status == 200 and is_token else None

    def without_token(
        self, messages: Sequence[Message], response: Response
    ) -> Sequence[Outcome | None]:
        """Return no outcomes, so that the engine marks the messages as not sent."""
        return [None] * len(messages)

    def after_send(self, outcome: Outcome | None) -> Outcome | None:
        """Use the second answer only if it has an id: the message may have been sent."""
        return outcome if outcome is not None and outcome.kind == "accepted" else None


class TwoStepToyConformance(ToyConformance):
    """The answers of a Toy with a token."""

    adapter_class = TwoStepToyAdapter

    def answer(self, request: Request, said: Sequence[Said]) -> Response:
        """Answer with a token, with the results without ids, or with the ids."""
        if request.url == "/token":
            return Response(200, b'{"token":"t0k3n"}')
        response = super().answer(request, said)
        if request.url == "/ids":
            return response
        document = orjson.loads(response.body)
        for result in document.get("results", ()):
            result.pop("id", None)
        return attrs.evolve(response, body=orjson.dumps(document))
