"""What errors of aiohttp mean, where no server can provoke them."""

from __future__ import annotations

import aiohttp

from omnimsg import Reason
from omnimsg.transport.aiohttp_faults import fault_from


def test_an_invalid_url_found_by_aiohttp_is_a_misconfiguration() -> None:
    """What aiohttp refuses about a URL before writing concerns the account, not a message."""
    fault = fault_from(aiohttp.InvalidURL("x"), written=False)

    assert Reason.MISCONFIGURED is fault.reason
