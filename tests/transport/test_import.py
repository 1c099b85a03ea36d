"""Imports: aiohttp is imported when a transport is created, not before."""

from __future__ import annotations

import subprocess
import sys

import pytest


def run(code: str) -> str:
    """Run code in a new interpreter, and return what it prints."""
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", f"import sys; {code}"], capture_output=True, check=True, text=True
    )
    return done.stdout.strip()


@pytest.mark.parametrize(
    "module", ["", ".endpoints", ".files", ".interface", ".loopback", ".timeouts"]
)
def test_importing_it_does_not_import_aiohttp(module: str) -> None:
    """The transport package and its modules without HTTP do not import aiohttp."""
    assert "False" == run(f"import omnimsg.transport{module}; print('aiohttp' in sys.modules)")


def test_importing_the_package_does_not_import_yarl() -> None:
    """The transport package does not import yarl."""
    assert "False" == run("import omnimsg.transport; print('yarl' in sys.modules)")


def test_creating_a_transport_imports_aiohttp() -> None:
    """Creating a transport imports aiohttp, so its first request does not block the event loop."""
    create = (
        "from omnimsg.transport import TransportOptions, create_http_transport;"
        "options = TransportOptions(base_url='https://a.example', hosts=frozenset({'a.example'}),"
        " authorization={}, connections=1);"
        "print(create_http_transport(options), 'aiohttp' in sys.modules)"
    )

    assert "HttpTransport('https://a.example') True" == run(create)
