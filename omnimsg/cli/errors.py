"""From anything that can go wrong to one line, one line of advice and an exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cyclopts.exceptions import CycloptsError, UnusedCliTokensError

from omnimsg.domain.errors import ConfigError, InvalidValue, OperationError, Unsupported
from omnimsg.domain.outcome import Ambiguous
from omnimsg.domain.reason import Fault, Reason, Retry
from omnimsg.domain.redaction import mask_text

if TYPE_CHECKING:
    from omnimsg.domain.failure import Failure

DONE = 0
REFUSED = 1
USAGE = 2
UNCERTAIN = 3


class Stop(Exception):  # noqa: N818 - it ends the command, and need not be an error of ours
    """End the command with one line, and advice.

    Attributes:
        line: What went wrong; several things where there are several lines.
        hint: What to do about it.
        code: The exit code.
    """

    def __init__(self, line: str, hint: str | None = None, *, code: int = USAGE) -> None:
        super().__init__(line)
        self.line = line
        self.hint = hint
        self.code = code


_SHOW = "`omnimsg config show` shows the account and where its values come from"
_CARRIES = "`omnimsg providers` shows what each provider carries on each channel"
_LATER = "it is safe to try again"

_BY_REASON = {
    Reason.UNAUTHORIZED: f"check the account's credentials; {_SHOW}",
    Reason.FORBIDDEN: f"check the account's rights at the provider; {_SHOW}",
    Reason.MISCONFIGURED: f"check base_url and the ids of the account; {_SHOW}",
    Reason.CONNECTION_FAILED: f"check base_url and the network, {_LATER}; {_SHOW}",
    Reason.INSUFFICIENT_FUNDS: "top the account up at the provider, then send again",
    Reason.UNSUPPORTED: _CARRIES,
    Reason.UNSUPPORTED_CONTENT: _CARRIES,
    Reason.DEADLINE_EXCEEDED: "give it more time with --deadline SECONDS",
    Reason.MEDIA_INVALID: "check the file, and what is said of it",
    Reason.MEDIA_NOT_FOUND: "check the file's id and account; providers delete files after a time",
    Reason.MEDIA_NEEDS_UPLOAD: "give a public address, or a file that `omnimsg upload` stored",
}
_BY_FAULT = {
    Fault.RECIPIENT: "check the recipient; the same message will be refused again",
    Fault.CONTENT: "change the content; the same message will be refused again",
    Fault.SENDER: "choose another sender, or have this one registered at the provider",
    Fault.ACCOUNT: f"mend the account at the provider; {_SHOW}",
    Fault.PROVIDER: "ask the provider, quoting the code",
    Fault.NETWORK: "check the network",
    Fault.CALLER: "change the message or the configuration",
}
_AMBIGUOUS = (
    "do not repeat it: it may have been sent, and a second one may reach the customer twice;"
    " look it up at the provider first"
)


def advice(failure: Failure) -> str:
    """Say what to do about a failure."""
    if failure.retry is Retry.UNSAFE:
        return _AMBIGUOUS
    if failure.reason in _BY_REASON:
        return _BY_REASON[failure.reason]
    return _LATER if failure.retry is Retry.SAFE else _BY_FAULT[failure.fault]


def code_of(kinds: set[str]) -> int:
    """Return the exit code for outcomes of these kinds."""
    if Ambiguous.kind in kinds:
        return UNCERTAIN
    return REFUSED if kinds - {"accepted"} else DONE


def explain(error: Exception) -> Stop:
    """Put any error into one line, advice and an exit code."""
    if isinstance(error, Stop):
        return error
    if isinstance(error, CycloptsError):
        return _usage(error)
    if isinstance(error, ConfigError):
        first, *others = str(error).splitlines()
        what, _, what_to_do = first.partition("; ")
        return Stop(
            "\n".join([what, *others]),
            what_to_do or "`omnimsg sandbox --print-config` prints a correct file",
        )
    if isinstance(error, InvalidValue):
        return Stop(str(error), "see `omnimsg --help`")
    if isinstance(error, Unsupported):
        return Stop(str(error), "`omnimsg providers` shows what each provider can do")
    if isinstance(error, OperationError):
        return Stop(str(error), advice(error.failure), code=REFUSED)
    return Stop(
        f"unexpected {type(error).__name__}",
        "this is a defect of omnimsg: --debug shows where it happened",
        code=REFUSED,
    )


def _usage(error: CycloptsError) -> Stop:
    command = " ".join(["omnimsg", *(error.command_chain or ())])
    hint = f"`{command} --help` lists the flags"
    if isinstance(error, UnusedCliTokensError):
        # The words themselves are not shown: they may be the text of a message.
        count = len(error.unused_tokens or ())
        what = "1 word belongs" if count == 1 else f"{count} words belong"
        return Stop(f"{what} to no flag", f"put a text with blanks in quotes; {hint}")
    return Stop(mask_text(" ".join(str(error).split())), hint)
