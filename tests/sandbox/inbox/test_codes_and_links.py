"""Codes and links that are found in texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from omnimsg import Message
from omnimsg.sandbox.codes_and_links import find_codes, find_links

from .conftest import PHONE, Http

if TYPE_CHECKING:
    from omnimsg import Client

CODES = [
    ("Your code is 482913", ["482913"]),
    ("Your code is 482 913.", ["482913"]),
    ("Your code: 482-913", ["482913"]),
    ("G-482913 is your Google verification code.", ["482913"]),
    ("Teie kood on 7741.", ["7741"]),
    ("PIN 0042", ["0042"]),
    ("482913", ["482913"]),
    ("Login 12345678, not 123456789", ["12345678"]),
    ("One code 111222, or 333444", ["111222", "333444"]),
    ("Code 111222, again 111222", ["111222"]),
    ("Your table is ready at 1930", []),
    ("Order 7741 of 2024", []),
    ("Your code was made in 2024", []),
    ("Pay 482913 EUR", []),
    ("Call +27820001000 or 0820001000", []),
    ("Code? Open https://example.test/482913", []),
    ("At 12:3456 or 1234.56, code", []),
    ("", []),
]
LINKS = [
    ("See https://example.test/a?b=c#d.", ["https://example.test/a?b=c#d"]),
    ("(http://example.test/a)", ["http://example.test/a"]),
    ("“HTTPS://EXAMPLE.TEST”!", ["HTTPS://EXAMPLE.TEST"]),
    ("https://a.test https://a.test https://b.test", ["https://a.test", "https://b.test"]),
    ("javascript:alert(1) ftp://a.test example.test", []),
]


@pytest.mark.parametrize(("text", "codes"), CODES)
def test_codes(text: str, codes: list[str]) -> None:
    """A code has four to eight digits next to a word for it, else six, and stands alone."""
    assert codes == find_codes(text)


@pytest.mark.parametrize(("text", "links"), LINKS)
def test_links(text: str, links: list[str]) -> None:
    """Links are found once each, without the punctuation that follows them."""
    assert links == find_links(text)


@pytest.mark.anyio
async def test_what_is_shown_is_bounded(client: Client, http: Http) -> None:
    """At most ten codes and ten links of a message are shown."""
    text = "code " + " ".join(f"{number} https://{number}.test" for number in range(111111, 111131))

    await client.send(Message(PHONE, text), account="messente")

    (entry,) = await http.entries()
    assert (10, 10) == (len(entry["codes"]), len(entry["links"]))
