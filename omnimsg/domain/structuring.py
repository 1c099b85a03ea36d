"""Convert untrusted mappings into the model's classes; report every problem with its path.

The configuration and the JSON form have different converters but the same rules: an unknown key is
an error that names the nearest known one, and reading does not stop at the first problem.

cattrs is imported when something is first read: most processes that import omnimsg only send.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from omnimsg.domain.invalid_value import InvalidValue, Problem
from omnimsg.domain.nearest import nearest_name
from omnimsg.domain.redaction import mask_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import cattrs

T = TypeVar("T")

DEPRECATED: str = "omnimsg.deprecated"
"""The key in the metadata of a field that is read, but not suggested any more."""


def structure(converter: cattrs.Converter, kind: type[T], data: object, root: str = "") -> T:
    """Convert `data` into an instance of `kind`.

    Args:
        converter: The converter with the hooks of the form that is read.
        kind: The class to build.
        data: Mappings, lists and scalars, as JSON and TOML give them.
        root: The path that all problems start with.

    Raises:
        InvalidValue: Something is missing, unknown or invalid; every problem has its path.
    """
    try:
        return converter.structure(data, kind)
    except Exception as error:  # noqa: BLE001 - every error of a hook becomes a problem
        raise InvalidValue(*_problems_of(error, root)) from None


def exact_type(kind: type[T], expected: str) -> Callable[[object, object], T]:
    """Build a hook that accepts only instances of exactly one type: `"5"` and `True` are no `int`.

    Args:
        kind: The type.
        expected: The type as the error names it, such as `a whole number`.
    """

    def hook(value: object, _: object) -> T:
        if type(value) is kind:
            return value
        raise ValueError(f"must be {expected}")

    return hook


def read_float(value: object, _: object) -> float:
    """Read a float, which may be written without a fraction; `True` is not a number."""
    if type(value) is float or type(value) is int:
        return float(value)
    raise ValueError("must be a number")


def require_mapping(value: Any) -> dict[str, Any]:  # noqa: ANN401 - untrusted data
    """Return a dict unchanged, and refuse anything else."""
    if not isinstance(value, dict):
        raise ValueError("must be an object with keys")  # noqa: TRY004 - becomes a problem's text
    return value


def present_members(value: Any, kind: Any) -> dict[str, Any]:  # noqa: ANN401 - untrusted data
    """Return the members of an object without those that are null and may be left out.

    Data frames, and many serializers, write null for every member that an object does not have.

    Args:
        value: The object; anything else is refused.
        kind: The class that it is read as, which says what may be left out.
    """
    optional = _optional_names(kind)
    return {
        name: each
        for name, each in require_mapping(value).items()
        if each is not None or name not in optional
    }


@cache
def _optional_names(kind: Any) -> frozenset[str]:  # noqa: ANN401 - any class of attrs
    return frozenset(each.name for each in attrs.fields(kind) if each.default is not attrs.NOTHING)


def unknown_choice(value: object, choices: Iterable[str]) -> ValueError:
    """Build the error for a value that is none of the choices; it lists them and the nearest."""
    known = sorted(choices)
    nearest = nearest_name(str(value), known)
    hint = f"; did you mean {nearest!r}?" if nearest else ""
    return ValueError(f"must be one of {', '.join(known)}{hint}")


def no_account(name: object, known: Iterable[str]) -> str:
    """Describe a name that no account has, masked: a number may stand in its place."""
    return f"no account {mask_text(repr(name))}: {unknown_choice(name, known)}"


# What providers and other libraries call a field of a message.
_OTHER_NAMES = {
    **dict.fromkeys(("text", "body", "message"), "content"),
    **dict.fromkeys(("number", "phone", "recipient"), "to"),
    "from": "sender",
    "id": "reference",
}


def unknown_key(key: str, known: Iterable[str]) -> str:
    """Describe an unknown key, with the known one that was probably meant, or else all of them."""
    known = sorted(known)
    meant = _OTHER_NAMES.get(key.lower())
    nearest = meant if meant in known else nearest_name(key, known)
    hint = f"did you mean {nearest!r}?" if nearest else f"known are {', '.join(known)}"
    return f"is not a known key; {hint}"


def unknown_key_problem(path: str, key: str, known: Iterable[str]) -> Problem:
    """Return the problem of an unknown key; masked, because numbers may stand in place of keys."""
    return Problem(f"{path}.{mask_text(key)}".lstrip("."), unknown_key(key, known))


# The most unknown keys of one object that are named. Finding the known key that was meant takes
# tens of microseconds, and the object may be somebody else's.
_MAX_UNKNOWN_KEYS = 20


def _problems_of(error: BaseException, path: str) -> list[Problem]:
    """Convert what a converter raised into problems, with the path to each."""
    import cattrs  # noqa: PLC0415 - see the module's docstring

    placed: list[tuple[BaseException, str]] | None = None
    if isinstance(error, cattrs.ClassValidationError):
        in_fields, rest = error.group_exceptions()
        placed = [(each, f"{path}.{note.name}".lstrip(".")) for each, note in in_fields]
    elif isinstance(error, cattrs.IterableValidationError):
        in_items, rest = error.group_exceptions()
        placed = [(each, f"{path}[{mask_text(str(note.index))}]") for each, note in in_items]
    if placed is not None:
        placed += [(each, path) for each in rest]
        return [problem for each, where in placed for problem in _problems_of(each, where)]
    if isinstance(error, InvalidValue):
        return [Problem(_join_paths(path, each.path), each.why) for each in error.problems]
    if isinstance(error, cattrs.ForbiddenExtraKeysError):
        known = [
            each.alias or each.name
            for each in attrs.fields(error.cl)
            if each.init and DEPRECATED not in each.metadata
        ]
        unknown = sorted(map(str, error.extra_fields))
        shown = unknown[:_MAX_UNKNOWN_KEYS]
        problems = [unknown_key_problem(path, key, known) for key in shown]
        if len(unknown) > _MAX_UNKNOWN_KEYS:
            more = len(unknown) - _MAX_UNKNOWN_KEYS
            problems.append(Problem(path or "$", f"has {more:,} more keys that are not known"))
        return problems
    return [Problem(path or "$", _describe(error))]


def _join_paths(path: str, inner: str) -> str:
    """Append a value's own path, without the name of its class, to the path to the value."""
    field = inner.partition(".")[2] if inner[:1].isupper() else inner
    return ".".join(part for part in (path, field) if part) or inner


def _describe(error: BaseException) -> str:
    """Describe an error of a converter without showing the value."""
    if isinstance(error, KeyError):
        return f"{error.args[0]!r} is missing"
    if isinstance(error, (TypeError, AttributeError, RecursionError)):
        return "has the wrong type"
    if len(error.args) > 1 and isinstance(error.args[0], str):
        # An attrs validator's error. First the text, which may quote the value; last the value.
        return error.args[0].replace(repr(error.args[-1]), "***")
    return str(error) or type(error).__name__


_PLAIN = frozenset((str, int, float, bool, type(None)))


def dict_writer(converter: cattrs.Converter) -> Callable[[dict[Any, Any]], dict[Any, Any]]:
    """Build a hook for a `dict`, such as a provider's raw answer: mostly plain data already."""
    write = converter.unstructure

    def write_dict(data: dict[Any, Any]) -> dict[Any, Any]:
        return {
            key if key.__class__ in _PLAIN else write(key): value
            if value.__class__ in _PLAIN
            else write(value)
            for key, value in data.items()
        }

    return write_dict
