"""Bird's batches, over plain HTTP: accepted as a whole, then checked one by one."""

from functools import partial
from typing import Any

import aiohttp
import pytest
from support.sandbox_fixtures import Clock

from omnimsg.sandbox import Sandbox, Scenario, magic_number
from omnimsg_bird.emulator import ACCESS_KEY, CHANNELS, WORKSPACE, BirdEmulator

pytestmark = pytest.mark.anyio

SMS = f"channels/{CHANNELS['sms']}"
EMAIL = f"channels/{CHANNELS['email']}"
TEXT = {"type": "text", "text": {"text": "hi"}}


def entry(*to: str, **more: Any) -> dict[str, Any]:
    """Return an entry of a batch."""
    contacts = [{"identifierValue": each} for each in to]
    return {"receiver": {"contacts": contacts}, "body": TEXT} | more


async def post(http: aiohttp.ClientSession, batch: Any, channel: str = SMS) -> tuple[int, Any]:
    """Send a batch and return the status and the body."""
    async with http.post(f"{channel}/batch/messages", json=batch) as response:
        return response.status, await response.json()


async def listed(http: aiohttp.ClientSession, batch_id: str) -> dict[str | None, Any]:
    """Return the messages of a batch by their references."""
    async with http.get(f"channels/messages?batchId={batch_id}&limit=1000") as response:
        return {one.get("reference"): one for one in (await response.json())["results"]}


async def test_batch_is_found_by_its_id(
    sandbox: Sandbox, http: aiohttp.ClientSession, clock: Clock
) -> None:
    """The response has only the batch's id; the lists find exactly its messages by that id."""
    batch = [entry(f"+4850010020{n}", reference=f"r-{n}") for n in range(3)]
    status, answer = await post(http, {"messageRequests": batch})
    await post(http, {"messageRequests": [entry("+48500100209", reference="another")]})
    clock.now += 1000

    found = await listed(http, answer["id"])

    assert (status, list(answer)) == (202, ["id"])
    assert {name: one["status"] for name, one in found.items()} == {
        f"r-{n}": "delivered" for n in range(3)
    }
    assert len(sandbox.handsets.all()) == 4


REJECTED: dict[str, tuple[dict[str, Any], int]] = {
    "nothing": ({}, 11002),
    "no body": ({"receiver": {"contacts": [{"identifierValue": "+48500100200"}]}}, 11002),
    "two receivers": (entry("+48500100200", "+48500100201"), 11001),
    "a mailbox": (entry("a@example.test"), 11002),
    "a strange body": (entry("+48500100200", body={"type": "interactive"}), 11002),
    "a strange member": (entry("+48500100200", ttl=60), 11002),
    "a body that is a list": (entry("+48500100200", body=[]), 11002),
    "36 days ahead": (entry("+48500100200", scheduledFor="2023-12-20T22:13:20Z"), 11002),
    "a contact nobody knows": (entry() | {"receiver": {"contacts": [{"id": "c-1"}]}}, 11002),
    "tags": (entry("+48500100200", tags=["a.b"]), 11002),
}


@pytest.mark.parametrize(("bad", "code"), REJECTED.values(), ids=REJECTED)
async def test_bad_entry_is_rejected_alone(
    sandbox: Sandbox,
    http: aiohttp.ClientSession,
    clock: Clock,
    bad: dict[str, Any],
    code: int,
) -> None:
    """An invalid entry is accepted with the others, then rejected alone."""
    batch = [entry("+48500100209", reference="good"), bad | {"reference": "bad"}]
    status, answer = await post(http, {"messageRequests": batch})
    first = await listed(http, answer["id"])
    clock.now += 1000

    last = await listed(http, answer["id"])

    assert status == 202
    assert first["bad"]["status"] == "accepted"
    assert (last["bad"]["status"], last["bad"]["failure"]["code"]) == ("rejected", code)
    assert last["good"]["status"] == "delivered"
    assert [one.number for one in sandbox.handsets.all()] == ["+48500100209"]


@pytest.mark.parametrize("count", [0, 101])
async def test_count(http: aiohttp.ClientSession, count: int) -> None:
    """A batch holds 1 to 100 messages."""
    status, answer = await post(http, {"messageRequests": [entry("+48500100200")] * count})

    assert (status, set(answer)) == (400, {"code", "message"})


@pytest.mark.parametrize(
    ("batch", "path"),
    [
        ({}, ".messageRequests"),
        ({"messageRequests": {}}, ".messageRequests"),
        ({"messageRequests": ["hi"]}, ".messageRequests[0]"),
        ({"messageRequests": [], "messages": []}, "."),
        ([], "."),
    ],
)
async def test_invalid_batch(http: aiohttp.ClientSession, batch: Any, path: str) -> None:
    """A body that is not a list of objects is refused as a whole."""
    status, answer = await post(http, batch)

    assert (status, answer["code"], list(answer["details"])) == (422, "InvalidPayload", [path])


async def test_mails_with_copies(
    sandbox: Sandbox, http: aiohttp.ClientSession, clock: Clock
) -> None:
    """An e-mail in a batch reaches all of its recipients."""
    await post(http, {"messageRequests": [entry("a@example.test", "b@example.test")]}, EMAIL)

    clock.now += 1000

    assert {one.number for one in sandbox.handsets.all()} == {"a@example.test", "b@example.test"}


async def test_a_batch_is_throttled_as_a_whole(
    sandbox: Sandbox, http: aiohttp.ClientSession, clock: Clock
) -> None:
    """A batch with a throttled recipient gets a 429 unprocessed, and is accepted the next time."""
    to = magic_number(Scenario.THROTTLED_ONCE)
    batch = {"messageRequests": [entry("+48500100200"), entry(to, reference="r")]}

    first, _ = await post(http, batch)
    accepted = len(sandbox.emulators["bird"].messages)
    second, answer = await post(http, batch)
    clock.now += 1000

    found = await listed(http, answer["id"])
    assert (429, 0, 202) == (first, accepted, second)
    assert found["r"]["status"] == "delivered"
    assert {answer["id"]} == {each["batchId"] for each in found.values()}


async def test_the_log_names_rejected_entries(
    sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    """The request log says which entries are rejected after they are accepted, and why."""
    wrong = entry("+48500100200") | {"tags": ["a.b"]}

    await post(http, {"messageRequests": [entry("+48500100200"), wrong]})

    (logged,) = sandbox.requests
    assert logged["refused"].startswith(
        "messageRequests[1] is rejected after acceptance: .tags[0]: value must match"
    )


async def test_orders_are_bounded(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    """Above the limit an order is refused."""
    order = f"{sandbox.url}/_sandbox/bird/errors"
    statuses = []
    for _ in range(1001):
        async with http.post(order, json={"status": 409}) as response:
            statuses.append(response.status)

    assert [201] * 1000 + [400] == statuses


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 429])
async def test_ordered_errors(sandbox: Sandbox, http: aiohttp.ClientSession, status: int) -> None:
    """Every error without details can be ordered for the next request only."""
    order = f"{sandbox.url}/_sandbox/bird/errors"
    async with http.post(order, json={"status": status}) as response:
        ordered = response.status

    seen = [await post(http, {"messageRequests": [entry("+48500100200")]}) for _ in range(2)]

    assert ordered == 201
    assert [one for one, _ in seen] == [status, 202]
    assert set(seen[0][1]) == {"code", "message"}


@pytest.mark.parametrize("order", [b"", b"[]", b"{}", b'{"status": 418}', b'{"status": [1]}'])
async def test_invalid_orders(sandbox: Sandbox, http: aiohttp.ClientSession, order: bytes) -> None:
    """An order for an unknown status is refused."""
    async with http.post(f"{sandbox.url}/_sandbox/bird/errors", data=order) as response:
        assert (response.status, set(await response.json())) == (400, {"error"})


async def test_storage_on_another_host() -> None:
    """The storage can have another host than the API, as it has at Bird."""
    headers = {"Authorization": f"AccessKey {ACCESS_KEY}"}
    async with (
        Sandbox([partial(BirdEmulator, storage="localhost")]) as served,
        aiohttp.request(
            "POST",
            f"{served.url}/bird/workspaces/{WORKSPACE}/channel-media/presigned-upload",
            headers=headers,
            json={"contentType": "image/png"},
        ) as response,
    ):
        granted = await response.json()

    assert granted["uploadUrl"].startswith("http://localhost:")
    assert granted["mediaUrl"].startswith("http://127.0.0.1:")
