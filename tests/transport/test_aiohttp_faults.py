"""Faults for errors of aiohttp that no server can provoke."""

from __future__ import annotations

import aiohttp
from yarl import URL

from omnimsg import Reason
from omnimsg.transport.aiohttp_faults import fault_from


def test_an_invalid_url_found_by_aiohttp_is_a_misconfiguration() -> None:
    """An invalid URL that aiohttp refuses is a misconfigured account."""
    url = URL("https://api.example.test/")

    fault = fault_from(aiohttp.InvalidURL("x"), written=False, url=url, proxy=None)

    assert Reason.MISCONFIGURED is fault.reason
