"""Turn any error into one line, one line of advice and an exit code."""

from __future__ import annotations

import os
import re
import socket
from typing import TYPE_CHECKING, Self

from cyclopts.exceptions import CycloptsError

from omnimsg.cli.exit_codes import FAILED, USAGE
from omnimsg.cli.streams import OutputError, system_text
from omnimsg.domain.errors import ConfigError, InvalidValue, OperationError, Unsupported
from omnimsg.domain.phone_number import MissingExtraError
from omnimsg.domain.reason import Fault, Reason, Retry

if TYPE_CHECKING:
    from omnimsg.domain.failure import Failure


class CommandError(Exception):
    """An error that ends the command.

    Attributes:
        text: What went wrong; one problem a line.
        hint: What the user can do about it, one piece of advice a line; `None` without any.
        code: The exit code.
    """

    def __init__(self, text: str, hint: str | None = None, *, code: int = USAGE) -> None:
        super().__init__(text)
        self.text = text
        self.hint = hint
        self.code = code

    @classmethod
    def of(cls, error: Exception, *, code: int = USAGE) -> Self:
        """Return the command's error for one whose text is the problem, `; ` and the advice."""
        text, _, hint = str(error).partition("; ")
        return cls(text, hint, code=code)


def cannot_listen(error: OSError, *, host: str, port: str) -> CommandError:
    """Return the error for an address that a server cannot listen on."""
    if isinstance(error, socket.gaierror):
        return CommandError(
            f"host {host} cannot be used: {system_text(error)}", "choose another with --host"
        )
    return CommandError(
        f"port {port} cannot be used: {os.strerror(error.errno or 0).lower()}",
        "choose another with --port; 0 lets the system choose",
    )


SEE_CONFIG = "`omnimsg config show` shows the account and where its values come from"
_SEE_PROVIDERS = "`omnimsg providers` shows what each provider carries on each channel"
SEE_IDS = "`omnimsg send` prints the id of each message, and a results file has them as `id`"
_SAFE_TO_RETRY = "it is safe to try again"

_BY_REASON = {
    Reason.UNAUTHORIZED: f"check the account's credentials; {SEE_CONFIG}",
    Reason.FORBIDDEN: f"check the account's rights at the provider; {SEE_CONFIG}",
    Reason.MISCONFIGURED: f"check base_url and the ids of the account; {SEE_CONFIG}",
    Reason.CONNECTION_FAILED: f"check base_url and the network, {_SAFE_TO_RETRY}; {SEE_CONFIG}",
    Reason.INSUFFICIENT_FUNDS: "top the account up at the provider, then try again",
    Reason.UNSUPPORTED: _SEE_PROVIDERS,
    Reason.UNSUPPORTED_CONTENT: _SEE_PROVIDERS,
    Reason.DEADLINE_EXCEEDED: "give it more time with --deadline SECONDS",
    Reason.MEDIA_INVALID: "check the file and its content type",
    Reason.MEDIA_NOT_FOUND: "check the file's id and account; providers delete files after a time",
    Reason.MEDIA_NEEDS_UPLOAD: "give a public URL, or a file that `omnimsg upload` stored",
}
_BY_FAULT = {
    Fault.RECIPIENT: "check the recipient; the same message will be refused again",
    Fault.CONTENT: "change the content; the same message will be refused again",
    Fault.NOBODY: "nothing has to be fixed; the same message may pass later",
    Fault.SENDER: "choose another sender, or register this one at the provider",
    Fault.ACCOUNT: f"fix the account at the provider; {SEE_CONFIG}",
    Fault.PROVIDER: "ask the provider, quoting the code",
    Fault.NETWORK: "check the network",
    Fault.CALLER: "change the message or the configuration",
}
# Of a call that sends nothing, such as a look-up.
_BY_FAULT_OF_CALL = _BY_FAULT | dict.fromkeys(
    (Fault.RECIPIENT, Fault.CONTENT, Fault.SENDER, Fault.CALLER),
    "check the ids and flags of the command; the same ones will be refused again",
)
_BY_FAULT_OF_CALL[Fault.NOBODY] = "nothing has to be fixed; try again later"
_AMBIGUOUS = (
    "do not repeat it: it may have been sent, and the recipient would get it twice;"
    " look it up at the provider first"
)


# A server on this machine that is not running, in most cases the sandbox.
_NO_LOCAL_SERVER = re.compile(
    r"no connection to (?:127\.0\.0\.1|localhost|\[::1\]):(\d+)\b(?! by the proxy)"
)
# Advice by a part of the error of a configuration; the first that fits counts.
_FIRST_FILE = "`omnimsg sandbox --print-config` prints a correct file"
_SEE_SCHEMA = "`omnimsg config schema` describes every key"
_BY_PROBLEM = {
    ": the file ": "check that the file is there, is not empty, and can be read by this user",
    "no such file": _FIRST_FILE,
    "cannot be read": _FIRST_FILE,
    "is not TOML": _FIRST_FILE,
    ": accounts: ": _FIRST_FILE,
    ": default: ": _FIRST_FILE,
    "no account '": "`omnimsg config show` shows the accounts",
    "unknown provider '": "`omnimsg providers` shows the installed ones",
}
_UNSET = re.compile(r"the environment variable (\S+) is not set")


def advice_for(failure: Failure, *, sends: bool = True) -> str:
    """Return what the user can do about a failure.

    Args:
        failure: The failure.
        sends: Whether it is that of a message, and not of another call.
    """
    if failure.retry is Retry.UNSAFE:
        return _AMBIGUOUS if sends else "find out whether it was done before you repeat it"
    if unreachable := _NO_LOCAL_SERVER.match(failure.detail):
        return (
            f"does the sandbox run? `omnimsg sandbox --port {unreachable[1]}` starts it;"
            f" {_SAFE_TO_RETRY}"
        )
    if failure.reason in _BY_REASON:
        return _BY_REASON[failure.reason]
    if failure.retry is Retry.SAFE:
        return _SAFE_TO_RETRY
    return (_BY_FAULT if sends else _BY_FAULT_OF_CALL)[failure.fault]


def explain(error: Exception) -> CommandError:
    """Turn any error into a `CommandError`."""
    while isinstance(error, ExceptionGroup):
        # Several concurrent tasks failed; the first error represents them.
        error = error.exceptions[0]
    if isinstance(error, CommandError):
        return error
    if isinstance(error, CycloptsError):
        from omnimsg.cli.usage_errors import describe_usage  # noqa: PLC0415 - only needed here

        return CommandError(*describe_usage(error))
    if isinstance(error, ConfigError):
        return _explain_config(str(error).split("\n"))
    if isinstance(error, InvalidValue):
        return CommandError(str(error), "see `omnimsg --help`")
    if isinstance(error, MissingExtraError | OutputError):
        return CommandError.of(error, code=FAILED if isinstance(error, OutputError) else USAGE)
    if isinstance(error, Unsupported):
        return CommandError(str(error), "`omnimsg providers` shows what each provider can do")
    if isinstance(error, OperationError):
        from omnimsg.cli.wait_text import asked_wait  # noqa: PLC0415 - keeps help fast

        text = f"{error}{asked_wait(error.failure)}"
        return CommandError(text, advice_for(error.failure, sends=False), code=FAILED)
    return CommandError(
        f"unexpected {type(error).__name__}",
        "this is a defect of omnimsg: --debug prints its traceback",
        code=FAILED,
    )


def _explain_config(problems: list[str]) -> CommandError:
    """Explain the problems of a configuration; of several, each piece of advice names its key."""
    texts, hints = [], []
    for problem in problems:
        what, _, hint = problem.partition("; ")
        texts.append(what)
        if what.endswith("no such file") and os.environ.get("OMNIMSG_URL"):
            hint = f"the command reads a file, and not OMNIMSG_URL; {hint}"
        if hint:
            # The key stands between the file and what is wrong with it.
            key = what.split(": ")[1:2] if len(problems) > 1 else []
            hints.append(": ".join([*key, hint]))
    return CommandError("\n".join(texts), "\n".join(hints) or _config_advice("\n".join(texts)))


def _config_advice(problems: str) -> str:
    if unset := _UNSET.search(problems):
        return f"set it where the command runs, such as with `export {unset[1]}=VALUE`"
    return next((advice for part, advice in _BY_PROBLEM.items() if part in problems), _SEE_SCHEMA)
