"""Quick classes: cheaper to build than other attrs classes, and otherwise the same."""

from __future__ import annotations

import copy
import inspect
import pickle
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, ClassVar

import attrs
import pytest
from hypothesis import given
from support.strategies import messages

from omnimsg.adapter import Context, Effect, Request, Response
from omnimsg.domain.channel import Channel
from omnimsg.domain.content import Autoconvert, Text
from omnimsg.domain.events import StatusEvent
from omnimsg.domain.message import Message
from omnimsg.domain.outcome import Accepted, LegId, Usage
from omnimsg.domain.quick import quick, usual, usually
from omnimsg.domain.status import LegStatus

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
    Response(202, b"{}", {"a": "b"}),
    Context(account="a", now=datetime(2030, 1, 1, tzinfo=UTC), report_url="https://a.test/x"),
    # `Request` and `StatusEvent` have fields of a base class.
    StatusEvent(
        provider="p",
        account="a",
        at=datetime(2030, 1, 1, tzinfo=UTC),
        key="k",
        raw={"id": "p"},
        leg=LegStatus(provider_id="l"),
    ),
]


def to_text(value: object) -> str:
    """Convert a value that is not text."""
    return value if isinstance(value, str) else f"<{value}>"


def to_upper(value: object) -> str:
    """Convert any value to upper-case text."""
    return str(value).upper()


def refuse_x(_: object, field: attrs.Attribute[Any], value: object) -> None:
    """Refuse the value "x"."""
    if value == "x":
        raise ValueError(f"{field.name} is {value}")


@quick
@attrs.frozen(weakref_slot=False)
class Sample:
    """A quick class with one field of each kind."""

    make: ClassVar[Callable[..., Sample]]

    required: str = attrs.field(converter=to_text, validator=refuse_x, metadata=usual(str))
    shout: str = attrs.field(
        default="", converter=to_upper, validator=refuse_x, metadata=usual(str, convert=str.upper)
    )
    free: object = None
    tested: str = attrs.field(
        default="t", kw_only=True, validator=refuse_x, metadata=usual(re.compile("[a-z]").fullmatch)
    )
    short: str = attrs.field(
        default="s",
        kw_only=True,
        converter=to_text,
        validator=refuse_x,
        metadata=usual(str, "len(value) < 4", "'x' not in value"),
    )
    made: list[int] = attrs.field(factory=list, kw_only=True)
    rare: str = attrs.field(default="r", kw_only=True, converter=to_text, validator=refuse_x)
    rare_made: str = attrs.field(
        factory=lambda: "m", kw_only=True, converter=to_text, validator=refuse_x
    )
    is_usual: bool = attrs.field(init=False, eq=False, metadata=usually("True"))

    @is_usual.default
    def _is_usual(self) -> bool:
        return self.rare == "r"


def to_converted(_: object) -> object:
    """Convert any value to the same text."""
    return "converted"


@quick
@attrs.frozen(weakref_slot=False)
class Either:
    """A field whose usual values are texts, which are converted, and integers, which are not."""

    value: object = attrs.field(
        converter=to_converted,
        metadata=usual(str, convert=str.upper, kinds=(int,)),
    )
    is_text: bool | None = attrs.field(
        init=False,
        default=attrs.Factory(lambda _: None, takes_self=True),
        metadata=usually("type(value) is str and value.islower()"),
    )


def test_instances_of_some_classes_are_usual_and_stay_as_they_are() -> None:
    """An instance of a class in `kinds` is kept as it is; one of a subclass is converted."""
    assert ["A", 1, "converted", "converted"] == [
        Either("a").value,
        Either(1).value,
        Either(True).value,
        Either(1.5).value,
    ]


def test_a_computed_field_follows_from_the_arguments_as_they_were_given() -> None:
    """The expression of a computed field is evaluated before any argument is converted."""
    assert [True, False, None] == [Either("a").is_text, Either(1).is_text, Either(1.5).is_text]


def stock(value: Any, *args: object, **kwargs: object) -> Any:
    """Build a value of the same fields with attrs alone, and return it as a tuple."""
    fields = {
        field.name: attrs.field(
            default=field.default,
            converter=field.converter,
            validator=field.validator,
            kw_only=field.kw_only,
            init=field.init,
        )
        for field in attrs.fields(value)
    }
    kind = attrs.make_class(value.__name__, fields, frozen=True)
    return attrs.astuple(kind(*args, **kwargs), recurse=False)


@pytest.mark.parametrize("value", VALUES)
def test_no_field_can_be_set(value: Any) -> None:
    """Every field has a value, and none can be set or deleted."""
    for field in attrs.fields(type(value)):
        assert not isinstance(getattr(value, field.name), attrs.Attribute)
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            setattr(value, field.name, None)
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            delattr(value, field.name)


@pytest.mark.parametrize("value", VALUES)
def test_copies_are_equal(value: Any) -> None:
    """A copied, evolved or pickled value equals the original in every field."""
    expected = attrs.astuple(value, recurse=False)

    for other in (
        attrs.evolve(value),
        copy.copy(value),
        copy.deepcopy(value),
        pickle.loads(pickle.dumps(value)),  # noqa: S301
        pickle.loads(pickle.dumps(value, protocol=2)),  # noqa: S301
    ):
        assert (value, expected) == (other, attrs.astuple(other, recurse=False))


def test_a_pickle_names_its_fields() -> None:
    """A version with other fields, or another order, reads it rightly; by position it did not."""

    @quick
    @attrs.frozen(weakref_slot=False)
    class Older:
        make: ClassVar[Callable[..., Older]]
        to: str
        text: str

    @quick
    @attrs.frozen(weakref_slot=False)
    class Newer:
        make: ClassVar[Callable[..., Newer]]
        text: str
        to: str
        sender: str | None = None

    reduced: Any = Older("+37255500001", "Hello").__reduce__()
    restore, (_, values) = reduced

    assert Newer(to="+37255500001", text="Hello") == restore(Newer.make, values)


def test_a_pickle_by_position_can_still_be_read() -> None:
    """Pickles of earlier versions hold `make` and the values in the order of the fields."""
    message = VALUES[2]
    kind: Any = Message
    values = tuple(getattr(message, field.name) for field in attrs.fields(Message))

    class Earlier:
        def __reduce__(self) -> tuple[Any, ...]:
            return kind.make, values

    assert message == pickle.loads(pickle.dumps(Earlier()))  # noqa: S301


def test_a_deep_copy_shares_nothing_that_can_change() -> None:
    """`copy.deepcopy` also copies the mutable values in a frozen one."""
    outcome = Accepted(reference="r", account="a", provider_id="p", raw={"list": []})

    copy.deepcopy(outcome).raw["list"].append(1)

    assert {"list": []} == outcome.raw


@pytest.mark.parametrize(
    "kind", [Accepted, Context, LegId, Message, Request, Response, StatusEvent, Text]
)
def test_signatures(kind: type[Any]) -> None:
    """The constructor's signature has all arguments, in order, with their defaults."""
    parameters = inspect.signature(kind).parameters.values()

    assert [
        (
            field.name,
            field.kw_only,
            inspect.Parameter.empty if field.default is attrs.NOTHING else field.default,
        )
        for field in attrs.fields(kind)
        if field.init and field.name != "reference"
    ] == [
        (each.name, each.kind is inspect.Parameter.KEYWORD_ONLY, each.default)
        for each in parameters
        if each.name != "reference"
    ]


@given(messages())
def test_a_message_is_what_attrs_alone_would_build(message: Message) -> None:
    """The generated constructor of `Message` gives each field the value that attrs would."""
    given = attrs.asdict(message, recurse=False)
    del given["is_plain_text"]

    assert stock(Message, **given) == attrs.astuple(message, recurse=False)


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [
        (("a",), {}),
        (("a", "b", 1), {}),
        (("a", "b"), {"free": "c"}),
        ((5,), {}),
        (("a",), {"tested": "b"}),
        (("a",), {"tested": "many"}),
        (("a",), {"tested": 5}),
        (("a",), {"short": "abc"}),
        (("a",), {"short": "longer"}),
        (("a",), {"short": 5}),
        (("a",), {"made": [1]}),
        ((), {"free": "b", "required": "a"}),
    ],
)
def test_arguments_of_every_kind(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """For arguments of every kind, the generated constructor stores what attrs would."""
    given = {"rare": "b", "rare_made": "c", **kwargs}

    assert stock(Sample, *args, **given) == attrs.astuple(Sample(*args, **given), recurse=False)


def test_defaults_are_not_converted() -> None:
    """A default is neither converted nor validated, given or not."""
    expected = ("r", "m", True)

    for sample in (Sample("a"), Sample("a", rare="r", tested="t")):
        assert expected == (sample.rare, sample.rare_made, sample.is_usual)


def test_each_value_has_its_own_of_what_a_factory_makes() -> None:
    """A default factory is called for each value."""
    Sample("a").made.append(1)

    assert [] == Sample("a").made


def test_usual_values_are_not_validated() -> None:
    """A value that passes the field's own test skips its validator and its slow converter."""
    sample = Sample("x", "b")

    assert ("x", "B") == (sample.required, sample.shout)


def test_usual_values_are_validated_beside_one_that_is_not() -> None:
    """One unusual argument sends all arguments through converters and validators."""
    assert ("<5>", "B") == (Sample(5, "b").required, Sample(5, "b").shout)
    with pytest.raises(ValueError, match="required is x"):
        Sample("x", rare="b")


@pytest.mark.parametrize("name", ["rare", "rare_made"])
def test_all_other_values_are_validated(name: str) -> None:
    """A value of a field without a test of its own is validated."""
    given: dict[str, Any] = {name: "x"}

    with pytest.raises(ValueError, match=f"{name} is x"):
        Sample("a", **given)


def test_computed_fields() -> None:
    """A computed field is computed by its default method where an argument is not usual."""
    assert [True, False] == [Sample("a").is_usual, Sample("a", rare="x!").is_usual]


def test_make_is_the_constructor_by_position() -> None:
    """`make` takes all fields by position, and neither converts nor validates them."""
    made = Accepted.make("r", "a", "p", raw={"id": 1})

    assert Accepted(reference="r", account="a", provider_id="p", raw={"id": 1}) == made
    assert (None, None, ()) == (made.batch_id, made.position, made.legs)
    sample = Sample.make("x", "b", rare="y")
    assert ("x", "b", []) == (sample.required, sample.shout, sample.made)
    assert not sample.is_usual


@pytest.mark.parametrize(
    ("name", "hint"), [("sendr", "; did you mean 'sender'?"), ("zzz", ""), ("is_plain_text", "")]
)
def test_a_wrong_keyword(name: str, hint: str) -> None:
    """An unknown keyword raises `TypeError`, with the name that was probably meant."""
    given: dict[str, Any] = {name: "Acme"}

    with pytest.raises(TypeError, match=rf"unexpected keyword argument '{name}'{re.escape(hint)}$"):
        Message("+37255500001", "Hello", **given)


def test_a_missing_argument() -> None:
    """A missing argument raises the `TypeError` that attrs raises."""
    with pytest.raises(TypeError, match=r"Message.__init__\(\) missing 1 .* 'content'"):
        Message("+37255500001")  # type: ignore[call-arg]


def test_quick_classes_are_final() -> None:
    """Subclassing a quick class raises `TypeError`."""
    with pytest.raises(TypeError, match="Message is final"):
        type("Other", (Message,), {})


@attrs.frozen
class Base:
    """A base class that is not quick."""

    first: str
    second: str = attrs.field(default="S", converter=to_upper)


@quick
@attrs.frozen(weakref_slot=False, kw_only=True)
class Derived(Base):
    """A quick class with a required field of its own after an optional one of its base."""

    make: ClassVar[Callable[..., Derived]]

    third: str
    fourth: int = attrs.field(init=False, default=attrs.Factory(lambda _: 4, takes_self=True))


def test_fields_of_a_base_class_are_filled_as_its_own_are() -> None:
    """Fields of a base class are converted, defaulted and computed like the class's own."""
    assert [("a", "B", "c", 4), ("a", "S", "c", 4), ("a", "b", "c", 4)] == [
        attrs.astuple(each)
        for each in (
            Derived(first="a", second="b", third="c"),
            Derived(first="a", third="c"),
            Derived.make("a", "b", "c"),
        )
    ]


def test_what_stands_before_a_required_field_is_required_of_make() -> None:
    """`make` requires an optional field that comes before a required one."""
    with pytest.raises(TypeError, match="second"):
        Derived.make("a", third="c")


@pytest.mark.parametrize(
    ("bases", "options"),
    [
        ((), {}),
        ((), {"slots": False}),
        ((Exception,), {"weakref_slot": False}),
    ],
)
def test_classes_that_cannot_be_quick(bases: tuple[type, ...], options: dict[str, Any]) -> None:
    """`quick` refuses a class without slots, or of another layout."""
    plain = attrs.make_class("Plain", ["a"], bases=bases, frozen=True, **options)

    with pytest.raises(TypeError, match="Plain must have slots"):
        quick(plain)
