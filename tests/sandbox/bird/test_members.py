"""Each documented member of a message: required or not, null or not, its type and its limits."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import orjson
import pytest

from omnimsg_bird.emulator.message_rules import CREATE

DATA: dict[str, Any] = orjson.loads(
    (Path(__file__).parents[2] / "data" / "bird_members.json").read_bytes()
)
Keys = tuple[str | int, ...]

CONTACTS = {
    "sms": {"identifierKey": "phonenumber", "identifierValue": "+48500100200"},
    "email": {"identifierKey": "emailaddress", "identifierValue": "a@example.test"},
}
OF_ANOTHER_TYPE: dict[type, tuple[Any, ...]] = {
    str: (7,),
    bool: ("yes",),
    int: ("7", 1.5),
    float: ("7",),
    dict: ([],),
    list: ({},),
}
MISSING = object()


@attrs.frozen
class Part:
    """A part of a message with every member that it may have.

    Attributes:
        platform: The platform that the message is sent on.
        at: Where the part is in the message.
        value: The part.
        required: The members without which it is refused, as `a.b[].c`.
        nullable: The members that may be null.
        free: The members whose own members are not documented.
        limits: The least and the most of a member: of its characters, its elements, or its value.
        values: Every value of a member that is an enumeration; samples of one that has a form.
    """

    platform: str
    at: list[str | int]
    value: dict[str, Any]
    required: list[str]
    nullable: list[str]
    free: list[str]
    limits: dict[str, list[int | None]]
    values: dict[str, list[str]] = attrs.Factory(dict)

    def is_accepted(self, keys: Keys = (), value: object = MISSING) -> bool:
        """Return whether the message is accepted if a member has another value, or none."""
        part = copy.deepcopy(self.value)
        if keys:
            inner: Any = part
            for key in keys[:-1]:
                inner = inner[key]
            if value is MISSING:
                del inner[keys[-1]]
            else:
                inner[keys[-1]] = value
        return not list(CREATE[self.platform](self._message(part)))

    def _message(self, part: object) -> object:
        if not self.at:
            return part
        message: dict[str, Any] = {"receiver": {"contacts": [CONTACTS[self.platform]]}}
        if self.at[0] == "template":
            message["template"] = {"projectId": "p"}
        else:
            message["body"] = {"type": "text", "text": {"text": "hi"}}
        inner: Any = message
        for key, following in zip(self.at, self.at[1:], strict=False):
            inner = inner.setdefault(key, [None] if following == 0 else {})
        inner[self.at[-1]] = part
        return message


PARTS = {name: Part(**members) for name, members in DATA["parts"].items()}
OF_FEW_VALUES = {name: part for name, part in PARTS.items() if part.values}
LIMITS = [(name, path) for name, part in PARTS.items() for path in part.limits]


def members(value: Any, keys: Keys = ()) -> Iterator[tuple[Keys, Any]]:
    """Yield each member and element of a value, with the keys that lead to it."""
    for key, each in value.items() if isinstance(value, dict) else enumerate(value):
        yield (*keys, key), each
        if isinstance(each, (dict, list)):
            yield from members(each, (*keys, key))


def path_of(keys: Keys) -> str:
    """Return keys as a path, such as `a.b[].c`."""
    return "".join("[]" if isinstance(key, int) else f".{key}" for key in keys).removeprefix(".")


def of(part: Part) -> list[tuple[Keys, str, Any]]:
    """Return the documented members of a part: their keys, their paths, their values."""
    found = [(keys, path_of(keys), value) for keys, value in members(part.value)]
    return [each for each in found if not each[1].startswith(tuple(f"{x}." for x in part.free))]


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_every_documented_member_is_accepted(part: Part) -> None:
    """A part with all of its members is accepted."""
    assert part.is_accepted()


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_a_member_that_is_missing(part: Part) -> None:
    """A part is refused without a required member, and without no other."""
    needed = {path for keys, path, _ in of(part) if not part.is_accepted(keys)}

    assert set(part.required) == needed


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_a_member_that_is_null(part: Part) -> None:
    """Only a nullable member may be null."""
    nullable = {path for keys, path, _ in of(part) if part.is_accepted(keys, None)}

    assert set(part.nullable) == nullable


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_a_member_of_another_type(part: Part) -> None:
    """No member may have a value of another type."""
    wrong = {
        path
        for keys, path, value in of(part)
        for other in OF_ANOTHER_TYPE[type(value)]
        if part.is_accepted(keys, other)
    }

    assert set() == wrong


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_a_member_that_is_not_documented(part: Part) -> None:
    """Every object is closed, except those that are documented as free-form."""
    objects = [((), "", part.value), *of(part)]
    opened = {
        path
        for keys, path, value in objects
        if isinstance(value, dict) and part.is_accepted((*keys, "novelty"), 1)
    }

    assert set(part.free) == opened


@pytest.mark.parametrize(("name", "path"), LIMITS, ids=[" ".join(each) for each in LIMITS])
def test_a_limit(name: str, path: str) -> None:
    """A member at a limit is accepted, and one beyond it is refused."""
    part = PARTS[name]
    keys, value = next((keys, value) for keys, found, value in of(part) if found == path)
    least, most = part.limits[path]
    expected = {0: True} if least is None else {least - 1: False, least: True}
    if most is not None:
        expected |= {most: True, most + 1: False}

    def of_size(size: int) -> object:
        if isinstance(value, list):
            return value * size
        return "x" * size if isinstance(value, str) else size

    assert expected == {size: part.is_accepted(keys, of_size(size)) for size in expected}


@pytest.mark.parametrize("part", OF_FEW_VALUES.values(), ids=OF_FEW_VALUES)
def test_a_member_of_few_values(part: Part) -> None:
    """A member that is an enumeration, or has a form, accepts no other value."""
    accepted = {
        path: [
            each for each in (*part.values[path], "x", "https://") if part.is_accepted(keys, each)
        ]
        for keys, path, _ in of(part)
        if path in part.values
    }

    assert part.values == accepted
