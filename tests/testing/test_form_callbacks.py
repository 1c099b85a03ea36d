"""The conformance suite checks callbacks that are forms, in the body or in the query."""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

import attrs
import orjson
import pytest
from support.toy import ToyAdapter, ToyConformance
from support.toy.callbacks import HEADER

from omnimsg.testing.adapters import fuzz

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from omnimsg.adapter import Authenticity, Callback, Context, StatusRow
    from omnimsg.domain.events import Event

CHECKS = [name for name in dir(ToyConformance) if name.startswith("test_")]


class _FormToy(ToyAdapter):
    """Toy with forms in the place of JSON documents."""

    def verify(self, callback: Callback, context: Context) -> Authenticity:
        return super().verify(attrs.evolve(callback, body=self.form(callback)), context)

    def parse(self, callback: Callback, context: Context) -> Sequence[Event]:
        return super().parse(attrs.evolve(callback, body=self.document(callback)), context)

    def form(self, callback: Callback) -> bytes:
        return callback.body

    def document(self, callback: Callback) -> bytes:
        form = self.form(callback).decode(errors="replace")
        fields: dict[str, Any] = dict(parse_qsl(form, keep_blank_values=True))
        at = fields.get("at", "")
        if at.isdecimal() and len(at) < 20:
            fields["at"] = int(at)
        return orjson.dumps(fields)


class _QueryToy(_FormToy):
    """Toy with the form in the query of the address."""

    def form(self, callback: Callback) -> bytes:
        return callback.url.partition("?")[2].encode()


class _CountsDigits(_FormToy):
    """Converts whatever has digits to a number, which Python refuses of long texts."""

    def document(self, callback: Callback) -> bytes:
        form = self.form(callback).decode(errors="replace")
        for _, value in parse_qsl(form, keep_blank_values=True):
            if value.isdigit():
                int(value)
        return super().document(callback)


class _CountsDigitsOfTheQuery(_CountsDigits):
    def form(self, callback: Callback) -> bytes:
        return callback.url.partition("?")[2].encode()


class _FormSpec(ToyConformance):
    adapter_class = _FormToy

    def callbacks(self, at: datetime) -> dict[str, Callback]:
        return {name: self.as_form(each) for name, each in super().callbacks(at).items()}

    def report(self, row: StatusRow, at: datetime) -> Callback:
        return self.as_form(super().report(row, at))

    def as_form(self, callback: Callback) -> Callback:
        body = urlencode(orjson.loads(callback.body)).encode()
        key = self.account().settings.callback_keys[0].reveal().encode()
        digest = hmac.new(key, body, sha256).hexdigest().encode()
        signed = attrs.evolve(callback, body=body, headers=[(HEADER.encode(), digest)])
        return signed if self.adapter_class in {_FormToy, _CountsDigits} else self.in_query(signed)

    def in_query(self, callback: Callback) -> Callback:
        url = f"https://hooks.example.test/callbacks/toy?{callback.body.decode()}"
        return attrs.evolve(callback, body=b"", url=url)


class _QuerySpec(_FormSpec):
    adapter_class = _QueryToy
    signs_body = False


@pytest.mark.parametrize("check", [each for each in CHECKS if "callback" in each or "keys" in each])
@pytest.mark.parametrize("spec", [_FormSpec, _QuerySpec])
def test_a_provider_may_call_back_with_forms(spec: type[_FormSpec], check: str) -> None:
    """The checks of callbacks pass for an adapter that reads forms."""
    getattr(spec(), check)()


@pytest.mark.parametrize(
    ("spec", "adapter", "field"),
    [
        (_FormSpec, _CountsDigits, "at is a vast number"),
        (_QuerySpec, _CountsDigitsOfTheQuery, "in the query at is a vast number"),
    ],
)
def test_strange_fields_of_a_form_are_played(
    spec: type[_FormSpec], adapter: type[ToyAdapter], field: str
) -> None:
    """An adapter that raises for the value of a field fails, and the failure names the field."""
    suite: _FormSpec = type("Broken", (spec,), {"adapter_class": adapter})()

    with pytest.raises(AssertionError, match=field):
        suite.test_parse_survives_broken_callbacks()


def test_a_form_is_changed_one_field_at_a_time() -> None:
    """Each field is strange, missing or repeated; the other fields stay as they are."""
    found = dict(fuzz.form_mutations("to=%2B1&text="))

    expected = {
        "to is empty": "to=&text=",
        "to is left out": "text=",
        "to is there twice": "to=%2B1&text=&to=other",
        "text is a broken escape": "to=%2B1&text=%zz%",
        "an unknown field": "to=%2B1&text=&omnimsg_unknown=1",
    }
    assert expected == {name: found.get(name) for name in expected}


def test_a_text_without_fields_is_no_form() -> None:
    """Nothing is changed in a body that is neither JSON nor a form."""
    assert [] == list(fuzz.form_mutations(""))
