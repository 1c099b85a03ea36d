"""Check whether a client could send: reach, clock, credentials, callbacks, limits, versions.

Nothing here can reach a phone: the only requests are a GET without credentials, and an operation
that looks something up.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from enum import StrEnum
from importlib import metadata
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import attrs

from omnimsg.adapter import Adapter, Operation
from omnimsg.domain.errors import InvalidValue, OperationError
from omnimsg.domain.history import HistoryQuery
from omnimsg.domain.reason import Reason
from omnimsg.domain.redaction import mask_text
from omnimsg.domain.status import Status
from omnimsg.engine.account import AccountEngine
from omnimsg.engine.clock import Clock
from omnimsg.engine.deadline import to_seconds
from omnimsg.json_codec import LIBRARY

if TYPE_CHECKING:
    from datetime import datetime

    from omnimsg.accounts import Accounts
    from omnimsg.adapter import Response
    from omnimsg.delivery.options import CallbackOptions
    from omnimsg.domain.failure import Failure

# Seconds by which the clocks may differ. Signatures of callbacks are accepted for minutes.
_MAX_SKEW = 30.0

# An id that no provider has given out; asking for it sends nothing.
_NO_ID = "00000000-0000-4000-8000-000000000000"

_PACKAGES = ("omnimsg", "aiohttp", "anyio", "attrs", "cattrs")


class State(StrEnum):
    """What a check has found.

    Attributes:
        OK: It is as it should be.
        WARNING: Messages are sent, but something should be looked at.
        FAILED: Messages are not sent, or callbacks are refused.
        NOT_VERIFIED: It could not be checked, or only by sending; the detail says why.
    """

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    NOT_VERIFIED = "not_verified"


@attrs.frozen(kw_only=True)
class Finding:
    """What one check has found.

    Attributes:
        account: The account that it is about; `None` if it is about the client.
        check: The check: `reach`, `clock`, `credentials`, `channels`, `circuits`, `limits`,
            `callbacks`, `configuration` or `versions`.
        state: What was found.
        detail: In words; no secret, no number.
    """

    account: str | None
    check: str
    state: State
    detail: str


@attrs.frozen(kw_only=True)
class Checkup:
    """What all checks have found.

    Attributes:
        findings: In order: the client, then its accounts.
    """

    findings: tuple[Finding, ...]

    @property
    def is_well(self) -> bool:
        """Whether nothing failed."""
        return all(each.state is not State.FAILED for each in self.findings)


@attrs.frozen(kw_only=True)
class Examiner:
    """Runs the checks of a client.

    Attributes:
        accounts: The accounts that can be used.
        unusable: Why the other accounts cannot be used, by account name.
        report_url: Returns the URL for the reports of an account; `None` if there is none.
        clock: The client's clock.
    """

    accounts: Mapping[str, AccountEngine]
    unusable: Mapping[str, str]
    report_url: Callable[[str], str | None]
    clock: Clock

    async def examine(self, deadline: float) -> Checkup:
        """Run all checks, those of all accounts at once.

        Args:
            deadline: Seconds for each request.
        """
        found: dict[str, list[Finding]] = {name: [] for name in self.accounts}

        async def look_at(account: AccountEngine) -> None:
            found[account.name] += await self._account(account, deadline)

        async with anyio.create_task_group() as group:
            for account in self.accounts.values():
                group.start_soon(look_at, account)
        missing = [
            Finding(account=name, check="configuration", state=State.WARNING, detail=why)
            for name, why in self.unusable.items()
        ]
        # In a thread, because it reads files.
        versions = await anyio.to_thread.run_sync(_versions)
        return Checkup(
            findings=(versions, *missing, *(each for some in found.values() for each in some))
        )

    async def _account(self, account: AccountEngine, deadline: float) -> list[Finding]:
        def finding(check: str, state: State, detail: str) -> Finding:
            return Finding(account=account.name, check=check, state=state, detail=mask_text(detail))

        findings: list[Finding] = []
        try:
            answer = await account.knock(deadline)
        except OperationError as error:
            findings.append(finding("reach", State.FAILED, error.failure.sentence()))
        else:
            host = account.adapter.account.base_url
            findings.append(finding("reach", State.OK, f"{host} answers ({answer.status})"))
            findings.append(finding("clock", *self._clock_of(answer)))
            credentials = await _credentials(account, deadline)
            findings.append(finding("credentials", *credentials))
            if credentials[0] is State.OK and _has_channels_of_its_own(account):
                findings.append(finding("channels", *await _channels(account, deadline)))
        trouble = account.health().open_circuits
        for subject, failure in trouble.items():
            findings.append(finding("circuits", State.FAILED, f"{subject}: {failure.reason.value}"))
        findings.append(finding("limits", State.OK, _limits(account)))
        findings.append(finding("callbacks", *self._callbacks(account)))
        return findings

    def _clock_of(self, answer: Response) -> tuple[State, str]:
        """Compare our time with the provider's, which is in the head of every answer."""
        theirs = _date_of(answer)
        if theirs is None:
            return State.NOT_VERIFIED, "the answer has no Date header"
        skew = (self.clock.utc_now() - theirs).total_seconds()
        if abs(skew) <= _MAX_SKEW:
            return State.OK, "within seconds of the provider's"
        word = "ahead of" if skew > 0 else "behind"
        return State.WARNING, f"{abs(skew):.0f} s {word} the provider's; signatures may be refused"

    def _callbacks(self, account: AccountEngine) -> tuple[State, str]:
        problem = account.adapter.callback_problem()
        url = self.report_url(account.name)
        if problem is not None:
            state = State.FAILED if url is not None else State.NOT_VERIFIED
            return state, f"would be refused: {problem}"
        if url is None:
            return State.NOT_VERIFIED, "no public_url is configured"
        if not url.startswith("https:"):
            return State.WARNING, "public_url is not https: reports can be read on their way"
        return State.OK, "public_url and secrets are set"


class Checks:
    """The part of `Client` that checks whether messages could be sent."""

    _accounts: Accounts
    _callbacks: CallbackOptions
    _clock: Clock

    async def check(self, *, deadline: float = 10.0) -> Checkup:
        """Check whether messages could be sent now: reach, clock, credentials, callbacks, limits.

        No message is sent. `deadline` is for each request. It never raises for what it finds. For a
        health endpoint use `health`, which makes no request.
        """
        examiner = Examiner(
            accounts=self._accounts.engines,
            unusable=self._accounts.unusable,
            report_url=self._callbacks.report_url,
            clock=self._clock,
        )
        return await examiner.examine(to_seconds(deadline))


async def _credentials(account: AccountEngine, deadline: float) -> tuple[State, str]:
    """Try the credentials with the cheapest operation that the provider has."""
    operations = account.operations
    try:
        if Operation.BALANCE in operations:
            await account.balance(deadline)
            return State.OK, "accepted (balance)"
        if Operation.HISTORY in operations:
            await _first_page(account, HistoryQuery(), deadline)
            return State.OK, "accepted (history)"
        if Operation.STATUS in operations:
            status = await account.status(_NO_ID, deadline)
            if status.status is Status.UNKNOWN:
                return State.OK, "accepted (status of an unknown id)"
    except OperationError as error:
        return _verdict_of(error.failure)
    except InvalidValue:
        pass  # ids of this provider have another form
    return State.NOT_VERIFIED, "the provider has no operation that tests them without sending"


def _has_channels_of_its_own(account: AccountEngine) -> bool:
    """Return whether the account's settings decide its channels, and these can be asked for."""
    decides = type(account.adapter).usable_channels is not Adapter.usable_channels
    return decides and Operation.HISTORY in account.operations


async def _channels(account: AccountEngine, deadline: float) -> tuple[State, str]:
    """Ask for the list of each channel: a channel that the provider does not know is an error."""
    channels = sorted(account.adapter.usable_channels())
    states, details = {State.OK}, []
    for channel in channels:
        try:
            await _first_page(account, HistoryQuery(channel=channel), deadline)
        except OperationError as error:
            state, detail = _verdict_of(error.failure)
            states.add(state)
            details.append(f"{channel}: {detail}")
    worst = next(each for each in (State.FAILED, State.NOT_VERIFIED, State.OK) if each in states)
    return worst, "; ".join(details) or f"known: {', '.join(channels)}"


async def _first_page(account: AccountEngine, query: HistoryQuery, deadline: float) -> None:
    await anext(account.history(query, deadline), None)


def _verdict_of(failure: Failure) -> tuple[State, str]:
    if failure.reason.is_account or failure.reason is Reason.INSUFFICIENT_FUNDS:
        return State.FAILED, failure.sentence()
    return State.NOT_VERIFIED, f"could not be tested: {failure.sentence()}"


def _limits(account: AccountEngine) -> str:
    most, slots = account.capacity
    capabilities = account.adapter.capabilities
    rate = capabilities.requests_per_second
    documented = "no documented rate" if rate is None else f"{rate:g} requests/s documented"
    messages = "1 message" if most == 1 else f"{most} messages"
    return f"{slots} requests at once, {messages} in one, {documented}"


def _date_of(answer: Response) -> datetime | None:
    try:
        date = parsedate_to_datetime(answer.header("Date") or "")
    except (TypeError, ValueError):
        return None
    return date if date.tzinfo is not None else date.replace(tzinfo=UTC)


def _versions() -> Finding:
    known = [f"{name} {metadata.version(name)}" for name in _PACKAGES]
    python = f"Python {platform.python_version()}"
    return Finding(
        account=None, check="versions", state=State.OK, detail=", ".join((python, *known, _json()))
    )


def _json() -> str:
    if LIBRARY == "orjson":
        return f"orjson {metadata.version('orjson')}"
    return f"no orjson (JSON through {LIBRARY}, which is slower)"
