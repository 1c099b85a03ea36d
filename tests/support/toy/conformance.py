"""The conformance suite for Toy, with the answers of Toy's API."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import orjson
from support.toy.adapter import ToyAdapter
from support.toy.base import ToySettings
from support.toy.callbacks import signed

from omnimsg.adapter import Account, Callback, Operation, Response
from omnimsg.domain.history import Direction, HistoryQuery, PastMessage
from omnimsg.domain.message import Message
from omnimsg.domain.secret import Secret
from omnimsg.testing import Accept, AdapterConformance, Missing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg.adapter import CodeRow, Request, StatusRow
    from omnimsg.testing import Said

ANSWERS: dict[Operation, object] = {
    Operation.CANCEL: {"stopped": True},
    Operation.UPLOAD: {"file": "file-1", "put": "https://files.toy.example/put"},
    Operation.MEDIA_INFO: {"public": True},
    Operation.BALANCE: {"left": "12.50"},
    Operation.MARK_READ: {"results": [{"key": f"{0xC0FFEE:032x}", "id": "event-1"}]},
}

CALLBACK_KEY = Secret("toy-callback-s3cret")
SETTINGS = ToySettings(
    key=Secret("toy-s3cret"), callback_keys=(Secret("toy-former-s3cret"), CALLBACK_KEY)
)


class ToyConformance(AdapterConformance):
    """The answers of Toy's API."""

    adapter_class = ToyAdapter
    request_levels = frozenset({"request"})
    report_levels = frozenset({"report"})

    def account(self) -> Account[ToySettings]:
        """Return an account with a distinctive key."""
        return Account(name="toy", settings=SETTINGS, base_url=ToyAdapter.base_url)

    def messages(self, count: int) -> list[Message]:
        """Return texts to different recipients."""
        return [
            Message(f"+3725550{number:04d}", f"Table {number} is ready", reference=f"ref-{number}")
            for number in range(count)
        ]

    def answer(self, request: Request, said: Sequence[Said]) -> Response:
        """Answer with a result for each message, or with one fault for all."""
        first = said[0]
        if not isinstance(first, (Accept, Missing)) and first.level == "request":
            fault = {"code": first.code, "text": first.detail}
            return Response(500, orjson.dumps({"fault": fault}))
        results = [
            {"key": each.message.reference, "to": each.message.to, "id": each.id}
            if isinstance(each, Accept)
            else {
                "key": each.message.reference,
                "fault": {"code": each.code, "text": each.detail},
            }
            for each in said
            if not isinstance(each, Missing)
        ]
        return Response(200, orjson.dumps({"results": results}))

    def answer_status(self, request: Request, row: StatusRow | None) -> Response:
        """Answer with the state, or with 404 for an unknown id."""
        if row is None:
            return Response(404, b"{}")
        return Response(200, orjson.dumps({"state": row.name}))

    def answer_failed_status(self, request: Request, row: StatusRow, code: CodeRow) -> Response:
        """Answer with the state, and the code of the failure."""
        return Response(200, orjson.dumps({"state": row.name, "why": code.code}))

    def history_parameters(self, query: HistoryQuery) -> list[tuple[str, str]] | None:
        """Return the parameter of a filter, as in Toy's API reference."""
        match query:
            case HistoryQuery(to=str(to)):
                return [("to", to)]
            case HistoryQuery(sender=str(sender)):
                return [("from", sender)]
            case HistoryQuery(since=datetime() as since):
                return [("after", since.isoformat())]
            case HistoryQuery(until=datetime() as until):
                return [("before", until.isoformat())]
            case HistoryQuery(direction=Direction() as direction):
                return [("way", "out" if direction is Direction.OUTGOING else "in")]
        return None

    def answer_history(self, request: Request, message: PastMessage) -> Response:
        """Answer with the last page of the list, which holds this message."""
        assert message.created is not None
        item = {
            "id": message.id.provider_id,
            "way": "out" if message.direction is Direction.OUTGOING else "in",
            "to": message.to[0],
            "from": message.sender,
            "key": message.reference,
            "at": int(message.created.timestamp()),
            "state": message.leg.timeline.latest and message.leg.timeline.latest.provider_status,
        }
        return Response(200, orjson.dumps({"items": [item]}))

    def answer_find(self, request: Request, message: Message | None, at: datetime) -> Response:
        """Answer with another text, and with the wanted one if it exists."""
        items = [{"id": "text-0", "key": "another", "to": "+37255509999", "at": 0}]
        if message is not None:
            own = {"id": "text-1", "key": message.reference, "to": message.to}
            items.append({**own, "at": int(at.timestamp())})
        return Response(200, orjson.dumps({"items": items}))

    def answer_operation(self, operation: Operation, request: Request) -> Response:
        """Answer the requests of the other operations."""
        if request.url.startswith("https://files.toy.example"):
            return Response(200, b"the file")
        if operation is Operation.DOWNLOAD:
            return Response(302, b"", {"Location": "https://files.toy.example/1"})
        if operation in {Operation.HISTORY, Operation.INTERACTIONS}:
            page = int(dict(request.query).get("page", "1"))
            items = [{"id": f"{page}-{number}", "state": "there"} for number in range(2)]
            following = str(page + 1) if page < 3 else None
            return Response(200, orjson.dumps({"items": items, "next": following}))
        return Response(200, orjson.dumps(ANSWERS[operation]))

    def callbacks(self, at: datetime) -> dict[str, Callback]:
        """Return a report, and a text from a person."""
        return {
            "a report": signed({"id": "t-1", "state": "there"}, CALLBACK_KEY, at),
            "a text": signed({"id": "t-2", "words": "Is the table free?"}, CALLBACK_KEY, at),
        }

    def report(self, row: StatusRow, at: datetime) -> Callback:
        """Return the report of a state."""
        return signed({"id": "t-1", "state": row.name}, CALLBACK_KEY, at)
