"""The rules with which emulators validate payloads."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnimsg.sandbox.formats import FORMATS
from omnimsg.sandbox.schema import (
    Rule,
    ViolationKind,
    anything,
    at_least_one,
    at_most_one,
    exactly_one,
    fields,
    flag,
    free_form,
    items,
    mapping,
    never,
    nullable,
    number,
    tagged,
    text,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)

CAT = fields(required={"kind": text(), "lives": number(0, 9, integer=True)})
DOG = fields(required={"kind": text()}, optional={"tricks": items(text(1), 1, 2)})
PET = tagged("kind", {"cat": CAT, "dog": DOG})
ONE = {"a": flag, "b": flag}


@pytest.mark.parametrize(
    ("rule", "value", "path", "kind"),
    [
        (text(), 1, (), ViolationKind.TYPE),
        (text(), None, (), ViolationKind.TYPE),
        (text(2), "a", (), ViolationKind.VALUE),
        (text(0, 1), "ab", (), ViolationKind.VALUE),
        (text(one_of=("a",)), "b", (), ViolationKind.VALUE),
        (text(pattern="a+"), "aab", (), ViolationKind.VALUE),
        (text(format="UUID"), "a", (), ViolationKind.VALUE),
        (text(), "a\0b", (), ViolationKind.VALUE),
        (nullable(text()), "\0", (), ViolationKind.VALUE),
        (mapping(text()), {"a\0": "b"}, (), ViolationKind.VALUE),
        (free_form, {"a": [1, {"b": "\0"}]}, ("a", 1, "b"), ViolationKind.VALUE),
        (free_form, [{"\0": 1}], (0,), ViolationKind.VALUE),
        (number(), "1", (), ViolationKind.TYPE),
        (number(), True, (), ViolationKind.TYPE),
        (number(integer=True), 1.0, (), ViolationKind.TYPE),
        (number(1), 0.9, (), ViolationKind.VALUE),
        (number(0, 1), 2, (), ViolationKind.VALUE),
        (flag, 1, (), ViolationKind.TYPE),
        (items(flag), {}, (), ViolationKind.TYPE),
        (items(flag, 1), [], (), ViolationKind.VALUE),
        (items(flag, 0, 1), [True, True], (), ViolationKind.VALUE),
        (items(flag), [True, 1], (1,), ViolationKind.TYPE),
        (mapping(flag), [], (), ViolationKind.TYPE),
        (mapping(flag), {"a": 1}, ("a",), ViolationKind.TYPE),
        (nullable(flag), 1, (), ViolationKind.TYPE),
        (never("never"), 1, (), ViolationKind.VALUE),
        (fields(), [], (), ViolationKind.TYPE),
        (fields(), {"a": 1}, ("a",), ViolationKind.UNKNOWN),
        (fields(required=ONE), {"b": True}, ("a",), ViolationKind.MISSING),
        (
            fields(optional={"a": fields(optional=ONE)}),
            {"a": {"b": 1}},
            ("a", "b"),
            ViolationKind.TYPE,
        ),
        (
            fields(at_most_one("a", "b"), optional=ONE),
            dict.fromkeys("ab", True),
            ("b",),
            ViolationKind.VALUE,
        ),
        (
            fields(at_least_one("a"), at_most_one("a", "b"), optional=ONE),
            dict.fromkeys("ab", True),
            ("b",),
            ViolationKind.VALUE,
        ),
        (fields(at_least_one("a", "b"), optional=ONE), {}, (), ViolationKind.MISSING),
        (fields(exactly_one("a", "b"), optional=ONE), {}, (), ViolationKind.MISSING),
        (PET, "cat", (), ViolationKind.TYPE),
        (PET, {"lives": 9}, ("kind",), ViolationKind.MISSING),
        (PET, {"kind": "cow"}, ("kind",), ViolationKind.VALUE),
        (PET, {"kind": ["cat"]}, ("kind",), ViolationKind.TYPE),
        (PET, {"kind": "cat"}, ("lives",), ViolationKind.MISSING),
        (PET, {"kind": "dog", "tricks": ["sit", ""]}, ("tricks", 1), ViolationKind.VALUE),
    ],
)
def test_violation(
    rule: Rule, value: Any, path: tuple[str | int, ...], kind: ViolationKind
) -> None:
    """An invalid value gives one violation, at its path."""
    (violation,) = rule(value)

    assert (violation.path, violation.kind) == (path, kind)


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        (text(1, 1), "é"),
        (number(), 0.5),
        (number(0, 9, integer=True), 9),
        (nullable(flag), None),
        (items(anything), [None, 1, {}]),
        (mapping(text()), {"": ""}),
        (fields(exactly_one("a", "b"), optional=ONE), {"a": False}),
        (PET, {"kind": "dog"}),
    ],
)
def test_acceptance(rule: Rule, value: Any) -> None:
    """A valid value gives no violation."""
    assert list(rule(value)) == []


def test_checks_wait_for_the_fields() -> None:
    """A check of the whole object does not run if a property has a violation."""
    rule = fields(exactly_one("a", "b"), optional=ONE)

    found = list(rule({"a": 1, "b": True}))

    assert [violation.path for violation in found] == [("a",)]


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        (
            "E.164 number",
            ["+37255500001"],
            ["37255500001", "+0123456789", "+12 345 678", "+372555000\u0660\u0661"],
        ),
        ("HTTP URL", ["http://a/b?c"], ["ftp://a", "a", "http://", "http://a b", "http://[x"]),
        (
            "ISO 8601 time",
            ["2018-06-22T09:05", "2018-06-22T09:05:07Z", "2018-06-22T09:05+02:00"],
            [
                "2018-06-22",
                "20180622T0905",
                "2018-06-22 09:05",
                "2018-13-01T00:00",
                "2018-06-22T24:00",
                "2018-06-22T09:05+00:60",
                "soon",
            ],
        ),
        (
            "RFC 3339 time",
            ["2018-06-22T09:05:07Z", "2018-06-22T09:05:07.123456789+02:00"],
            [
                "2018-06-22T09:05Z",
                "2018-06-22T09:05:07",
                "2018-06-31T09:05:07Z",
                "2018-06-22T24:00:00Z",
                "2018-06-22T09:05:07+00:60",
            ],
        ),
        (
            "UUID",
            ["0b0f2c1e-6b3a-4d0e-9a51-6f5a1d2c3b4a"],
            ["0b0f2c1e6b3a4d0e9a516f5a1d2c3b4a", ""],
        ),
        ("e-mail address", ["a@b.c"], ["a@b", "a b@c.d", "@b.c"]),
        ("hex string", ["00fF"], ["0", "0g", ""]),
    ],
)
def test_formats(name: str, good: list[str], bad: list[str]) -> None:
    """A format accepts exactly the strings of its form."""
    accepts = FORMATS[name]

    assert [accepts(value) for value in good] == [True] * len(good)
    assert [accepts(value) for value in bad] == [False] * len(bad)


@given(JSON)
def test_any_document_is_judged(document: Any) -> None:
    """No document makes a rule raise, and only a valid document has no violation."""
    found = list(PET(document))

    assert found or document["kind"] in {"cat", "dog"}
