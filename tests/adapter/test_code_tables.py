"""The tables of a provider's codes and statuses, and the user's changes to them."""

from __future__ import annotations

import pytest

from omnimsg.adapter import CodeRow, CodeTable, StatusRow, StatusTable, Verdict
from omnimsg.domain.reason import Fault, Reason, Retry
from omnimsg.domain.status import Status


def _code(code: str, level: str = "message") -> CodeRow:
    return CodeRow(
        code,
        level,
        Reason.RATE_LIMITED,
        Verdict.NOT_SENT,
        description="slow down",
        source="a document",
    )


def _status(name: str, number: int | None = None) -> StatusRow:
    return StatusRow(
        name, Status.SENT, description="on its way", source="a document", number=number
    )


def test_a_code_is_found_at_its_own_level_only() -> None:
    """The same code at two levels is two codes."""
    table = CodeTable([_code("43")])

    assert [table.get(43, "message"), table.get("43", "global")] == [_code("43"), None]


def test_two_rows_for_one_code_are_refused() -> None:
    """A table with two rows for one code and level raises."""
    with pytest.raises(ValueError, match="code 43 has two rows at level 'message'"):
        CodeTable([_code("43"), _code("43")])


@pytest.mark.parametrize(
    ("rows", "error"),
    [
        ([_status("SENT"), _status("SENT")], "status 'SENT' has two rows"),
        ([_status("SENT", 4), _status("GONE", 4)], "status number 4 has two rows"),
    ],
)
def test_two_rows_for_one_status_are_refused(rows: list[StatusRow], error: str) -> None:
    """A table with two rows for one name or number raises."""
    with pytest.raises(ValueError, match=error):
        StatusTable(rows)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            {"verdict": Verdict.REJECTED},
            (Reason.RATE_LIMITED, Verdict.REJECTED, Retry.NEVER, Fault.PROVIDER),
        ),
        (
            {"reason": Reason.OPTED_OUT},
            (Reason.OPTED_OUT, Verdict.NOT_SENT, Retry.SAFE, Fault.RECIPIENT),
        ),
        (
            {"retry": Retry.NEVER},
            (Reason.RATE_LIMITED, Verdict.NOT_SENT, Retry.NEVER, Fault.PROVIDER),
        ),
        (
            {"fault": Fault.ACCOUNT},
            (Reason.RATE_LIMITED, Verdict.NOT_SENT, Retry.SAFE, Fault.ACCOUNT),
        ),
    ],
    ids=["verdict", "reason", "retry", "fault"],
)
def test_a_changed_row_gets_new_defaults(
    change: dict[str, object], expected: tuple[object, ...]
) -> None:
    """A changed verdict changes the retry and a changed reason the fault, and nothing else."""
    row = CodeTable([_code("43")]).override({("43", "message"): change}).get("43", "message")

    assert row is not None
    assert (row.reason, row.verdict, row.retry, row.fault) == expected


def test_a_new_row_can_be_added() -> None:
    """A code that is not in the table can be added, with the configuration as its source."""
    table = CodeTable([]).override(
        {("112", "message"): {"reason": Reason.UNROUTABLE, "verdict": Verdict.REJECTED}}
    )

    assert [(row.code, row.level, row.source) for row in table] == [
        ("112", "message", "configuration")
    ]


def test_a_status_is_found_by_name_before_number() -> None:
    """The number is used only without a name, and an unknown status keeps its name."""
    table = StatusTable([_status("SENT", 4)])

    found = [
        table.evidence("SENT", number=99),
        table.evidence(number=4),
        table.evidence("NEWER", number=4),
        table.evidence(number=5),
        table.evidence(None),
    ]

    assert [(each.status, each.provider_status) for each in found] == [
        (Status.SENT, "SENT"),
        (Status.SENT, "SENT"),
        (Status.UNKNOWN, "NEWER"),
        (Status.UNKNOWN, "5"),
        (Status.UNKNOWN, ""),
    ]
