"""`is_loopback`: which hosts are this machine."""

from __future__ import annotations

import pytest

from omnimsg.transport.loopback import is_loopback


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("LOCALHOST", True),
        ("127.0.0.1", True),
        ("127.8.9.10", True),
        ("::1", True),
        ("::ffff:10.0.0.1", False),
        ("10.0.0.1", False),
        ("localhost.example", False),
        ("127.0.0.1.example", False),
        ("127.example", False),
        ("", False),
        (None, False),
    ],
)
def test_only_the_exact_name_and_loopback_addresses_count(host: str | None, expected: bool) -> None:
    """Only `localhost` and loopback addresses are this machine, not names that begin like them."""
    assert expected is is_loopback(host)
