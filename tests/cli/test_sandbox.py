"""`omnimsg sandbox`: its configuration, its greeting, its errors and its end."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING

import pytest
from support.command import run_process

from omnimsg.sandbox import config

if TYPE_CHECKING:
    from pathlib import Path

    from support.command import Run


def test_print_config(run: Run) -> None:
    """`--print-config` prints the configuration of a sandbox on that port, and serves nothing."""
    ran = run("sandbox", "--port", "8123", "--print-config")

    assert ran.code == 0
    assert tomllib.loads(ran.out) == config(8123)


def test_print_config_of_another_host(run: Run) -> None:
    """`--host` is the host of the printed addresses, with plain HTTP allowed for it."""
    ran = run("sandbox", "--host", "sandbox", "--port", "8123", "--print-config")

    account = tomllib.loads(ran.out)["accounts"]["clickatell"]
    assert ("http://sandbox:8123/clickatell", True) == (account["base_url"], account["allow_http"])


def test_print_config_of_an_application_that_is_called(run: Run) -> None:
    """`--callbacks` is printed as the application's public address, which verifying needs."""
    address = "http://127.0.0.1:9000/callbacks"
    ran = run("sandbox", "--port", "8123", "--callbacks", address, "--print-config")

    assert tomllib.loads(ran.out) == {**config(8123), "callbacks": {"public_url": address}}
    assert f"`omnimsg sandbox --port 8123 --callbacks {address}`" in ran.out.splitlines()[0]


@pytest.mark.parametrize("host", ["", "a b", "host:8025", "http://host", "x" * 250, "a\nb"])
def test_an_invalid_host_is_refused(run: Run, host: str) -> None:
    """A value that is not a host name is refused before the sandbox listens."""
    ran = run("sandbox", "--host", host, "--port", "8123", "--print-config")

    assert (2, True) == (ran.code, "--host" in ran.error)


def test_a_host_other_than_loopback_gives_a_warning(run: Run) -> None:
    """A host other than loopback gives a warning before the sandbox listens."""
    ran = run("sandbox", "--host", "nosuch.invalid", "--port", "0")

    assert 2 == ran.code
    assert ran.err.startswith("warning: the sandbox listens on nosuch.invalid")
    assert "host nosuch.invalid cannot be used" in ran.err


def test_print_config_needs_a_port(run: Run) -> None:
    """Port 0 is refused, because the configuration needs the actual port."""
    ran = run("sandbox", "--port", "0", "--print-config")

    assert ran.code == 2
    assert "--port" in ran.hint


def test_a_port_in_use(run: Run) -> None:
    """A port in use is one error line and exit code 2."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        ran = run("sandbox", "--port", str(port))

    assert ran.code == 2
    assert f"port {port} cannot be used" in ran.error
    assert "--port" in ran.hint


def test_the_sandbox_serves_until_it_is_interrupted(tmp_path: Path) -> None:
    """The sandbox prints its URL, accepts another process's message and ends with 0 on Ctrl+C."""
    with subprocess.Popen(
        [sys.executable, "-m", "omnimsg", "sandbox", "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        url = server.stdout.readline().split()[4].rstrip(";")
        port = url.rpartition(":")[2]
        shown = run_process("sandbox", "--port", port, "--print-config", folder=tmp_path)
        (tmp_path / "omnimsg.toml").write_text(shown.stdout)
        sent = run_process("send", "--to", "+27820990001", "--text", "Hello", folder=tmp_path)
        server.send_signal(signal.SIGINT)
        rest = server.stdout.read()

    assert sent.returncode == 0, sent.stderr
    assert server.returncode == 0
    assert "Open this address in a browser" in rest
    assert "990003" in rest
    assert "/_sandbox/handsets" in rest
    assert len(rest.splitlines()) <= 32


@pytest.mark.parametrize("flags", [(), ("--print-config",)])
@pytest.mark.parametrize("url", ["callbacks", "http://a.test?x=1"])
def test_an_invalid_callback_address_is_refused(run: Run, url: str, flags: tuple[str, ...]) -> None:
    """An invalid address for `--callbacks` is refused before the sandbox listens or prints it."""
    port = "8123" if flags else "0"
    ran = run("sandbox", "--port", port, "--callbacks", url, *flags)

    assert (2, True) == (ran.code, ran.error.startswith("error: --callbacks: "))


def test_a_sandbox_that_calls_back_says_so(tmp_path: Path) -> None:
    """With `--callbacks` the greeting names the address, not that nothing leaves this machine."""
    address = "http://127.0.0.1:9/callbacks"
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "omnimsg", "sandbox", "--port", "0", "--callbacks", address],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        _, reach = server.stdout.readline(), server.stdout.readline()
        server.send_signal(signal.SIGINT)
        rest = server.stdout.read()

    assert f"It calls back to {address}" in reach
    assert "Nothing leaves" not in reach
    assert f" --callbacks {address} --print-config > omnimsg.toml" in rest


def test_the_greeting_prints_the_configuration_of_its_own_host(tmp_path: Path) -> None:
    """The command that the greeting shows names a host other than the default one."""
    with subprocess.Popen(
        [sys.executable, "-m", "omnimsg", "sandbox", "--host", "localhost", "--port", "0"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        greeting = server.stdout.readline()
        server.send_signal(signal.SIGINT)
        rest = server.stdout.read()

    found = re.search(r":(\d+);", greeting)
    assert found is not None
    assert f"omnimsg sandbox --host localhost --port {found[1]} --print-config" in rest
