"""The URL that a provider has called: from the configuration, or from a proxy that is trusted."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
from support.receiving import BODY, World
from support.reporting import PUBLIC_URL, Reporting, request

from omnimsg.delivery.request import RefusedBecause

if TYPE_CHECKING:
    from omnimsg.adapter import Callback, Context
    from omnimsg.domain.events import Event


pytestmark = pytest.mark.anyio


def forwarded(
    scheme: bytes = b"https", host: bytes = b"hooks.example.test"
) -> list[tuple[bytes, bytes]]:
    """Return the header lines that a proxy adds."""
    return [(b"x-forwarded-proto", scheme), (b"x-forwarded-host", host)]


class Addressed(Reporting):
    """An adapter that puts the called address into its events."""

    def event(self, entry: dict[str, Any], callback: Callback, context: Context) -> Event:
        """Put the address into the event's text."""
        return super().event({**entry, "text": callback.url}, callback, context)


@pytest.mark.parametrize(
    ("peer", "headers", "expected"),
    [
        ("10.1.2.3", forwarded(), "https://hooks.example.test"),
        ("10.1.2.3", forwarded(b"http", b"h:8080"), "http://h:8080"),
        ("10.1.2.3", forwarded(host=b"[::1]:80"), "https://[::1]:80"),
        ("::ffff:10.1.2.3", forwarded(), "https://hooks.example.test"),
        ("fd00::1", forwarded(), "https://hooks.example.test"),
        ("fd00::1%eth0", forwarded(), "https://hooks.example.test"),
        # An untrusted peer that sends a proxy's header lines.
        ("203.0.113.7", forwarded(), None),
        ("11.1.2.3", forwarded(), None),
        ("::ffff:11.1.2.3", forwarded(), None),
        (None, forwarded(), None),
        ("", forwarded(), None),
        ("unix:/run/app.sock", forwarded(), None),
        # A trusted proxy whose lines are missing, repeated or invalid.
        ("10.1.2.3", [], None),
        ("10.1.2.3", [*forwarded(), (b"x-forwarded-host", b"evil.example")], None),
        ("10.1.2.3", forwarded(b"https, http"), None),
        ("10.1.2.3", forwarded(b"javascript"), None),
        ("10.1.2.3", forwarded(host=b"evil.example/x?"), None),
        ("10.1.2.3", forwarded(host=b"user@evil.example"), None),
        ("10.1.2.3", forwarded(host=b"a, b"), None),
        ("10.1.2.3", forwarded(host=b"\xe4.example"), None),
        ("10.1.2.3", forwarded(host=b""), None),
    ],
    ids=str,
)
async def test_only_a_trusted_proxy_tells_the_address(
    peer: str | None, headers: list[tuple[bytes, bytes]], expected: str | None
) -> None:
    """The address is taken from a trusted proxy's header lines only, path and query unchanged."""
    world = World(kind=Addressed, public_url=None, trusted_proxies=("10.0.0.0/8", "fd00::/8"))
    asked = request(BODY, path="/x%2Fy/main", query="a=%20", headers=headers, peer=peer)

    status = await world.ask(asked)

    if expected is None:
        assert 401 == status
        world.nothing_came_of(RefusedBecause.UNKNOWN_ADDRESS, 401)
    else:
        assert [f"{expected}/x%2Fy/main?a=%20"] == [each.raw["text"] for each in world.events]


@pytest.mark.parametrize(
    ("peer", "why"),
    [("203.0.113.7", "it came from no proxy"), ("10.1.2.3", "its proxy must set `X-Forwarded-")],
)
async def test_the_log_says_why_an_address_is_unknown(
    caplog: pytest.LogCaptureFixture, peer: str, why: str
) -> None:
    """The log tells a request that came from no trusted proxy from one whose proxy says nothing."""
    caplog.set_level(logging.INFO)
    world = World(kind=Addressed, public_url=None, trusted_proxies=("10.0.0.0/8",))

    await world.ask(request(BODY, headers=[(b"host", b"hooks.example.test")], peer=peer))

    assert [True] == [why in each.getMessage() for each in caplog.records]


@pytest.mark.parametrize("tail", ["/main", "/main/", "/main/secret", "/main/secret/", "/main//"])
async def test_the_address_keeps_the_slash_at_its_end(tail: str) -> None:
    """The address that a provider signs ends with a slash if the path does."""
    world = World(kind=Addressed)

    status = await world.ask(request(BODY, path=f"/elsewhere{tail}"))

    assert (204, [f"{PUBLIC_URL}{tail}"]) == (status, [each.raw["text"] for each in world.events])


async def test_the_configured_address_is_believed_before_any_proxy() -> None:
    """A configured public address takes precedence over the lines of any proxy."""
    world = World(kind=Addressed, trusted_proxies=("10.0.0.0/8",))
    asked = request(BODY, query="a=1", headers=forwarded(host=b"evil.example"), peer="10.1.2.3")

    assert 204 == await world.ask(asked)

    assert [f"{PUBLIC_URL}/main?a=1"] == [each.raw["text"] for each in world.events]
