"""The corrected OpenAPI document of Clickatell: what it allows and forbids."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from support.contract import Contract
from support.provider_http import RecordedRequest

CONTRACT = Contract.of(Path(__file__).parents[1] / "data" / "clickatell-schema.json")
KEY = {"Authorization": "key=="}
JSON = KEY | {"Content-Type": "application/json"}
PDF = KEY | {"Content-Type": "application/pdf"}
PLACE = {"latitude": "-33.9", "longitude": "18.4"}


def sending(**members: Any) -> RecordedRequest:
    """Return a request that sends one message."""
    body = orjson.dumps({"messages": [{"to": "27820000001"} | members]})
    return RecordedRequest(method="POST", path="/v1/message", query=[], headers=JSON, body=body)


def template(**members: Any) -> RecordedRequest:
    """Return a request that sends a template."""
    return sending(template={"templateName": "t", "body": {}} | members)


def uploading(*query: tuple[str, str], headers: dict[str, str] | None = None) -> RecordedRequest:
    """Return a request that uploads a file."""
    headers = PDF if headers is None else headers
    return RecordedRequest(
        method="POST", path="/v1/media", query=query, headers=headers, body=b"%PDF"
    )


def asking(
    path: str, *query: tuple[str, str], body: bytes = b"", **headers: str
) -> RecordedRequest:
    """Return a GET request."""
    return RecordedRequest(method="GET", path=path, query=query, headers=KEY | headers, body=body)


NAME = ("fileName", "a.pdf")

ALLOWED: dict[str, RecordedRequest] = {
    "a message": sending(content="hello"),
    "a schedule": sending(scheduledDeliveryTime="2030-01-02T03:04:05+02:00"),
    "a place": sending(location=PLACE),
    "a birthday": sending(contacts=[{"name": {"a": "b"}, "birthday": "2000-02-29"}]),
    "values of a map of three": template(
        buttons={"suggestedResponse": {"postbackData": {"1": "longer than three"}}}
    ),
    "an upload": uploading(NAME, ("broadcastAllowed", "true")),
    "a status": asking("/v1/message/0f3b"),
}

FORBIDDEN: dict[str, tuple[RecordedRequest, str]] = {
    "a misspelt member": (sending(contnet="x"), "contnet"),
    "a misspelt member far inside": (sending(location=PLACE | {"nmae": "x"}), "nmae"),
    "no recipient": (
        RecordedRequest(
            method="POST",
            path="/v1/message",
            query=[],
            headers=JSON,
            body=b'{"messages": [{"content": "x"}]}',
        ),
        "'to' is a required property",
    ),
    "a text that is too long": (
        sending(actionUrl={"body": "b", "title": "t" * 21, "url": "u"}),
        "too long",
    ),
    "a latitude": (sending(location=PLACE | {"latitude": "90.1"}), "within 90"),
    "a longitude that is no number": (sending(location=PLACE | {"longitude": "E"}), "within 180"),
    "a coordinate that is a number": (sending(location=PLACE | {"latitude": 1.5}), "string"),
    "a schedule with a fraction": (
        sending(scheduledDeliveryTime="2030-01-02T03:04:05.5Z"),
        "yyyy-MM-ddTHH:mm:ssXXX",
    ),
    "the mask of a schedule": (
        sending(scheduledDeliveryTime="yyyy-MM-ddTHH:mm:ssXXX"),
        "yyyy-MM-ddTHH:mm:ssXXX",
    ),
    "a day that is not": (
        sending(contacts=[{"name": {}, "birthday": "2001-02-29"}]),
        "YYYY-MM-DD",
    ),
    "more minutes than fit": (sending(validityPeriod=2**31), "int32"),
    "another channel": (sending(channel="viber"), "viber"),
    "a button of no kind": (template(templateButtons=[{"index": 1, "type": "call"}]), "anyOf"),
    "a button with a misspelt member": (
        template(templateButtons=[{"index": 1, "type": "url", "url": {"url": "x"}, "text": "x"}]),
        "anyOf",
    ),
    "four deprecated buttons": (
        template(buttons={"suggestedResponse": {"postbackData": dict.fromkeys("1234", "x")}}),
        "too many properties",
    ),
    "a path that is not": (asking("/v1/messages"), "not in the document"),
    "a verb that is not": (
        RecordedRequest(method="PUT", path="/v1/message", query=[], headers=JSON, body=b"{}"),
        "not in the document",
    ),
    "no JSON": (
        RecordedRequest(method="POST", path="/v1/message", query=[], headers=JSON, body=b"{"),
        "body",
    ),
    "JSON by another name": (
        RecordedRequest(
            method="POST", path="/v1/message", query=[], headers=PDF, body=sending().body
        ),
        "Content-Type",
    ),
    "a body where none belongs": (asking("/v1/balance", body=b"{}"), "body"),
    "no key": (uploading(NAME, headers={"Content-Type": "text/plain"}), "Authorization"),
    "a key with a scheme": (asking("/v1/balance", Authorization="Bearer key"), "Authorization"),
    "an upload without a name": (uploading(), "fileName: is missing"),
    "an upload without a type": (uploading(NAME, headers=KEY), "Content-Type: is missing"),
    "an unknown parameter": (uploading(NAME, ("filename", "b")), "filename"),
    "a parameter twice": (uploading(NAME, NAME), "given twice"),
    "a flag that is none": (uploading(NAME, ("broadcastAllowed", '"yes"')), "boolean"),
    "a source that is not": (
        asking("/v1/media", ("fileId", "a"), ("sha256Hash", "b"), ("source", "server")),
        "server",
    ),
}

ANSWERS: dict[str, tuple[RecordedRequest, int, Any, bool]] = {
    "a null error": (sending(), 202, {"messages": [{"error": None}], "error": None}, True),
    "an error": (sending(), 400, {"error": {"code": 22, "description": "x"}}, True),
    "an unknown member": (sending(), 202, {"messages": [{"id": "x"}]}, False),
    "a member that is never sent": (sending(), 202, {"type": "SUCCESS"}, False),
    "a code that is text": (sending(), 400, {"error": {"code": "22"}}, False),
    "500, which only the errors table has": (sending(), 500, {"error": {"code": 18}}, True),
    "a status of HTTP that nobody documents": (sending(), 429, {}, False),
    "a new status": (asking("/v1/message/a"), 200, {"sms": {"status": "BEAMED"}}, True),
    "another channel": (asking("/v1/message/a"), 200, {"viber": {"status": "READ"}}, False),
    "an unknown message": (
        asking("/v1/message/a"),
        200,
        {"status": "UNKNOWN", "timestamp": 1_700_000_000_000},
        True,
    ),
    "a time that is text": (asking("/v1/message/a"), 200, {"sms": {"timestamp": "1"}}, False),
    "a balance": (asking("/v1/balance"), 200, {"balance": 1.5, "currency": "ZAR"}, True),
}


@pytest.mark.parametrize("recorded", ALLOWED.values(), ids=ALLOWED)
def test_what_is_documented_is_allowed(recorded: RecordedRequest) -> None:
    """A request that the vendor's prose allows has no fault, even if its schema forbids it."""
    assert CONTRACT.request_faults(recorded) == []


@pytest.mark.parametrize(("recorded", "fault"), FORBIDDEN.values(), ids=FORBIDDEN)
def test_everything_else_is_a_fault(recorded: RecordedRequest, fault: str) -> None:
    """A request that breaks one rule of the document has one fault."""
    faults = CONTRACT.request_faults(recorded)

    assert len(faults) == 1
    assert fault.replace("anyOf", "not valid under any") in faults[0]


@pytest.mark.parametrize(("recorded", "status", "body", "allowed"), ANSWERS.values(), ids=ANSWERS)
def test_answers(recorded: RecordedRequest, status: int, body: Any, allowed: bool) -> None:
    """An answer may have only what is documented for its operation and status."""
    faults = CONTRACT.answer_faults(recorded, status, orjson.dumps(body))

    assert allowed == (faults == [])


def test_used_parts() -> None:
    """`used` finds the parts of a request, down to values of enumerations and keys of maps."""
    recorded = template(
        header={"type": "text", "text": {"parameters": {"1": "a"}}},
        templateButtons=[{"index": 1, "type": "otp", "otp": {"code": "1"}}],
    )
    message = "POST /v1/message .messages []"
    inside = f"{message} .template"

    used = CONTRACT.used(recorded)

    assert used <= CONTRACT.declared()
    assert used == {
        "POST /v1/message .messages",
        message,
        f"{message} .to",
        inside,
        f"{inside} .templateName",
        f"{inside} .body",
        f"{inside} .header",
        f"{inside} .header .type",
        f"{inside} .header .type=text",
        f"{inside} .header .text",
        f"{inside} .header .text .parameters",
        f"{inside} .header .text .parameters *",
        f"{inside} .templateButtons",
        f"{inside} .templateButtons []",
        f"{inside} .templateButtons [] .index",
        f"{inside} .templateButtons [] .type",
        f"{inside} .templateButtons [] .type=otp",
        f"{inside} .templateButtons [] .otp",
        f"{inside} .templateButtons [] .otp .code",
    }
