"""Unknown codes and statuses: in failures, counted by the client, and in a file."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

import orjson
import pytest
from support.adapters import Reply, TinyAdapter, accepted, references, texts
from support.routed import Routed, saying

from omnimsg import (
    Accepted,
    Client,
    Message,
    OperationError,
    Rejected,
    Route,
    SendError,
    UnknownCodeMet,
    UnknownCodes,
)
from omnimsg.adapter import Request, Response
from omnimsg.domain.reason import Reason
from omnimsg.testing import MemoryTransport

if TYPE_CHECKING:
    from pathlib import Path

    from omnimsg import Outcome, UnknownCode

Story: TypeAlias = Callable[[Client], Awaitable[Any]]

TO = "+37255500001"
ACCOUNTS: dict[str, dict[str, Any]] = {
    "clickatell": {"provider": "clickatell", "api_key": "k" * 20, "channel": "sms"},
    "messente": {"provider": "messente", "username": "u" * 8, "password": "p" * 12},
    "bird": {
        "provider": "bird",
        "access_key": "k" * 20,
        "workspace_id": "11111111-1111-4111-8111-111111111111",
        "channels": {"sms": "22222222-2222-4222-8222-222222222222"},
    },
}


def refused(name: str, code: object, request: Request) -> Response:
    """Refuse a message in the provider's own form, with this code."""
    if name == "clickatell":
        assert isinstance(request.body, bytes)
        (asked,) = orjson.loads(request.body)["messages"]
        entry = {
            "apiMessageId": None,
            "accepted": False,
            "to": asked["to"],
            "clientMessageId": asked["clientMessageId"],
            "error": {"code": code, "description": "odd"},
        }
        return Response(207, orjson.dumps({"messages": [entry], "error": None}))
    if name == "messente":
        errors = [{"code": str(code), "title": "odd", "detail": "odd", "source": ""}]
        return Response(400, orjson.dumps({"errors": errors}))
    return Response(422, orjson.dumps({"code": str(code), "message": "odd"}))


def stranger(_: Request) -> Response:
    """Answer like a proxy with codes of its own."""
    return Response(403, b'{"error": {"code": 1020, "message": "access denied"}}')


def told(name: str, respond: Any, story: Story, **changes: Any) -> Any:
    """Run a story with a client of one account over a transport in memory."""
    client = Client.from_config(
        {"accounts": {"main": ACCOUNTS[name] | changes}},
        transport=MemoryTransport.factory(respond),
    )

    async def whole() -> Any:
        async with client:
            return await story(client)

    return asyncio.run(whole())


async def outcome_through(client: Client, message: Message | None = None) -> Outcome:
    """Send a message and return its outcome."""
    try:
        return await client.send(message or Message(TO, "Hello"))
    except SendError as error:
        found: Any = error.outcome
        outcome: Outcome = found
        return outcome


def seen(client: Client) -> list[tuple[str, str, str, int | None, int]]:
    """Return the unknown codes that a client has counted."""
    return [_values(each) for each in client.unknown_codes()]


def _values(each: UnknownCode) -> tuple[str, str, str, int | None, int]:
    return each.provider, each.table, each.code, each.http_status, each.count


@pytest.mark.parametrize("name", ACCOUNTS)
def test_each_provider_keeps_a_code_that_no_table_has(name: str) -> None:
    """A refusal with an unknown code has it in `unknown_code`, and the client counts it."""

    async def story(client: Client) -> Any:
        outcomes = [await outcome_through(client), await outcome_through(client)]
        return outcomes, seen(client)

    outcomes, found = told(name, lambda request: refused(name, 4711, request), story)

    statuses = {"clickatell": 207, "messente": 400, "bird": 422}
    assert ["4711", "4711"] == [each.failure.unknown_code for each in outcomes]
    assert [(name, "code", "4711", statuses[name], 2)] == found


@pytest.mark.parametrize("name", ACCOUNTS)
def test_a_strangers_code_is_not_the_providers(name: str) -> None:
    """A proxy's code is in `unknown_code` only, not in `code`."""
    outcome = told(name, stranger, outcome_through)

    assert not isinstance(outcome, Accepted)
    assert (None, "1020") == (outcome.failure.code, outcome.failure.unknown_code)
    assert "unknown code 1020" in outcome.failure.sentence()


def test_a_code_with_a_row_is_not_counted() -> None:
    """A known code is not counted as unknown, also at a level where it decides nothing."""
    answers = [
        Response(400, b'{"messages": [], "error": {"code": 18, "description": "odd"}}'),
        Response(400, b'{"messages": [], "error": {"code": 1, "description": "odd"}}'),
        Response(200, b'{"messages": [], "error": {"code": 0, "description": null}}'),
    ]

    async def story(client: Client) -> Any:
        outcomes = [await outcome_through(client) for _ in range(3)]
        return [each.failure.unknown_code for each in outcomes], seen(client)  # type: ignore[union-attr]

    assert ([None] * 3, []) == told("clickatell", lambda _: answers.pop(), story)


def test_a_code_with_a_configured_row_is_not_counted() -> None:
    """A code with a row in the account's configuration is not counted as unknown."""
    row = {"reason": "invalid_recipient", "verdict": "rejected"}

    async def story(client: Client) -> Any:
        return (await outcome_through(client)).reason, seen(client)  # type: ignore[union-attr]

    found = told(
        "messente",
        lambda request: refused("messente", 4711, request),
        story,
        codes={"error:4711": row},
    )

    assert (Reason.INVALID_RECIPIENT, []) == found


def test_a_code_quotes_neither_the_recipient_nor_the_text() -> None:
    """An unknown code is redacted: no recipient, text or key is shown."""
    text = "meet me at the old mill"

    def echo(_: Request) -> Response:
        return Response(403, orjson.dumps({"code": f"{TO[4:]} {text} {'k' * 20}"}))

    async def story(client: Client) -> Any:
        outcome = await outcome_through(client, Message(TO, text))
        return outcome, *client.unknown_codes()

    outcome, met_code = told("clickatell", echo, story)

    for shown in (outcome.failure.unknown_code, met_code.code, repr(outcome), repr(met_code)):
        assert text not in shown
        assert TO[4:] not in shown
        assert "kkkk" not in shown


def test_operations_and_look_ups_count_too() -> None:
    """Unknown codes and statuses in operations and look-ups are counted."""
    answers = [
        Response(403, b'{"code": "QuotaOfReads"}'),
        Response(200, orjson.dumps({"omnimessage_id": "m1", "statuses": [_leg("LOST", 0)]})),
        Response(200, orjson.dumps({"omnimessage_id": "m1", "statuses": [_leg("FAILED", 4711)]})),
    ]

    async def story(client: Client) -> Any:
        with pytest.raises(OperationError) as caught:
            await client.status("main:m1")
        await client.status("main:m1")
        await client.status("main:m1")
        return caught.value.failure.unknown_code, seen(client)

    found = told("messente", lambda _: answers.pop(0), story)

    assert found == (
        "QuotaOfReads",
        [
            ("messente", "code", "QuotaOfReads", 403, 1),
            ("messente", "status", "LOST", None, 1),
            ("messente", "code", "4711", None, 1),
        ],
    )


def _leg(status: str, err: int) -> dict[str, Any]:
    return {"status": status, "channel": "sms", "message_id": "l1", "err": err, "error": "odd"}


def odd(request: Request) -> Response:
    """Answer for a whole batch, with a code that Tiny does not have."""
    return Response(403, orjson.dumps({"code": "odd", "about": len(references(request))}))


def test_one_answer_counts_once() -> None:
    """An answer for several messages counts its unknown code once."""
    routed = Routed(odd)

    async def story(client: Client) -> list[int]:
        _ = [each async for each in client.send_many(texts(4))]
        return [each.count for each in client.unknown_codes()]

    counts = routed.run(story)

    assert [routed.asked()["a"]] == counts


class Unsure(TinyAdapter):
    """Tiny that rejects with an unknown code, in its own form."""

    def outcome(
        self, reference: str, result: dict[str, Any] | None, response: Response
    ) -> Outcome | None:
        """Reject a result with an unknown code."""
        found = super().outcome(reference, result, response)
        if found is not None or result is None:
            return found
        from omnimsg import Failure, Retry  # noqa: PLC0415 - beside their use

        code = result["error"]
        failure = Failure(
            reason=Reason.UNKNOWN,
            retry=Retry.NEVER,
            code=code,
            unknown_code=code,
            http_status=response.status,
        )
        return Rejected(reference=reference, account=self.account.name, failure=failure)


@pytest.mark.parametrize("reply", [saying("new-code"), odd])
@pytest.mark.parametrize("stream", [False, True])
def test_an_unknown_code_does_not_fail_over(reply: Reply, stream: bool) -> None:
    """A message refused with an unknown code does not fail over: it may be an opt-out."""
    routed = Routed(reply, accepted, routes=(Route(accounts=("a", "b")),), kind=Unsure)

    (outcome,) = routed.send_many(texts(1)) if stream else [routed.send(texts(1)[0])]

    assert ("a", ()) == (outcome.account, outcome.earlier)
    assert 0 == routed.asked()["b"]


def met(code: str, account: str = "main") -> UnknownCodeMet:
    """Build an event."""
    return UnknownCodeMet(
        account=account, provider="tiny", table="code", code=code, http_status=400
    )


def test_an_unknown_code_has_a_count_and_two_times() -> None:
    """An unknown code has a count and its first and last time, by account and table."""
    start = datetime(2030, 1, 1, tzinfo=UTC)
    times = iter(start + timedelta(seconds=each) for each in range(3))
    codes = UnknownCodes(now=lambda: next(times))

    for each in (met("7"), met("7", "other"), met("7")):
        codes.unknown_code(each)

    assert [("main", 2, 0, 2), ("other", 1, 1, 1)] == [
        (each.account, each.count, each.first_seen.second, each.last_seen.second)
        for each in codes.seen
    ]


def test_a_provider_that_invents_codes_does_not_fill_the_memory() -> None:
    """At most 1,000 different unknown codes are kept, and those go on counting."""
    codes = UnknownCodes()

    for each in range(2_000):
        codes.unknown_code(met(str(each)))
    codes.unknown_code(met("0"))

    assert (1_000, 2) == (len(codes.seen), codes.seen[0].count)


def test_a_file_has_one_line_for_each(tmp_path: Path) -> None:
    """The file has one line per code and process, and is private to its owner."""
    path = tmp_path / "codes.jsonl"

    async def process() -> None:
        codes = UnknownCodes(path, now=lambda: datetime(2030, 1, 1, tzinfo=UTC))
        for code in ("7", "7", "8"):
            codes.unknown_code(met(code))

    for _ in range(2):
        asyncio.run(process())

    lines = [orjson.loads(each) for each in path.read_bytes().splitlines()]
    assert ["7", "7", "8", "8"] == sorted(each["code"] for each in lines)
    assert {
        "omnimsg": "unknown-code",
        "account": "main",
        "provider": "tiny",
        "table": "code",
        "code": "7",
        "http_status": 400,
        "at": "2030-01-01T00:00:00+00:00",
    } in lines
    assert 0o600 == path.stat().st_mode & 0o777


def test_a_file_that_cannot_be_written_is_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A failed write is logged, and the code is written once the file can be."""
    folder = tmp_path / "missing"
    codes = UnknownCodes(folder / "codes.jsonl")

    async def meet() -> None:
        codes.unknown_code(met("7"))

    asyncio.run(meet())
    folder.mkdir()
    asyncio.run(meet())

    assert "the file of unknown codes cannot be written: FileNotFoundError" in caplog.text
    assert [("7", 2)] == [(each.code, each.count) for each in codes.seen]
    assert 1 == len((folder / "codes.jsonl").read_bytes().splitlines())
