"""The options for receiving callbacks."""

from __future__ import annotations

from typing import Any

import pytest

from omnimsg import CallbackOptions
from omnimsg.domain.errors import InvalidValue


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"public_url": "hooks.example.test"}, "public_url"),
        ({"public_url": "ftp://hooks.example.test"}, "public_url"),
        ({"public_url": "https://hooks.example.test/?x"}, "public_url"),
        ({"public_url": "https://hooks.example.test/#x"}, "public_url"),
        ({"public_url": "https://"}, "public_url"),
        ({"public_url": "https://[::1/x"}, "public_url"),
        ({"public_url": "https://h\u00f6oks.example.test"}, "public_url"),
        ({"trusted_proxies": ["10.0.0.1/8"]}, "trusted_proxies"),
        ({"trusted_proxies": ["proxy.example.test"]}, "trusted_proxies"),
        ({"trusted_proxies": None}, "trusted_proxies: must be a sequence of str"),
        ({"trusted_proxies": "10.0.0.0/8"}, "trusted_proxies: must be a sequence of str"),
        ({"public_url": 7}, "public_url: must be str, not int"),
        ({"body_limit": 0}, "body_limit"),
        ({"body_limit": 0.5}, "body_limit: must be a whole number"),
        ({"concurrency": 1.5}, "concurrency: must be a whole number"),
        ({"backlog": 1.5}, "backlog: must be a whole number"),
        ({"concurrency": 0}, "concurrency"),
        ({"backlog": -1}, "backlog"),
        ({"read_timeout": float("inf")}, "read_timeout"),
        ({"handler_timeout": 0}, "handler_timeout"),
    ],
    ids=str,
)
def test_options_that_cannot_work_are_refused(options: dict[str, Any], name: str) -> None:
    """Invalid callback options are refused when they are built."""
    with pytest.raises(InvalidValue, match=name):
        CallbackOptions(**options)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (None, None),
        ("https://h.example.test", "https://h.example.test/main"),
        ("https://h.example.test/a/", "https://h.example.test/a/main"),
    ],
)
def test_reports_of_an_account_go_below_the_public_address(
    url: str | None, expected: str | None
) -> None:
    """The report URL of an account is its name below the public address."""
    assert expected == CallbackOptions(public_url=url).report_url("main")
