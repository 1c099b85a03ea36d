"""One sandbox for all tests of a process, started on demand and emptied for each test."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from omnimsg.config.account_urls import URL_VARIABLE
from omnimsg.config.toml_file import CONFIG_VARIABLE
from omnimsg.testing.sandbox.config import SandboxConfig
from omnimsg.testing.sandbox.facade import TestSandbox
from omnimsg.testing.sandbox.thread import SandboxThread

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

    from omnimsg.sandbox import Sandbox

_POLL_SECONDS: Final = 0.01
# The timeout for answers to requests that are in flight at the end of a test, in seconds.
_END_SECONDS: Final = 1.0


class StrayMessageWarning(UserWarning):
    """A message was sent after the test that caused it had ended, so that no test has seen it."""


class SessionSandbox:
    """The sandbox of a test session, in its own thread.

    Args:
        own: The configuration of the application under test.

    Attributes:
        sandbox: The value of the fixture `omnimsg_sandbox`.
    """

    def __init__(self, own: Mapping[str, Any] | None = None) -> None:
        self._folder = TemporaryDirectory(prefix="omnimsg-")
        self._thread = SandboxThread()
        self._thread.start()
        try:
            config = SandboxConfig(self._thread.sandbox, Path(self._folder.name), own)
        except BaseException:
            self.close()
            raise
        self.sandbox: TestSandbox = TestSandbox(self._thread, config)
        self._last_test: str | None = None

    def close(self) -> None:
        """End the thread, and remove the file."""
        self._thread.stop()
        self._folder.cleanup()

    def begin(self) -> TestSandbox:
        """Empty the sandbox for a test."""
        self._last_test = None
        self.sandbox.reset()
        return self.sandbox

    def end(self, test: str) -> None:
        """Empty the sandbox after a test, and store the name of the test for `strays`."""
        self._thread.begin(_wait_for_answers, self._thread.sandbox).result()
        self.sandbox.reset()
        self._last_test = test

    def strays(self) -> str | None:
        """Return a text about messages since the end of the last test, once; `None` without any."""
        test, self._last_test = self._last_test, None
        if test is None:
            return None
        numbers = [each.number for each in self.sandbox.messages]
        if not numbers:
            return None
        return (
            f"after {test} had ended, {len(numbers)} message(s) were sent: to"
            f" {', '.join(dict.fromkeys(numbers))}. No test has seen them: await what the test"
            " begins, or wait for it"
        )


async def _wait_for_answers(sandbox: Sandbox) -> None:
    """Wait up to `_END_SECONDS` for the answers to requests in flight."""
    ends = time.monotonic() + _END_SECONDS
    while True:
        if all(each["status"] is not None for each in sandbox.requests) or time.monotonic() >= ends:
            return
        await asyncio.sleep(_POLL_SECONDS)


def set_environment(environment: MutableMapping[str, str], config: SandboxConfig, how: str) -> None:
    """Set the variables that `Client.from_env` reads, so that it reaches the sandbox.

    Args:
        environment: The variables to change.
        config: The configuration.
        how: `config` for `OMNIMSG_CONFIG`, `url` for `OMNIMSG_URL`; the other variable is removed,
            because both together are an error.

    Raises:
        ValueError: `how` is neither.
    """
    if how == "config":
        environment.pop(URL_VARIABLE, None)
        environment[CONFIG_VARIABLE] = os.fspath(config.path)
    elif how == "url":
        environment.pop(CONFIG_VARIABLE, None)
        environment[URL_VARIABLE] = config.url
    else:
        raise ValueError(f"must be config or url, not {how!r}")
