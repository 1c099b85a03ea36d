"""Every error that omnimsg raises, in one tree.

```
OmnimsgError
├── InvalidValue (also a ValueError)   a value of the model was given something it cannot hold
├── ConfigError                        a configuration that cannot be used
├── Unsupported                        the account's provider has no such operation
├── OperationError                     status, upload, balance, ... failed; carries a `Failure`
└── SendError                          a single send failed; carries its outcome
    ├── RejectedError                  the provider refused this message
    ├── NotSentError                   proven: no phone can have received it
    └── AmbiguousError                 it may have been sent: do not send it again blindly
```

`Client.send_many` raises none of the `SendError` family: it yields outcomes.
Catch `OmnimsgError` to catch all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from omnimsg.domain.redaction import mask_text

if TYPE_CHECKING:
    from omnimsg.domain.failure import Failure
    from omnimsg.domain.outcome import Ambiguous, Failed, NotSent, Rejected
    from omnimsg.domain.reason import Fault, Reason, Retry


class OmnimsgError(Exception):
    """The base of every error that omnimsg raises."""


@attrs.frozen
class Problem:
    """One thing that is wrong, and where.

    Attributes:
        path: The field, dotted from the value that was being built: `content.sections[1].title`.
        why: What is wrong and what would be right, without the value when it may be personal.
    """

    path: str
    why: str

    def __str__(self) -> str:
        """Read as `path: why`."""
        return f"{self.path}: {self.why}"


class InvalidValue(OmnimsgError, ValueError):  # noqa: N818 - it reads as what it is: a ValueError
    """A value of the model was given something it cannot hold.

    Attributes:
        problems: Every problem found; at least one.
    """

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems

    def __reduce__(self) -> tuple[type[InvalidValue], tuple[Problem, ...]]:
        """Let it cross process borders."""
        return type(self), self.problems


class ConfigError(OmnimsgError):
    """A configuration that cannot be used; the message names the key and the nearest right one."""


class Unsupported(OmnimsgError):  # noqa: N818 - the name is the statement
    """The account's provider has no such operation; the message names the providers that do."""


class OperationError(OmnimsgError):
    """An operation other than sending failed.

    Attributes:
        operation: What was asked for: `status`, `upload`, ...
        account: The account that was asked.
        failure: Why, in the unified model and in the provider's own words.
    """

    def __init__(self, operation: str, account: str, failure: Failure) -> None:
        super().__init__(f"{operation} through account {account!r} failed: {failure.sentence()}")
        self.operation = operation
        self.account = account
        self.failure = failure

    def __reduce__(self) -> tuple[type[OperationError], tuple[str, str, Failure]]:
        """Let it cross process borders."""
        return type(self), (self.operation, self.account, self.failure)

    @property
    def reason(self) -> Reason:
        """The unified reason."""
        return self.failure.reason

    @property
    def fault(self) -> Fault:
        """Whose doing it is."""
        return self.failure.fault

    @property
    def retry(self) -> Retry:
        """Whether asking again can help."""
        return self.failure.retry


class SendError(OmnimsgError):
    """A single send did not end in `Accepted`.

    Attributes:
        outcome: The whole outcome, with everything the provider said.
    """

    verdict = "failed"

    def __init__(self, outcome: Failed) -> None:
        super().__init__(
            f"message {mask_text(outcome.reference)!r} {self.verdict} by account "
            f"{outcome.account!r}: {outcome.failure.sentence()}"
        )
        self.outcome = outcome

    def __reduce__(self) -> tuple[type[SendError], tuple[Failed]]:
        """Let it cross process borders."""
        return type(self), (self.outcome,)

    @property
    def reference(self) -> str:
        """The message's reference."""
        return self.outcome.reference

    @property
    def account(self) -> str:
        """The account it was sent through."""
        return self.outcome.account

    @property
    def failure(self) -> Failure:
        """Why, in the unified model and in the provider's own words."""
        return self.outcome.failure

    @property
    def reason(self) -> Reason:
        """The unified reason."""
        return self.outcome.failure.reason

    @property
    def fault(self) -> Fault:
        """Whose doing it is."""
        return self.outcome.failure.fault

    @property
    def retry(self) -> Retry:
        """Whether sending again can help, and whether it is safe."""
        return self.outcome.failure.retry


class RejectedError(SendError):
    """The provider definitely refused this message."""

    verdict = "was rejected"
    outcome: Rejected


class NotSentError(SendError):
    """Proven: the message was not processed and no phone can have received it."""

    verdict = "was not sent"
    outcome: NotSent


class AmbiguousError(SendError):
    """The message may have been processed; sending it again may text the customer twice."""

    verdict = "may or may not have been sent"
    outcome: Ambiguous


def error_of(outcome: Rejected | NotSent | Ambiguous) -> SendError:
    """Return the error that a single send with this outcome raises."""
    return _ERRORS[outcome.kind](outcome)


_ERRORS: dict[str, type[SendError]] = {
    "rejected": RejectedError,
    "not_sent": NotSentError,
    "ambiguous": AmbiguousError,
}
