"""The page's routes: who gets HTML, what the page may load, what other origins are refused."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING

import pytest

from omnimsg import Channel, Email, Message
from omnimsg.sandbox.inbox import page

from .conftest import PHONE

if TYPE_CHECKING:
    from omnimsg import Client
    from omnimsg.sandbox import Sandbox

    from .conftest import Http

pytestmark = pytest.mark.anyio

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
ASSETS = sorted(
    each.name for each in (files("omnimsg.sandbox.inbox") / "page").iterdir() if "." in each.name
)
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360f8cf500f0003860180d95a5b"
    "7d0000000049454e44ae426082"
)


def text_of(name: str) -> str:
    """Return the text of a file of the page."""
    return (files("omnimsg.sandbox.inbox") / "page" / name).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (BROWSER, "text/html"),
        ("text/html", "text/html"),
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("application/json, text/html;q=0.5", "application/json"),
        ("text/html;q=0", "application/json"),
        ("text/html;q=high", "application/json"),
        ("", "application/json"),
    ],
)
async def test_a_browser_gets_the_page(http: Http, accept: str, kind: str) -> None:
    """A client that prefers HTML by name gets the page, any other the list of routes."""
    async with http.session.get("/", headers={"Accept": accept}) as response:
        shown = response.content_type, response.headers["Vary"]

    assert (kind, "Accept") == shown


async def test_the_list_of_routes_has_an_address_of_its_own(http: Http, sandbox: Sandbox) -> None:
    """Browsers get the list of routes at an address of its own."""
    async with http.session.get("/_sandbox/routes", headers={"Accept": BROWSER}) as response:
        listed = await response.json()

    assert {"emulators": list(sandbox.emulators), "routes": sandbox.routes()} == listed


async def test_the_page_may_load_nothing_from_elsewhere(http: Http) -> None:
    """The page's policy allows only its own files, nothing inline, and no text as markup."""
    async with http.session.get("/", headers={"Accept": "text/html"}) as response:
        policy = dict(
            each.strip().partition(" ")[::2]
            for each in response.headers["Content-Security-Policy"].split(";")
        )

    sources = {
        word for name, value in policy.items() if name[-4:] == "-src" for word in value.split()
    }
    assert {"'none'", "'self'"} == sources
    assert ("'script'", "'none'", "'none'") == (
        policy["require-trusted-types-for"],
        policy["trusted-types"],
        policy["frame-ancestors"],
    )


@pytest.mark.parametrize("name", ASSETS)
async def test_every_file_of_the_page_is_served(http: Http, name: str) -> None:
    """Each file of the page is served with `nosniff`, and as 304 to a browser that has it."""
    async with http.session.get(f"/_sandbox/inbox/{name}") as first:
        body, tag = await first.read(), first.headers["ETag"]
        shown = first.status, first.headers["X-Content-Type-Options"]
    async with http.session.get(f"/_sandbox/inbox/{name}", headers={"If-None-Match": tag}) as again:
        repeated = again.status

    assert text_of(name).encode() == body
    assert (200, "nosniff", 304) == (*shown, repeated)


@pytest.mark.parametrize("name", ["nothing.js", "..%2Fpage.py", "%2e%2e%2frouting.py", ".."])
async def test_no_other_file_is_served(http: Http, name: str) -> None:
    """Paths outside the page's files are not found."""
    async with http.session.get(f"/_sandbox/inbox/{name}") as response:
        assert response.status == 404


@pytest.mark.parametrize(
    "name", [name for name in ASSETS if name.endswith((".js", ".html", ".css"))]
)
async def test_what_a_file_refers_to_is_there(name: str) -> None:
    """Every file that a file of the page refers to exists."""
    named = re.findall(r'from "\./([\w.]+)"|"_sandbox/inbox/([\w.]+)"', text_of(name))

    assert set() == {one or other for one, other in named} - set(ASSETS)


@pytest.mark.parametrize("name", ASSETS)
async def test_no_file_makes_markup_or_names_a_host(name: str) -> None:
    """No file of the page parses text as markup or code, is inline, or names another host."""
    text = re.sub(
        r"http://www\.w3\.org/2000/svg|http://127\.0\.0\.1:9000/callbacks", "", text_of(name)
    )

    sinks = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|srcdoc"
    inline = r"<style|\sstyle=|\son\w+=\"|<script>|javascript:"
    assert [] == re.findall(rf"{sinks}|{inline}|https?://(?!\)|\[)[\w.]+", text)


async def test_an_email_is_closed_off(client: Client, http: Http) -> None:
    """An e-mail's HTML is served with a policy under which nothing runs or is loaded."""
    html = "<p style='color:red'>Hello <img src=https://example.test/p.png><script>x()</script></p>"
    await client.send(
        Message("guest@example.test", Email(subject="Hi", html=html), channel=Channel.EMAIL),
        account="bird",
    )
    (entry,) = await http.entries("guest@example.test")

    async with http.session.get(f"/_sandbox/mail/bird/{entry['id']}") as response:
        shown = await response.text()
        policy = response.headers["Content-Security-Policy"].split("; ")

    assert html == shown
    assert {"default-src 'none'", "img-src data:", "sandbox"} <= set(policy)


@pytest.mark.parametrize(
    "path", ["mail/bird/none", "mail/nobody/none", "media/bird/none", "media/nobody/1"]
)
async def test_an_unknown_mail_or_file_is_not_found(http: Http, path: str) -> None:
    """An unknown e-mail or file is a 404 that names what is missing."""
    status, body = await http.call("GET", f"/_sandbox/{path}")

    assert (404, path.partition("/")[0]) == (status, body["error"].partition(":")[0])


@pytest.mark.parametrize(
    ("content_type", "served", "disposition"),
    [
        ("image/png", "image/png", None),
        ("audio/ogg; codecs=opus", "audio/ogg", None),
        ("image/svg+xml", "application/octet-stream", "attachment; filename*=UTF-8''a%22b.x"),
        ("text/html", "application/octet-stream", "attachment; filename*=UTF-8''a%22b.x"),
    ],
)
async def test_a_file_that_could_run_is_only_saved(
    sandbox: Sandbox, http: Http, content_type: str, served: str, disposition: str | None
) -> None:
    """Pictures, audio and video are shown; every other file, SVG too, is a download."""
    media = {"content_type": content_type, "data": PNG, "file_name": 'a"b.x'}
    sandbox.reply(PHONE, media=media, provider="clickatell", channel="whatsapp")
    (entry,) = await http.entries()

    async with http.session.get(f"/_sandbox/media/phones/{entry['media']['media']}") as response:
        shown = response.content_type, response.headers.get("Content-Disposition")
        body, policy = await response.read(), response.headers["Content-Security-Policy"]

    assert ((served, disposition), PNG) == (shown, body)
    assert "sandbox" in policy


@pytest.mark.parametrize(
    "path",
    ["about", "events", "phones", "phones/1", "exchanges", "exchanges/1", "media/x/1", "mail/x/1"],
)
async def test_a_foreign_page_reads_nothing(http: Http, path: str) -> None:
    """A request with a foreign Host (DNS rebinding) is refused, reading included."""
    status, body = await http.call("GET", f"/_sandbox/{path}", headers={"Host": "evil.example"})

    assert (403, "Host") == (status, body["error"].partition(":")[0])


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "outcomes"), ("PUT", "templates/a"), ("GET", "events")]
)
async def test_a_foreign_origin_changes_nothing(http: Http, method: str, path: str) -> None:
    """A request with the Origin of another site is refused."""
    status, body = await http.call(
        method, f"/_sandbox/{path}", json={}, headers={"Origin": "http://evil.example"}
    )

    assert (403, "Origin") == (status, body["error"].partition(":")[0])


@pytest.mark.parametrize("path", ["about", "events", "routes", "phones/1", "exchanges/1"])
async def test_an_unknown_query_is_refused(http: Http, path: str) -> None:
    """An unknown query name is refused with its name."""
    status, body = await http.call("GET", f"/_sandbox/{path}?colour=red")

    assert (400, "colour") == (status, body["error"].partition(":")[0])


async def test_what_the_page_offers(http: Http, sandbox: Sandbox) -> None:
    """The page gets the emulators, the kinds of faults with parameters, and magic recipients."""
    about = await http.get("about")

    assert list(sandbox.emulators) == about["emulators"]
    assert {"seconds": "seconds from 0 to 3600"} == about["faults"]["latency"]
    assert "accepted, then expired" == about["magic"]["990007"]


@pytest.mark.parametrize(
    ("body", "named"),
    [({}, "text"), ({"text": ""}, "text"), ({"words": "x"}, "words"), ([], "body"), (None, "body")],
)
async def test_an_invalid_wording_is_refused(http: Http, body: object, named: str) -> None:
    """An invalid template text is refused with the field's name."""
    status, answer = await http.call("PUT", "/_sandbox/templates/parcel", json=body)

    assert (400, named) == (status, answer["error"].partition(":")[0])


async def test_templates_have_a_limit(http: Http, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over the limit a new template is refused, but a known one can be changed."""
    monkeypatch.setattr("omnimsg.sandbox.inbox.routes.MAX_TEMPLATES", 1)

    refused, _ = await http.call("PUT", "/_sandbox/templates/parcel", json={"text": "x"})
    changed, _ = await http.call("PUT", "/_sandbox/templates/table_ready", json={"text": "x"})

    assert (400, 200) == (refused, changed)


def test_what_a_browser_prefers() -> None:
    """A browser's Accept header prefers HTML, and `*/*` does not."""
    assert (True, False) == (page.prefers_html(BROWSER), page.prefers_html("*/*"))
