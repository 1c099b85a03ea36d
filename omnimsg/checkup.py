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
from typing import TYPE_CHECKING, NamedTuple

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

# What to do about a failure; about any other, `_LATER`.
_BY_REASON = {
    Reason.UNAUTHORIZED: "correct the account's credentials",
    Reason.FORBIDDEN: "give the credentials the rights, or allow this machine's address",
    Reason.ACCOUNT_INACTIVE: "activate the account at the provider",
    Reason.CHANNEL_NOT_ENABLED: "enable the channel at the provider",
    Reason.INSUFFICIENT_FUNDS: "top the account up at the provider",
    Reason.MISCONFIGURED: "correct base_url and the ids of the account",
    Reason.CONNECTION_FAILED: "check base_url, and the network and the proxy of this machine",
    Reason.TIMEOUT: "check the network and the proxy of this machine",
    Reason.DEADLINE_EXCEEDED: "allow more seconds for the answer",
}
_LATER = "check again later"

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
        advice: What to do about it; `None` where there is nothing to do.
    """

    account: str | None
    check: str
    state: State
    detail: str
    advice: str | None = None


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


_SEVERITY = (State.OK, State.NOT_VERIFIED, State.FAILED)


class _Verdict(NamedTuple):
    """A finding without its account and its check."""

    state: State
    detail: str
    advice: str | None = None


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
            Finding(
                account=name,
                check="configuration",
                state=State.WARNING,
                detail=why,
                advice="give the account what it lacks, or leave the account out",
            )
            for name, why in self.unusable.items()
        ]
        # In a thread, because it reads files.
        versions = await anyio.to_thread.run_sync(_versions)
        return Checkup(
            findings=(versions, *missing, *(each for some in found.values() for each in some))
        )

    async def _account(self, account: AccountEngine, deadline: float) -> list[Finding]:
        findings: list[Finding] = []

        def add(check: str, found: _Verdict) -> None:
            findings.append(
                Finding(
                    account=account.name,
                    check=check,
                    state=found.state,
                    detail=mask_text(found.detail),
                    advice=found.advice,
                )
            )

        try:
            answer = await account.knock(deadline)
        except OperationError as error:
            add("reach", _failed(error.failure))
        else:
            host = account.adapter.account.base_url
            add("reach", _Verdict(State.OK, f"{host} answers ({answer.status})"))
            add("clock", self._clock_of(answer))
            credentials = await _credentials(account, deadline)
            add("credentials", credentials)
            if credentials.state is State.OK and _has_channels_of_its_own(account):
                add("channels", await _channels(account, deadline))
        trouble = account.health().open_circuits
        for subject, failure in trouble.items():
            advice = _BY_REASON.get(failure.reason, "wait: it closes once the provider answers")
            add("circuits", _Verdict(State.FAILED, f"{subject}: {failure.reason.value}", advice))
        add("limits", _Verdict(State.OK, _limits(account)))
        add("callbacks", self._callbacks(account))
        return findings

    def _clock_of(self, answer: Response) -> _Verdict:
        """Compare our time with the provider's, which is in the head of every answer."""
        theirs = _date_of(answer)
        if theirs is None:
            what = "the answer has no Date header"
            return _Verdict(State.NOT_VERIFIED, what, "compare this machine's clock yourself")
        skew = (self.clock.utc_now() - theirs).total_seconds()
        if abs(skew) <= _MAX_SKEW:
            return _Verdict(State.OK, "within seconds of the provider's")
        word = "ahead of" if skew > 0 else "behind"
        what = f"{abs(skew):.0f} s {word} the provider's; signatures may be refused"
        return _Verdict(State.WARNING, what, "set this machine's clock by a time server")

    def _callbacks(self, account: AccountEngine) -> _Verdict:
        problem = account.adapter.callback_problem()
        url = self.report_url(account.name)
        if problem is not None:
            state = State.FAILED if url is not None else State.NOT_VERIFIED
            advice = "set it in the account, and the same at the provider"
            return _Verdict(state, f"would be refused: {problem}", advice)
        if url is None:
            advice = "set public_url in [callbacks], if reports and replies are to arrive"
            return _Verdict(State.NOT_VERIFIED, "no public_url is configured", advice)
        if not url.startswith("https:"):
            what = "public_url is not https: reports can be read on their way"
            advice = "let a proxy with a certificate take the callbacks"
            return _Verdict(State.WARNING, what, advice)
        return _Verdict(State.OK, "public_url and secrets are set")


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


async def _credentials(account: AccountEngine, deadline: float) -> _Verdict:
    """Try the credentials with the cheapest operation that the provider has."""
    operations = account.operations
    try:
        if Operation.BALANCE in operations:
            await account.balance(deadline)
            return _Verdict(State.OK, "accepted (balance)")
        if Operation.HISTORY in operations:
            await _first_page(account, HistoryQuery(), deadline)
            return _Verdict(State.OK, "accepted (history)")
        if Operation.STATUS in operations:
            status = await account.status(_NO_ID, deadline)
            if status.status is Status.UNKNOWN:
                return _Verdict(State.OK, "accepted (status of an unknown id)")
    except OperationError as error:
        return _verdict_of(error.failure)
    except InvalidValue:
        pass  # ids of this provider have another form
    what = "the provider has no operation that tests them without sending"
    return _Verdict(State.NOT_VERIFIED, what, "send a message to a phone of your own")


def _has_channels_of_its_own(account: AccountEngine) -> bool:
    """Return whether the account's settings decide its channels, and these can be asked for."""
    decides = type(account.adapter).usable_channels is not Adapter.usable_channels
    return decides and Operation.HISTORY in account.operations


async def _channels(account: AccountEngine, deadline: float) -> _Verdict:
    """Ask for the list of each channel: a channel that the provider does not know is an error."""
    channels = sorted(account.adapter.usable_channels())
    found = [_Verdict(State.OK, f"known: {', '.join(channels)}")]
    for channel in channels:
        try:
            await _first_page(account, HistoryQuery(channel=channel), deadline)
        except OperationError as error:
            one = _verdict_of(error.failure)
            found.append(one._replace(detail=f"{channel}: {one.detail}"))
    worst = max(found, key=lambda each: _SEVERITY.index(each.state))
    return worst._replace(detail="; ".join(each.detail for each in found[1:]) or worst.detail)


async def _first_page(account: AccountEngine, query: HistoryQuery, deadline: float) -> None:
    await anext(account.history(query, deadline), None)


def _verdict_of(failure: Failure) -> _Verdict:
    if failure.reason.is_account or failure.reason is Reason.INSUFFICIENT_FUNDS:
        return _failed(failure)
    what = f"could not be tested: {failure.sentence()}"
    return _Verdict(State.NOT_VERIFIED, what, _BY_REASON.get(failure.reason, _LATER))


def _failed(failure: Failure) -> _Verdict:
    advice = _BY_REASON.get(failure.reason, _LATER)
    return _Verdict(State.FAILED, failure.sentence(), advice)


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
