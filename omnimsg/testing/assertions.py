"""Hold outcomes against what the provider said, and against what every outcome owes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from omnimsg.adapter import Verdict
from omnimsg.domain.errors import InvalidValue
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.outcome import Accepted, Ambiguous, Failed, NotSent, Rejected, Scope
from omnimsg.testing.scripted_answers import Accept, Refuse

if TYPE_CHECKING:
    from omnimsg.adapter import CodeRow, CodeTable
    from omnimsg.domain.outcome import Outcome
    from omnimsg.testing.adapter_spec import AdapterSpec
    from omnimsg.testing.scripted_answers import Said

_CLASSES: dict[Verdict, type[Failed]] = {
    Verdict.REJECTED: Rejected,
    Verdict.NOT_SENT: NotSent,
    Verdict.ACCOUNT: NotSent,
    Verdict.AMBIGUOUS: Ambiguous,
}


def unsound(value: Any, references: Sequence[str], account: str) -> list[str]:  # noqa: ANN401
    """Say what is wrong with outcomes, whatever the provider said.

    Args:
        value: What a flow returned.
        references: What the outcomes must carry, in order.
        account: The account they must carry.
    """
    if not isinstance(value, Sequence) or isinstance(value, (str, bytes)):
        return [f"gave {type(value).__name__} instead of a sequence of outcomes"]
    if len(value) != len(references):
        return [f"gave {len(value)} outcomes for {len(references)} messages"]
    return [
        f"message {index}: {wrong}"
        for index, (outcome, reference) in enumerate(zip(value, references, strict=True))
        for wrong in _unsound(outcome, reference, account)
    ]


def _unsound(outcome: Any, reference: str, account: str) -> list[str]:  # noqa: ANN401
    if outcome is None:
        return []
    if not isinstance(outcome, (Accepted, Failed)):
        return [f"is a {type(outcome).__name__}, not an outcome"]
    wrong: list[str] = []
    provider_id: Any = getattr(outcome, "provider_id", None)
    if outcome.reference != reference:
        wrong.append("carries the reference of another message")
    if outcome.account != account:
        wrong.append(f"carries the account {outcome.account!r}")
    if provider_id is not None and not _is_readable(provider_id, account):
        wrong.append(f"has an id that cannot be read back: {provider_id!r:.60}")
    if isinstance(outcome, Failed):
        failure = outcome.failure
        wrong += [
            f"has a {name} of type {type(given).__name__}"
            for name, given, kind in (
                ("code", failure.code, str),
                ("detail", failure.detail, str),
                ("path", failure.path, str),
                ("retry_after", failure.retry_after, (int, float)),
                ("http_status", failure.http_status, int),
            )
            if given is not None and not isinstance(given, kind)
        ]
    return wrong


def _is_readable(provider_id: Any, account: str) -> bool:  # noqa: ANN401
    try:
        return isinstance(provider_id, str) and bool(MessageId.of(account, provider_id))
    except InvalidValue:
        return False


def strayed(value: Sequence[Outcome | None], ids: Sequence[str]) -> list[str]:
    """Say which outcomes carry the id that the provider gave another message."""
    return [
        f"message {index}: carries the id of message {other}"
        for index, outcome in enumerate(value)
        if isinstance(outcome, Accepted)
        for other, each in enumerate(ids)
        if other != index and each in (outcome.provider_id or "")
    ]


def misjudged(
    outcome: Outcome | None, said: Said, table: CodeTable, author: AdapterSpec
) -> list[str]:
    """Say how an outcome differs from what the provider said of its message."""
    if isinstance(said, Accept):
        if not isinstance(outcome, Accepted):
            return [f"was accepted; the outcome is {_name(outcome)}"]
        if outcome.provider_id is None:
            return [] if author.batch_ids else ["was accepted and has no id"]
        if said.id not in outcome.provider_id and not author.batch_ids:
            return [f"was accepted as {said.id}; the outcome has {outcome.provider_id}"]
        return []
    if isinstance(said, Refuse):
        row = table.get(said.code, said.level)
        if row is None:
            return [f"was refused; the outcome is {_name(outcome)}"] * isinstance(outcome, Accepted)
        return [f"{_row(row)}: {wrong}" for wrong in _unlike(outcome, row, author)]
    return [f"was left out; the outcome is {_name(outcome)}"] if outcome is not None else []


def _unlike(outcome: Outcome | None, row: CodeRow, author: AdapterSpec) -> list[str]:
    wanted = _CLASSES[row.verdict]
    if not isinstance(outcome, Failed):
        return [f"the row says {wanted.__name__}; the outcome is {_name(outcome)}"]
    pairs: dict[str, tuple[object, object]] = {
        "outcome": (type(outcome).__name__, wanted.__name__),
        "reason": (outcome.reason.name, row.reason.name),
        "retry": (outcome.retry.name, row.retry.name),
        "fault": (outcome.fault.name, row.fault.name),
    }
    if row.level in author.status_levels:
        pairs["http_status"] = (str(outcome.failure.http_status), row.code)
    else:
        pairs["code"] = (outcome.failure.code, row.code)
    if isinstance(outcome, NotSent):
        scope = Scope.ACCOUNT if row.verdict is Verdict.ACCOUNT else Scope.MESSAGE
        pairs["scope"] = (outcome.scope.name, scope.name)
    return [
        f"{name} is {given}, the row says {due}"
        for name, (given, due) in pairs.items()
        if given != due
    ]


def _row(row: CodeRow) -> str:
    return f"code {row.code} ({row.level})"


def _name(outcome: object) -> str:
    return "None" if outcome is None else type(outcome).__name__
