"""The JSON form of the model, used by files of messages, journals and `--json`.

* content, parameters, actions and media sources have a `type` beside their fields; outcomes have
  an `outcome`, events an `event`
* fields that hold their default are omitted
* a timeline is a list of evidence, earliest first, each with its time as `at`
* times are ISO 8601 with an offset, bytes are base64, decimals are text
* an unknown field is an error that names the nearest known one

Secrets have no JSON form: a message with `encryption` cannot be written.

cattrs is imported when a value is first read or written: see `structuring`.
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

from omnimsg.domain.events import BaseEvent, Event
from omnimsg.domain.frozen_dict import FrozenDict
from omnimsg.domain.invalid_value import InvalidValue, Problem
from omnimsg.domain.message import Message
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.outcome import Accepted, Failed, Outcome
from omnimsg.domain.plain_text_json import plain_text_from_json
from omnimsg.domain.secret import Secret
from omnimsg.domain.status import Evidence, Timeline
from omnimsg.domain.structuring import (
    dict_writer,
    exact_type,
    present_members,
    read_float,
    require_mapping,
    structure,
    unknown_choice,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    import cattrs

T = TypeVar("T")

# Unions, which `structure` accepts but `type[T]` does not describe.
_OUTCOME: Any = Outcome
_EVENT: Any = Event


def message_to_json(message: Message) -> dict[str, Any]:
    """Convert a message to plain JSON data.

    Raises:
        InvalidValue: The message holds a secret, which has no JSON form.
    """
    data: dict[str, Any] = _converter().unstructure(message, Message)
    return data


def message_from_json(data: object) -> Message:
    """Read a message from plain JSON data.

    Raises:
        InvalidValue: Something is missing, unknown or invalid; every problem has its path.
    """
    message = plain_text_from_json(data) if isinstance(data, dict) else None
    return structure(_converter(), Message, data) if message is None else message


def outcome_to_json(outcome: Outcome) -> dict[str, Any]:
    """Convert an outcome to plain JSON data, in which `outcome` names its kind."""
    data: dict[str, Any] = _converter().unstructure(outcome, Outcome)
    return data


def outcome_from_json(data: object) -> Outcome:
    """Read an outcome from plain JSON data.

    Raises:
        InvalidValue: Something is missing, unknown or invalid; every problem has its path.
    """
    outcome: Outcome = structure(_converter(), _OUTCOME, data)
    return outcome


def event_to_json(event: Event) -> dict[str, Any]:
    """Convert an event to plain JSON data, in which `event` names its kind."""
    data: dict[str, Any] = _converter().unstructure(event, Event)
    return data


def event_from_json(data: object) -> Event:
    """Read an event from plain JSON data.

    Raises:
        InvalidValue: Something is missing, unknown or invalid; every problem has its path.
    """
    event: Event = structure(_converter(), _EVENT, data)
    return event


def to_json(value: object) -> Any:  # noqa: ANN401 - JSON data
    """Convert any value of the model to plain JSON data."""
    return _converter().unstructure(value)


def from_json(kind: type[T], data: object) -> T:
    """Read any value of the model from plain JSON data.

    Raises:
        InvalidValue: Something is missing, unknown or invalid; every problem has its path.
    """
    return structure(_converter(), kind, data)


def _union_classes(kind: Any) -> tuple[Any, ...]:  # noqa: ANN401 - a type form
    """Return the classes of a union without `None`; an empty tuple for other types."""
    if get_origin(kind) not in (Union, types.UnionType):
        return ()
    return tuple(each for each in get_args(kind) if each is not type(None))


def _is_tagged_union(kind: Any) -> bool:  # noqa: ANN401 - a type form
    """Return whether every class of a union has a `kind`, which its tag in JSON can name."""
    classes = _union_classes(kind)
    return len(classes) > 1 and all(
        isinstance(getattr(each, "kind", None), str) for each in classes
    )


def _tag_name(classes: tuple[Any, ...]) -> str:
    if issubclass(classes[0], (Accepted, Failed)):
        return "outcome"
    return "event" if issubclass(classes[0], BaseEvent) else "type"


def _tagged_union_writer(converter: cattrs.Converter, kind: Any) -> Callable[[Any], Any]:  # noqa: ANN401
    tag = _tag_name(_union_classes(kind))

    def write(value: Any) -> Any:  # noqa: ANN401 - JSON data
        return {tag: value.kind, **converter.unstructure(value, value.__class__)}

    return write


def _tagged_union_reader(converter: cattrs.Converter, kind: Any) -> Callable[[Any, Any], Any]:  # noqa: ANN401
    classes = _union_classes(kind)
    tag = _tag_name(classes)
    by_kind: dict[str, type] = {each.kind: each for each in classes}
    optional = type(None) in get_args(kind)

    def read(value: Any, _: Any) -> Any:  # noqa: ANN401 - JSON data
        if value is None and optional:
            return None
        if not isinstance(value, dict):
            known = ", ".join(sorted(by_kind))
            raise ValueError(  # noqa: TRY004 - as all hooks
                f"must be an object with keys, of which {tag!r} is one of {known}"
            )
        fields = dict(value)
        given = fields.pop(tag, None)
        if not isinstance(given, str) or given not in by_kind:
            raise InvalidValue(Problem(tag, str(unknown_choice(given, by_kind))))
        return converter.structure(fields, by_kind[given])

    return read


def _is_text_or_class(kind: Any) -> bool:  # noqa: ANN401 - a type form
    return str in _union_classes(kind) and len(_union_classes(kind)) == 2


def _text_or_class_reader(converter: cattrs.Converter, kind: Any) -> Callable[[Any, Any], Any]:  # noqa: ANN401
    """Build a hook for a union of `str` and one class, which JSON writes without a tag."""
    (cls,) = (each for each in _union_classes(kind) if each is not str)

    def read(value: Any, _: Any) -> Any:  # noqa: ANN401 - JSON data
        if value is None or isinstance(value, str):
            return value
        if not isinstance(value, dict):
            found = ", not a number without quotes" if type(value) in (int, float) else ""
            raise ValueError(f"must be text or an object with keys{found}")  # noqa: TRY004 - as all
        return converter.structure(value, cls)

    return read


def _text_or_class_writer(converter: cattrs.Converter, _: Any) -> Callable[[Any], Any]:  # noqa: ANN401
    return converter.unstructure


def _is_tuple(kind: Any) -> bool:  # noqa: ANN401 - a type form
    return getattr(kind, "__origin__", None) is tuple


def _tuple_reader(converter: cattrs.Converter, kind: Any) -> Callable[[Any, Any], Any]:  # noqa: ANN401
    """Build a hook that reads a tuple only from a list: text and objects are iterable too."""
    list_type: Any = types.GenericAlias(list, get_args(kind)[:1])

    def read(value: Any, _: Any) -> Any:  # noqa: ANN401 - JSON data
        if not isinstance(value, list):
            raise ValueError("must be a list")  # noqa: TRY004 - as all hooks
        return tuple(converter.structure(value, list_type))

    return read


def _is_mapping(kind: Any) -> bool:  # noqa: ANN401 - a type form
    return getattr(kind, "__origin__", kind) in (FrozenDict, Mapping)


def _class_reader(converter: cattrs.Converter, kind: type[T]) -> Callable[[Any, Any], T]:
    """Build a hook that reads a class only from an object: cattrs takes an empty list for one."""
    from cattrs.gen import make_dict_structure_fn  # noqa: PLC0415 - see the module's docstring

    read_fields = make_dict_structure_fn(
        kind, converter, _cattrs_forbid_extra_keys=True, _cattrs_detailed_validation=True
    )
    return lambda value, _: read_fields(present_members(value, kind), kind)


def _class_writer(converter: cattrs.Converter, kind: type[T]) -> Callable[[T], dict[str, Any]]:
    from cattrs.gen import make_dict_unstructure_fn  # noqa: PLC0415 - see the module's docstring

    return make_dict_unstructure_fn(kind, converter, _cattrs_omit_if_default=True)


@attrs.frozen
class _TimedEvidence(Evidence):
    """One entry of a timeline: JSON objects cannot have `Evidence` as keys."""

    at: datetime = attrs.field(kw_only=True)


def _read_timeline(converter: cattrs.Converter, value: object, _: object) -> Timeline:
    timeline = Timeline()
    for entry in converter.structure(value, tuple[_TimedEvidence, ...]):
        fields = attrs.asdict(entry, recurse=False)
        at = fields.pop("at")
        timeline = timeline.merge(Timeline.of(Evidence(**fields), at))
    return timeline


def _write_timeline(converter: cattrs.Converter, timeline: Timeline) -> list[dict[str, Any]]:
    entries = sorted(timeline.entries.items(), key=lambda entry: (entry[1], entry[0].order))
    return [
        converter.unstructure(_TimedEvidence(**attrs.asdict(evidence, recurse=False), at=at))
        for evidence, at in entries
    ]


_read_text = exact_type(str, "text")


def _read_datetime(value: object, _: object) -> datetime:
    try:
        at = datetime.fromisoformat(_read_text(value, None))
    except ValueError:
        raise ValueError("must be a time as ISO 8601 text, such as 2030-05-01T09:00:00Z") from None
    if at.tzinfo is None:
        raise ValueError("must say its offset from UTC, such as a final Z")
    return at


def _read_bytes(value: object, _: object) -> bytes:
    try:
        return base64.b64decode(_read_text(value, None), validate=True)
    except ValueError:
        raise ValueError("must be base64 text") from None


def _write_bytes(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _read_decimal(value: object, _: object) -> Decimal:
    try:
        return Decimal(_read_text(value, None))
    except (InvalidOperation, ValueError):
        raise ValueError("must be a decimal number as text") from None


def _read_enum(value: object, kind: type[StrEnum]) -> StrEnum:
    members = {each.value: each for each in kind}
    if not isinstance(value, str) or value not in members:
        raise unknown_choice(value, members)
    return members[value]


def _read_secret(*_: object) -> NoReturn:
    raise ValueError("a secret has no JSON form")


def _write_secret(_: Secret) -> NoReturn:
    raise InvalidValue(Problem("encryption.key", "a secret has no JSON form"))


@cache
def _converter() -> cattrs.Converter:
    """Build the converter at the first call."""
    import cattrs  # noqa: PLC0415 - see the module's docstring

    converter = cattrs.Converter(
        forbid_extra_keys=True, unstruct_collection_overrides={tuple: list}
    )
    factories: tuple[tuple[Callable[[Any], bool], Callable[..., Any], Callable[..., Any]], ...] = (
        (attrs.has, _class_reader, _class_writer),
        (_is_tagged_union, _tagged_union_reader, _tagged_union_writer),
        (_is_text_or_class, _text_or_class_reader, _text_or_class_writer),
    )
    for applies, reader, writer in factories:
        converter.register_structure_hook_factory(applies, partial(reader, converter))
        converter.register_unstructure_hook_factory(applies, partial(writer, converter))
    converter.register_structure_hook_factory(_is_tuple, partial(_tuple_reader, converter))
    converter.register_structure_hook_func(
        _is_mapping, lambda value, _: FrozenDict(require_mapping(value))
    )
    converter.register_unstructure_hook_func(
        _is_mapping,
        lambda value: {key: converter.unstructure(item) for key, item in value.items()},
    )
    converter.register_unstructure_hook_func(lambda kind: kind is dict, dict_writer(converter))
    # Registered by class, because cattrs looks for a hook of the class before it calls any
    # predicate. Enums find the hook of `StrEnum` before that of `str`.
    hooks: tuple[tuple[type, Callable[..., Any], Callable[..., Any]], ...] = (
        (str, _read_text, str),
        (int, exact_type(int, "a whole number"), int),
        (float, read_float, float),
        (bool, exact_type(bool, "true or false"), bool),
        (StrEnum, _read_enum, lambda each: each.value),
        (datetime, _read_datetime, datetime.isoformat),
        (bytes, _read_bytes, _write_bytes),
        (Decimal, _read_decimal, str),
        (MessageId, lambda value, _: MessageId(value), str),
        (Secret, _read_secret, _write_secret),
        (Timeline, partial(_read_timeline, converter), partial(_write_timeline, converter)),
    )
    for kind, read, write in hooks:
        converter.register_structure_hook(kind, read)
        converter.register_unstructure_hook(kind, write)
    return converter
