"""pytest fixtures for applications that send with omnimsg: `pip install 'omnimsg[pytest]'`.

pytest imports this module in every run, so it imports nothing of omnimsg until a fixture is used.

| fixture | scope | value |
| --- | --- | --- |
| `omnimsg_sandbox` | function | a sandbox, emptied for the test: phones, faults, callbacks |
| `omnimsg_config` | session | the configuration whose accounts reach the sandbox |
| `omnimsg_env` | function | the same, with `OMNIMSG_CONFIG` set to its path |

The ini option `omnimsg_env` sets the variable for the whole session, before any conftest is read.
The ini option `omnimsg_config` names the application's own configuration file, whose accounts are
redirected to the sandbox.
"""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omnimsg.testing.sandbox.config import SandboxConfig
    from omnimsg.testing.sandbox.facade import TestSandbox
    from omnimsg.testing.sandbox.session import SessionSandbox

_SESSION = pytest.StashKey["SessionSandbox"]()
_ENV_OPTION = "omnimsg_env"
_CONFIG_OPTION = "omnimsg_config"
_VARIABLES = ("OMNIMSG_CONFIG", "OMNIMSG_URL")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the ini options."""
    parser.addini(
        _ENV_OPTION,
        "config or url: for the whole session, set OMNIMSG_CONFIG or OMNIMSG_URL to the sandbox of"
        " the tests, before any conftest is read",
        default="",
    )
    parser.addini(
        _CONFIG_OPTION,
        "the path of the application's omnimsg.toml, from the root of the project: the tests use"
        " its accounts, with the sandbox in place of the providers",
        default="",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Set the variable early, for code that reads it at import."""
    how = early_config.getini(_ENV_OPTION)
    if not how:
        return
    if how not in ("config", "url"):
        raise pytest.UsageError(f"{_ENV_OPTION}: must be config or url, not {how!r}")
    early_config.add_cleanup(partial(_restore, {name: os.environ.get(name) for name in _VARIABLES}))
    from omnimsg.testing.sandbox.session import set_environment  # noqa: PLC0415 - when used

    set_environment(os.environ, _session(early_config).sandbox.config, how)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Warn of messages that arrived after the previous test had ended."""
    _warn_of_strays(item.config)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Warn of messages that arrived after the last test had ended."""
    try:
        _warn_of_strays(session.config)
    except UserWarning as error:  # a filter turned the warning into an error; no test can fail now
        pytest.exit(str(error), returncode=pytest.ExitCode.TESTS_FAILED)


@pytest.fixture(scope="session")
def omnimsg_config(pytestconfig: pytest.Config) -> SandboxConfig:
    """The configuration whose accounts reach the sandbox: a mapping, with `.path` and `.url`."""
    return _session(pytestconfig).sandbox.config


@pytest.fixture
def omnimsg_env(
    omnimsg_config: SandboxConfig, pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch
) -> SandboxConfig:
    """The same, with `OMNIMSG_CONFIG` set to its path: `Client.from_env` reads it in this test."""
    if not pytestconfig.getini(_ENV_OPTION):
        monkeypatch.delenv("OMNIMSG_URL", raising=False)
        monkeypatch.setenv("OMNIMSG_CONFIG", os.fspath(omnimsg_config.path))
    return omnimsg_config


@pytest.fixture
def omnimsg_sandbox(
    request: pytest.FixtureRequest, omnimsg_config: SandboxConfig
) -> Iterator[TestSandbox]:
    """A sandbox with an empty inbox, served from a separate thread.

    The test fails at its end if one of its coroutines was never awaited.
    """
    from omnimsg.testing.sandbox.unawaited import noted_coroutines  # noqa: PLC0415 - when used

    session = _session(request.config)
    with noted_coroutines() as unawaited:
        yield session.begin()
    session.end(request.node.nodeid)
    if unawaited:
        names = ", ".join(dict.fromkeys(unawaited))
        pytest.fail(
            f"never awaited: {names}. What it would have sent was not sent, so the test proves"
            " nothing. Await it, or ignore the warning with a filter",
            pytrace=False,
        )


def _session(config: pytest.Config) -> SessionSandbox:
    """Return the sandbox of the session, which is started at the first call."""
    if _SESSION not in config.stash:
        from omnimsg.domain.errors import ConfigError  # noqa: PLC0415 - when used
        from omnimsg.testing.sandbox.session import SessionSandbox  # noqa: PLC0415 - likewise

        try:
            config.stash[_SESSION] = SessionSandbox(_application_config(config))
        except (ConfigError, ValueError) as error:
            raise pytest.UsageError(f"{_CONFIG_OPTION}: {error}") from None
        config.add_cleanup(config.stash[_SESSION].close)
    return config.stash[_SESSION]


def _application_config(config: pytest.Config) -> dict[str, Any] | None:
    """Read the configuration of the application; `None` if the ini option does not name it."""
    name = config.getini(_CONFIG_OPTION)
    if not name:
        return None
    from omnimsg.config.toml_file import read_toml  # noqa: PLC0415 - when used

    return read_toml(config.rootpath / name)


def _restore(variables: dict[str, str | None]) -> None:
    for name, value in variables.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value


def _warn_of_strays(config: pytest.Config) -> None:
    session = config.stash.get(_SESSION, None)
    strays = None if session is None else session.strays()
    if strays is not None:
        from omnimsg.testing.sandbox.session import StrayMessageWarning  # noqa: PLC0415 - rare

        config.issue_config_time_warning(StrayMessageWarning(strays), stacklevel=2)
