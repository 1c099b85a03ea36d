"""Requests that the Messente emulator refuses, over plain HTTP and without an adapter."""

from typing import Any

import aiohttp
import pytest
from multidict import CIMultiDict

from omnimsg.sandbox import Sandbox
from omnimsg_messente.emulator import PASSWORD, USERNAME

from .payloads import (
    CARD,
    LANGUAGE,
    LINK,
    REPLY,
    SMS,
    TO,
    VIDEO,
    action,
    envelope,
    one,
    parameter,
    rcs,
    sms,
    viber,
    whatsapp,
)

pytestmark = pytest.mark.anyio

TEMPLATE = "payload[whatsapp][template]"
COMPONENT = f"{TEMPLATE}[components][0]"
PARAMETER = f"{COMPONENT}[parameters][0]"
SUGGESTION = "payload[rcs][suggestions][0]"
PLACE = {"latitude": 1, "longitude": 2.5}

INVALID: list[tuple[str, Any, str, str]] = [
    # the mistake, the body, the error's code, its source
    ("not an object", [], "105", "payload"),
    ("no recipient", envelope(to=None), "106", "payload[to]"),
    ("recipient not a string", envelope(to=37255500001), "105", "payload[to]"),
    ("recipient without plus", envelope(to="37255500001"), "105", "payload[to]"),
    ("recipient too long", envelope(to="+1234567890123456"), "105", "payload[to]"),
    ("no messages", envelope(messages=None), "106", "payload[messages]"),
    ("empty messages", envelope(messages=[]), "105", "payload[messages]"),
    ("messages not a list", envelope(messages=SMS), "105", "payload[messages]"),
    ("message not an object", envelope(messages=["hi"]), "105", "payload[messages][0]"),
    ("unknown field", envelope(reference="r-1"), "105", "payload[reference]"),
    ("report address no URL", envelope(dlr_url="example"), "105", "payload[dlr_url]"),
    ("time of day only", envelope(time_to_send="09:00"), "105", "payload[time_to_send]"),
    ("no such day", envelope(time_to_send="2030-02-30T09:00"), "105", "payload[time_to_send]"),
    ("channel twice", envelope(messages=[SMS, SMS]), "105", "payload[sms][channel]"),
    ("no channel", one({"text": "hi"}), "106", "payload[messages][0][channel]"),
    ("dead channel", one(SMS | {"channel": "telegram"}), "105", "payload[messages][0][channel]"),
    ("recipient in Arabic digits", envelope(to="+372\u0665\u0665500001"), "105", "payload[to]"),
    ("sms: no text", sms(text=None), "106", "payload[sms][text]"),
    ("sms: text object", sms(text={"body": "hi"}), "105", "payload[sms][text]"),
    ("sms: sender with a line break", sms(sender="Ac\nme"), "105", "payload[sms][sender]"),
    ("sms: sender with a tab", sms(sender="Ac\tme"), "105", "payload[sms][sender]"),
    (
        "viber: sender with a line break",
        viber(text="a", sender="Ac\nme"),
        "105",
        "payload[viber][sender]",
    ),
    (
        "whatsapp: sender with a line break",
        whatsapp(text={"body": "a"}, sender="Ac\nme"),
        "105",
        "payload[whatsapp][sender]",
    ),
    ("rcs: sender with a tab", rcs(text="a", sender="Ac\tme"), "105", "payload[rcs][sender]"),
    ("sms: U+0000", sms(text="Hel\0lo"), "105", "payload[sms][text]"),
    ("viber: U+0000", viber(text="\0"), "105", "payload[viber][text]"),
    ("viber: ttl of thirty years", viber(text="a", ttl=10**9), "105", "payload[viber][ttl]"),
    ("sms: ttl and validity", sms(ttl=60, validity=1), "105", "payload[sms][validity]"),
    ("sms: ttl a string", sms(ttl="60"), "105", "payload[sms][ttl]"),
    ("sms: ttl a fraction", sms(ttl=1.5), "105", "payload[sms][ttl]"),
    ("sms: validity a fraction", sms(validity=1.5), "105", "payload[sms][validity]"),
    *(
        (
            f"viber: {name} of a video a fraction",
            viber(video=VIDEO | {name: 1.5}),
            "105",
            f"payload[viber][video][{name}]",
        )
        for name in ("file_size", "duration")
    ),
    ("sms: ttl a boolean", sms(ttl=True), "105", "payload[sms][ttl]"),
    ("sms: the SDK's true", sms(autoconvert="true"), "105", "payload[sms][autoconvert]"),
    ("sms: a YAML true", sms(autoconvert=True), "105", "payload[sms][autoconvert]"),
    ("sms: header not hex", sms(udh="05000"), "105", "payload[sms][udh]"),
    ("sms: another's field", sms(image_url=LINK), "105", "payload[sms][image_url]"),
    ("viber: nothing", viber(), "106", "payload[viber]"),
    ("viber: no button", viber(text="a", image_url=LINK), "105", "payload[viber]"),
    (
        "viber: image and button without text",
        viber(image_url=LINK, button_text="b", button_url=LINK),
        "105",
        "payload[viber]",
    ),
    ("viber: link without label", viber(text="a", button_url=LINK), "105", "payload[viber]"),
    ("viber: label without link", viber(text="a", button_text="b"), "105", "payload[viber]"),
    ("viber: image and video", viber(image_url=LINK, video=VIDEO), "105", "payload[viber]"),
    ("viber: carousel alone", viber(carousel={"items": [CARD, CARD]}), "105", "payload[viber]"),
    (
        "viber: template and text",
        viber(template={"id": "t", "lang": "en"}, text="a"),
        "105",
        "payload[viber]",
    ),
    (
        "viber: video without thumbnail",
        viber(video={k: v for k, v in VIDEO.items() if k != "thumbnail"}),
        "106",
        "payload[viber][video][thumbnail]",
    ),
    (
        "viber: template parameter not a string",
        viber(template={"id": "t", "lang": "en", "params": {"n": 1}}),
        "105",
        "payload[viber][template][params][n]",
    ),
    ("whatsapp: nothing", whatsapp(), "106", "payload[whatsapp]"),
    ("whatsapp: bare text", whatsapp(text="hi"), "105", "payload[whatsapp][text]"),
    (
        "whatsapp: two contents",
        whatsapp(text={"body": "a"}, image={"link": LINK}),
        "105",
        "payload[whatsapp][image]",
    ),
    (
        "whatsapp: no body",
        whatsapp(text={"preview_url": True}),
        "106",
        "payload[whatsapp][text][body]",
    ),
    (
        "whatsapp: preview a string",
        whatsapp(text={"body": "a", "preview_url": "yes"}),
        "105",
        "payload[whatsapp][text][preview_url]",
    ),
    ("whatsapp: U+0000", whatsapp(text={"body": "\0"}), "105", "payload[whatsapp][text][body]"),
    ("whatsapp: ttl", whatsapp(text={"body": "a"}, ttl=10**9), "105", "payload[whatsapp][ttl]"),
    (
        "whatsapp: no media but nulls",
        whatsapp(image={"id": None, "link": None}),
        "106",
        "payload[whatsapp][image]",
    ),
    ("whatsapp: no media", whatsapp(image={}), "106", "payload[whatsapp][image]"),
    (
        "whatsapp: id and link",
        whatsapp(video={"id": "1", "link": LINK}),
        "105",
        "payload[whatsapp][video][link]",
    ),
    (
        "whatsapp: caption of audio",
        whatsapp(audio={"id": "1", "caption": "a"}),
        "105",
        "payload[whatsapp][audio][caption]",
    ),
    (
        "whatsapp: filename of a document",
        whatsapp(document={"id": "1", "filename": "a.pdf"}),
        "105",
        "payload[whatsapp][document][filename]",
    ),
    (
        "whatsapp: animated a string",
        whatsapp(sticker={"id": "1", "animated": "no"}),
        "105",
        "payload[whatsapp][sticker][animated]",
    ),
    (
        "whatsapp: template without components",
        whatsapp(template={"name": "n", "language": LANGUAGE}),
        "106",
        f"{TEMPLATE}[components]",
    ),
    (
        "whatsapp: language a string",
        whatsapp(template={"name": "n", "language": "en", "components": []}),
        "105",
        f"{TEMPLATE}[language]",
    ),
    (
        "whatsapp: index a string",
        whatsapp(
            template={
                "name": "n",
                "language": LANGUAGE,
                "components": [{"type": "button", "index": "0"}],
            }
        ),
        "105",
        f"{COMPONENT}[index]",
    ),
    (
        "whatsapp: index a fraction",
        whatsapp(
            template={
                "name": "n",
                "language": LANGUAGE,
                "components": [{"type": "button", "index": 0.5}],
            }
        ),
        "105",
        f"{COMPONENT}[index]",
    ),
    (
        "whatsapp: link nowhere",
        whatsapp(image={"link": "a"}),
        "105",
        "payload[whatsapp][image][link]",
    ),
    (
        "whatsapp: currency in small letters",
        parameter(currency={"fallback_value": "1", "code": "eur", "amount_1000": "1000"}),
        "105",
        f"{PARAMETER}[currency][code]",
    ),
    ("whatsapp: parameter without value", parameter(), "106", PARAMETER),
    ("whatsapp: image is a text", parameter(type="image", text="a"), "105", f"{PARAMETER}[type]"),
    (
        "whatsapp: text is a payload",
        parameter(type="text", payload="a"),
        "105",
        f"{PARAMETER}[type]",
    ),
    ("whatsapp: U+0000 in a parameter", parameter(text="\0"), "105", f"{PARAMETER}[text]"),
    ("whatsapp: two values", parameter(text="a", payload="b"), "105", f"{PARAMETER}[payload]"),
    (
        "whatsapp: amount a number",
        parameter(currency={"fallback_value": "1", "code": "EUR", "amount_1000": 1000}),
        "105",
        f"{PARAMETER}[currency][amount_1000]",
    ),
    (
        "whatsapp: amount in Arabic digits",
        parameter(currency={"fallback_value": "1", "code": "EUR", "amount_1000": "\u0661"}),
        "105",
        f"{PARAMETER}[currency][amount_1000]",
    ),
    (
        "whatsapp: file_name inside a template",
        parameter(document={"id": "1", "file_name": "a.pdf"}),
        "105",
        f"{PARAMETER}[document][file_name]",
    ),
    (
        "whatsapp: name of an image inside a template",
        parameter(image={"id": "1", "filename": "a.png"}),
        "105",
        f"{PARAMETER}[image][filename]",
    ),
    *(
        (
            f"whatsapp: {name} inside a template is null",
            parameter(document={"id": "1"} | {name: None}),
            "105",
            f"{PARAMETER}[document][{name}]",
        )
        for name in ("link", "caption", "filename")
    ),
    ("rcs: no sender", one({"channel": "rcs", "text": "a"}), "106", "payload[rcs][sender]"),
    ("rcs: U+0000", rcs(text="\0"), "105", "payload[rcs][text]"),
    ("rcs: ttl of thirty years", rcs(text="a", ttl=10**9), "105", "payload[rcs][ttl]"),
    ("rcs: nothing", rcs(), "106", "payload[rcs]"),
    (
        "rcs: two contents",
        rcs(text="a", content_info={"file_url": LINK, "force_refresh": False}),
        "105",
        "payload[rcs][content_info]",
    ),
    (
        "rcs: file without refresh",
        rcs(content_info={"file_url": LINK}),
        "106",
        "payload[rcs][content_info][force_refresh]",
    ),
    (
        "rcs: empty suggestion",
        rcs(text="a", suggestions=[{}]),
        "106",
        SUGGESTION,
    ),
    ("rcs: action of nothing", action(), "106", f"{SUGGESTION}[action]"),
    *(
        (
            f"rcs: a place of {' and '.join(members) or 'nothing'}",
            action(view_location_action=members),
            code,
            f"{SUGGESTION}[action][view_location_action]",
        )
        for members, code in (
            ({}, "106"),
            ({"query": None}, "106"),
            ({"label": "Café"}, "105"),
            ({"label": "Café", "query": "Café"}, "105"),
            ({"lat_long": PLACE, "query": "Café"}, "105"),
        )
    ),
    *(
        (
            f"rcs: a place at {latitude}, {longitude}",
            action(
                view_location_action={"lat_long": {"latitude": latitude, "longitude": longitude}}
            ),
            "105",
            f"{SUGGESTION}[action][view_location_action][lat_long][{name}]",
        )
        for latitude, longitude, name in (
            (91, 0, "latitude"),
            (-91, 0, "latitude"),
            (0, 181, "longitude"),
            (0, -181, "longitude"),
        )
    ),
    (
        "rcs: two actions",
        action(share_location_action={}, dial_action={"phone_number": TO}),
        "105",
        f"{SUGGESTION}[action][share_location_action]",
    ),
    (
        "rcs: browser of no page",
        action(open_url_action={"url": "a", "application": "BROWSER"}),
        "105",
        f"{SUGGESTION}[action][open_url_action][url]",
    ),
    *(
        (
            f"rcs: {name} nowhere",
            rcs(content_info={"file_url": LINK, "force_refresh": False} | {name: "a"}),
            "105",
            f"payload[rcs][content_info][{name}]",
        )
        for name in ("file_url", "thumbnail_url")
    ),
    ("rcs: empty card", rcs(rich_card={}), "106", "payload[rcs][rich_card]"),
]


@pytest.mark.parametrize(
    ("body", "code", "source"), [row[1:] for row in INVALID], ids=[row[0] for row in INVALID]
)
async def test_invalid_payload(
    sandbox: Sandbox, http: aiohttp.ClientSession, body: Any, code: str, source: str
) -> None:
    """A payload that Messente does not document is refused with one error that names the field."""
    async with http.post("omnimessage", json=body) as response:
        answer = await response.json()

    (error,) = answer["errors"]
    assert response.status == 400
    assert set(error) == {"code", "title", "detail", "source"}
    assert (error["code"], error["source"]) == (code, source)
    assert sandbox.handsets.all() == []


ACCEPTED: list[tuple[str, dict[str, Any]]] = [
    ("sms with everything", sms(sender="Acme", ttl=60, autoconvert="off", udh="050003a10201")),
    ("sms from a number", sms(sender="+37255500009")),
    ("sms from a café", sms(sender="Café №1")),
    ("whatsapp image without id", whatsapp(image={"link": LINK, "id": None})),
    ("whatsapp image's caption", whatsapp(image={"link": LINK, "caption": "a"})),
    ("whatsapp video's caption", whatsapp(video={"link": LINK, "caption": "a"})),
    ("whatsapp image without link", whatsapp(image={"link": None, "id": "1"})),
    ("whatsapp header image", parameter(type="image", image={"link": LINK})),
    (
        "whatsapp document of nulls",
        whatsapp(
            document={"id": "1", **dict.fromkeys(("link", "caption", "mime_type", "file_name"))}
        ),
    ),
    ("whatsapp sticker of nulls", whatsapp(sticker={"link": LINK, "id": None, "animated": None})),
    ("whatsapp button payload", parameter(type="payload", payload="a")),
    ("viber image", viber(image_url=LINK)),
    ("viber text", viber(text="a")),
    ("viber text, button", viber(text="a", button_text="b", button_url=LINK)),
    ("viber all", viber(text="a", image_url=LINK, button_text="b", button_url=LINK)),
    ("viber video", viber(video=VIDEO)),
    ("viber video, text", viber(video=VIDEO, text="a")),
    ("viber video, label", viber(video=VIDEO, text="a", button_text="b")),
    ("viber video, button", viber(video=VIDEO, text="a", button_text="b", button_url=LINK)),
    ("viber template", viber(template={"id": "t", "lang": "en", "params": {"n": "1"}})),
    ("whatsapp text", whatsapp(text={"body": "a", "preview_url": False})),
    ("whatsapp document", whatsapp(document={"link": LINK, "file_name": "a", "mime_type": None})),
    ("whatsapp sticker", whatsapp(sticker={"id": "1", "animated": True})),
    ("whatsapp template", parameter(text="a")),
    *(
        (f"whatsapp template's {name}", parameter(**{name: value}))
        for name, value in {
            "date_time": {"fallback_value": "9 May"},
            "video": {"link": LINK, "caption": "a"},
            "coupon_code": "SPRING",
        }.items()
    ),
    (
        "whatsapp template's policy",
        whatsapp(
            template={"name": "n", "language": LANGUAGE | {"policy": "any"}, "components": []}
        ),
    ),
    ("whatsapp template's file", parameter(document={"id": "1", "filename": "a.pdf"})),
    ("rcs text", rcs(text="a", suggestions=[{"reply": REPLY}])),
    ("rcs place", action(view_location_action={"lat_long": PLACE})),
    ("rcs pin", action(view_location_action={"lat_long": PLACE, "label": "Café", "query": None})),
    ("rcs search", action(view_location_action={"query": "Café", "label": None})),
    (
        "rcs file",
        rcs(content_info={"file_url": LINK, "force_refresh": True, "thumbnail_url": LINK}),
    ),
    (
        "rcs page",
        action(open_url_action={"url": LINK, "application": "BROWSER", "description": "a"}),
    ),
]


@pytest.mark.parametrize("body", [row[1] for row in ACCEPTED], ids=[row[0] for row in ACCEPTED])
async def test_documented_payload(http: aiohttp.ClientSession, body: dict[str, Any]) -> None:
    """A payload that Messente documents is accepted."""
    async with http.post("omnimessage", json=body) as response:
        answer = await response.json()

    assert response.status == 201, answer


async def test_the_log_says_why(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    """The request log names what was wrong, of a bulk by the index of the element."""
    async with http.post("omnimessage", json=sms(ttl="60")):
        pass
    bulk = {"messages": [sms(), sms(text="\0"), envelope(to=None)]}
    async with http.post("omnimessages", json=bulk):
        pass

    assert [
        "payload[sms][ttl]: value must be an integer",
        "messages[1]: payload[sms][text]: value must not contain the character U+0000; "
        'messages[2]: payload[to]: property "to" is missing',
    ] == [each["refused"] for each in sandbox.requests]


async def test_every_error_is_listed(http: aiohttp.ClientSession) -> None:
    """One response lists all violations of a payload."""
    body = {"messages": [{"channel": "sms", "sender": "", "text": 1}], "priority": "no"}

    async with http.post("omnimessage", json=body) as response:
        errors = (await response.json())["errors"]

    assert {(error["code"], error["source"]) for error in errors} == {
        ("106", "payload[to]"),
        ("105", "payload[sms][sender]"),
        ("105", "payload[sms][text]"),
        ("105", "payload[priority]"),
    }


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "omnimessage/0b0f2c1e-6b3a-4d0e-9a51-6f5a1d2c3b4a/status", 404, "101"),
        ("GET", "omnimessage/nonsense/status", 404, "101"),
        ("DELETE", "omnimessage/0b0f2c1e-6b3a-4d0e-9a51-6f5a1d2c3b4a", 404, "101"),
        ("GET", "omnimessages-of-today", 404, "101"),
        ("PUT", "omnimessage", 405, "107"),
        ("GET", "omnimessages", 405, "107"),
    ],
)
async def test_unknown_things(
    http: aiohttp.ClientSession, method: str, path: str, status: int, code: str
) -> None:
    """An unknown path, method or omnimessage gets an error without a source."""
    async with http.request(method, path) as response:
        answer = await response.json()

    (error,) = answer["errors"]
    assert (response.status, error["code"], error["source"]) == (status, code, None)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b'{"to": ', "application/json"),
        (b"", "application/json"),
        (b'{"to": "+37255500001"}', "text/plain"),
    ],
    ids=["cut short", "empty", "not called JSON"],
)
async def test_malformed_body(http: aiohttp.ClientSession, body: bytes, content_type: str) -> None:
    """A body that is not JSON is invalid data."""
    async with http.post(
        "omnimessage", data=body, headers={"Content-Type": content_type}
    ) as response:
        answer = await response.json()

    assert (response.status, answer["errors"][0]["code"]) == (400, "105")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": aiohttp.encode_basic_auth(USERNAME, "wrong")},
        {"Authorization": aiohttp.encode_basic_auth("wrong", PASSWORD)},
        {"Authorization": aiohttp.encode_basic_auth(USERNAME, PASSWORD).replace("Basic", "Bearer")},
    ],
    ids=["none", "password", "username", "scheme"],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "omnimessage"),
        ("POST", "omnimessages"),
        ("GET", "omnimessage/x/status"),
        ("DELETE", "omnimessage/x"),
    ],
)
async def test_wrong_credentials(
    sandbox: Sandbox, method: str, path: str, headers: dict[str, str]
) -> None:
    """Every operation needs the API user's Basic credentials."""
    url = f"{sandbox.url}/messente/v1/{path}"

    async with aiohttp.request(method, url, headers=headers, json=sms()) as response:
        answer = await response.json()

    assert response.status == 401
    assert answer == {
        "errors": [
            {"code": "103", "title": "Unauthorized", "detail": "Unauthorized", "source": None}
        ]
    }


async def test_credentials_twice(sandbox: Sandbox) -> None:
    """A request with two Authorization header lines is unauthorized."""
    credentials = aiohttp.encode_basic_auth(USERNAME, PASSWORD)
    headers = CIMultiDict([("Authorization", credentials)] * 2)
    url = f"{sandbox.url}/messente/v1/omnimessage"

    async with aiohttp.request("POST", url, headers=headers, json=sms()) as response:
        status = response.status

    assert 401 == status


async def test_throttle(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    """A throttle is a 429 without a body, and the request is not processed."""
    sandbox.faults.add("rate_limit", provider="messente")

    async with http.post("omnimessage", json=sms()) as response:
        body = await response.read()

    assert (response.status, body) == (429, b"")
    assert len(sandbox.emulators["messente"].messages) == 0
