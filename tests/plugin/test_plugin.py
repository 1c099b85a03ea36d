"""The pytest plugin, in inner pytest runs like those of an application."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support.inner_runs import import_what_stays

if TYPE_CHECKING:
    from collections.abc import Callable

pytest_plugins = ["pytester"]
import_what_stays()

# A helper module that the inner tests import, as an application's tests would.
SHOP = """
import asyncio
import pytest
from omnimsg import Client, Message

TO = "+27820001000"

async def send(config, *texts):
    async with Client.from_config(config) as client:
        for text in texts:
            await client.send(Message(TO, text))

@pytest.fixture
def anyio_backend():
    return "asyncio"
"""

USUAL = ("-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:asyncio")


@pytest.fixture
def run(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., pytest.RunResult]:
    """Return a function that runs a test module, in this process or in one with few plugins."""
    pytester.makepyfile(shop=SHOP)
    pytester.makeconftest("from shop import anyio_backend\n")

    def run_tests(code: str, *arguments: str, apart: bool = False) -> pytest.RunResult:
        pytester.makepyfile(f"from shop import *\n\n{code}")
        if not apart:
            return pytester.runpytest_inprocess(*USUAL, *arguments)
        monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        return pytester.runpytest_subprocess("-p", "omnimsg", *arguments)

    return run_tests


def test_a_synchronous_test(run: Callable[..., pytest.RunResult]) -> None:
    """A synchronous test finds a message that was sent in an event loop that has ended."""
    result = run("""
def test_the_code_arrives(omnimsg_sandbox, omnimsg_config):
    asyncio.run(send(omnimsg_config, "Your code is 4711"))
    assert omnimsg_sandbox.phone(TO).wait_for(containing="code").code == "4711"
""")

    result.assert_outcomes(passed=1)


@pytest.mark.parametrize("plugin", ["anyio", "asyncio"])
def test_an_asynchronous_test(run: Callable[..., pytest.RunResult], plugin: str) -> None:
    """An asynchronous test can wait for a message, under anyio's plugin and pytest-asyncio."""
    arguments = [] if plugin == "anyio" else ["-pasyncio"]
    result = run(
        f"""
@pytest.mark.{plugin}
async def test_the_code_arrives(omnimsg_sandbox, omnimsg_config):
    task = asyncio.create_task(send(omnimsg_config, "Your code is 4711"))
    message = await omnimsg_sandbox.phone(TO).async_wait_for(containing="code")
    await task
    assert message.code == "4711"
""",
        *arguments,
        apart=plugin == "asyncio",
    )

    result.assert_outcomes(passed=1)


def test_each_test_has_an_inbox_of_its_own(run: Callable[..., pytest.RunResult]) -> None:
    """Messages, faults and callbacks of a test are gone in the next; the address stays the same."""
    result = run("""
urls = []

@pytest.mark.parametrize("number", [1, 2, 3])
def test_one_message(omnimsg_sandbox, omnimsg_config, number):
    urls.append(omnimsg_sandbox.url)
    assert omnimsg_sandbox.messages == []
    assert omnimsg_sandbox.requests == []
    asyncio.run(send(omnimsg_config, f"Number {number}"))
    omnimsg_sandbox.fail("reset_before", count=100)
    omnimsg_sandbox.call_back_to(lambda environ, start_response: [])
    assert [each.text for each in omnimsg_sandbox.messages] == [f"Number {number}"]

def test_one_address():
    assert len(urls) == 3
    assert len(set(urls)) == 1
""")

    result.assert_outcomes(passed=4)


def test_parallel_workers_share_nothing(run: Callable[..., pytest.RunResult]) -> None:
    """Each parallel worker has its own sandbox, so that their tests may text the same number."""
    result = run(
        """
@pytest.mark.parametrize("number", range(8))
def test_one_message(omnimsg_sandbox, omnimsg_config, worker_id, number):
    asyncio.run(send(omnimsg_config, f"Number {number}"))
    assert [each.text for each in omnimsg_sandbox.messages] == [f"Number {number}"]
    print("worker", worker_id, omnimsg_sandbox.url)
""",
        "-pxdist",
        "-n2",
        "-rP",
        apart=True,
    )

    result.assert_outcomes(passed=8)
    served = {line for line in result.outlines if line.startswith("worker gw")}
    assert {"gw0", "gw1"} == {line.split()[1] for line in served}
    assert 2 == len(served)


def test_a_failed_wait_is_short(run: Callable[..., pytest.RunResult]) -> None:
    """The failure of a wait shows the test's line and the explanation, and no line of omnimsg."""
    result = run("""
def test_the_code_arrives(omnimsg_sandbox, omnimsg_config):
    asyncio.run(send(omnimsg_config, "Your code is 1234"))
    omnimsg_sandbox.phone("+27 82 000 1000").wait_for("Your code is 4711", timeout=0)
""")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            '>*wait_for("Your code is 4711", timeout=0)',
            "E       AssertionError: +27 82 000 1000 has not received the text 'Your code*",
            "E       It has received 1 message:",
            "E         1. sms through clickatell: 'Your code is 1234'",
            "test_a_failed_wait_is_short.py:6: AssertionError",
        ]
    )
    result.stdout.no_fnmatch_line("*omnimsg/testing*")


def test_a_blocked_loop_is_no_proof(run: Callable[..., pytest.RunResult]) -> None:
    """`assert_nothing_sent` fails while a task of the test that would send has not run yet."""
    result = run("""
import time

@pytest.mark.anyio
async def test_nobody_is_texted(omnimsg_sandbox, omnimsg_config):
    task = asyncio.create_task(send(omnimsg_config, "Hello"))
    time.sleep(0.01)
    omnimsg_sandbox.assert_nothing_sent()
""")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["E*It cannot be told whether anything will be sent: * (send) has not ended.*"]
    )


@pytest.mark.parametrize(
    ("warnings", "outcome"),
    [
        ("default", {"passed": 1, "errors": 1, "warnings": 1}),
        ("error", {"failed": 1}),
        ("ignore:coroutine", {"passed": 1}),
    ],
)
def test_a_coroutine_that_is_never_awaited_fails_its_test(
    run: Callable[..., pytest.RunResult], warnings: str, outcome: dict[str, int]
) -> None:
    """A coroutine that is never awaited fails its test; a warning filter can allow it."""
    result = run(
        """
@pytest.mark.anyio
async def test_nobody_is_texted(omnimsg_sandbox, omnimsg_config):
    send(omnimsg_config, "Hello")
    await omnimsg_sandbox.async_assert_nothing_sent(within=0)
""",
        f"-W{warnings}",
    )

    result.assert_outcomes(**outcome)
    if "errors" in outcome:
        result.stdout.fnmatch_lines(["never awaited: send. What it would have sent was not sent*"])


def test_other_warnings_are_unchanged(run: Callable[..., pytest.RunResult]) -> None:
    """Warnings that do not concern the plugin are reported unchanged."""
    result = run(
        """
import warnings

def test_warnings(omnimsg_sandbox):
    warnings.warn("mind the gap")
""",
        "-Wdefault",
    )

    result.assert_outcomes(passed=1, warnings=1)
    result.stdout.fnmatch_lines(["*UserWarning: mind the gap"])


LATE = """
import threading

late = threading.Event()

def test_first(omnimsg_sandbox, omnimsg_config):
    def remind():
        late.wait(30)
        asyncio.run(send(omnimsg_config, "Too late"))
    test_first.thread = threading.Thread(target=remind)
    test_first.thread.start()

@pytest.fixture(scope="module", autouse=True)
def ending():
    yield
    late.set()
    test_first.thread.join()
"""


def test_what_is_sent_after_the_last_test_is_a_warning(
    run: Callable[..., pytest.RunResult],
) -> None:
    """A message sent after the last test gives a warning that names the test and the phone."""
    result = run(LATE)

    result.assert_outcomes(passed=1, warnings=1)
    result.stdout.fnmatch_lines(
        ["*StrayMessageWarning: after *::test_first had ended, 1 message(s) were sent: to +2782*"]
    )


def test_a_filter_makes_an_error_of_what_is_sent_too_late(
    run: Callable[..., pytest.RunResult],
) -> None:
    """With the warning as an error, a message sent after the last test fails the whole run."""
    result = run(LATE, "-Werror::omnimsg.testing.StrayMessageWarning")

    assert pytest.ExitCode.TESTS_FAILED == result.ret
    result.stderr.fnmatch_lines(["Exit: after *::test_first had ended, 1 message(s)*"])


def test_what_is_sent_between_two_tests_is_a_warning(
    run: Callable[..., pytest.RunResult],
) -> None:
    """A message sent between two tests gives a warning, and the next test's inbox is empty."""
    result = run("""
@pytest.fixture(scope="class")
def ending(omnimsg_config):
    yield
    asyncio.run(send(omnimsg_config, "Too late"))

@pytest.mark.usefixtures("ending")
class TestFirst:
    def test_first(self, omnimsg_sandbox):
        pass

def test_second(omnimsg_sandbox):
    assert omnimsg_sandbox.messages == []
""")

    result.assert_outcomes(passed=2, warnings=1)
    result.stdout.fnmatch_lines(["*StrayMessageWarning: after *::TestFirst::test_first had ended*"])


def test_code_that_reads_the_environment(
    run: Callable[..., pytest.RunResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`omnimsg_env` sets the environment for the test that requests it, and not for the next."""
    monkeypatch.setenv("OMNIMSG_URL", "clickatell://REAL@main")
    result = run("""
import os

def test_asked(omnimsg_sandbox, omnimsg_env):
    async def go():
        async with Client.from_env() as client:
            await client.send(Message(TO, "Hello"))
    asyncio.run(go())
    assert omnimsg_sandbox.phone(TO).last.text == "Hello"

def test_not_asked(omnimsg_sandbox):
    assert "OMNIMSG_CONFIG" not in os.environ
    assert os.environ["OMNIMSG_URL"] == "clickatell://REAL@main"
""")

    result.assert_outcomes(passed=2)


@pytest.mark.parametrize("how", ["config", "url"])
def test_code_that_reads_the_environment_when_it_is_imported(
    pytester: pytest.Pytester, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ini option `omnimsg_env` sets the variable before the first conftest is imported."""
    monkeypatch.setenv("OMNIMSG_CONFIG", "real.toml")
    monkeypatch.delenv("OMNIMSG_URL", raising=False)
    pytester.makepyprojecttoml(f"[tool.pytest.ini_options]\nomnimsg_env = '{how}'")
    pytester.makeconftest("from omnimsg import Client\nclient = Client.from_env()")
    pytester.makepyfile("""
import asyncio
from conftest import client
from omnimsg import Message

def test_hello(omnimsg_sandbox, omnimsg_env):
    asyncio.run(client.send(Message("+27820001000", "Hello")))
    assert omnimsg_sandbox.phone("+27820001000").last.text == "Hello"
""")

    result = pytester.runpytest_inprocess(*USUAL)

    result.assert_outcomes(passed=1)


def test_the_environment_is_restored(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment variables are restored after a run in the same process."""
    monkeypatch.setenv("OMNIMSG_CONFIG", "real.toml")
    monkeypatch.delenv("OMNIMSG_URL", raising=False)
    pytester.makeini("[pytest]\nomnimsg_env = url")
    pytester.makepyfile("import os\ndef test_it():\n    assert 'OMNIMSG_CONFIG' not in os.environ")

    result = pytester.runpytest_inprocess(*USUAL)

    result.assert_outcomes(passed=1)
    assert ("real.toml", None) == (
        os.environ.get("OMNIMSG_CONFIG"),
        os.environ.get("OMNIMSG_URL"),
    )


def test_a_wrong_option_is_a_mistake_of_the_user(pytester: pytest.Pytester) -> None:
    """An invalid value of an ini option is a usage error before the collection."""
    pytester.makeini("[pytest]\nomnimsg_env = file")

    result = pytester.runpytest_inprocess(*USUAL)

    assert pytest.ExitCode.USAGE_ERROR == result.ret
    result.stderr.fnmatch_lines(["ERROR: omnimsg_env: must be config or url, not 'file'"])


OWN = """
default = "main"
[accounts.main]
provider = "clickatell"
api_key = "env:NOBODY_SETS_THIS"
"""


def test_the_configuration_of_the_application(pytester: pytest.Pytester) -> None:
    """With the ini option `omnimsg_config`, the application's own accounts send to the sandbox."""
    pytester.makeini("[pytest]\nomnimsg_config = settings/own.toml\nomnimsg_env = config")
    pytester.mkdir("settings").joinpath("own.toml").write_text(OWN)
    pytester.makeconftest("from omnimsg import Client\nclient = Client.from_env()")
    pytester.makepyfile("""
import asyncio
from conftest import client
from omnimsg import Message

def test_hello(omnimsg_sandbox, omnimsg_config):
    accepted = asyncio.run(client.send(Message("+27820001000", "Hello")))
    assert accepted.account == "main"
    assert omnimsg_sandbox.phone("+27820001000").last.message_id == str(accepted.id)
    assert list(omnimsg_config["accounts"]) == ["main"]
""")

    result = pytester.runpytest_inprocess(*USUAL)

    result.assert_outcomes(passed=1)


@pytest.mark.parametrize("how", ["", "omnimsg_env = url"])
def test_a_configuration_that_cannot_be_read(pytester: pytest.Pytester, how: str) -> None:
    """A configuration file that does not exist is an error that names the ini option."""
    pytester.makeini(f"[pytest]\nomnimsg_config = gone.toml\n{how}")
    pytester.makepyfile("def test_it(omnimsg_config): pass")

    result = pytester.runpytest_inprocess(*USUAL)

    lines = [*result.outlines, *result.errlines]
    assert any("omnimsg_config: " in each and "no such file" in each for each in lines)
    assert result.ret in (pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.USAGE_ERROR)


def test_a_run_that_does_not_use_it_imports_nothing(pytester: pytest.Pytester) -> None:
    """A run that uses no fixture imports only the plugin's module and starts no thread."""
    pytester.makepyfile("""
import sys
import threading

def test_what_is_imported():
    ours = {name for name in sys.modules if name.partition(".")[0] == "omnimsg"}
    assert ours == {"omnimsg", "omnimsg.pytest_plugin"}
    assert "aiohttp" not in sys.modules
    assert threading.active_count() == 1
""")

    result = pytester.runpytest_subprocess(*USUAL, "-p", "no:cov", "-p", "no:anyio")

    result.assert_outcomes(passed=1)


def test_nothing_but_the_plugin_imports_pytest() -> None:
    """Of all modules of omnimsg, only the plugin imports pytest."""
    code = """
import importlib, pkgutil, sys
import omnimsg
for each in pkgutil.walk_packages(omnimsg.__path__, "omnimsg."):
    if each.name not in ("omnimsg.__main__", "omnimsg.pytest_plugin"):
        importlib.import_module(each.name)
print("pytest" in sys.modules, "_pytest" in sys.modules)
"""
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], capture_output=True, check=True, text=True, timeout=60
    )

    assert "False False" == done.stdout.strip()
