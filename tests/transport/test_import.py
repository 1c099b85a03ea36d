"""Importing the transport costs little; aiohttp is imported when a transport is created."""

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
    """The package and the modules that do not exchange anything do without."""
    assert "False" == run(f"import omnimsg.transport{module}; print('aiohttp' in sys.modules)")


def test_importing_the_package_does_not_import_yarl() -> None:
    """URLs are needed by a transport only."""
    assert "False" == run("import omnimsg.transport; print('yarl' in sys.modules)")


def test_creating_a_transport_imports_aiohttp() -> None:
    """Not its first request: by then the event loop is running, and would be blocked."""
    create = (
        "from omnimsg.transport import TransportOptions, create_http_transport;"
        "options = TransportOptions(base_url='https://a.example', hosts=frozenset({'a.example'}),"
        " authorization={}, connections=1);"
        "print(create_http_transport(options), 'aiohttp' in sys.modules)"
    )

    assert "HttpTransport('https://a.example') True" == run(create)
