"""Find what is wrong with outcomes: their form, their ids, and what the provider answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from omnimsg.adapter import Verdict
from omnimsg.domain.errors import InvalidValue
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.outcome import Accepted, Ambiguous, Failed, NotSent, Rejected, Scope
from omnimsg.testing.adapters.scripted_answers import Accept, Refuse

if TYPE_CHECKING:
    from omnimsg.adapter import CodeRow, CodeTable
    from omnimsg.domain.outcome import Outcome
    from omnimsg.testing.adapters.adapter_spec import AdapterSpec
    from omnimsg.testing.adapters.scripted_answers import Said

OUTCOME_CLASSES: Mapping[Verdict, type[Failed]] = {
    Verdict.REJECTED: Rejected,
    Verdict.NOT_SENT: NotSent,
    Verdict.ACCOUNT: NotSent,
    Verdict.AMBIGUOUS: Ambiguous,
}


def malformed_outcomes(value: Any, references: Sequence[str], account: str) -> list[str]:  # noqa: ANN401
    """Check the number, types, references and ids of outcomes, whatever the provider answered.

    Args:
        value: What a flow returned.
        references: The references that the outcomes must carry, in order.
        account: The account name that they must carry.
    """
    if not isinstance(value, Sequence) or isinstance(value, (str, bytes)):
        return [f"gave {type(value).__name__} instead of a sequence of outcomes"]
    if len(value) != len(references):
        return [f"gave {len(value)} outcomes for {len(references)} messages"]
    return [
        f"message {index}: {violation}"
        for index, (outcome, reference) in enumerate(zip(value, references, strict=True))
        for violation in _malformed(outcome, reference, account)
    ]


def _malformed(outcome: Any, reference: str, account: str) -> list[str]:  # noqa: ANN401
    if outcome is None:
        return []
    if not isinstance(outcome, (Accepted, Failed)):
        return [f"is a {type(outcome).__name__}, not an outcome"]
    violations: list[str] = []
    provider_id: Any = getattr(outcome, "provider_id", None)
    if outcome.reference != reference:
        violations.append("carries the reference of another message")
    if outcome.account != account:
        violations.append(f"carries the account {outcome.account!r}")
    if provider_id is not None and not _is_readable(provider_id, account):
        violations.append(f"has an id that cannot be read back: {provider_id!r:.60}")
    if isinstance(outcome, Failed):
        failure = outcome.failure
        violations += [
            f"has a {name} of type {type(value).__name__}"
            for name, value, expected in (
                ("code", failure.code, str),
                ("unknown_code", failure.unknown_code, str),
                ("detail", failure.detail, str),
                ("path", failure.path, str),
                ("retry_after", failure.retry_after, (int, float)),
                ("http_status", failure.http_status, int),
            )
            if value is not None and not isinstance(value, expected)
        ]
    return violations


def _is_readable(provider_id: Any, account: str) -> bool:  # noqa: ANN401
    try:
        return isinstance(provider_id, str) and bool(MessageId.of(account, provider_id))
    except InvalidValue:
        return False


def swapped_ids(outcomes: Sequence[Outcome | None], ids: Sequence[str]) -> list[str]:
    """Find outcomes with the id that the provider gave to another message."""
    return [
        f"message {index}: carries the id of message {other}"
        for index, outcome in enumerate(outcomes)
        if isinstance(outcome, Accepted)
        for other, other_id in enumerate(ids)
        if other != index and other_id in (outcome.provider_id or "")
    ]


def outcome_mismatches(
    outcome: Outcome | None, said: Said, table: CodeTable, spec: AdapterSpec
) -> list[str]:
    """Compare an outcome with what the provider answered for its message."""
    if isinstance(said, Accept):
        if not isinstance(outcome, Accepted):
            return [f"was accepted; the outcome is {_class_name(outcome)}"]
        if outcome.provider_id is None:
            return [] if spec.batch_ids else ["was accepted and has no id"]
        if said.id not in outcome.provider_id and not spec.batch_ids:
            return [f"was accepted as {said.id}; the outcome has {outcome.provider_id}"]
        return []
    if isinstance(said, Refuse):
        row = table.get(said.code, said.level)
        if row is not None:
            return [
                f"code {row.code} ({row.level}): {mismatch}"
                for mismatch in _row_mismatches(outcome, row, spec)
            ]
        if isinstance(outcome, Accepted):
            return [f"was refused; the outcome is {_class_name(outcome)}"]
        return []
    return [f"was left out; the outcome is {_class_name(outcome)}"] if outcome is not None else []


def _row_mismatches(outcome: Outcome | None, row: CodeRow, spec: AdapterSpec) -> list[str]:
    expected_class = OUTCOME_CLASSES[row.verdict]
    if not isinstance(outcome, Failed):
        return [f"the row says {expected_class.__name__}; the outcome is {_class_name(outcome)}"]
    pairs: dict[str, tuple[object, object]] = {
        "outcome": (type(outcome).__name__, expected_class.__name__),
        "reason": (outcome.reason.name, row.reason.name),
        "retry": (outcome.retry.name, row.retry.name),
        "fault": (outcome.fault.name, row.fault.name),
    }
    if row.level in spec.status_levels:
        pairs["http_status"] = (str(outcome.failure.http_status), row.code)
    else:
        pairs["code"] = (outcome.failure.code, row.code)
    if isinstance(outcome, NotSent):
        scope = Scope.ACCOUNT if row.verdict is Verdict.ACCOUNT else Scope.MESSAGE
        pairs["scope"] = (outcome.scope.name, scope.name)
    return [
        f"{name} is {actual}, the row says {expected}"
        for name, (actual, expected) in pairs.items()
        if actual != expected
    ]


def _class_name(outcome: object) -> str:
    return "None" if outcome is None else type(outcome).__name__
