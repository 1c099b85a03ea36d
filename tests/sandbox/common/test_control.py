"""The control API over plain HTTP: handsets, faults one by one, the request log, foreign pages."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

import aiohttp
import anyio
import attrs
import pytest

from omnimsg.sandbox import FaultError, Limits, Received, Sandbox

from .conftest import Echo

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from support.sandbox_fixtures import Clock

pytestmark = pytest.mark.anyio

ONE, TWO = "+27820000001", "+27820000002"


@pytest.fixture
async def http(sandbox: Sandbox) -> AsyncIterator[aiohttp.ClientSession]:
    """Return an HTTP client of the sandbox."""
    async with aiohttp.ClientSession(sandbox.url) as session:
        yield session


async def call(http: aiohttp.ClientSession, method: str, path: str, **options: Any) -> Any:
    """Send a request; return the status and the decoded body."""
    async with http.request(method, path, **options) as response:
        return response.status, await response.json()


async def test_handsets_have_a_limit(
    sandbox: Sandbox, http: aiohttp.ClientSession, clock: Clock
) -> None:
    """With `limit` the latest messages are listed, oldest first, with the count of all."""
    await call(http, "POST", "/echo/send", json=[ONE, TWO, ONE])
    clock.now += 60

    _, body = await call(http, "GET", "/_sandbox/handsets?limit=2")

    ids = [each.id for each in sandbox.handsets.all()]
    assert (3, ids[-2:]) == (body["count"], [each["id"] for each in body["received"]])


async def test_handsets_have_the_fields_of_received(
    http: aiohttp.ClientSession, clock: Clock
) -> None:
    """A listed message has every field of `Received`, and its number has a plus."""
    await call(http, "POST", "/echo/send", json=["27820000001"])
    clock.now += 60

    _, body = await call(http, "GET", "/_sandbox/handsets")

    (received,) = body["received"]
    assert {field.name for field in attrs.fields(Received)} == set(received)
    assert (ONE, None) == (received["number"], received["message_id"])


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("nummer=1", "nummer"),
        ("number=1&number=2", "number"),
        ("limit=0", "limit"),
        ("limit=-1", "limit"),
        ("limit=many", "limit"),
        ("limit=%C2%B2", "limit"),
        ("wait=61", "wait"),
        ("wait=-1", "wait"),
        ("wait=nan", "wait"),
        ("wait=inf", "wait"),
        ("wait=soon", "wait"),
    ],
)
async def test_invalid_queries_are_refused(
    http: aiohttp.ClientSession, query: str, named: str
) -> None:
    """An unknown, repeated or invalid query name is refused with its name."""
    status, body = await call(http, "GET", f"/_sandbox/handsets?{query}")

    assert (400, named) == (status, body["error"].partition(":")[0])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "faults"),
        ("GET", "requests"),
        ("POST", "reset"),
        ("DELETE", "faults"),
        ("DELETE", "faults/1"),
    ],
)
async def test_other_routes_take_no_query(
    http: aiohttp.ClientSession, method: str, path: str
) -> None:
    """A query name where none is known is refused, so that a misspelt path is noticed."""
    status, body = await call(http, method, f"/_sandbox/{path}?limit=1")

    assert (400, "limit") == (status, body["error"].partition(":")[0])


async def test_waiting_ends_with_the_message(http: aiohttp.ClientSession, clock: Clock) -> None:
    """A request that waits is answered once a message has arrived, long before its end."""
    answers: list[Any] = []
    with anyio.fail_after(30):
        async with anyio.create_task_group() as group:

            async def wait() -> None:
                path = "/_sandbox/handsets?number=%2B27820000001&wait=60"
                answers.append(await call(http, "GET", path))

            group.start_soon(wait)
            await call(http, "POST", "/echo/send", json=[TWO, ONE])
            clock.now += 60

    ((status, body),) = answers
    assert (200, [ONE]) == (status, [each["number"] for each in body["received"]])


async def test_waiting_is_bounded(http: aiohttp.ClientSession) -> None:
    """Without a message a request that waits is answered with none."""
    assert (200, {"count": 0, "received": []}) == await call(
        http, "GET", "/_sandbox/handsets?wait=0.01"
    )


async def test_faults_are_removed_one_by_one(http: aiohttp.ClientSession) -> None:
    """A removed fault fires no more, and the others stay."""
    ids = []
    for status in (501, 502, 503):
        _, fault = await call(
            http, "POST", "/_sandbox/faults", json={"kind": "status", "status": status}
        )
        ids.append(fault["id"])

    removed = await call(http, "DELETE", f"/_sandbox/faults/{ids[0]}")
    again, _ = await call(http, "DELETE", f"/_sandbox/faults/{ids[0]}")
    async with http.post("/echo/send", json=[ONE]) as response:
        seen = response.status

    _, left = await call(http, "GET", "/_sandbox/faults")
    assert (200, 501) == (removed[0], removed[1]["status"])
    assert (404, 502, ids[1:]) == (again, seen, [each["id"] for each in left["faults"]])


@pytest.mark.parametrize("fault_id", ["0", "-1", "x", "9" * 5000, "%C2%B2"])
async def test_unknown_faults_are_not_removed(http: aiohttp.ClientSession, fault_id: str) -> None:
    """An id of no fault is a 404, whatever its form."""
    status, body = await call(http, "DELETE", f"/_sandbox/faults/{fault_id}")

    assert (404, "faults") == (status, body["error"].partition(":")[0])


async def test_all_faults_are_removed(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    """All faults can be removed without forgetting messages."""
    sandbox.faults.add("html", count=2)

    assert (200, {"faults": []}) == await call(http, "DELETE", "/_sandbox/faults")
    assert [] == sandbox.faults.as_json()


async def test_faults_are_bounded(http: aiohttp.ClientSession) -> None:
    """Above the limit a fault is refused with a clear error."""
    statuses = []

    for _ in range(1001):
        status, body = await call(http, "POST", "/_sandbox/faults", json={"kind": "html"})
        statuses.append(status)

    assert [201] * 1000 + [400] == statuses
    assert "1000 are waiting" in body["error"]


def test_spent_faults_make_room() -> None:
    """Faults that fire no more are forgotten for new ones, the oldest first."""
    faults = Sandbox([Echo], limits=Limits(faults=3)).faults
    for count in (5, 1, 1):
        faults.add("html", count=count)
    for _ in range(6):
        faults.select("echo", is_send=True)

    added = [faults.add("html").id for _ in range(2)]

    assert [4, 5] == added
    assert [3, 4, 5] == [each["id"] for each in faults.as_json()]


def test_waiting_faults_are_never_forgotten() -> None:
    """If every fault at the limit is still unspent, a new one is refused."""
    faults = Sandbox([Echo], limits=Limits(faults=1)).faults
    faults.add("html", probability=0.5)

    with pytest.raises(FaultError, match="limit"):
        faults.add("html")


async def test_every_route_is_listed(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    """The root lists every route that answers, those of the emulators included."""
    _, body = await call(http, "GET", "/")

    listed = {(each["method"], each["path"]) for each in body["routes"]}
    assert {
        ("POST", "/echo/send"),
        ("GET", "/"),
        ("DELETE", "/_sandbox/faults/{fault_id}"),
    } < listed
    assert len(listed) == len(body["routes"])
    assert all(each["about"] for each in body["routes"] if "_sandbox" in each["path"])
    assert sandbox.routes() == body["routes"]


async def test_unknown_paths_point_to_the_list(http: aiohttp.ClientSession) -> None:
    """A path outside of every emulator is a 404 that says where all paths are listed."""
    status, body = await call(http, "GET", "/_sandbox/handset")

    assert (404, True) == (status, "GET /" in body["error"])


@pytest.mark.parametrize(
    ("method", "options", "status", "error"),
    [
        ("PATCH", {}, 405, "PATCH: this path takes DELETE, GET, HEAD, POST"),
        ("POST", {"data": BytesIO(bytes(65 << 20))}, 413, "body: has more than 67108864 bytes"),
        (
            "POST",
            {"data": b"{}", "headers": {"Content-Encoding": "gzip"}},
            400,
            "body: is not encoded as its header lines say",
        ),
    ],
)
async def test_what_the_server_refuses_is_json_too(
    http: aiohttp.ClientSession, method: str, options: dict[str, Any], status: int, error: str
) -> None:
    """A wrong method, and a body that cannot be read, have the form of every other error."""
    actual = await call(http, method, "/_sandbox/faults", **options)

    assert (status, {"error": error}) == actual


async def test_messages_of_one_moment_keep_their_order(
    sandbox: Sandbox, http: aiohttp.ClientSession, clock: Clock
) -> None:
    """While a test's clock stands still, the order of acceptance is that of arrival."""
    sent = await call(http, "POST", "/echo/send", json=[ONE, TWO, ONE, TWO])
    clock.now += 60

    ids = [each["id"] for each in sent[1]["messages"]]
    _, latest = await call(http, "GET", "/_sandbox/handsets?limit=1")

    assert ids == [each.id for each in sandbox.handsets.all()]
    assert ids[-1:] == [each["id"] for each in latest["received"]]


CHANGES = [
    ("POST", "/_sandbox/faults"),
    ("POST", "/_sandbox/reset"),
    ("DELETE", "/_sandbox/faults"),
    ("DELETE", "/_sandbox/faults/1"),
    ("POST", "/_sandbox/echo/errors"),
]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://localhost"},
        {"Host": "evil.example"},
        {"Host": "evil.example:8025", "Origin": "http://evil.example:8025"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "192.0.2.1"},
        {"Host": "[::1"},
        {"Host": ""},
    ],
    ids=str,
)
@pytest.mark.parametrize(("method", "path"), CHANGES)
async def test_foreign_pages_change_nothing(
    sandbox: Sandbox, http: aiohttp.ClientSession, headers: dict[str, str], method: str, path: str
) -> None:
    """A state-changing request with the Origin or Host of another site is refused."""
    sandbox.faults.add("html")

    status, body = await call(http, method, path, json={"kind": "html"}, headers=headers)

    assert (403, True) == (status, body["error"].startswith(("Origin", "Host")))
    assert 1 == len(sandbox.faults.as_json())


async def test_own_pages_change_the_sandbox(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    """The sandbox's own origin may change it under each loopback name."""
    statuses = []

    for host in (
        f"127.0.0.1:{sandbox.port}",
        f"localhost:{sandbox.port}",
        "[::1]:1",
        "a.localhost",
    ):
        headers = {"Host": host, "Origin": f"http://{host}"}
        statuses.append((await call(http, "POST", "/_sandbox/reset", headers=headers))[0])

    assert [200] * 4 == statuses


@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        ({"Host": "evil.example"}, "Host"),
        ({"Origin": "http://evil.example"}, "Origin"),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "iframe"}, "Sec-Fetch-Site"),
        ({"Sec-Fetch-Site": "same-site", "Sec-Fetch-Dest": "image"}, "Sec-Fetch-Site"),
        ({"Sec-Fetch-Site": "cross-site"}, "Sec-Fetch-Site"),
    ],
    ids=str,
)
@pytest.mark.parametrize("path", ["handsets", "faults", "requests", "callbacks", "routes", "none"])
async def test_foreign_pages_read_nothing(
    http: aiohttp.ClientSession, path: str, headers: dict[str, str], refused: str
) -> None:
    """A request of a page of another site is refused, also one that only reads."""
    status, body = await call(http, "GET", f"/_sandbox/{path}", headers=headers)

    assert (403, refused) == (status, body["error"].partition(":")[0])


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "document"},
        {"Sec-Fetch-Site": "none", "Sec-Fetch-Dest": "document"},
        {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "empty"},
    ],
    ids=str,
)
async def test_a_person_may_follow_a_link(
    http: aiohttp.ClientSession, headers: dict[str, str]
) -> None:
    """A link on another site, a typed address and the sandbox's own page may read."""
    status, _ = await call(http, "GET", "/_sandbox/handsets", headers=headers)

    assert 200 == status


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("sandbox:8025", 200),
        ("192.0.2.1:8025", 200),
        ("host.docker.internal:8025", 200),
        ("localhost", 200),
        ("evil.example", 403),
        ("evil.example.", 403),
    ],
)
async def test_a_sandbox_of_a_network(clock: Clock, host: str, status: int) -> None:
    """A sandbox that listens on all interfaces accepts addresses and private names as Host."""
    async with (
        Sandbox([Echo], clock=clock, host="0.0.0.0") as sandbox,  # noqa: S104 - what is tested
        aiohttp.ClientSession(sandbox.url) as http,
    ):
        actual, _ = await call(http, "POST", "/_sandbox/reset", headers={"Host": host})

    assert status == actual


@pytest.mark.parametrize("host", ["", "a b", "host:80", "http://host", "x" * 300])
def test_invalid_hosts_are_refused(host: str) -> None:
    """A value that is no host name is refused; an empty one would listen everywhere."""
    with pytest.raises(ValueError, match="host"):
        Sandbox([Echo], host=host)


def test_addresses_by_host() -> None:
    """IPv6 addresses are bracketed; what listens everywhere is reached by loopback."""
    urls = [Sandbox([Echo], host=host, port=1).url for host in ("sandbox", "::1", "0.0.0.0", "::")]  # noqa: S104

    loopback = "http://127.0.0.1:1"
    assert ["http://sandbox:1", "http://[::1]:1", loopback, loopback] == urls


async def test_the_log_says_which_fault_refused(
    sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    """The request log names the fault behind a response; without a fault there is no cause."""
    fault = sandbox.faults.add("status", status=460)

    for _ in range(2):
        async with http.post("/echo/send", json=[ONE]):
            pass

    expected = [(460, f"fault {fault.id}: status"), (200, None)]
    assert expected == [(each["status"], each["refused"]) for each in sandbox.requests]


async def test_the_log_names_the_fault_that_took_the_answer(
    sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    """The request log names the fault that lost the answer, not a server error."""
    fault = sandbox.faults.add("reset_after")

    with pytest.raises(aiohttp.ClientConnectionError):
        await http.post("/echo/send", json=[ONE])

    (line,) = sandbox.requests
    assert f"fault {fault.id}: reset_after" == line["refused"]
