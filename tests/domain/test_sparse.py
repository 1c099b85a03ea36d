"""Values that are cheap to build, by hand: nobody can tell them from others."""

from __future__ import annotations

import copy
import inspect
import pickle
from datetime import UTC, datetime
from typing import Any

import attrs
import pytest

from omnimsg.adapter import Context, Effect, Request, Response
from omnimsg.domain.channel import Channel
from omnimsg.domain.content import Autoconvert, Text
from omnimsg.domain.message import Message
from omnimsg.domain.outcome import Accepted, LegId, Usage, all_accepted

VALUES = [
    Text("Hello"),
    Text("Hello", preview_url=False, udh="00", autoconvert=Autoconvert.OFF),
    Message("+37255500001", "Hello"),
    Message("+37255500001", "Hello", ttl=5, metadata={"row": 1}),
    Accepted(reference="r", account="a", provider_id="p"),
    Accepted(
        reference="r",
        account="a",
        provider_id=None,
        batch_id="b",
        legs=(LegId(channel=None, provider_id="l"),),
        usage=Usage(parts=2),
        raw={"id": "p"},
        position=3,
    ),
    LegId(channel=Channel.SMS, provider_id="l", sender="Acme"),
    Request("POST", "/send", b"{}", effect=Effect.SENDS, query=(("a", "b"),), authenticated=True),
    Request("POST", "/send", effect=Effect.SENDS).carrying(b"{}"),
    Response(202, b"{}", {"a": "b"}),
    Context(account="a", now=datetime(2030, 1, 1, tzinfo=UTC), callback_token="t"),
]


@pytest.mark.parametrize("value", VALUES)
def test_every_field_can_be_read_and_none_be_set(value: Any) -> None:
    """A field that was not given has its default, and is as frozen as the others."""
    for field in attrs.fields(type(value)):
        assert not isinstance(getattr(value, field.name), attrs.Attribute)
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            setattr(value, field.name, None)


@pytest.mark.parametrize("value", VALUES)
def test_copies_are_equal(value: Any) -> None:
    """However it is copied, a value has the same fields."""
    expected = attrs.astuple(value, recurse=False)

    for other in (
        attrs.evolve(value),
        copy.copy(value),
        copy.deepcopy(value),
        pickle.loads(pickle.dumps(value)),  # noqa: S301
    ):
        assert (value, expected) == (other, attrs.astuple(other, recurse=False))


def test_outcomes_that_are_built_together() -> None:
    """They are those that would be built one by one."""
    raws = [{"id": "p1"}, {"id": "p2"}]

    built = all_accepted(["r1", "r2"], "a", ["p1", None], raws)

    assert [
        Accepted(reference="r1", account="a", provider_id="p1", raw=raws[0]),
        Accepted(reference="r2", account="a", provider_id=None, raw=raws[1]),
    ] == built
    assert attrs.astuple(built[0], recurse=False) == attrs.astuple(
        Accepted(reference="r1", account="a", provider_id="p1", raw=raws[0]), recurse=False
    )


def test_outcomes_without_a_message_are_not_built() -> None:
    """An answer with more entries than there were messages is no answer to them."""
    with pytest.raises(ValueError, match="longer"):
        all_accepted(["r1"], "a", ["p1", "p2"], [{}, {}])


def test_a_deep_copy_shares_nothing_that_can_change() -> None:
    """The provider's own words may be edited in it."""
    outcome = Accepted(reference="r", account="a", provider_id="p", raw={"list": []})

    copy.deepcopy(outcome).raw["list"].append(1)

    assert {"list": []} == outcome.raw


@pytest.mark.parametrize("kind", [Accepted, Context, LegId, Message, Request, Response, Text])
def test_by_hand_and_by_declaration(kind: type[Any]) -> None:
    """What is written by hand takes the declared fields in their order, defaults and all."""
    declared = {
        field.name: (field.kw_only, field.default)
        for field in attrs.fields(kind)
        if field.init and not isinstance(field.default, type(attrs.Factory(list)))
    }
    parameters = inspect.signature(kind).parameters

    assert declared == {
        name: (
            parameters[name].kind is inspect.Parameter.KEYWORD_ONLY,
            attrs.NOTHING
            if parameters[name].default is inspect.Parameter.empty
            else parameters[name].default,
        )
        for name in parameters
        if name in declared
    }
    assert list(parameters) == [field.name for field in attrs.fields(kind) if field.init]
