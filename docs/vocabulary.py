"""Reasons, errors, log lines, exit codes and paths as tables, from the code that gives them."""

from __future__ import annotations

import ast
import inspect
from typing import TYPE_CHECKING, Any

import docstrings
from examples import ROOT
from tables import table

from omnimsg.cli import exit_codes
from omnimsg.config import load_adapter, provider_names
from omnimsg.domain import errors
from omnimsg.domain.errors import OmnimsgError
from omnimsg.domain.log_fields import LogFields
from omnimsg.domain.reason import Fault, Reason, Retry
from omnimsg.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from enum import StrEnum
    from pathlib import Path

GROUPS = [name for name, value in vars(Reason).items() if isinstance(value, property)]
GROUPS.remove("fault")

_LEVELS = ("debug", "info", "warning", "error", "critical")


def reasons_table() -> str:
    """Write every reason: what it means, who usually caused it, and its group."""
    said = docstrings.attributes(Reason)
    return table(
        ("reason", "value", "meaning", "usual fault", "group"),
        (
            (
                f"`{each.name}`",
                f"`{each.value}`",
                said[each.name],
                f"`{each.fault.name}`",
                next((f"`{group}`" for group in GROUPS if getattr(each, group)), ""),
            )
            for each in Reason
        ),
    )


def groups_table() -> str:
    """Write every group of reasons: what to do, and which reasons are in it."""
    return table(
        ("group", "what it says, and what to do", "reasons"),
        (
            (
                f"`{group}`",
                docstrings.read(getattr(Reason, group)).summary,
                ", ".join(f"`{each.name}`" for each in Reason if getattr(each, group)),
            )
            for group in GROUPS
        ),
    )


def sources_table() -> str:
    """Write which codes and statuses of each provider give each reason."""
    found: dict[Reason, dict[str, list[str]]] = {each: {} for each in Reason}
    providers = provider_names()
    for provider in providers:
        adapter = load_adapter(provider)
        for row in adapter.codes:
            code = f"`{row.code}` ({row.level})"
            found[row.reason].setdefault(provider, []).append(code)
        for status in adapter.statuses:
            if status.reason is not None:
                found[status.reason].setdefault(provider, []).append(f"`{status.name}`")
    return table(
        ("reason", *providers),
        (
            (f"`{reason.name}`", *(", ".join(by.get(each, ())) for each in providers))
            for reason, by in found.items()
            if by
        ),
    )


def members_table(kind: type[StrEnum]) -> str:
    """Write the members of an enumeration that its docstring describes."""
    said = docstrings.attributes(kind)
    return table(
        ("member", "value", "meaning"),
        ((f"`{each.name}`", f"`{each.value}`", said[each.name]) for each in kind),
    )


def faults_table() -> str:
    """Write who may have caused a failure."""
    return members_table(Fault)


def retries_table() -> str:
    """Write whether a message may be sent again."""
    return members_table(Retry)


def errors_table() -> str:
    """Write every error: what it means, what it is besides, and what it carries."""
    return table(
        ("error", "is also", "meaning", "carries"),
        (
            (
                f"`{each.__name__}`",
                ", ".join(f"`{base.__name__}`" for base in each.__bases__ if base is not Exception),
                docstrings.read(each).summary,
                ", ".join(f"`{name}`" for name in _carried(each)),
            )
            for each in _errors()
        ),
    )


def exit_codes_table() -> str:
    """Write the exit codes of the command."""
    lines = inspect.getsource(exit_codes)
    said: dict[str, str] = {}
    last = ""
    for node in ast.parse(lines).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            last = node.targets[0].id
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and last:
            said[last] = str(node.value.value)
    return table(
        ("code", "meaning"),
        ((f"`{getattr(exit_codes, name)}`", text) for name, text in said.items()),
    )


def log_lines_table() -> str:
    """Write every line that the library logs."""
    rows = sorted(
        {
            (logger, _LEVELS.index(level), text, fields)
            for path in sorted((ROOT / "omnimsg").rglob("*.py"))
            for logger, level, text, fields in _log_lines(path)
        }
    )
    return table(
        ("logger", "level", "line", "fields"),
        (
            (f"`{logger}`", _LEVELS[level].upper(), _code(text), f"`{' '.join(fields)}`")
            for logger, level, text, fields in rows
        ),
    )


def log_fields_table() -> str:
    """Write every field that lines of the log have."""
    said = docstrings.read(LogFields).entries("Attributes")
    return table(("field", "what it is"), ((f"`{name}`", text) for name, text in said.items()))


def sandbox_paths_table() -> str:
    """Write every path of the sandbox."""
    return table(
        ("request", "what it does"),
        (
            (f"`{each['method']} {each['path']}`", each.get("about", ""))
            for each in Sandbox().routes()
        ),
    )


def _code(text: str) -> str:
    """Write text as code, also where it has backticks itself."""
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def _errors() -> Iterator[type[OmnimsgError]]:
    """Return the errors from the root of the tree to its leaves, each branch together."""

    def below(kind: type[OmnimsgError]) -> Iterator[type[OmnimsgError]]:
        yield kind
        for name in errors.__all__:
            each: Any = getattr(errors, name)
            if kind in each.__bases__:
                yield from below(each)

    return below(OmnimsgError)


def _carried(kind: type[OmnimsgError]) -> list[str]:
    """Return the attributes and properties that an error has and its base has not."""
    own = [*docstrings.read(kind).entries("Attributes")]
    return own + [name for name, value in vars(kind).items() if isinstance(value, property)]


def _log_lines(path: Path) -> Iterator[tuple[str, str, str, tuple[str, ...]]]:
    """Return the logger, level, format and fields of each call of a module's `log`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    logger = next(
        (
            node.args[0].value
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            and ast.unparse(node.func) == "logging.getLogger"
            and node.args
            and isinstance(node.args[0], ast.Constant)
        ),
        None,
    )
    # What several lines have in common has a name.
    named = {
        ast.unparse(node.targets[0]): node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Call)
        and ast.unparse(node.value.func) == "log_fields"
    }
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and ast.unparse(node.func.value) == "log"
            and node.func.attr in _LEVELS
            and isinstance(logger, str)
        ):
            fields = [
                str(field.arg)
                for given in node.keywords
                if given.arg == "extra"
                for value in [named.get(ast.unparse(given.value), given.value)]
                if isinstance(value, ast.Call)
                for field in value.keywords
            ]
            yield logger, node.func.attr, ast.literal_eval(node.args[0]), tuple(fields)
