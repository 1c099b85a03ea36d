"""`Endpoints`: the URLs that requests may go to, and their headers."""

from __future__ import annotations

import pytest

from omnimsg import Reason
from omnimsg.adapter import Request
from omnimsg.transport import TransportFault
from omnimsg.transport.endpoints import Endpoints

SECRET = {"Authorization": "Tiny s3cret"}
BASE = "https://api.tiny.example"


def endpoints(base_url: str = BASE, *, hosts: set[str] | None = None) -> Endpoints:
    """Build endpoints whose credentials are for the base URL's host by default."""
    own = {base_url.partition("://")[2]}
    return Endpoints(
        base_url, hosts=frozenset(own if hosts is None else hosts), authorization=SECRET
    )


def refusal(base_url: str, request: Request) -> TransportFault:
    """Resolve a request that must be refused, and return the fault."""
    with pytest.raises(TransportFault) as caught:
        endpoints(base_url).resolve(request)
    return caught.value


@pytest.mark.parametrize(
    "hosts", [{"API.tiny.example"}, {"api.tiny.example:443"}, {"x.example", "api.tiny.example"}]
)
def test_the_spelling_of_a_host_makes_no_difference(hosts: set[str]) -> None:
    """Host names are compared without regard to case and default port."""
    _, headers = endpoints(hosts=hosts).resolve(Request("GET", "/x", authenticated=True))

    assert SECRET["Authorization"] == headers["Authorization"]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:2/x",
        "http://127.0.0.1:1@127.0.0.1:2/x",
        "http://localhost:1/x",
    ],
)
def test_credentials_are_refused_to_undeclared_hosts(url: str) -> None:
    """Credentials are refused to another port, another name, and a host behind a user name."""
    fault = refusal("http://127.0.0.1:1", Request("GET", url, authenticated=True))

    assert Reason.MISCONFIGURED is fault.reason


@pytest.mark.parametrize(
    ("base", "url"),
    [
        (BASE, "http://api.tiny.example/x"),
        (BASE, "http://127.0.0.1:1/x"),
        ("http://127.0.0.1:1", "http://api.tiny.example/x"),
        ("http://127.0.0.1:1", "http://localhost.tiny.example/x"),
        ("http://127.0.0.1:1", "http://127.0.0.1.tiny.example/x"),
        ("http://127.0.0.1:1", "http://127.tiny.example/x"),
        ("http://127.0.0.1:1", "http://127.0.0.1@tiny.example/x"),
        ("http://api.tiny.example", "/x"),
        (BASE, "ftp://api.tiny.example/x"),
        (BASE, "file:///etc/passwd"),
        (BASE, "x"),
        (BASE, ""),
        (BASE, "https://api.tiny.example:port/x"),
        (BASE, "https://[::1/x"),
        (BASE, "https://me:secret@api.tiny.example/x"),
        (BASE, "https://me@api.tiny.example/x"),
    ],
)
def test_unencrypted_and_unusable_urls_are_refused(base: str, url: str) -> None:
    """Plain HTTP is refused except to this machine, for an account with such a base URL."""
    fault = refusal(base, Request("GET", url))

    assert Reason.MISCONFIGURED is fault.reason


@pytest.mark.parametrize("origin", ["http://api.tiny.example", "http://api.tiny.example:8080"])
def test_a_refusal_names_the_host_as_it_stands(origin: str) -> None:
    """The error names the host with its port, where the URL has one, and without the path."""
    fault = refusal(BASE, Request("GET", f"{origin}/a/secret"))

    assert f"{origin} is not encrypted" in str(fault)
    assert "secret" not in str(fault)


def test_a_request_without_a_body_has_no_media_type() -> None:
    """A media type is that of a body."""
    found = [
        endpoints().resolve(Request("POST", "/x", body, content_type="image/png"))[1]
        for body in (b"x", None)
    ]

    assert [True, False] == ["Content-Type" in headers for headers in found]


@pytest.mark.parametrize(
    "url",
    [
        "/messages/..",
        "/messages/.",
        "/messages/../balance",
        "/messages/%2e%2E",
        "/messages/..?page=1",
        "/messages/..#top",
        f"{BASE}/messages/../balance",
    ],
)
def test_dot_segments_are_refused(url: str) -> None:
    """A URL with a dot segment is refused, as it would name another resource."""
    fault = refusal(BASE, Request("DELETE", url, authenticated=True))

    assert Reason.MISCONFIGURED is fault.reason


@pytest.mark.parametrize(
    "path", ["/messages/a..b", "/messages/...", "/x/..%2Fbalance", "/x?page=../.."]
)
def test_dots_elsewhere_are_allowed(path: str) -> None:
    """Dots are allowed in a URL except as a segment of one or two dots."""
    url, _ = endpoints().resolve(Request("GET", path))

    assert f"{BASE}{path}" == str(url)


def test_a_fragment_is_taken_off() -> None:
    """A fragment is removed from a URL, because it is never sent."""
    url, _ = endpoints().resolve(Request("GET", "/x?page=1#top"))

    assert f"{BASE}/x?page=1" == str(url)


def test_the_spelling_of_the_scheme_makes_no_difference() -> None:
    """The scheme of a base URL may be in upper case."""
    url, _ = endpoints("HTTP://127.0.0.1:1").resolve(Request("GET", "/x", authenticated=True))

    assert "http://127.0.0.1:1/x" == str(url)


@pytest.mark.parametrize("value", ["a\r\nX-Other: b", "a\nb", "a\0b"])
def test_a_control_character_in_a_header_is_refused(value: str) -> None:
    """A header value with a control character is refused, and the error does not quote it."""
    fault = refusal(BASE, Request("GET", "/x", headers={"X-One": value}))

    assert Reason.MISCONFIGURED is fault.reason
    assert "X-Other" not in fault.detail
