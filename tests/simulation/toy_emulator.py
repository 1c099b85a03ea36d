"""An emulator of Toy, which needs a token before a message and gives its id afterwards.

The three providers need one request to send; Toy needs several (`support.toy.two_step`). So the
worlds check that the request that sends decides the outcome.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import orjson
from aiohttp import web
from support.toy.base import ToySettings
from support.toy.two_step import TwoStepToyAdapter

from omnimsg.adapter import Account
from omnimsg.domain.secret import Secret
from omnimsg.sandbox import Emulator, LifecycleStep, MessageRecord

if TYPE_CHECKING:
    from collections.abc import Iterable

_TOKEN = "t0k3n"
_STEPS = (LifecycleStep("waiting"), LifecycleStep("there", delivers=True))


class ToyEmulator(Emulator):
    """The part of Toy's API that sends and looks up texts."""

    name: ClassVar[str] = "toy"

    @classmethod
    def account(cls, base_url: str) -> dict[str, Any]:
        """Return an account's table, which the interface requires; Toy is in no distribution."""
        return {"provider": cls.name, "base_url": base_url, "key": "toy-key"}

    def routes(self) -> Iterable[web.RouteDef]:
        """Return the routes of tokens, texts and ids."""
        return [
            web.post("/token", self._give_token),
            web.post("/texts", self._take_texts),
            web.get("/ids", self._tell_ids),
            web.get("/texts/{id}", self._tell_state),
        ]

    def is_send(self, request: web.Request) -> bool:
        """Return whether a request sends texts."""
        return request.method == "POST" and request.path.endswith("/texts")

    def refuse(self, request: web.Request, status: int) -> web.Response:
        """Return a refusal in Toy's form."""
        del request
        return _answer({"fault": {"code": "slow-down", "text": "wait"}}, status)

    async def _give_token(self, request: web.Request) -> web.Response:
        await request.read()
        return _answer({"token": _TOKEN})

    async def _take_texts(self, request: web.Request) -> web.Response:
        texts = orjson.loads(await request.read())["texts"]
        if request.headers.get("X-Token") != _TOKEN:
            return _answer({"fault": {"code": "bad-key", "text": "no token"}}, 401)
        results: list[dict[str, Any]] = []
        for each in texts:
            if "nonsense" in each:
                fault = {"code": "no-such-number", "text": "nonsense"}
                results.append({"key": each["key"], "to": each["to"], "fault": fault})
                continue
            self._accept_text(each)
            results.append({"key": each["key"], "to": each["to"]})
        return _answer({"results": results})

    def _accept_text(self, text: dict[str, Any]) -> None:
        now = self.state.clock()
        self.accept(
            MessageRecord(
                provider=self.name,
                id=self.state.hex_id(),
                channel="sms",
                to=text["to"],
                kind="text",
                content=text["content"],
                text=text["content"]["text"],
                created=now,
                start=now,
                steps=_STEPS,
                reference=text["key"],
            )
        )

    async def _tell_ids(self, request: web.Request) -> web.Response:
        wanted = request.query.get("keys", "").split(",")
        return _answer(
            {
                "results": [
                    {"key": each.reference, "to": each.to, "id": each.id}
                    for each in self.messages
                    if each.reference in wanted
                ]
            }
        )

    async def _tell_state(self, request: web.Request) -> web.Response:
        record = self.messages.get(request.match_info["id"])
        if record is None:
            return _answer({}, 404)
        return _answer({"state": record.latest_change(self.state.clock()).status})


def toy_adapter(name: str, base_url: str) -> TwoStepToyAdapter:
    """Return the adapter of an account at this emulator."""
    settings = ToySettings(key=Secret("toy-key"))
    return TwoStepToyAdapter(Account(name=name, settings=settings, base_url=base_url))


def _answer(document: dict[str, Any], status: int = 200) -> web.Response:
    return web.Response(status=status, body=orjson.dumps(document), content_type="application/json")
