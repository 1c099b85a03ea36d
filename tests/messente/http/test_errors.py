"""The unified meaning of every error code and of every form of an error's source."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import orjson
import pytest
from messente.cases import PAGE, TO
from support.provider_http import TWICE, Recorder, outcomes

from omnimsg import (
    Accepted,
    Channel,
    Client,
    Fault,
    Interactive,
    Leg,
    Message,
    NotSentError,
    OpenUrl,
    Outcome,
    Reason,
    RejectedError,
    Retry,
    Scope,
    Template,
    Text,
)

from .conftest import ROOT, check_delivery

if TYPE_CHECKING:
    from omnimsg.sandbox import Sandbox

pytestmark = pytest.mark.anyio

DOCUMENTS = orjson.loads((Path(__file__).parents[2] / "data" / "messente.json").read_bytes())

Meaning = tuple[str, Reason, Retry, Scope | None]

# By code: its HTTP status (inferred for 102, 104, 106 and 107) and its meaning.
ERRORS: dict[str, tuple[int, Meaning]] = {
    "101": (404, ("not_sent", Reason.MISCONFIGURED, Retry.AFTER_FIX, Scope.ACCOUNT)),
    "102": (403, ("not_sent", Reason.FORBIDDEN, Retry.AFTER_FIX, Scope.ACCOUNT)),
    "103": (401, ("not_sent", Reason.UNAUTHORIZED, Retry.AFTER_FIX, Scope.ACCOUNT)),
    "104": (500, ("ambiguous", Reason.PROVIDER_ERROR, Retry.UNSAFE, None)),
    "105": (400, ("rejected", Reason.INVALID_MESSAGE, Retry.NEVER, None)),
    "106": (400, ("rejected", Reason.INVALID_MESSAGE, Retry.NEVER, None)),
    "107": (405, ("not_sent", Reason.MISCONFIGURED, Retry.AFTER_FIX, Scope.ACCOUNT)),
}


def meaning(outcome: Outcome) -> Meaning:
    """Return kind, reason, retry and scope of an outcome that is not `Accepted`."""
    assert not isinstance(outcome, Accepted)
    return outcome.kind, outcome.reason, outcome.retry, getattr(outcome, "scope", None)


def error(code: str, source: str | None = None) -> dict[str, Any]:
    """Return an error in the form of the reference."""
    title = DOCUMENTS["error"][code]
    return {"code": code, "title": title, "detail": f"{title}, sadly", "source": source}


def test_the_table_is_whole() -> None:
    """`ERRORS` has every code of the API reference."""
    assert set(DOCUMENTS["error"]) == set(ERRORS)


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("code", ERRORS)
async def test_every_code_of_a_whole_request(
    client: Client, sandbox: Sandbox, recorder: Recorder, code: str, count: int
) -> None:
    """An error body applies to all messages, with the provider's own text."""
    http, expected = ERRORS[code]
    # A refused request of two messages is split and sent as two more.
    recorder.instead.extend([(http, {"errors": [error(code)]})] * 3)

    found = await outcomes(client, [Message(TO, "a") for _ in range(count)])

    assert [expected] * count == [meaning(each) for each in found]
    for each in found:
        assert not isinstance(each, Accepted)
        failure = each.failure
        assert (code, http, f"{DOCUMENTS['error'][code]}, sadly") == (
            failure.code,
            failure.http_status,
            failure.detail,
        )
        assert {"errors": [error(code)]} == failure.raw
    check_delivery(sandbox, [])


@pytest.mark.parametrize("code", ERRORS)
async def test_every_code_of_one_in_a_bulk(client: Client, recorder: Recorder, code: str) -> None:
    """Inside a bulk's 201 a code applies only to the message at its position."""
    taken = {"omnimessage_id": "o", "to": "+37255500002", "messages": []}
    recorder.instead.append((201, {"messages": [{"errors": [error(code)]}, taken]}))

    refused, fine = await outcomes(client, [Message(TO, "a"), Message("+37255500002", "b")])

    assert ERRORS[code][1] == meaning(refused)
    assert isinstance(fine, Accepted)


@pytest.mark.parametrize("code", ERRORS)
async def test_nothing_is_tried_again(
    config: dict[str, Any], recorder: Recorder, code: str
) -> None:
    """No error code is retried, because none proves that a retry is safe and useful."""
    recorder.instead.append((ERRORS[code][0], {"errors": [error(code)]}))
    async with Client.from_config(config, retry=TWICE) as client:
        await outcomes(client, [Message(TO, "a")])

    assert 1 == len(recorder.requests)


async def test_a_wrong_password(config: dict[str, Any], sandbox: Sandbox) -> None:
    """The emulator's own 401 is a fault of the account."""
    config["accounts"]["messente"]["password"] = "not-the-password"
    async with Client.from_config(config) as client:
        with pytest.raises(NotSentError) as caught:
            await client.send(Message(TO, "a"))

    failure = caught.value.failure
    assert (Reason.UNAUTHORIZED, Fault.ACCOUNT, "103", 401) == (
        failure.reason,
        failure.fault,
        failure.code,
        failure.http_status,
    )
    check_delivery(sandbox, [])


async def test_a_wrong_address(config: dict[str, Any], sandbox: Sandbox) -> None:
    """The emulator's own 404 is a fault of the account's base URL, not of a message."""
    config["accounts"]["messente"]["base_url"] = f"{sandbox.url}{ROOT}/v9"
    async with Client.from_config(config) as client:
        found = await outcomes(client, [Message(TO, "a") for _ in range(2)])

    assert [ERRORS["101"][1]] * 2 == [meaning(each) for each in found]
    check_delivery(sandbox, [])


async def test_a_new_code_is_left_to_the_http_status(client: Client, recorder: Recorder) -> None:
    """With an unknown code the HTTP status decides, and no message is rejected."""
    new = {"code": "108", "title": "Teapot", "detail": "", "source": None}
    recorder.instead.append((400, {"errors": [new]}))

    (found,) = await outcomes(client, [Message(TO, "a")])

    assert ("not_sent", Reason.MISCONFIGURED, Retry.AFTER_FIX, Scope.ACCOUNT) == meaning(found)


async def test_a_verdict_can_be_configured(config: dict[str, Any], recorder: Recorder) -> None:
    """An account may configure another verdict for a code."""
    config["accounts"]["messente"]["codes"] = {"error:104": {"verdict": "not_sent"}}
    recorder.instead.append((500, {"errors": [error("104")]}))
    async with Client.from_config(config, retry=TWICE) as client:
        accepted = await client.send(Message(TO, "a"))

    assert isinstance(accepted, Accepted)
    assert 2 == len(recorder.requests)


ODD: dict[str, tuple[dict[str, Any], str, Reason]] = {
    # Extras that the emulator refuses, the path of the refused field, and the reason.
    "sms text": ({"sms": {"text": ""}}, "extras.messente.sms.text", Reason.INVALID_MESSAGE),
    "sms sender": ({"sms": {"sender": ""}}, "extras.messente.sms.sender", Reason.INVALID_MESSAGE),
    "sms novelty": ({"sms": {"novelty": 1}}, "extras.messente.sms.novelty", Reason.INVALID_MESSAGE),
    "sms validity": (
        {"sms": {"validity": 0}},
        "extras.messente.sms.validity",
        Reason.INVALID_MESSAGE,
    ),
    "store": ({"text_store": "md5"}, "extras.messente.text_store", Reason.INVALID_MESSAGE),
    "priority": ({"priority": "urgent"}, "extras.messente.priority", Reason.INVALID_MESSAGE),
    "time": ({"time_to_send": "soon"}, "extras.messente.time_to_send", Reason.INVALID_MESSAGE),
    "address": ({"dlr_url": "nowhere"}, "extras.messente.dlr_url", Reason.INVALID_MESSAGE),
    "unknown": ({"reference": "r"}, "extras.messente.reference", Reason.INVALID_MESSAGE),
}


@pytest.mark.parametrize(("extras", "path", "reason"), ODD.values(), ids=ODD)
async def test_the_path_in_the_extras_is_named(
    client: Client, sandbox: Sandbox, extras: dict[str, Any], path: str, reason: Reason
) -> None:
    """The refusal of a value from the extras has its path in the extras."""
    with pytest.raises(RejectedError) as caught:
        await client.send(Message(TO, "a", extras={"messente": extras}))

    failure = caught.value.failure
    assert (path, reason, "105", 400) == (
        failure.path,
        failure.reason,
        failure.code,
        failure.http_status,
    )
    check_delivery(sandbox, [])


async def test_a_missing_field(client: Client, sandbox: Sandbox) -> None:
    """Code 106 rejects a message as code 105 does."""
    extras = {"messente": {"viber": {"video": {"url": PAGE}}}}
    message = Message(TO, "a", channel=Channel.VIBER, extras=extras)

    with pytest.raises(RejectedError) as caught:
        await client.send(message)

    failure = caught.value.failure
    assert ("extras.messente.viber.video", "106", 400) == (
        failure.path,
        failure.code,
        failure.http_status,
    )
    check_delivery(sandbox, [])


OMNI = Message(
    TO,
    Interactive("Hi", (OpenUrl("Open", PAGE),)),
    channel=Channel.VIBER,
    fallback=(
        Leg(channel=Channel.WHATSAPP, content=Template("t", "en")),
        Leg(channel=Channel.SMS, content=Text("Hi")),
        Leg(channel=Channel.RCS),
    ),
)
SOURCES: dict[str | None, tuple[str | None, Reason]] = {
    # The published form first, then its extensions.
    "payload[sms][sender]": ("fallback[1].sender", Reason.INVALID_SENDER),
    "payload[viber][sender]": ("sender", Reason.INVALID_SENDER),
    "payload[viber][text]": ("content.body", Reason.INVALID_CONTENT),
    "payload[viber][button_url]": ("content.actions[0]", Reason.INVALID_CONTENT),
    "payload[viber][ttl]": ("ttl", Reason.INVALID_MESSAGE),
    "payload[sms][ttl]": ("fallback[1].ttl", Reason.INVALID_MESSAGE),
    "payload[sms][text]": ("fallback[1].content.text", Reason.INVALID_CONTENT),
    "payload[whatsapp][template]": ("fallback[0].content", Reason.TEMPLATE_INVALID),
    "payload[whatsapp][template][components][0][type]": (
        "fallback[0].content",
        Reason.TEMPLATE_INVALID,
    ),
    "payload[rcs][suggestions][0][action][text]": ("content.actions", Reason.INVALID_CONTENT),
    "payload[rcs][channel]": ("fallback[2].channel", Reason.INVALID_MESSAGE),
    "payload[to]": ("to", Reason.INVALID_RECIPIENT),
    "payload[time_to_send]": ("send_at", Reason.INVALID_MESSAGE),
    "payload[dlr_url]": ("callback_url", Reason.INVALID_MESSAGE),
    "payload[priority]": ("priority", Reason.INVALID_MESSAGE),
    "payload[text_store]": (None, Reason.INVALID_MESSAGE),
    "payload[messages]": ("fallback", Reason.INVALID_MESSAGE),
    "payload[messages][0][channel]": ("fallback", Reason.INVALID_MESSAGE),
    "payload": (None, Reason.INVALID_MESSAGE),
    "/messages/0/text": (None, Reason.INVALID_MESSAGE),
    None: (None, Reason.INVALID_MESSAGE),
}


@pytest.mark.parametrize("bulk", [False, True], ids=["alone", "in a bulk"])
@pytest.mark.parametrize("source", SOURCES, ids=str)
async def test_the_field_is_named(
    client: Client, recorder: Recorder, source: str | None, bulk: bool
) -> None:
    """An error's source gives the path of the field in the right leg, or no path."""
    refusal = {"errors": [error("105", source)]}
    recorder.instead.append((201, {"messages": [refusal] * 2}) if bulk else (400, refusal))

    messages = [attrs.evolve(OMNI, reference=f"ref-{n}") for n in range(2 if bulk else 1)]
    found = await outcomes(client, messages)

    path, reason = SOURCES[source]
    for each in found:
        assert not isinstance(each, Accepted)
        assert ("rejected", path, reason) == (each.kind, each.failure.path, each.reason)


async def test_several_errors(client: Client, recorder: Recorder) -> None:
    """Of several errors the one that proves least decides, and `raw` keeps them all."""
    several = [error("105", "payload[to]"), error("104")]
    recorder.instead.append((400, {"errors": several}))

    (found,) = await outcomes(client, [Message(TO, "a")])

    assert ERRORS["104"][1] == meaning(found)
    assert not isinstance(found, Accepted)
    assert {"errors": several} == found.failure.raw
