"""Bird's sends, look-ups and lists, over plain HTTP with a manual clock."""

from typing import Any

import aiohttp
import pytest
from support.sandbox_fixtures import Clock

from omnimsg.sandbox import Sandbox, Scenario, magic_number
from omnimsg_bird.emulator import CHANNELS, WORKSPACE

pytestmark = pytest.mark.anyio

TO = "+48500100200"
KEYS = {"sms": "phonenumber", "whatsapp": "phonenumber", "email": "emailaddress"}


def path(platform: str, *more: str) -> str:
    """Return the path of a channel's messages, or a path below it."""
    return "/".join(("channels", CHANNELS[platform], "messages", *more))


async def send(
    http: aiohttp.ClientSession, to: str = TO, platform: str = "sms", **more: Any
) -> Any:
    """Send a text and return the response."""
    message = {
        "receiver": {"contacts": [{"identifierKey": KEYS[platform], "identifierValue": to}]},
        "body": {"type": "text", "text": {"text": "hi"}},
    }
    async with http.post(path(platform), json=message | more) as response:
        assert response.status == 202
        return await response.json()


async def get(http: aiohttp.ClientSession, where: str) -> Any:
    """Return the body at a path."""
    async with http.get(where) as response:
        assert response.status == 200
        return await response.json()


def magic(scenario: Scenario, platform: str) -> str:
    """Return the number or mailbox of a scenario."""
    number = magic_number(scenario)
    return f"user{number[-6:]}@example.test" if platform == "email" else number


async def test_accepted_message(http: aiohttp.ClientSession) -> None:
    """The response to a send is the accepted message with Bird's additions."""
    echoed: dict[str, Any] = {
        "reference": "order-771",
        "meta": {"email": {}},
        "replyTo": {"id": "m", "type": "message"},
        "shortLinks": {"domain": "d"},
    }
    sent = await send(http, tags=["Parcel"], **echoed)

    contact = sent["receiver"]["contacts"][0]
    expected: dict[str, Any] = {
        "channelId": CHANNELS["sms"],
        "status": "accepted",
        "direction": "outgoing",
        "platformId": "sms",
        "failure": None,
        "body": {"type": "text", "text": {"text": "hi"}},
        "tags": ["parcel"],
        **echoed,
        "createdAt": "2023-11-14T22:13:20.000Z",
        "updatedAt": "2023-11-14T22:13:20.000Z",
        "lastStatusAt": "2023-11-14T22:13:20.000Z",
    }
    assert {name: value for name, value in sent.items() if name in expected} == expected
    assert set(sent) - set(expected) == {"id", "sender", "receiver", "batchId"}
    assert sent["batchId"] is None
    assert (contact["identifierKey"], contact["identifierValue"]) == ("phonenumber", TO)
    assert set(sent["sender"]["connector"]) == {"id", "identifierValue"}


async def test_life_of_one_message(
    sandbox: Sandbox, http: aiohttp.ClientSession, clock: Clock
) -> None:
    """A message is accepted, processed, sent and delivered to its handset."""
    sent = await send(http)
    seen = []

    for _ in range(4):
        found = await get(http, path("sms", sent["id"]))
        seen.append(
            (
                found["status"],
                found["lastStatusAt"][-7:-5],
                "parts" in found,
                len(sandbox.handsets.received(TO)),
            )
        )
        clock.now += 10

    assert seen == [
        ("accepted", "20", False, 0),
        ("processing", "30", False, 0),
        ("sent", "40", True, 0),
        ("delivered", "50", True, 1),
    ]


PRE = "pre-processing"


@pytest.mark.parametrize(
    ("platform", "scenario", "status", "failure"),
    [
        ("sms", Scenario.DELIVERED, "delivered", None),
        ("sms", Scenario.READ, "delivered", None),
        (
            "sms",
            Scenario.INVALID_RECIPIENT,
            "delivery_failed",
            (15005, {"name": "sms-messagebird", "code": "1"}),
        ),
        ("whatsapp", Scenario.INVALID_RECIPIENT, "delivery_failed", (15005, {"name": "whatsapp"})),
        (
            "email",
            Scenario.INVALID_RECIPIENT,
            "delivery_failed",
            (15005, {"name": "email-messagebird"}),
        ),
        ("sms", Scenario.OPTED_OUT, "rejected", (None, {"name": PRE})),
        ("sms", Scenario.NOT_ON_CHANNEL, "delivered", None),
        ("email", Scenario.NOT_ON_CHANNEL, "delivered", None),
        (
            "whatsapp",
            Scenario.NOT_ON_CHANNEL,
            "delivery_failed",
            (None, {"name": "whatsapp", "code": "131026"}),
        ),
        ("sms", Scenario.WINDOW_CLOSED, "delivered", None),
        ("email", Scenario.WINDOW_CLOSED, "delivered", None),
        (
            "whatsapp",
            Scenario.WINDOW_CLOSED,
            "delivery_failed",
            (None, {"name": "whatsapp", "code": "131047"}),
        ),
        (
            "sms",
            Scenario.UNDELIVERABLE,
            "delivery_failed",
            (15001, {"name": "sms-messagebird", "code": "27"}),
        ),
        ("whatsapp", Scenario.UNDELIVERABLE, "delivery_failed", (15001, {"name": "whatsapp"})),
        ("sms", Scenario.EXPIRED, "delivery_failed", (None, {"name": "sms-messagebird"})),
        ("sms", Scenario.PROVIDER_FAULT, "sending_failed", (12001, {"name": PRE})),
        ("sms", Scenario.NO_FUNDS, "rejected", (None, {"name": PRE})),
        ("sms", Scenario.NEVER_SETTLES, "sent", None),
    ],
)
async def test_magic_recipients(
    sandbox: Sandbox,
    http: aiohttp.ClientSession,
    clock: Clock,
    *,
    platform: str,
    scenario: Scenario,
    status: str,
    failure: tuple[int | None, dict[str, str]] | None,
) -> None:
    """Each magic recipient ends in its own status and failure; only some receive the message."""
    sent = await send(http, magic(scenario, platform), platform)

    clock.now += 10_000

    found = await get(http, path(platform, sent["id"]))
    known = found["failure"] and (found["failure"].get("code"), found["failure"]["source"])
    assert (found["status"], known) == (status, failure)
    assert ("reason" in found) == (failure is not None)
    assert len(sandbox.handsets.all()) == (status == "delivered")


async def test_reason_of_a_failure(http: aiohttp.ClientSession, clock: Clock) -> None:
    """A failure has a reason in the form of Bird's samples."""
    sent = await send(http, magic_number(Scenario.INVALID_RECIPIENT))

    clock.now += 1000

    found = await get(http, path("sms", sent["id"]))
    assert found["reason"] == "details: unknown subscriber; reason: unknown_subscriber; code: 1"
    assert found["details"] == "unknown_subscriber"


async def test_throttled_once(http: aiohttp.ClientSession) -> None:
    """The first attempt to the throttled recipient gets 429; the second is accepted."""
    contact = {"identifierValue": magic_number(Scenario.THROTTLED_ONCE)}
    message = {
        "receiver": {"contacts": [contact]},
        "body": {"type": "text", "text": {"text": "hi"}},
    }
    seen = []

    for _ in range(2):
        async with http.post(path("sms"), json=message) as response:
            seen.append(response.status)

    assert seen == [429, 202]


@pytest.mark.parametrize(
    ("platform", "kind"),
    [("whatsapp", ("read", None)), ("email", ("opened", "initial_open")), ("sms", None)],
)
async def test_reading(
    http: aiohttp.ClientSession, clock: Clock, platform: str, kind: tuple[str, str | None] | None
) -> None:
    """A read message has one interaction, if the platform reports reading."""
    sent = await send(http, magic(Scenario.READ, platform), platform, reference="r-1")
    where = path(platform, sent["id"], "interactions")
    clock.now += 30
    before = await get(http, where)

    clock.now += 10
    after = await get(http, where)

    assert before == {"results": []}
    assert [(one["type"], one.get("details")) for one in after["results"]] == (
        [kind] if kind else []
    )
    for one in after["results"]:
        assert (one["messageId"], one["channelId"]) == (sent["id"], CHANNELS[platform])
        assert (one["messageReference"], one["createdAt"]) == ("r-1", "2023-11-14T22:14:00.000Z")


async def test_delivered_is_not_read(http: aiohttp.ClientSession, clock: Clock) -> None:
    """A message that is only delivered has no interaction."""
    sent = await send(http, TO, "whatsapp")
    clock.now += 1000

    assert await get(http, path("whatsapp", sent["id"], "interactions")) == {"results": []}


async def test_validity(http: aiohttp.ClientSession, clock: Clock) -> None:
    """A message without a final status at the end of its validity fails."""
    never = magic_number(Scenario.NEVER_SETTLES)
    sent = [
        await send(http, never, validity=60),
        await send(http, TO, validity=30),
        await send(http, TO, validity=29),
        await send(http, never, validity=0),
    ]
    seen = []

    for wait in (29, 1, 30, 1_000_000):
        clock.now += wait
        seen.append([(await get(http, path("sms", one["id"])))["status"] for one in sent])

    assert seen == [
        ["sent", "sent", "delivery_failed", "sent"],
        ["sent", "delivered", "delivery_failed", "sent"],
        ["delivery_failed", "delivered", "delivery_failed", "sent"],
        ["delivery_failed", "delivered", "delivery_failed", "sent"],
    ]


@pytest.mark.parametrize(
    ("moment", "statuses"),
    [
        ("2023-11-14T23:13:20Z", ["scheduled", "scheduled", "accepted"]),
        ("2023-11-15T00:13:20+01:00", ["scheduled", "scheduled", "accepted"]),
        ("2023-11-14T22:20:00Z", ["accepted", "delivered", "delivered"]),
        ("2020-01-01T00:00:00Z", ["accepted", "delivered", "delivered"]),
    ],
    ids=["in an hour", "offset", "within ten minutes", "past"],
)
async def test_scheduled(
    http: aiohttp.ClientSession, clock: Clock, moment: str, statuses: list[str]
) -> None:
    """A scheduled message waits for its time, unless it is less than ten minutes ahead."""
    sent = await send(http, scheduledFor=moment)
    seen = [sent["status"]]

    for wait in (3599, 1):
        clock.now += wait
        seen.append((await get(http, path("sms", sent["id"])))["status"])

    assert seen == statuses
    assert sent["scheduledFor"] == moment


async def test_known_contact(http: aiohttp.ClientSession) -> None:
    """A message creates a contact, and the next message can use the contact's id."""
    first = (await send(http))["receiver"]["contacts"][0]

    second = await send(http, receiver={"contacts": [{"id": first["id"]}]})
    third = await send(http)

    assert second["receiver"]["contacts"][0]["id"] == first["id"]
    assert third["receiver"]["contacts"] == [first]


async def test_mail_to_several(sandbox: Sandbox, http: aiohttp.ClientSession, clock: Clock) -> None:
    """An e-mail to several mailboxes is one message and reaches all of them."""
    contacts = [
        {"identifierValue": "a@example.test", "type": "to"},
        {"identifierValue": "b@example.test", "type": "bcc"},
    ]
    html = {"type": "html", "html": {"html": "<p>Hi</p>", "metadata": {"subject": "Hello"}}}
    await send(http, platform="email", receiver={"contacts": contacts}, body=html)

    clock.now += 1000

    assert len((await get(http, path("email")))["results"]) == 1
    assert [
        (one.number, one.kind, one.text)
        for name in "ab"
        for one in sandbox.handsets.received(f"{name}@example.test")
    ] == [("a@example.test", "html", "<p>Hi</p>"), ("b@example.test", "html", "<p>Hi</p>")]


async def test_template(sandbox: Sandbox, http: aiohttp.ClientSession, clock: Clock) -> None:
    """A template message has a template and no body, and the handset shows its name and values."""
    message = {
        "receiver": {"contacts": [{"identifierValue": TO}]},
        "template": {
            "name": "parcel",
            "version": "latest",
            "locale": "pl",
            "parameters": [{"type": "string", "key": "name", "value": "Ola"}],
        },
    }
    async with http.post(path("whatsapp"), json=message) as response:
        sent = await response.json()

    clock.now += 1000

    assert (sent["template"], "body" in sent) == (message["template"], False)
    assert [(one.kind, one.text) for one in sandbox.handsets.received(TO)] == [
        ("template", "[template] parcel Ola")
    ]


PLACE = {"coordinates": {"latitude": 1, "longitude": 2}}
UNSUPPORTED = {
    "html": {"html": "<p>Hi</p>"},
    "list": {"text": "a"},
    "carousel": {"items": []},
    "location": PLACE,
    "authentication": {"otp": {"disclaimer": True}},
    "section": {"items": [{"type": "location", "location": PLACE}]},
}


@pytest.mark.parametrize(
    ("platform", "kind"),
    [
        *[("sms", kind) for kind in UNSUPPORTED],
        *[("email", kind) for kind in UNSUPPORTED if kind != "html"],
        ("whatsapp", "html"),
    ],
)
async def test_bodies_of_another_platform(
    sandbox: Sandbox, http: aiohttp.ClientSession, clock: Clock, platform: str, kind: str
) -> None:
    """A body that the platform has no form for is accepted, then rejected."""
    to = "a@example.test" if platform == "email" else TO
    sent = await send(http, to, platform, body={"type": kind, kind: UNSUPPORTED[kind]})

    clock.now += 1000

    found = await get(http, path(platform, sent["id"]))
    assert (found["status"], found["failure"]["code"]) == ("rejected", 12002)
    assert [] == sandbox.handsets.all()


async def test_the_service_window(
    sandbox: Sandbox, http: aiohttp.ClientSession, clock: Clock
) -> None:
    """Free WhatsApp content needs a recent inbound message; a template and an SMS do not."""
    sent = [await send(http, platform="whatsapp"), await send(http)]
    template = {
        "receiver": {"contacts": [{"identifierValue": TO}]},
        "template": {"name": "parcel"},
    }
    async with http.post(path("whatsapp"), json=template) as response:
        sent.append(await response.json())
    sandbox.open_windows(TO)
    sent.append(await send(http, platform="whatsapp"))
    clock.now += 24 * 3600
    sent.append(await send(http, platform="whatsapp"))
    clock.now += 1000

    ends = []
    for one in sent:
        found = await get(http, path(one["platformId"], one["id"]))
        ends.append((found["status"], ((found["failure"] or {}).get("source") or {}).get("code")))

    closed, delivered = ("delivery_failed", "131047"), ("delivered", None)
    assert ends == [closed, delivered, delivered, delivered, closed]


@pytest.mark.parametrize("text", ["Line one\nLine two", "1\u00a0000 kr", "a\tb  c", "x" * 1000])
async def test_the_handset_shows_the_whole_text(
    sandbox: Sandbox, http: aiohttp.ClientSession, clock: Clock, text: str
) -> None:
    """A text is shown as it was sent, with the ids of message, client and sender."""
    body = {"type": "text", "text": {"text": text}}
    sent = await send(http, reference="order-771", body=body)
    clock.now += 1000

    (received,) = sandbox.handsets.received(TO)

    assert (text, TO, "order-771") == (received.text, received.number, received.reference)
    assert (sent["id"], f"bird:{sent['channelId']}/{sent['id']}") == (
        received.id,
        received.message_id,
    )


async def test_message_of_another_channel(http: aiohttp.ClientSession) -> None:
    """A message is found only on its own channel."""
    sent = await send(http)

    async with http.get(path("whatsapp", sent["id"])) as response:
        status = response.status

    assert status == 404


async def pages(http: aiohttp.ClientSession, where: str, query: str) -> list[list[str]]:
    """Follow the page tokens and return the references of each page."""
    found, token = [], ""
    while True:
        answer = await get(http, f"{where}?{query}{token}")
        found.append([one.get("reference") for one in answer["results"]])
        if "nextPageToken" not in answer:
            return found
        token = f"&pageToken={answer['nextPageToken']}"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("limit=2", [["4", "3"], ["2", "1"], ["0"]]),
        ("limit=2&reverse=true", [["0", "1"], ["2", "3"], ["4"]]),
        ("limit=5", [["4", "3", "2", "1", "0"]]),
        ("reverse=false", [["4", "3", "2", "1", "0"]]),
    ],
)
async def test_pages(
    http: aiohttp.ClientSession, clock: Clock, query: str, expected: list[list[str]]
) -> None:
    """Pages hold every message once, newest first or reversed, and the last has no token."""
    for reference in range(5):
        await send(http, reference=str(reference))
        clock.now += 1

    assert await pages(http, path("sms"), query) == expected


async def test_page_stands_while_messages_come(http: aiohttp.ClientSession) -> None:
    """A message sent between two page requests does not change the second page."""
    for reference in "ab":
        await send(http, reference=reference)
    first = await get(http, f"{path('sms')}?limit=1")
    await send(http, reference="c")

    second = await get(http, f"{path('sms')}?limit=1&pageToken={first['nextPageToken']}")

    assert [one["results"][0]["reference"] for one in (first, second)] == ["b", "a"]


async def test_default_page(http: aiohttp.ClientSession) -> None:
    """A page has 25 messages by default."""
    for _ in range(26):
        await send(http)

    answer = await get(http, path("sms"))

    assert (len(answer["results"]), "nextPageToken" in answer) == (25, True)


NAVIGATOR = "0b8c6f0e-58a7-4b5e-9d55-5b8e8a6f1c11"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "mail failed plain"),
        ("status=delivered", "mail plain"),
        ("status=delivered&status=delivery_failed", "mail failed plain"),
        ("status=delivered&tag=parcel", "plain"),
        ("tag=Parcel", ""),
        ("to=%2B48500100200", "plain"),
        ("to=a@example.test", "mail"),
        ("from=Acme", "plain"),
        ("direction=incoming", ""),
        ("direction=outgoing", "mail failed plain"),
        ("startAt=2023-11-14T22:13:21Z", "mail failed"),
        ("endAt=2023-11-14T22:13:20Z", "plain"),
        ("messageType=html", "mail"),
        ("emailSubject=hello", "mail"),
        ("platform=email", "mail"),
        ("failureCode=15005", "failed"),
        ("failureSourceName=sms-messagebird", "failed"),
        ("failureSourceCode=1", "failed"),
        (f"batchId={NAVIGATOR}", ""),
        ("countryCode=PL", ""),
        (f"id={NAVIGATOR}", ""),
        (f"channelId={CHANNELS['email']}", "mail"),
    ],
)
async def test_filters(
    http: aiohttp.ClientSession, clock: Clock, query: str, expected: str
) -> None:
    """Filters of the workspace's list are joined by and, values of one filter by or."""
    connector = {"connector": {"identifierValue": "Acme"}}
    meta = {"navigatorId": NAVIGATOR}
    await send(http, reference="plain", tags=["parcel"], sender=connector, meta=meta)
    clock.now += 1
    await send(http, magic_number(Scenario.INVALID_RECIPIENT), reference="failed")
    html = {"type": "html", "html": {"html": "a", "metadata": {"subject": "Hello there"}}}
    await send(http, "a@example.test", "email", reference="mail", body=html)
    clock.now += 1000

    answer = await get(http, f"channels/messages?{query}")

    assert " ".join(one["reference"] for one in answer["results"]) == expected


async def test_filter_by_navigator(http: aiohttp.ClientSession) -> None:
    """Only the list of a channel can be filtered by navigator."""
    await send(http, reference="plain", meta={"navigatorId": NAVIGATOR})
    await send(http, reference="other")

    answer = await get(http, f"{path('sms')}?navigatorId={NAVIGATOR}")

    assert [one["reference"] for one in answer["results"]] == ["plain"]
    async with http.get(f"channels/messages?navigatorId={NAVIGATOR}") as response:
        assert response.status == 422


async def test_filter_by_id(http: aiohttp.ClientSession) -> None:
    """The list finds messages by their ids."""
    first, _, third = [await send(http) for _ in range(3)]

    answer = await get(http, f"{path('sms')}?id={first['id']}&id={third['id']}")

    assert [one["id"] for one in answer["results"]] == [third["id"], first["id"]]


async def test_list_of_a_channel(http: aiohttp.ClientSession) -> None:
    """A channel lists its own messages, the workspace lists all."""
    await send(http)
    await send(http, platform="whatsapp")

    counts = [
        len((await get(http, where))["results"]) for where in (path("sms"), "channels/messages")
    ]

    assert counts == [1, 2]


async def test_reset_forgets(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    """A reset forgets messages and contacts."""
    sent = await send(http)
    contact = {"id": sent["receiver"]["contacts"][0]["id"]}
    message = {"receiver": {"contacts": [contact]}, "body": sent["body"]}

    sandbox.reset()

    assert (await get(http, "channels/messages"))["results"] == []
    async with http.post(path("sms"), json=message) as response:
        assert response.status == 404


async def test_account_reaches_the_emulator(sandbox: Sandbox) -> None:
    """The sandbox's configuration has all that a request needs: URL, key, workspace, channels."""
    account = sandbox.config()["accounts"]["bird"]
    headers = {"Authorization": f"AccessKey {account['access_key']}"}
    url = f"{account['base_url']}/workspaces/{account['workspace_id']}/channels"

    async with aiohttp.request("GET", f"{url}/messages", headers=headers) as response:
        status = response.status

    assert (status, account["workspace_id"]) == (200, WORKSPACE)
    assert account["channels"] == CHANNELS
