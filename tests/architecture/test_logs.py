"""Every line of the log carries fields of the documented set, which no record has already."""

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
    """Every call of a logger, or of the logging module itself, and where it is."""
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
    """The fields that several lines of a module have in common, by the name of the variable."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Call)
            and ast.unparse(node.value.func) == "log_fields"
        ):
            yield ast.unparse(node.targets[0]), node.value


def _fields(call: ast.Call) -> set[str | None]:
    """The names of the fields that a call gives; of none, that it has no `extra`."""
    return {
        field.arg
        for given in call.keywords
        if given.arg == "extra"
        and isinstance(given.value, ast.Call)
        and ast.unparse(given.value.func) == "log_fields"
        for field in given.value.keywords
    }


def test_every_line_has_documented_fields() -> None:
    """A formatter is given data, and the names are those of one table."""
    calls = list(_calls())

    lacking = {where for where, call in calls if not _fields(call)}
    undocumented = {where for where, call in calls if not _fields(call) <= FIELDS}

    assert len(calls) > 25
    assert (set(), set()) == (lacking, undocumented)


def test_every_documented_field_is_used() -> None:
    """A name that no line has is a promise that nothing keeps."""
    used = {field for _, call in _calls() for field in _fields(call)}

    assert set() == FIELDS - used


def test_every_logger_is_called_log() -> None:
    """The table of lines in the docs is made from the calls of that name."""
    assert {"log"} == {ast.unparse(call.func).partition(".")[0] for _, call in _calls()}


def test_no_field_hides_what_a_record_has() -> None:
    """`logging` raises a KeyError for such a name, in the middle of trouble."""
    record = vars(logging.makeLogRecord({}))
    formatted = {"message", "asctime", "taskName"}

    assert set() == FIELDS & (record.keys() | formatted)


def test_every_field_is_described() -> None:
    """The docs have the table from here."""
    described = {
        line.strip().partition(":")[0]
        for line in (LogFields.__doc__ or "").partition("Attributes:")[2].splitlines()
    }

    assert set() == FIELDS - described
