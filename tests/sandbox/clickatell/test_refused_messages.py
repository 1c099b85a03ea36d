"""Single messages that are refused, over plain HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from omnimsg.sandbox import Scenario, magic_number

if TYPE_CHECKING:
    from omnimsg.sandbox import Sandbox

    from .conftest import Api

pytestmark = pytest.mark.anyio

TO = "27820000001"
BUTTON = {"body": "Choose", "items": [{"title": "Yes", "postbackData": "yes"}]}
ITEM = {"title": "One", "postbackData": "1"}
LIST = {"button": "Open", "subtitle": "Choose", "sections": [{"items": [ITEM]}]}
LINK = {"body": "See", "title": "Open", "url": "https://example.com/x"}
TEMPLATE: dict[str, Any] = {"templateName": "greeting", "body": {}}
COORDINATES = {"latitude": "-33.9", "longitude": "18.4"}
CONTACT: dict[str, Any] = {"name": {"formattedName": "Ann"}, "phones": [{"phone": "1"}]}
NAMED = COORDINATES | {"name": "Cafe", "address": "1 Long St"}


def sms(**changes: Any) -> dict[str, Any]:
    """Return a valid SMS with changes."""
    return {"channel": "sms", "to": TO, "content": "hello"} | changes


def wa(**content: Any) -> dict[str, Any]:
    """Return a WhatsApp message with this content."""
    return {"channel": "whatsapp", "to": TO} | content


def template(**changes: Any) -> dict[str, Any]:
    """Return a template message with changes to the template."""
    return wa(template=TEMPLATE | changes)


def button(kind: str, index: Any = 1, **value: Any) -> dict[str, Any]:
    """Return a template button."""
    return {"index": index, "type": kind, kind: value}


def url(index: Any = 1) -> dict[str, Any]:
    """Return a URL button."""
    return button("url", index, url="tail")


def reply(index: Any = 1) -> dict[str, Any]:
    """Return a reply button of a template."""
    return button("suggestedResponse", index, postbackData="p")


def sections(*sizes: int, **more: Any) -> dict[str, Any]:
    """Return a list picker with sections of these sizes."""
    return wa(listPicker=LIST | {"sections": [{"items": [ITEM] * n} | more for n in sizes]})


def header(kind: str, value: Any) -> dict[str, Any]:
    """Return a header of a kind."""
    return {"header": {"type": kind, kind: value}}


NAMED_PARAMETER = [
    # The message as a whole.
    ("no recipient", {"channel": "sms", "content": "x"}, "to"),
    ("recipient not a string", sms(to=27820000001), "to"),
    ("recipient a list", sms(to=[TO]), "to"),
    ("recipient with U+0000", sms(to=f"{TO}\0"), "to"),
    ("text with U+0000", sms(content="Hel\0lo"), "content"),
    ("reference with U+0000", sms(clientMessageId="\0"), "clientMessageId"),
    ("caption with U+0000", wa(media={"fileId": "f", "caption": "\0"}), "media.caption"),
    ("U+0000 in a parameter", template(body={"parameters": {"1": "\0"}}), None),
    ("unknown field", sms(contents="x"), "contents"),
    ("unknown channel", sms(channel="rcs"), "channel"),
    ("null field", sms(clientMessageId=None), "clientMessageId"),
    ("reference not a string", sms(clientMessageId=7), "clientMessageId"),
    ("no content", {"channel": "sms", "to": TO}, "content"),
    ("no content on WhatsApp", wa(), "content"),
    ("empty content", sms(content=""), "content"),
    ("content not a string", sms(content={"text": "x"}), "content"),
    # No text is empty, whatever holds it.
    ("empty reference", sms(clientMessageId=""), "clientMessageId"),
    *(
        (f"empty {kind}.{member}", wa(**{kind: whole | {member: ""}}), f"{kind}.{member}")
        for kind, whole, members in (
            ("listPicker", LIST, ("button", "subtitle", "title", "footer")),
            ("button", BUTTON, ("body", "footer")),
            ("actionUrl", LINK, ("body", "footer", "title", "url")),
            ("locationRequest", {}, ("body",)),
            ("template", TEMPLATE, ("templateName", "language")),
            ("location", NAMED, ("name", "address", "latitude")),
            ("media", {"fileId": "f"}, ("fileId", "caption", "fileName")),
        )
        for member in members
    ),
    *(
        (
            f"empty {member} of a button",
            wa(button=BUTTON | {"items": [ITEM | {member: ""}]}),
            f"button.items[0].{member}",
        )
        for member in ("title", "postbackData")
    ),
    *(
        (
            f"empty {member} of a list entry",
            wa(listPicker=LIST | {"sections": [{"items": [ITEM | {member: ""}]}]}),
            f"listPicker.sections[0].items[0].{member}",
        )
        for member in ("title", "postbackData", "subtitle")
    ),
    # Properties of one channel only.
    ("template by SMS", {"channel": "sms", "to": TO, "template": TEMPLATE}, "template"),
    ("template by the default channel", {"to": TO, "template": TEMPLATE}, "template"),
    ("preview by SMS", sms(previewFirstUrl=True), "previewFirstUrl"),
    ("sender on WhatsApp", wa(content="x") | {"from": "27870000000"}, "from"),
    ("header on WhatsApp", wa(content="x", userDataHeader="0500"), "userDataHeader"),
    ("binary on WhatsApp", wa(content="x", binary=False), "binary"),
    # Exactly one content.
    ("text and template", wa(content="x", template=TEMPLATE), "content"),
    ("two contents", wa(button=BUTTON, template=TEMPLATE), "button"),
    ("text and file", wa(content="eA==", media={"fileId": "f"}), "content"),
    ("preview of a template", wa(template=TEMPLATE, previewFirstUrl=True), "previewFirstUrl"),
    # Fields of both channels and of SMS.
    ("schedule with a fraction", sms(scheduledDeliveryTime="2030-01-02T03:04:05.000Z"), None),
    ("schedule without offset", sms(scheduledDeliveryTime="2030-01-02T03:04:05"), None),
    ("schedule without seconds", sms(scheduledDeliveryTime="2030-01-02T03:04Z"), None),
    ("schedule with a space", sms(scheduledDeliveryTime="2030-01-02 03:04:05Z"), None),
    ("schedule with a bare offset", sms(scheduledDeliveryTime="2030-01-02T03:04:05+0200"), None),
    ("schedule of no day", sms(scheduledDeliveryTime="2030-02-30T03:04:05Z"), None),
    ("schedule at 24 o'clock", sms(scheduledDeliveryTime="2030-01-02T24:00:00Z"), None),
    ("offset of 60 minutes", sms(scheduledDeliveryTime="2030-01-02T03:04:05+00:60"), None),
    ("schedule as the mask", sms(scheduledDeliveryTime="yyyy-MM-ddTHH:mm:ssXXX"), None),
    ("schedule as a number", sms(scheduledDeliveryTime=1893456000), None),
    ("validity zero", sms(validityPeriod=0), "validityPeriod"),
    ("validity as a string", sms(validityPeriod="60"), "validityPeriod"),
    ("validity with a fraction", sms(validityPeriod=1.5), "validityPeriod"),
    ("validity true", sms(validityPeriod=True), "validityPeriod"),
    ("validity beyond int32", sms(validityPeriod=2**31), "validityPeriod"),
    ("key not base64", sms(encryptionKey="***"), "encryptionKey"),
    ("ARN without key", sms(encryptionKeyArn="arn:x"), "encryptionKey"),
    ("cipher without key", sms(encryptionCipher="AES"), "encryptionKey"),
    ("sender with plus", sms() | {"from": "+27870000000"}, "from"),
    ("sender a name", sms() | {"from": "Shop"}, "from"),
    ("header not hex", sms(userDataHeader="xyz"), "userDataHeader"),
    ("binary not a flag", sms(binary="true"), "binary"),
    ("binary content not hex", sms(binary=True, content="hello"), "content"),
    ("preview not a flag", wa(content="x", previewFirstUrl="yes"), "previewFirstUrl"),
    # Media.
    ("inline without content", wa(media={"contentType": "image/png"}), "content"),
    ("inline without type", wa(content="eA==", media={}), "media.contentType"),
    (
        "type of two lines",
        wa(content="eA==", media={"contentType": "image/png\n"}),
        "media.contentType",
    ),
    ("inline not base64", wa(content="hey!", media={"contentType": "image/png"}), "content"),
    ("inline unpadded", wa(content="eA", media={"contentType": "image/png"}), "content"),
    ("media with an unknown field", wa(media={"fileId": "f", "url": "u"}), "media.url"),
    ("hash not SHA-256", wa(media={"fileId": "f", "sha256Hash": "ab"}), "media.sha256Hash"),
    (
        "caption with audio",
        wa(content="eA==", media={"contentType": "audio/mpeg", "caption": "x"}),
        "media.caption",
    ),
    # Location and contacts.
    ("latitude a number", wa(location=COORDINATES | {"latitude": 1.5}), "location.latitude"),
    ("latitude out of range", wa(location=COORDINATES | {"latitude": "90.1"}), "location.latitude"),
    (
        "latitude not a number",
        wa(location=COORDINATES | {"latitude": "north"}),
        "location.latitude",
    ),
    (
        "longitude out of range",
        wa(location=COORDINATES | {"longitude": "-181"}),
        "location.longitude",
    ),
    ("longitude missing", wa(location={"latitude": "1"}), "location.longitude"),
    ("no contacts", wa(contacts=[]), "contacts"),
    ("contact without name", wa(contacts=[{"phones": [{"phone": "1"}]}]), "contacts[0].name"),
    ("contact of a name only", wa(contacts=[{"name": {"a": "b"}}]), "contacts[0]"),
    ("contact's empty list", wa(contacts=[CONTACT | {"emails": []}]), "contacts[0].emails"),
    ("contact's non-string", wa(contacts=[CONTACT | {"org": {"x": 1}}]), "contacts[0].org.x"),
    ("birthday of no day", wa(contacts=[CONTACT | {"birthday": "2000-02-30"}]), None),
    ("birthday without dashes", wa(contacts=[CONTACT | {"birthday": "20000229"}]), None),
    ("birthday as the mask", wa(contacts=[CONTACT | {"birthday": "YYYY-MM-DD"}]), None),
    # Templates.
    ("template without name", wa(template={"body": {}}), "template.templateName"),
    ("template without body", wa(template={"templateName": "x"}), "template.body"),
    ("parameters as a list", template(body={"parameters": ["a"]}), "template.body.parameters"),
    ("parameter not a string", template(body={"parameters": {"1": 5}}), None),
    ("parameter keys with names", template(body={"parameters": {"first": "a"}}), None),
    ("parameter keys with a gap", template(body={"parameters": {"1": "a", "3": "b"}}), None),
    ("parameter with a newline", template(body={"parameters": {"1": "a\nb"}}), None),
    ("parameter with a tab", template(body={"parameters": {"1": "a\tb"}}), None),
    ("parameter with five spaces", template(body={"parameters": {"1": "a     b"}}), None),
    ("header without type", template(header={"text": {}}), "template.header.type"),
    ("header of unknown type", template(**header("video", {})), "template.header.type"),
    ("header without its member", template(header={"type": "media"}), "template.header.media"),
    (
        "header with two variables",
        template(**header("text", {"parameters": {"1": "", "2": ""}})),
        None,
    ),
    (
        "header location incomplete",
        template(**header("location", COORDINATES)),
        "template.header.location.name",
    ),
    (
        "header location out of range",
        template(**header("location", NAMED | {"latitude": "91"})),
        None,
    ),
    (
        "eleven buttons",
        template(templateButtons=[url(n + 1) for n in range(11)]),
        "template.templateButtons",
    ),
    ("button index 0", template(templateButtons=[url(0)]), "template.templateButtons[0].index"),
    (
        "button index beyond int32",
        template(templateButtons=[url(2**31)]),
        "template.templateButtons[0].index",
    ),
    *(
        (
            f"empty {kind}",
            template(templateButtons=[button(kind, **{member: ""})]),
            f"template.templateButtons[0].{kind}.{member}",
        )
        for kind, member in (
            ("suggestedResponse", "postbackData"),
            ("couponCode", "code"),
            ("otp", "code"),
        )
    ),
    (
        "button index a fraction",
        template(templateButtons=[url(1.5)]),
        "template.templateButtons[0].index",
    ),
    (
        "button index a string",
        template(templateButtons=[url("1")]),
        "template.templateButtons[0].index",
    ),
    ("button index twice", template(templateButtons=[url(1), url(1)]), "template.templateButtons"),
    (
        "buttons of a kind apart",
        template(templateButtons=[url(1), reply(2), url(3)]),
        "template.templateButtons",
    ),
    (
        "button of unknown kind",
        template(templateButtons=[button("phone")]),
        "template.templateButtons[0].type",
    ),
    ("button without its member", template(templateButtons=[{"index": 1, "type": "url"}]), None),
    ("coupon of 16", template(templateButtons=[button("couponCode", code="x" * 16)]), None),
    (
        "code missing",
        template(templateButtons=[button("otp")]),
        "template.templateButtons[0].otp.code",
    ),
    (
        "old and new buttons",
        template(buttons={"websiteUrl": [{"listPosition": 1}]}, templateButtons=[]),
        None,
    ),
    (
        "two kinds of old buttons",
        template(
            buttons={
                "websiteUrl": [{"listPosition": 1}],
                "suggestedResponse": {"postbackData": {"1": "x"}},
            }
        ),
        "template.buttons.websiteUrl",
    ),
    ("no old button", template(buttons={}), "template.buttons"),
    *(
        (
            f"old button in position {position}",
            template(buttons={"websiteUrl": [{"listPosition": position}]}),
            "template.buttons.websiteUrl[0].listPosition",
        )
        for position in (0, 1.5, 3)
    ),
    (
        "empty old reply",
        template(buttons={"suggestedResponse": {"postbackData": {"1": ""}}}),
        "template.buttons.suggestedResponse.postbackData.1",
    ),
    (
        "old link with two variables",
        template(buttons={"websiteUrl": [{"listPosition": 1, "parameters": {"1": "a", "2": "b"}}]}),
        "template.buttons.websiteUrl[0].parameters",
    ),
    (
        "four old replies",
        template(buttons={"suggestedResponse": {"postbackData": dict.fromkeys("1234", "x")}}),
        "template.buttons.suggestedResponse.postbackData",
    ),
    # List pickers.
    ("list button of 21", wa(listPicker=LIST | {"button": "x" * 21}), "listPicker.button"),
    (
        "list subtitle of 1025",
        wa(listPicker=LIST | {"subtitle": "x" * 1025}),
        "listPicker.subtitle",
    ),
    ("list title of 61", wa(listPicker=LIST | {"title": "x" * 61}), "listPicker.title"),
    ("list title with markdown", wa(listPicker=LIST | {"title": "so *bold*"}), "listPicker.title"),
    ("list title of code", wa(listPicker=LIST | {"title": "```a\nb```"}), "listPicker.title"),
    ("list footer of 61", wa(listPicker=LIST | {"footer": "x" * 61}), "listPicker.footer"),
    ("list without sections", wa(listPicker=LIST | {"sections": []}), "listPicker.sections"),
    ("eleven sections", sections(*[1] * 11, title="t"), "listPicker.sections"),
    ("two sections, no titles", sections(1, 1), "listPicker.sections[0].title"),
    ("section without items", sections(0), "listPicker.sections[0].items"),
    ("section of eleven", sections(11), "listPicker.sections[0].items"),
    ("eleven items in all", sections(5, 6, title="t"), "listPicker.sections"),
    ("section title of 25", sections(1, title="x" * 25), "listPicker.sections[0].title"),
    *(
        (f"list item {name}", wa(listPicker=LIST | {"sections": [{"items": [ITEM | bad]}]}), None)
        for name, bad in {
            "title of 25": {"title": "x" * 25},
            "title with markdown": {"title": "_so_"},
            "subtitle of 73": {"subtitle": "x" * 73},
            "postback of 201": {"postbackData": "x" * 201},
            "postback with emoji": {"postbackData": "ok \U0001f600"},
            "postback with a star": {"postbackData": "5 \u2b50"},
            "postback with a clock": {"postbackData": "\u23f0 later"},
            "postback with markdown": {"postbackData": "~gone~"},
        }.items()
    ),
    # Buttons, links, location requests.
    ("button body of 1025", wa(button=BUTTON | {"body": "x" * 1025}), "button.body"),
    ("button body missing", wa(button={"items": BUTTON["items"]}), "button.body"),
    ("no buttons", wa(button=BUTTON | {"items": []}), "button.items"),
    (
        "four buttons",
        wa(button=BUTTON | {"items": [{"title": "x", "postbackData": str(n)} for n in range(4)]}),
        "button.items",
    ),
    (
        "equal postbacks",
        wa(button=BUTTON | {"items": [{"title": t, "postbackData": "same"} for t in "ab"]}),
        "button.items",
    ),
    *(
        (
            f"button item {name}",
            wa(button=BUTTON | {"items": [ITEM | bad]}),
            f"button.items[0].{key}",
        )
        for name, key, bad in [
            ("title of 21", "title", {"title": "x" * 21}),
            ("title with markdown", "title", {"title": "```x```"}),
            ("postback of 257", "postbackData", {"postbackData": "x" * 257}),
            ("type of another kind", "type", {"type": "url"}),
        ]
    ),
    ("button footer of 61", wa(button=BUTTON | {"footer": "x" * 61}), "button.footer"),
    ("header text of 61", wa(button=BUTTON | header("text", "x" * 61)), "button.header.text"),
    ("header text with markdown", wa(button=BUTTON | header("text", "*x*")), "button.header.text"),
    (
        "header of two kinds",
        wa(button=BUTTON | {"header": {"type": "text", "text": "x", "media": {}}}),
        None,
    ),
    (
        "header media of audio",
        wa(button=BUTTON | header("media", {"fileId": "f", "type": "audio"})),
        None,
    ),
    ("header on a list", wa(listPicker=LIST | header("text", "x")), "listPicker.header"),
    ("link body of 1025", wa(actionUrl=LINK | {"body": "x" * 1025}), "actionUrl.body"),
    ("link title of 21", wa(actionUrl=LINK | {"title": "x" * 21}), "actionUrl.title"),
    (
        "link of 2001",
        wa(actionUrl=LINK | {"url": "https://example.com/".ljust(2001, "x")}),
        "actionUrl.url",
    ),
    ("link not a URL", wa(actionUrl=LINK | {"url": "example"}), "actionUrl.url"),
    ("link footer of 61", wa(actionUrl=LINK | {"footer": "x" * 61}), "actionUrl.footer"),
    ("location request of 1025", wa(locationRequest={"body": "x" * 1025}), "locationRequest.body"),
    ("location request without body", wa(locationRequest={}), "locationRequest.body"),
]


@pytest.mark.parametrize(
    ("message", "named"),
    [case[1:] for case in NAMED_PARAMETER],
    ids=[case[0] for case in NAMED_PARAMETER],
)
async def test_a_bad_parameter_is_named(
    sandbox: Sandbox, api: Api, message: dict[str, Any], named: str | None
) -> None:
    """A message with an invalid field is refused with code 23 and the field's name."""
    status, body = await api.send(message)

    entry = body["messages"][0]
    text, _, name = entry["error"]["description"].removesuffix(" .").partition(": ")
    expected = (400, 23, "Invalid or missing parameter", False, None)
    actual = (status, entry["error"]["code"], text, entry["accepted"], body["error"])
    assert expected == actual
    assert name == named if named else name
    assert not sandbox.emulators["clickatell"].messages


def number(scenario: Scenario) -> str:
    """Return the number of a scenario as Clickatell writes it."""
    return magic_number(scenario, "2782")


REFUSED = [
    ("number with plus", sms(to=f"+{TO}"), 400, 23, "Invalid or missing parameter: to ."),
    ("number with spaces", sms(to="27 82 000 0001"), 400, 23, None),
    ("number too short", sms(to="278200"), 400, 23, None),
    ("number too long", sms(to="2782000000012345"), 400, 23, None),
    ("number with a zero first", sms(to="0820000001"), 400, 23, None),
    ("no number", sms(to=""), 400, 23, None),
    ("text of 4097", wa(content="x" * 4097), 400, 24, "Maximum message content size exceeded"),
    ("SMS of eleven parts", sms(content="x" * (153 * 10 + 1)), 400, 100, None),
    ("SMS of eleven Unicode parts", sms(content="я" * (67 * 10 + 1)), 400, 100, None),
    ("binary SMS of eleven parts", sms(content="00" * (134 * 10 + 1), binary=True), 400, 100, None),
    # Beside a header of two octets, ten parts have 1,338 octets left.
    (
        "SMS of eleven parts, with a header",
        sms(content="x" * 1530, userDataHeader="0100"),
        400,
        100,
        None,
    ),
    (
        "SMS of eleven Unicode parts, with a header",
        sms(content="я" + "x" * 669, userDataHeader="0100"),
        400,
        100,
        None,
    ),
    (
        "SMS of eleven parts, with a header, of characters of two septets",
        sms(content="{" * 765, userDataHeader="0100"),
        400,
        100,
        None,
    ),
    (
        "inline file over 1 MB",
        wa(content="AAAA" * 333_334, media={"contentType": "image/png"}),
        400,
        31,
        "Media file size exceeds limit of 1 MB",
    ),
    (
        "content type",
        wa(content="eA==", media={"contentType": "image/gif"}),
        400,
        30,
        "Content type not supported",
    ),
    ("Ogg without Opus", wa(content="eA==", media={"contentType": "audio/ogg"}), 400, 30, None),
    ("unknown file", wa(media={"fileId": "nothing"}), 400, 33, "Media item not found"),
    ("unknown header file", template(**header("media", {"fileId": "no"})), 400, 33, None),
    (
        "unknown interactive header file",
        wa(button=BUTTON | header("media", {"fileId": "no", "type": "image"})),
        400,
        33,
        None,
    ),
    ("magic invalid", sms(to=number(Scenario.INVALID_RECIPIENT)), 400, 25, None),
    ("magic opted out", sms(to=number(Scenario.OPTED_OUT)), 400, 26, "Recipient opted out"),
    ("magic not on channel", wa(to=number(Scenario.NOT_ON_CHANNEL), content="hi"), 400, 27, None),
    ("magic throttled", sms(to=number(Scenario.THROTTLED_ONCE)), 400, 43, "Rate limit"),
    ("magic no funds", sms(to=number(Scenario.NO_FUNDS)), 402, 20, "Insufficient account balance"),
]


@pytest.mark.parametrize(
    ("message", "status", "code", "text"),
    [case[1:] for case in REFUSED],
    ids=[case[0] for case in REFUSED],
)
async def test_other_refusals(
    sandbox: Sandbox, api: Api, message: dict[str, Any], status: int, code: int, text: str | None
) -> None:
    """A single refused message gets its code and the HTTP status of that code."""
    actual, body = await api.send(message)

    entry = body["messages"][0]
    assert (actual, entry["error"]["code"]) == (status, code)
    assert text in {None, entry["error"]["description"]}
    assert entry["to"] == message["to"]
    assert "apiMessageId" not in entry
    assert not sandbox.emulators["clickatell"].messages


PLANNED = [
    (code, 400, description)
    for code, description in {
        28: "Recipient not available on sandbox",
        38: "Channel/feature is not active on integration",
        39: "Channel is not available on integration",
        40: "Character set is not supported: ",
        44: "FROM number is suspended",
        45: "FROM number is not related to integration",
        46: "Demo access has expired",
        101: "Destination does not support two-way messaging",
        110: "USA country limit: must use two-way integration",
        111: "USA country limit: must enable STOP/SUBSCRIBE commands on integration",
    }.items()
] + [(18, 500, "Internal error"), (19, 503, "Internal error, please retry")]


@pytest.mark.parametrize(("code", "status", "text"), PLANNED)
async def test_ordered_refusals(api: Api, code: int, status: int, text: str) -> None:
    """An error that only an account's state causes can be ordered for one number, once."""
    plan = {"code": code, "to": TO}
    async with api.session.post("/_sandbox/clickatell/errors", json=plan) as planned:
        assert planned.status == 201

    _, both = await api.send(sms(), sms(to="27820000002"))
    await api.session.post("/_sandbox/clickatell/errors", json=plan)
    alone, body = await api.send(sms())
    after, _ = await api.send(sms())

    assert (alone, after) == (status, 202)
    assert body["messages"][0]["error"]["code"] == code
    assert body["messages"][0]["error"]["description"].startswith(text)
    assert [entry["accepted"] for entry in both["messages"]] == [False, True]


@pytest.mark.parametrize(
    "plan",
    [
        {},
        {"code": 999},
        {"code": 1, "level": "message"},
        {"code": 2, "to": TO},
        {"code": 18, "count": 0},
        {"code": 18, "count": True},
        {"code": True},
        {"code": [18]},
        {"code": 18, "status": "READ"},
        {"code": 18, "to": [TO]},
        {"code": 18, "level": ["global"]},
        {"code": 18, "colour": 1},
        {"status": "DELIVERED"},
        {"status": ["READ"]},
        {"status": "READ", "level": "global"},
        {"status": "READ", "detail": "to"},
        [],
    ],
)
async def test_invalid_orders_are_refused(api: Api, plan: Any) -> None:
    """An order for a code that is not in the table is refused."""
    async with api.session.post("/_sandbox/clickatell/errors", json=plan) as response:
        status = response.status

    assert status == 400
