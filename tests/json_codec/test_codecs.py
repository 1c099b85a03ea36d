"""orjson and the standard library write the same bytes, read the same values, refuse the same.

orjson is the reference: the other codec must refuse the same input with the same kind of error, and
with the same line and column where orjson states one.
"""

from __future__ import annotations

import json
import sys
from collections import OrderedDict, namedtuple
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from omnimsg.domain.frozen_dict import FrozenDict
from omnimsg.json_codec import standard

if TYPE_CHECKING:
    from collections.abc import Callable

orjson_line = partial(
    orjson.dumps, default=str, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS
)

# Includes halves of surrogate pairs, which have no UTF-8 form.
TEXTS = st.text(st.characters(exclude_categories=())) | st.text()
# Whole minutes: orjson 3.13 writes 16:59:30 as "+16:60".
OFFSETS = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63) - 2, 2**64 + 2),
    st.floats(),
    TEXTS,
    st.datetimes(timezones=st.none() | OFFSETS),
    st.dates(),
    # orjson 3.13 writes 10,000 microseconds of a time as ".10000", a defect that is not copied.
    st.times()
    .map(lambda each: each.replace(microsecond=each.microsecond or 100_000))
    .filter(lambda each: each.microsecond >= 100_000),
    st.uuids(),
)
KEYS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**64), 2**65), st.floats(), st.dates(), st.binary()
)
VALUES = st.recursive(
    LEAVES | st.binary() | st.decimals(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(TEXTS, inner, max_size=4)
        | st.dictionaries(TEXTS | KEYS, inner, max_size=2)
        | st.dictionaries(TEXTS, inner, max_size=4).map(FrozenDict)
    ),
    max_leaves=12,
)


class Word(StrEnum):
    """An enumeration of text."""

    HELLO = "hello"


class Pair(Enum):
    """An enumeration with values of several types."""

    TEXT = "text"
    LIST = [1, "two"]  # noqa: RUF012 - an enumeration


class Name(str):
    """A subclass of `str`."""

    __slots__ = ()


class Count(int):
    """A subclass of `int`."""


class Rate(float):
    """A subclass of `float`, which neither codec can write."""


class Items(list[int]):
    """A subclass of `list`."""


class Wrong(dict[str, int]):
    """A dict whose `items()` differs from its content."""

    def items(self) -> Any:
        """Return a pair that the dict does not hold."""
        return [("other", 1)]


@dataclass
class Point:
    """A dataclass with a private field, which is not written."""

    x: int
    _y: int = 2


@dataclass(slots=True)
class SlottedPoint:
    """A dataclass with slots and no `__dict__`."""

    x: int
    _y: int = 2


Named = namedtuple("Named", "x y")

ODD_VALUES = [
    1e16,
    1.5e-5,
    -1e-5,
    1e-7,
    -0.0,
    5e-324,
    sys.float_info.max,
    Word.HELLO,
    Pair.TEXT,
    Pair.LIST,
    Name("a"),
    Name("\ud800"),
    Count(3),
    Count(2**64),
    Rate(1.5),
    Items([1]),
    OrderedDict(a=1),
    Wrong(a=1),
    Point(1),
    SlottedPoint(1),
    Point,
    Named(1, 2),
    Decimal(1),
    b"a",
    {1},
    range(2),
    timedelta(1),
    datetime(1900, 1, 1, tzinfo=timezone(timedelta(seconds=1172))),
    datetime(1900, 1, 1, tzinfo=timezone(-timedelta(seconds=30))),
    datetime(2026, 1, 1, 1, 2, 3, 4, UTC),
    date(1, 1, 1),
    time(1, tzinfo=UTC),
    UUID(int=5),
    {Name("a"): 1},
    {Word.HELLO: 1},
    {Pair.TEXT: 1},
    {Pair.LIST: 1},
    {Count(1): 1},
    {(1,): 1},
    {b"a": 1},
    {time(1, tzinfo=UTC): 1},
    '\x00\x1f\x7f\u2028"\\/\b\f\n\r\t😀',
]

DOCUMENTS = [
    b"",
    b" ",
    b"nul",
    b"NaN",
    b"-Infinity",
    b"[1,]",
    b'{"a":1,}',
    b"{}x",
    b"1\x00",
    b"\x0b1",
    b"\xef\xbb\xbf1",
    "1".encode("utf-16"),
    b'"\n"',
    b'"\x00"',
    b'"\x7f"',
    b'"\xff"',
    b'"\xed\xa0\x80"',
    b'"\\u12"',
    b'"\\u+123"',
    b'"\\x"',
    b'"\\/"',
    b'"\\ud800"',
    b'"\\udc00\\ud800"',
    b'"\\ud83d\\ude00"',
    b'"\\\\ud800"',
    b'"\\\\\\ud800"',
    b'{"a":"\\ud800","a":1}',
    b'{"\\uDFFF":1}',
    b'{"a":1,"b":2,"a":3}',
    b"01",
    b"1.",
    b".5",
    b"+1",
    b"1_0",
    "\u0663".encode(),
    b"-0",
    b"-0.0",
    b"1E+2",
    b"1e400",
    b"-1e400",
    b"1e-400",
    b"9" * 400,
    b"9" * 5000,
    b"1" + b"0" * 30,
    b"18446744073709551615",
    b"18446744073709551616",
    b"-9223372036854775808",
    b"-9223372036854775809",
    b"[" * 1025 + b"]" * 1025,
    b'{"a":' * 1025 + b"1" + b"}" * 1025,
    b"[" * 5000,
    b"[" + b"[]," * 2000 + b"1]",
    b'["' + b"[" * 2000 + b'"]',
    b'["\\"' + b"[" * 2000 + b'"]',
    '"a"',
    '"\ud800"',
    bytearray(b"[1]"),
    memoryview(b"[1]"),
    None,
    5,
]


def written_by(write: Callable[[Any], bytes], value: object) -> bytes | type[Exception]:
    """Return the bytes written, or the type of the error."""
    try:
        return write(value)
    except orjson.JSONEncodeError:
        return orjson.JSONEncodeError


def read_by(read: Callable[[Any], Any], document: object) -> str:
    """Return the `repr` of the value read, which tells 1 from 1.0, or the name of the error."""
    try:
        return repr(read(document))
    except json.JSONDecodeError:
        return "JSONDecodeError"


def _document(value: object) -> bytes:
    written = written_by(orjson_line, value)
    return written if isinstance(written, bytes) else b"null"


DOCUMENTS_OF_VALUES = VALUES.map(_document)


@given(VALUES)
def test_both_write_the_same(value: object) -> None:
    """Both codecs write the same compact UTF-8, or both refuse the value."""
    both = [written_by(each, value) for each in (orjson.dumps, standard.dumps)]

    assert both[0] == both[1]


@given(VALUES)
def test_both_write_the_same_line(value: object) -> None:
    """Both codecs write the same line: other keys become text, and unknown values their `str`."""
    both = [written_by(each, value) for each in (orjson_line, standard.dumps_line)]

    assert both[0] == both[1]


@given(st.floats(allow_nan=False))
@example(1e16)
@example(9.5e-5)
def test_both_write_the_same_float(value: float) -> None:
    """Both codecs write a float with the same digits and the same form of exponent."""
    assert orjson.dumps(value) == standard.dumps(value)


@pytest.mark.parametrize("value", ODD_VALUES, ids=range(len(ODD_VALUES)))
def test_both_agree_on_odd_values(value: object) -> None:
    """Both codecs treat subclasses, enumerations, dates and dataclasses the same."""
    plain = [written_by(each, value) for each in (orjson.dumps, standard.dumps)]
    lines = [written_by(each, value) for each in (orjson_line, standard.dumps_line)]

    assert (plain[0], lines[0]) == (plain[1], lines[1])


@pytest.mark.parametrize("levels", [253, 254, 255, 2000])
@pytest.mark.parametrize(
    ("wrap", "end"),
    [
        (lambda inner: [inner], 1),
        (lambda inner: [inner], []),
        (lambda inner: {"a": inner}, 1),
        (lambda inner: {"a": inner}, {}),
        (lambda inner: [inner], {1}),
        (lambda inner: [inner], Pair.LIST),
        (lambda inner: [inner], Point(1)),
    ],
    ids=["list", "empty list", "object", "empty object", "unknown", "enumeration", "dataclass"],
)
def test_both_write_as_many_levels(wrap: Callable[[Any], Any], end: object, levels: int) -> None:
    """Both codecs write up to 254 levels of nesting, and raise an error beyond them."""
    value = end
    for _ in range(levels):
        value = wrap(value)

    plain = [written_by(each, value) for each in (orjson.dumps, standard.dumps)]
    lines = [written_by(each, value) for each in (orjson_line, standard.dumps_line)]

    assert (plain[0], lines[0]) == (plain[1], lines[1])


@given(DOCUMENTS_OF_VALUES)
def test_both_read_the_same(document: bytes) -> None:
    """Both codecs read the same values of the same types."""
    assert read_by(orjson.loads, document) == read_by(standard.loads, document)


@given(st.data())
def test_both_refuse_the_same_damage(data: st.DataObject) -> None:
    """Both codecs read or refuse a document with replaced or missing bytes alike."""
    document = data.draw(DOCUMENTS_OF_VALUES)
    at = data.draw(st.integers(0, len(document)))
    length = data.draw(st.integers(0, 3))
    damaged = document[:at] + data.draw(st.binary(max_size=3)) + document[at + length :]

    assert read_by(orjson.loads, damaged) == read_by(standard.loads, damaged)


@given(st.text('{}[]",:\\ud8Dc01e+-.9 ntrufalsENI\n', max_size=30))
def test_both_refuse_the_same_near_json(document: str) -> None:
    """Both codecs read or refuse random text of JSON's own characters alike."""
    assert read_by(orjson.loads, document) == read_by(standard.loads, document)


@pytest.mark.parametrize("document", DOCUMENTS, ids=range(len(DOCUMENTS)))
def test_both_agree_on_odd_documents(document: object) -> None:
    """Both codecs agree on documents that RFC 8259 forbids or leaves to the implementation."""
    assert read_by(orjson.loads, document) == read_by(standard.loads, document)


@pytest.mark.parametrize("levels", [254, 500])
def test_both_read_what_either_has_written(levels: int) -> None:
    """Both codecs read the 254 levels that they write, and up to 500."""
    document = b"[" * levels + b"]" * levels

    assert orjson.loads(document) == standard.loads(document)


def test_a_refused_document_has_a_place() -> None:
    """Both codecs report the same line and column for a document that is not JSON."""
    columns = []
    for read in (orjson.loads, standard.loads):
        with pytest.raises(json.JSONDecodeError) as caught:
            read(b'{"to": "+27820001000",\n "content" 1}')
        columns.append((caught.value.lineno, caught.value.colno))

    assert columns[0] == columns[1] == (2, 12)
