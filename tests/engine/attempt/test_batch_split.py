"""Batches that are refused as a whole are split, so that one message fails alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.adapters import (
    FakeTransport,
    account_engine,
    references,
    results,
    send_batch,
    texts,
    tiny,
)

from omnimsg import Accepted, NotSent, Reason, Rejected, Retry
from omnimsg.adapter import Request, Response
from omnimsg.domain.failure import Failure
from omnimsg.engine.attempt.batch_split import Split, split_of

if TYPE_CHECKING:
    from omnimsg import Outcome

pytestmark = pytest.mark.anyio

DOCUMENT = {"error": {"code": 21}}


def rejected(reference: str, status: int | None, raw: object, **fields: Any) -> Rejected:
    """Build the refusal of one message."""
    failure = Failure(
        reason=Reason.INVALID_CONTENT, retry=Retry.NEVER, http_status=status, raw=raw, **fields
    )
    return Rejected(reference=reference, account="main", failure=failure)


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ([rejected("a", 400, {}), rejected("b", 400, {})], Split(2)),
        ([rejected("a", 207, DOCUMENT), rejected("b", 207, DOCUMENT)], Split(2)),
        ([rejected("a", 200, DOCUMENT), rejected("b", 200, DOCUMENT)], Split(2)),
        ([rejected("a", 207, dict(DOCUMENT)), rejected("b", 207, dict(DOCUMENT))], None),
        ([rejected("a", 207, None), rejected("b", 207, None)], None),
        ([rejected("a", None, DOCUMENT), rejected("b", None, DOCUMENT)], None),
        ([rejected("a", 400, {}, detail="x"), rejected("b", 400, {}, detail="y")], None),
        ([rejected("a", 400, DOCUMENT)], None),
    ],
    ids=[
        "status",
        "207 read from one document",
        "200 read from one document",
        "an entry each",
        "nothing quoted",
        "no answer",
        "different words",
        "one message",
    ],
)
def test_what_refuses_a_request_as_a_whole(outcomes: list[Outcome], expected: Split | None) -> None:
    """A batch is split if its failures are equal and come from an HTTP error or one document."""
    assert expected == split_of(outcomes)


@pytest.mark.parametrize("body", [b"", b"<html>Request Entity Too Large</html>"])
async def test_a_batch_too_large_for_a_proxy_leaves_in_smaller_requests(body: bytes) -> None:
    """A 413 that the provider did not write rejects no message: the batch is halved and sent."""
    wire = FakeTransport()

    def reply(request: Request) -> Response:
        if len(references(request)) > 2:
            return Response(413, body)
        return results(dict.fromkeys(references(request), "ok"))

    wire.reply = reply

    outcomes = await send_batch(account_engine(tiny(), wire), texts(4))

    assert [Accepted] * 4 == [type(each) for each in outcomes]
    assert [4, 2, 2] == [len(references(each)) for each in wire.requests]


async def test_one_message_too_large_for_a_proxy_fails_alone() -> None:
    """A single message refused by a proxy's 413 is not sent; the others of its batch are."""
    wire = FakeTransport()

    def reply(request: Request) -> Response:
        if "r2" in references(request):
            return Response(413)
        return results(dict.fromkeys(references(request), "ok"))

    wire.reply = reply

    outcomes = await send_batch(account_engine(tiny(), wire), texts(4))

    assert [Accepted, Accepted, NotSent, Accepted] == [type(each) for each in outcomes]
    assert Retry.AFTER_FIX is outcomes[2].retry  # type: ignore[union-attr]


@pytest.mark.parametrize("status", [403, 404, 405, 406, 410, 418, 444, 493])
async def test_a_firewall_refuses_one_text_with_a_status_of_its_choice(status: int) -> None:
    """A 4xx that the provider did not write, also one of no standard, costs one message."""
    wire = FakeTransport()

    def reply(request: Request) -> Response:
        if "r2" in references(request):
            return Response(status, b"<html>Blocked</html>")
        return results(dict.fromkeys(references(request), "ok"))

    wire.reply = reply

    outcomes = await send_batch(account_engine(tiny(), wire), texts(4))

    assert [Accepted, Accepted, NotSent, Accepted] == [type(each) for each in outcomes]


@pytest.mark.parametrize("status", [401, 402, 407, 415, 431])
async def test_a_status_about_the_account_or_the_form_splits_no_batch(status: int) -> None:
    """A status that can be about no single message refuses the whole request, once."""
    wire = FakeTransport(lambda _: Response(status))

    outcomes = await send_batch(account_engine(tiny(), wire), texts(4))

    assert [NotSent] * 4 == [type(each) for each in outcomes]
    assert 1 == len(wire.requests)
