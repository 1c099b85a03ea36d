"""Read untrusted mappings into the model's classes, with every problem and its path.

`jsonform` and the configuration read different things with the same manners: an unknown key is
an error that names the nearest known one, and nothing stops at the first problem.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
import cattrs

from omnimsg.domain.errors import InvalidValue, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

T = TypeVar("T")


def structure(converter: cattrs.Converter, kind: type[T], data: object, root: str = "") -> T:
    """Read `data` as `kind`.

    Args:
        converter: The rules of the form that is read.
        kind: What to build.
        data: Mappings, lists and scalars, as JSON and TOML give them.
        root: The path that all problems start with.

    Raises:
        InvalidValue: Something is missing, unknown or wrong; every problem has its path.
    """
    try:
        return converter.structure(data, kind)
    except Exception as error:  # noqa: BLE001 - whatever a hook raised is turned into problems
        raise InvalidValue(*_problems(error, root)) from None


def exactly(kind: type[T], words: str) -> Callable[[object, object], T]:
    """Take a scalar only if it already has the type: `"5"` is no number, `1` is no truth."""

    def hook(value: object, _: object) -> T:
        if type(value) is kind:
            return value
        if kind is float and type(value) is int:
            return float(value)  # type: ignore[return-value]  # `kind` is float
        raise ValueError(f"must be {words}")

    return hook


def one_of(value: object, names: Iterable[str]) -> ValueError:
    """Say which words would have been right."""
    known = sorted(names)
    near = difflib.get_close_matches(str(value), known, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return ValueError(f"must be one of {', '.join(known)}{hint}")


def unknown_key(key: str, known: Iterable[str]) -> str:
    """Say that a key is unknown, and which known one it may have been meant to be."""
    known = sorted(known)
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
    return f"is not a known key; {hint}"


def _problems(error: BaseException, path: str) -> list[Problem]:
    if isinstance(error, cattrs.ClassValidationError):
        noted, rest = error.group_exceptions()
        return [
            problem
            for each, note in noted
            for problem in _problems(each, f"{path}.{note.name}".lstrip("."))
        ] + [problem for each in rest for problem in _problems(each, path)]
    if isinstance(error, cattrs.IterableValidationError):
        members, rest = error.group_exceptions()
        return [
            problem
            for each, place in members
            for problem in _problems(each, f"{path}[{place.index}]")
        ] + [problem for each in rest for problem in _problems(each, path)]
    if isinstance(error, InvalidValue):
        return [Problem(_join(path, each.path), each.why) for each in error.problems]
    if isinstance(error, cattrs.ForbiddenExtraKeysError):
        known = [each.alias or each.name for each in attrs.fields(error.cl)]
        return [
            Problem(f"{path}.{key}".lstrip("."), unknown_key(key, known))
            for key in sorted(map(str, error.extra_fields))
        ]
    return [Problem(path or "$", _words(error))]


def _join(path: str, own: str) -> str:
    """Put a value's own path behind the path to the value; its class name adds nothing there."""
    field = own.partition(".")[2] if own[:1].isupper() else own
    return ".".join(part for part in (path, field) if part) or own


def _words(error: BaseException) -> str:
    """Say what a converter met, without showing the value."""
    if isinstance(error, KeyError):
        return f"{error.args[0]!r} is missing"
    if isinstance(error, (TypeError, AttributeError)):
        return "has the wrong type"
    return str(error) or type(error).__name__


def require_mapping(value: Any) -> dict[str, Any]:  # noqa: ANN401 - anything may have been given
    """Take an object and nothing else."""
    if not isinstance(value, dict):
        raise ValueError("must be an object with keys")  # noqa: TRY004 - one family to put in words
    return value
