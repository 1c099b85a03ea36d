"""The JSON form of the model: what files of messages, journals and `--json` are written in.

* content, parameters, actions and media sources carry a `type` beside their fields; outcomes
  carry an `outcome`
* fields that hold their default are left out
* a timeline is a list of what was said, earliest first, each with `at`
* times are ISO 8601 with an offset, bytes are base64, decimals are text
* an unknown field is an error that names the nearest known one

Secrets have no JSON form: a message with `encryption` cannot be written.
"""

from __future__ import annotations

import base64
import types
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import cache, partial
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, Union, get_args, get_origin

import attrs
import cattrs
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn

from omnimsg.domain.errors import InvalidValue, Problem
from omnimsg.domain.frozen_dict import FrozenDict
from omnimsg.domain.message import Message
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.outcome import Accepted, Failed, Outcome
from omnimsg.domain.secret import Secret
from omnimsg.domain.status import Evidence, Timeline
from omnimsg.domain.structuring import exactly, one_of, require_mapping, structure

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def message_to_json(message: Message) -> dict[str, Any]:
    """Write a message as plain JSON data.

    Raises:
        InvalidValue: The message holds a secret, which has no JSON form.
    """
    return _converter().unstructure(message, Message)  # type: ignore[no-any-return]  # a class gives a dict


def message_from_json(data: object) -> Message:
    """Read a message from plain JSON data.

    Raises:
        InvalidValue: Something is missing, unknown or wrong; every problem has its path.
    """
    return structure(_converter(), Message, data)


def outcome_to_json(outcome: Outcome) -> dict[str, Any]:
    """Write an outcome as plain JSON data, with `outcome` saying which of the four it is."""
    return _converter().unstructure(outcome, Outcome)  # type: ignore[no-any-return]  # a class gives a dict


def outcome_from_json(data: object) -> Outcome:
    """Read an outcome from plain JSON data.

    Raises:
        InvalidValue: Something is missing, unknown or wrong; every problem has its path.
    """
    return structure(_converter(), Outcome, data)  # type: ignore[arg-type]  # a union


def to_json(value: object) -> Any:  # noqa: ANN401 - JSON data
    """Write any value of the model as plain JSON data."""
    return _converter().unstructure(value)


def from_json(kind: type[T], data: object) -> T:
    """Read any value of the model from plain JSON data.

    Raises:
        InvalidValue: Something is missing, unknown or wrong; every problem has its path.
    """
    return structure(_converter(), kind, data)


def _members(kind: Any) -> tuple[type, ...]:  # noqa: ANN401 - a type form
    """The classes of a union, without `None`; nothing for what is no union."""
    if get_origin(kind) not in (Union, types.UnionType):
        return ()
    return tuple(each for each in get_args(kind) if each is not type(None))


def _is_tagged(kind: Any) -> bool:  # noqa: ANN401 - a type form
    """Whether a union's classes all say their kind, so that a tag can tell them apart."""
    members = _members(kind)
    return len(members) > 1 and all(
        isinstance(getattr(each, "kind", None), str) for each in members
    )


def _tag(members: tuple[type, ...]) -> str:
    return "outcome" if issubclass(members[0], (Accepted, Failed)) else "type"


def _write_tagged(converter: cattrs.Converter, kind: Any) -> Callable[[Any], Any]:  # noqa: ANN401
    tag = _tag(_members(kind))

    def write(value: Any) -> Any:  # noqa: ANN401 - JSON data
        return {tag: value.kind, **converter.unstructure(value, value.__class__)}

    return write


def _read_tagged(converter: cattrs.Converter, kind: Any) -> Callable[[Any, Any], Any]:  # noqa: ANN401
    members = _members(kind)
    tag = _tag(members)
    by_kind: dict[str, type] = {each.kind: each for each in members}  # type: ignore[attr-defined]
    optional = type(None) in get_args(kind)

    def read(value: Any, _: Any) -> Any:  # noqa: ANN401 - JSON data
        if value is None and optional:
            return None
        value = dict(require_mapping(value))
        word = value.pop(tag, None)
        if not isinstance(word, str) or word not in by_kind:
            raise InvalidValue(Problem(tag, str(one_of(word, by_kind))))
        return converter.structure(value, by_kind[word])

    return read


def _read_either(converter: cattrs.Converter, kind: Any) -> Callable[[Any, Any], Any]:  # noqa: ANN401
    """Read a union of text and one class: what is no text is the class."""
    other = next(each for each in _members(kind) if each is not str)

    def read(value: Any, _: Any) -> Any:  # noqa: ANN401 - JSON data
        if value is None or isinstance(value, str):
            return value
        if not isinstance(value, dict):
            raise ValueError("must be text or an object with keys")  # noqa: TRY004 - one family
        return converter.structure(value, other)

    return read


def _read_tuple(converter: cattrs.Converter, kind: Any) -> Callable[[Any, Any], Any]:  # noqa: ANN401
    """Read a tuple from a list only: text and objects are iterable too, but mean something else."""
    members: Any = types.GenericAlias(list, get_args(kind)[:1])

    def read(value: Any, _: Any) -> Any:  # noqa: ANN401 - JSON data
        if not isinstance(value, list):
            raise ValueError("must be a list")  # noqa: TRY004 - one family to put in words
        return tuple(converter.structure(value, members))

    return read


def _read_class(converter: cattrs.Converter, kind: type[T]) -> Callable[[Any, Any], T]:
    """Read a class from an object only: to its fields, an empty list looks like an empty object."""
    read_fields = make_dict_structure_fn(
        kind, converter, _cattrs_forbid_extra_keys=True, _cattrs_detailed_validation=True
    )
    return lambda value, _: read_fields(require_mapping(value), kind)


def _write_class(converter: cattrs.Converter, kind: type[T]) -> Callable[[T], dict[str, Any]]:
    return make_dict_unstructure_fn(kind, converter, _cattrs_omit_if_default=True)


@attrs.frozen
class _Said(Evidence):
    """One line of a timeline: JSON has no mappings with keys like `Evidence`."""

    at: datetime = attrs.field(kw_only=True)


def _read_timeline(converter: cattrs.Converter, value: object, _: object) -> Timeline:
    timeline = Timeline()
    for said in converter.structure(value, tuple[_Said, ...]):
        given = attrs.asdict(said, recurse=False)
        at = given.pop("at")
        timeline = timeline.merge(Timeline.of(Evidence(**given), at))
    return timeline


def _write_timeline(converter: cattrs.Converter, timeline: Timeline) -> list[dict[str, Any]]:
    entries = sorted(timeline.entries.items(), key=lambda entry: (entry[1], entry[0].order))
    return [
        converter.unstructure(_Said(**attrs.asdict(said, recurse=False), at=at))
        for said, at in entries
    ]


def _read_datetime(value: object, _: object) -> datetime:
    try:
        at = datetime.fromisoformat(value)  # type: ignore[arg-type]  # judged by what it raises
    except (TypeError, ValueError):
        raise ValueError("must be a time as ISO 8601 text, such as 2030-05-01T09:00:00Z") from None
    if at.tzinfo is None:
        raise ValueError("must say its offset from UTC, such as a final Z")
    return at


def _read_bytes(value: object, _: object) -> bytes:
    try:
        return base64.b64decode(value, validate=True)  # type: ignore[arg-type]  # judged by what it raises
    except (TypeError, ValueError):
        raise ValueError("must be base64 text") from None


def _read_decimal(value: object, _: object) -> Decimal:
    try:
        return Decimal(exactly(str, "text")(value, None))
    except (InvalidOperation, ValueError):
        raise ValueError("must be a decimal number as text") from None


def _read_enum(value: object, kind: type[StrEnum]) -> StrEnum:
    words = {each.value: each for each in kind}
    if not isinstance(value, str) or value not in words:
        raise one_of(value, words)
    return words[value]


def _read_secret(*_: object) -> NoReturn:
    raise ValueError("a secret has no JSON form")


def _write_secret(_: Secret) -> NoReturn:
    raise InvalidValue(Problem("encryption.key", "a secret has no JSON form"))


def _is_mapping(kind: Any) -> bool:  # noqa: ANN401 - a type form
    return getattr(kind, "__origin__", kind) in (FrozenDict, Mapping)


def _is_tuple(kind: Any) -> bool:  # noqa: ANN401 - a type form
    return getattr(kind, "__origin__", None) is tuple


def _is_either(kind: Any) -> bool:  # noqa: ANN401 - a type form
    return str in _members(kind) and len(_members(kind)) == 2


@cache
def _converter() -> cattrs.Converter:
    """Build the converter once, and not before it is needed."""
    converter = cattrs.Converter(
        forbid_extra_keys=True, unstruct_collection_overrides={tuple: list}
    )
    factories: tuple[tuple[Callable[[Any], bool], Callable[..., Any], Callable[..., Any]], ...] = (
        (attrs.has, _read_class, _write_class),
        (_is_tagged, _read_tagged, _write_tagged),
        (_is_either, _read_either, lambda converter, _: converter.unstructure),
    )
    for applies, reader, writer in factories:
        converter.register_structure_hook_factory(applies, partial(reader, converter))
        converter.register_unstructure_hook_factory(applies, partial(writer, converter))
    converter.register_structure_hook_factory(_is_tuple, partial(_read_tuple, converter))
    converter.register_structure_hook_func(
        _is_mapping, lambda value, _: FrozenDict(require_mapping(value))
    )
    converter.register_unstructure_hook_func(
        _is_mapping,
        lambda value: {key: converter.unstructure(item) for key, item in value.items()},
    )
    # By class, because cattrs looks for a hook of the class before it asks any predicate; the
    # text enums have one that is nearer than that of `str`.
    hooks: tuple[tuple[type, Callable[..., Any], Callable[..., Any]], ...] = (
        (str, exactly(str, "text"), str),
        (int, exactly(int, "a whole number"), int),
        (float, exactly(float, "a number"), float),
        (bool, exactly(bool, "true or false"), bool),
        (StrEnum, _read_enum, lambda each: each.value),
        (datetime, _read_datetime, datetime.isoformat),
        (bytes, _read_bytes, lambda data: base64.b64encode(data).decode()),
        (Decimal, _read_decimal, str),
        (MessageId, lambda value, _: MessageId(value), str),
        (Secret, _read_secret, _write_secret),
        (Timeline, partial(_read_timeline, converter), partial(_write_timeline, converter)),
    )
    for kind, read, write in hooks:
        converter.register_structure_hook(kind, read)
        converter.register_unstructure_hook(kind, write)
    return converter
