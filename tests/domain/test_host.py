"""Hosts in URLs: in messages and in a configuration, what no server can have is refused."""

from __future__ import annotations

import pytest

from omnimsg import CallbackOptions, Link, Media
from omnimsg.config.base_url import base_url_problem
from omnimsg.domain.errors import InvalidValue
from omnimsg.domain.host import is_authority
from omnimsg.transport.network import Proxy

HOSTS = [
    "a",
    "a.",
    "shop.example",
    "a_b.example",
    "käse.example",
    "☃.example",
    "xn--kse-qla.example",
    "\u4f8b\u3048\u3002\u30c6\u30b9\u30c8",
    "0x7f.example",
    "4.pool.example",
    "192.0.2.1",
    "[::1]",
    "[2001:db8::1]:8443",
    "a:1",
    "a:65535",
    "a:",
]
NO_HOSTS = [
    "",
    ".",
    ":80",
    "[a",
    "a]",
    "[a]",
    "[::1",
    "::1",
    "[192.0.2.1]",
    "[fe80::1%25eth0]",
    "[v1.x]",
    "a:99999",
    "a:x",
    "a:80:80",
    "a:-1",
    "a:\uff18\uff10",
    "a..b",
    ".a",
    "a" * 64,
    "a b",
    "a\\b",
    "a\u200bb",
    "a%2fb",
    "a<b>",
    "{{1}}",
    "1",
    "999.1.1.1",
    "192.0.2.1.5",
    "192.0.2.01",
    # All of them are 127.0.0.1 for some programs: with other dots, other digits, in hexadecimal.
    "127\u30020\u30020\u30021",
    "127\uff0e0\uff0e0\uff0e1",
    "127\uff610\uff610\uff611",
    "\uff11\uff12\uff17.0.0.1",
    "127.0.0.\u2460",
    "%31%32%37.0.0.1",
    "2130706433",
    "0x7f000001",
    "0X7F.1",
    "127.0.0.0x1",
    "127.0.0.1.",
]


@pytest.mark.parametrize("text", HOSTS)
def test_a_host_may_be_a_name_or_an_address(text: str) -> None:
    """A URL may name a host in any script, or an address, with a port or without."""
    assert is_authority(text)
    assert base_url_problem(f"https://{text}/x", allow_http=False) is None
    assert Link(f"https://{text}/x") == Media.link("image", f"https://{text}/x").items[0].source
    assert text.rstrip(":") in Proxy.parse(f"http://{text}").url


@pytest.mark.parametrize("text", NO_HOSTS)
def test_what_no_server_can_be_called_is_refused(text: str) -> None:
    """An impossible host or port is refused when the value is built, and not by the provider."""
    url = f"https://{text}/x"

    assert not is_authority(text)
    assert base_url_problem(url, allow_http=False) is not None
    with pytest.raises(InvalidValue, match="must be an absolute"):
        Media.link("image", url)
    with pytest.raises(InvalidValue, match="must be an address"):
        CallbackOptions(public_url=url)
    with pytest.raises(ValueError, match="must be a URL such as"):
        Proxy.parse(f"http://{text}")


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example/b c",
        "https://a.example/\tb",
        "https://u:p@a.example",
        "https://a.example/b\\c",
    ],
)
def test_an_address_for_callbacks_is_only_host_port_and_path(url: str) -> None:
    """Providers sign and call this address: it has no credentials, and nothing to be escaped."""
    with pytest.raises(InvalidValue, match="must be an address"):
        CallbackOptions(public_url=url)
