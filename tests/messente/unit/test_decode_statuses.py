"""Reading the answers to look-ups and cancellations: statuses, reasons, prices and parts."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from messente.answers import ADAPTER, CONTEXT, FIRST, NOW, errors
from support.flows import answer, drive

from omnimsg.adapter import Effect, Response
from omnimsg.domain.channel import Channel
from omnimsg.domain.failure import Failure
from omnimsg.domain.outcome import (
    Usage,
)
from omnimsg.domain.reason import Fault, Reason, Retry
from omnimsg.domain.status import MessageStatus, Status


def look_up(*entries: dict[str, Any]) -> MessageStatus:
    """Look up a message that has these legs."""
    body = {"omnimessage_id": "o-1", "to": FIRST.to, "statuses": list(entries)}
    (request,), status = drive(ADAPTER.status("o-1", CONTEXT), answer(200, body))
    assert ("GET", "/v1/omnimessage/o-1/status", Effect.READ) == (
        request.method,
        request.url,
        request.effect,
    )
    assert isinstance(status, MessageStatus)
    assert ("baltic:o-1", body) == (status.id, status.raw)
    return status


@pytest.mark.parametrize(
    ("body", "channels"),
    [
        ({"statuses": [None, 7, {"channel": "sms", "status": "ACK"}]}, [Channel.SMS]),
        ({"statuses": []}, []),
        ({"statuses": {"channel": "sms", "status": "ACK"}}, None),
        ({}, None),
        ([], None),
    ],
)
def test_only_a_list_of_legs_is_a_status(body: object, channels: object) -> None:
    """An answer without the list is no status; an entry of the list that is no leg is skipped."""
    _, found = drive(ADAPTER.status("o-1", CONTEXT), answer(200, body))

    legs = [leg.channel for leg in found.legs] if isinstance(found, MessageStatus) else found
    assert channels == legs


@pytest.mark.parametrize("word", ["NOVELTY", 7])
def test_a_status_without_a_row_is_unknown(word: object) -> None:
    """A status that the provider adds later, or that is no text, is `UNKNOWN` with a reason."""
    found = look_up({"channel": "sms", "status": word, "err": None})

    assert (Status.UNKNOWN, Reason.UNKNOWN) == (found.status, found.reason)


@pytest.mark.parametrize(
    ("err", "reason", "fault", "code"),
    [
        (4, Reason.INSUFFICIENT_FUNDS, Fault.ACCOUNT, "4"),
        ("7", Reason.SENDER_NOT_ALLOWED, Fault.SENDER, "7"),
        (777, Reason.UNKNOWN, Fault.PROVIDER, "777"),
        (True, Reason.UNKNOWN, Fault.PROVIDER, None),
        ([4], Reason.UNKNOWN, Fault.PROVIDER, None),
    ],
)
def test_an_err_gives_the_reason_of_a_failed_leg(
    err: object, reason: Reason, fault: Fault, code: str | None
) -> None:
    """A known `err` decides over the status's own reason; an unknown one does not."""
    found = look_up({"channel": "sms", "status": "FAILED", "err": err})

    latest = found.legs[0].timeline.latest
    assert latest is not None
    assert (Status.FAILED, reason, fault, code) == (
        latest.status,
        latest.reason,
        latest.fault,
        latest.code,
    )


@pytest.mark.parametrize(
    ("name", "said", "expected"),
    [("FAILED", "No such number", "No such number"), ("FAILED", None, ""), ("DELIVRD", "ok", "")],
)
def test_what_messente_says_of_a_failed_leg_is_kept(
    name: str, said: str | None, expected: str
) -> None:
    """The text of `error` is kept for a failed leg only."""
    found = look_up({"channel": "sms", "status": name, "error": said})

    assert (expected, expected) == (found.legs[0].detail, found.detail)


@pytest.mark.parametrize(
    ("name", "err", "code"),
    [("SEEN", 10, None), ("DELIVRD", 0, None), ("ACK", None, None), ("ACK", 999, "999")],
)
def test_an_err_beside_a_good_status_is_no_failure(
    name: str, err: int | None, code: str | None
) -> None:
    """Beside a good status, `err` 0 and 10 are no codes, and another code has no reason."""
    latest = look_up({"channel": "sms", "status": name, "err": err}).legs[0].timeline.latest

    assert latest is not None
    assert (None, code) == (latest.reason, latest.code)


def test_legs_keep_their_order_times_ids_and_prices() -> None:
    """A delivered fallback leg makes the message delivered; legs keep order, time, id and price."""
    found = look_up(
        {
            "channel": "viber",
            "message_id": "m-1",
            "status": "EXPIRED",
            "err": 2,
            "timestamp": "2030-01-02T03:05:05.120000",
            "price_info": None,
        },
        {
            "channel": "sms",
            "message_id": "m-2",
            "status": "DELIVRD",
            "err": 0,
            "timestamp": "2030-01-02T05:05:09+02:00",
            "price_info": {"part_price": "0.05", "parts_count": 2, "total_price": "0.10"},
        },
        {"channel": "rcs", "message_id": "m-3", "status": None, "timestamp": "soon"},
    )

    assert found.status is Status.DELIVERED
    assert [Channel.VIBER, Channel.SMS, Channel.RCS] == [leg.channel for leg in found.legs]
    assert ["m-1", "m-2", "m-3"] == [leg.provider_id for leg in found.legs]
    assert [None, Usage(parts=2, price=Decimal("0.10")), None] == [leg.usage for leg in found.legs]
    assert [
        datetime(2030, 1, 2, 3, 5, 5, 120000, tzinfo=UTC),
        datetime(2030, 1, 2, 3, 5, 9, tzinfo=UTC),
        NOW,
    ] == [next(iter(leg.timeline.entries.values())) for leg in found.legs]


@pytest.mark.parametrize("price", ["NaN", "Infinity", "much", 0.1, None])
def test_a_price_that_is_no_decimal_text_is_left_out(price: object) -> None:
    """A price that is not decimal text is left out."""
    assert look_up({"status": "ACK", "price_info": {"total_price": price}}).legs[0].usage is None


@pytest.mark.parametrize("price", ["9E+999999", "9E+999999999", "1E-999999", "0E-999999"])
def test_prices_beyond_all_money_are_left_out(price: str) -> None:
    """A price with an absurd exponent is left out, because its digits would fill the memory."""
    leg = {"status": "ACK", "price_info": {"total_price": price, "parts_count": 1}}

    assert Usage(parts=2) == look_up(leg, leg).usage


@pytest.mark.parametrize("parts", [True, "2", 2.0, None])
def test_parts_that_are_no_whole_number_are_left_out(parts: object) -> None:
    """A number of parts of another type is left out, and the price is kept."""
    leg = {"status": "ACK", "price_info": {"total_price": "0.10", "parts_count": parts}}

    assert Usage(price=Decimal("0.10")) == look_up(leg).usage


def test_an_unknown_id_is_no_failure() -> None:
    """The provider's own 404 is an unknown id; a bare 404 may come from a wrong URL."""
    body = {"errors": [*errors("199")["errors"], *errors("101")["errors"]]}
    _, known = drive(ADAPTER.status("o-1", CONTEXT), answer(404, body))
    _, bare = drive(ADAPTER.status("o-1", CONTEXT), Response(404, b"<html>"))

    assert isinstance(known, MessageStatus)
    assert (Status.UNKNOWN, Reason.NOT_FOUND) == (known.status, known.reason)
    assert body == known.raw
    assert bare is None


@pytest.mark.parametrize(("status", "code"), [(400, "101"), (500, "101"), (404, "102")])
def test_only_a_404_with_its_own_code_is_an_unknown_id(status: int, code: str) -> None:
    """Neither code 101 with another status, nor a 404 with another code, means an unknown id."""
    junk_and_error = {"errors": [None, {"code": None}, *errors(code)["errors"]]}
    _, found = drive(ADAPTER.status("o-1", CONTEXT), answer(status, junk_and_error))
    _, stopped = drive(ADAPTER.cancel("o-1", CONTEXT), answer(status, junk_and_error))

    assert isinstance(found, Failure)
    assert isinstance(stopped, Failure)
    assert (code, code) == (found.code, stopped.code)


def test_a_failed_look_up_has_the_retry_of_its_code() -> None:
    """A failed look-up has the retry advice of its code's row."""
    _, failed = drive(ADAPTER.status("o-1", CONTEXT), answer(500, errors("104")))
    _, forbidden = drive(ADAPTER.status("o-1", CONTEXT), answer(403, errors("102")))

    assert isinstance(failed, Failure)
    assert isinstance(forbidden, Failure)
    assert (Retry.UNSAFE, Retry.AFTER_FIX) == (failed.retry, forbidden.retry)


def test_cancelling_says_whether_it_came_in_time() -> None:
    """A 202 is `True`, the provider's own 404 `False`; other answers are a failure or `None`."""
    (request,), stopped = drive(ADAPTER.cancel("o/1", CONTEXT), answer(202, {}))
    _, late = drive(ADAPTER.cancel("o-1", CONTEXT), answer(404, errors("101")))
    _, bare = drive(ADAPTER.cancel("o-1", CONTEXT), Response(404, b"<html>"))
    _, failed = drive(ADAPTER.cancel("o-1", CONTEXT), answer(500, errors("104")))

    assert ("DELETE", "/v1/omnimessage/o%2F1", Effect.ONCE) == (
        request.method,
        request.url,
        request.effect,
    )
    assert (True, False, None) == (stopped, late, bare)
    assert isinstance(failed, Failure)
    assert failed.retry is Retry.UNSAFE


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (202, b"{}", True),
        (202, b"", True),
        (202, b'{"errors": []}', True),
        (202, b"<html>", None),
        (202, b"[]", None),
        (202, b'{"errors": [{"code": "199"}]}', None),
        (200, b"{}", None),
        (204, b"", None),
        (404, b"{}", None),
        (500, b"{}", None),
    ],
)
def test_only_messentes_own_202_is_a_cancellation(
    status: int, body: bytes, expected: bool | None
) -> None:
    """A 202 with an empty object, or with nothing, is a cancellation; no other answer is."""
    _, stopped = drive(ADAPTER.cancel("o-1", CONTEXT), Response(status, body))

    assert expected is stopped
