"""Every log call has documented fields, and no field has the name of a record's attribute."""

from __future__ import annotations

import ast
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from omnimsg.domain.log_fields import LogFields

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
LEVELS = {"debug", "info", "warning", "error", "critical", "exception", "log"}
FIELDS = set(LogFields.__annotations__)


def _calls() -> Iterator[tuple[str, ast.Call]]:
    """Yield each call of a logger or of the logging module, with its file and line."""
    for folder in ("omnimsg", "providers"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            source = file.read_text(encoding="utf-8")
            if "logging" not in source:
                continue
            tree = ast.parse(source)
            named = dict(_named_fields(tree))
            for node in ast.walk(tree):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Attribute)
                    and node.func.attr in LEVELS
                    and isinstance(node.func.value, ast.Name)
                    and node.args  # `task.exception()` has none
                ):
                    for given in node.keywords:
                        given.value = named.get(ast.unparse(given.value), given.value)
                    yield f"{file.relative_to(ROOT)}:{node.lineno}", node


def _named_fields(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """Yield the variables that hold fields shared by several log calls, with their values."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Call)
            and ast.unparse(node.value.func) == "log_fields"
        ):
            yield ast.unparse(node.targets[0]), node.value


def _fields(call: ast.Call) -> set[str | None]:
    """Return the names of the fields that a call passes; empty if the call has no `extra`."""
    return {
        field.arg
        for given in call.keywords
        if given.arg == "extra"
        and isinstance(given.value, ast.Call)
        and ast.unparse(given.value.func) == "log_fields"
        for field in given.value.keywords
    }


def test_every_line_has_documented_fields() -> None:
    """Every log call passes `extra=log_fields(...)`, and all of its fields are in `LogFields`."""
    calls = list(_calls())

    lacking = {where for where, call in calls if not _fields(call)}
    undocumented = {where for where, call in calls if not _fields(call) <= FIELDS}

    assert len(calls) > 25
    assert (set(), set()) == (lacking, undocumented)


def test_every_documented_field_is_used() -> None:
    """Every field of `LogFields` is passed by some log call."""
    used = {field for _, call in _calls() for field in _fields(call)}

    assert set() == FIELDS - used


def test_every_logger_is_called_log() -> None:
    """Every logger is named `log`: the docs' table of log lines is generated from that name."""
    assert {"log"} == {ast.unparse(call.func).partition(".")[0] for _, call in _calls()}


def test_no_field_hides_what_a_record_has() -> None:
    """No field has the name of a record's attribute, for which `logging` raises a KeyError."""
    record = vars(logging.makeLogRecord({}))
    formatted = {"message", "asctime", "taskName"}

    assert set() == FIELDS & (record.keys() | formatted)


def test_every_field_is_described() -> None:
    """The docstring of `LogFields` describes every field; the docs' table is generated from it."""
    described = {
        line.strip().partition(":")[0]
        for line in (LogFields.__doc__ or "").partition("Attributes:")[2].splitlines()
    }

    assert set() == FIELDS - described
