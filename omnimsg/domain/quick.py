"""Cheap construction of frozen attrs classes.

attrs writes each field of a frozen object through `object.__setattr__`, at several times the cost
of an assignment, and converts and validates defaults too. `quick` gives a class another
constructor, which does the same for less:

* It fills an object of a twin class: the same layout, no guard against assignment. The last step
  sets the object's `__class__`; from then on it is as frozen as any other.
* A field that is given its default is neither converted nor validated.
* A field with `metadata=usual(test)` is neither converted nor validated if all arguments are usual:
  each passes its test, or is the default, or needs none.
* Rare arguments (optional, with a converter or a validator, without a test) share one `**rare`
  parameter, so that they cost nothing while none is given.

Equality, hash, `repr`, `attrs.evolve`, signature and type checking remain those of attrs. A quick
class is final. It has slots and `weakref_slot=False`, so that objects are small, and at most one
base class, whose fields come first.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import attrs

from omnimsg.domain.nearest import nearest_name

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Sequence

T = TypeVar("T")

# The methods that a twin takes from `object`. Both guards (`__setattr__`, `__delattr__`), because
# they share a slot of the type: with one left, Python would look up a method at every assignment.
_UNGUARDED = ("__new__", "__init__", "__setattr__", "__delattr__")

_TESTS = "omnimsg.quick.tests"
_CONVERT = "omnimsg.quick.convert"
_KINDS = "omnimsg.quick.kinds"
_USUALLY = "omnimsg.quick.usually"


def usual(
    *tests: Callable[[Any], object] | str,
    convert: Callable[[Any], Any] | None = None,
    kinds: Iterable[type] = (),
) -> dict[str, Any]:
    """Return `metadata` for a field whose usual values need neither converter nor validator.

    Args:
        tests: The tests that a usual value passes, in this order. A class accepts its own
            instances, not those of subclasses; a text is an expression of `value`, which costs less
            than a function; anything else is a predicate, which may raise `TypeError` instead of
            returning false. The validator must accept usual values, and the converter return them
            unchanged, unless `convert` is given.
        convert: Replaces the converter for values that pass the tests; it must return what the
            converter would return.
        kinds: Classes whose own instances are usual too, and need not be converted. The first of
            the tests is then a class that is none of them.
    """
    return {_TESTS: tests, _CONVERT: convert, _KINDS: frozenset(kinds)}


def usually(value: str) -> dict[str, Any]:
    """Return `metadata` for a computed field (`init=False`); without it, the factory computes it.

    Args:
        value: An expression for the field's value if all arguments are usual. It uses the names of
            the other fields, whose values are not converted yet; `own_NAME` says whether the value
            of a field with `kinds` passed its first test.
    """
    return {_USUALLY: value}


def quick(cls: type[T]) -> type[T]:
    """Give a frozen attrs class a cheap constructor; place it above `@attrs.frozen`.

    The class also gets `make`: all fields by position or name, neither converted nor validated, for
    code that has valid values. A class whose `make` is used declares it as a `ClassVar`.

    Raises:
        TypeError: The class has several base classes, one that is no attrs class, or no slots, or
            it lacks `weakref_slot=False`.
    """
    quick_class: Any = cls
    names = tuple(field.name for field in attrs.fields(quick_class))
    base, *others = cls.__bases__
    inherited = attrs.fields(base) if attrs.has(base) else ()
    own = names[len(inherited) :]
    is_alone = base is object or bool(inherited)
    if others or not is_alone or cls.__dict__.get("__slots__") != own:
        raise TypeError(
            f"{cls.__name__} must have slots, weakref_slot=False and no base class but one of attrs"
        )
    # Setting `__class__` needs two classes of the same layout. Python sees that of a subclass
    # without slots at once; of two classes with equal slots it compares all names, every time.
    plain = {name: getattr(object, name) for name in _UNGUARDED}
    twin = type(cls.__name__, (cls,), {"__slots__": (), **plain})
    new, make = _compiled(quick_class, twin)
    quick_class.__new__ = functools.update_wrapper(new, quick_class.__init__)
    quick_class.__init__ = object.__init__
    make.__module__, make.__qualname__ = cls.__module__, f"{cls.__qualname__}.make"
    quick_class.make = make
    quick_class.__reduce__ = lambda self: (
        restore,
        (make, {name: getattr(self, name) for name in names}),
    )
    quick_class.__init_subclass__ = classmethod(_no_subclass)
    return cls


def restore(make: Callable[..., T], values: dict[str, Any]) -> T:
    """Build an object from its pickle.

    By name, because another version may have the fields in another order. Pickles hold the name of
    this function; those of before it hold `make` and the values by position.
    """
    return make(**values)


def _compiled(cls: Any, twin: type) -> tuple[Callable[..., Any], Callable[..., Any]]:  # noqa: ANN401
    """Generate `__new__` and `make`.

    The source consists of names of fields; the values that it uses are in its namespace, under the
    field's name with a prefix: `d_` default, `f_` factory, `c_` converter; `t0_`, `t1_`, ...
    tests of usual values, `u_` their converter, `k_` kinds of other usual values. Where there are
    such kinds, the local variable `own_` says whether the first test is passed.
    """
    fields = attrs.fields(cls)
    rare = {field.name: field for field in fields if _is_rare(field)}
    named = [field for field in fields if field.init and field.name not in rare]
    namespace: dict[str, Any] = {"twin": twin, "cls": cls, "NOTHING": attrs.NOTHING}
    namespace["complete"] = _completer(cls)
    for field in fields:
        namespace[f"d_{field.name}"] = _default(field)
        namespace[f"f_{field.name}"] = _factory(field)
        namespace[f"c_{field.name}"] = field.converter
        namespace[f"u_{field.name}"] = field.metadata.get(_CONVERT)
        namespace[f"k_{field.name}"] = field.metadata.get(_KINDS)
        for index, test in enumerate(field.metadata.get(_TESTS, ())):
            namespace[f"t{index}_{field.name}"] = test
    new = [
        f"def __new__(cls, {', '.join(_parameters(named))}, **rare):",
        "draft = twin()",
        "try:",
        f"    if {' and '.join(['not rare', *_tests(named)])}:",
        *(f"        draft.{field.name} = {_usual_value(field, rare)}" for field in fields),
        "        draft.__class__ = cls",
        "        return draft",
        "except TypeError:",
        "    pass  # raised by a test",
        *(f"draft.{field.name} = {_first_value(field, rare)}" for field in fields),
        "return complete(draft, rare)",
    ]
    make = [
        f"def make({', '.join(_positions(fields))}):",
        "draft = twin()",
        *(f"draft.{field.name} = {_given(field, field.name)}" for field in fields),
        "draft.__class__ = cls",
        "return draft",
    ]
    exec("\n    ".join(new) + "\n\n" + "\n    ".join(make), namespace)  # noqa: S102 - our own source
    return namespace["__new__"], namespace["make"]


def _is_rare(field: attrs.Attribute[Any]) -> bool:
    """Return whether an argument is taken through `**rare`."""
    return (
        field.init
        and field.default is not attrs.NOTHING
        and (field.converter is not None or field.validator is not None)
        and _TESTS not in field.metadata
    )


def _default(field: attrs.Attribute[Any]) -> Any:  # noqa: ANN401
    """Return a field's default as a signature has it: `NOTHING` stands for a factory's value."""
    return attrs.NOTHING if hasattr(field.default, "factory") else field.default


def _parameters(fields: Iterable[attrs.Attribute[Any]]) -> Iterator[str]:
    """Write the parameters of `__new__`, one for each field."""
    starred = False
    for field in fields:
        if field.kw_only and not starred:
            starred = True
            yield "*"
        required = field.default is attrs.NOTHING
        yield field.name if required else f"{field.name}=d_{field.name}"


def _positions(fields: Sequence[attrs.Attribute[Any]]) -> Iterator[str]:
    """Write the parameters of `make`; every one before a required one is required, too."""
    last = max((at for at, field in enumerate(fields) if field.default is attrs.NOTHING), default=0)
    for at, field in enumerate(fields):
        required = at < last or field.default is attrs.NOTHING
        yield field.name if required else f"{field.name}=d_{field.name}"


def _usual_value(field: attrs.Attribute[Any], rare: Container[str]) -> str:
    """Write the value of a field for the case that all arguments are usual."""
    name = field.name
    if not field.init:
        return str(field.metadata.get(_USUALLY) or f"f_{name}(draft)")
    if name in rare or field.converter is None:
        return _first_value(field, rare)
    if field.metadata.get(_CONVERT) is None:
        return name
    converted = f"u_{name}({name})"
    if field.metadata.get(_KINDS):
        converted = f"{converted} if own_{name} else {name}"
    if field.default is attrs.NOTHING:
        return converted
    return f"{_literal(field)} if {_is_default(field)} else {converted}"


def _first_value(field: attrs.Attribute[Any], rare: Container[str]) -> str:
    """Write the value that a field has until the rare arguments are stored."""
    name = field.name
    if not field.init:
        return "None"  # `complete` computes it last
    if name in rare:
        return f"f_{name}()" if hasattr(field.default, "factory") else _literal(field)
    return _given(field, name if field.converter is None else f"c_{name}({name})")


def _factory(field: attrs.Attribute[Any]) -> Any:  # noqa: ANN401
    return getattr(field.default, "factory", None)


def _literal(field: attrs.Attribute[Any]) -> str:
    """Write a field's default; a constant is cheaper than a global variable."""
    constant = field.default is None or field.default == ()
    return repr(field.default) if constant else f"d_{field.name}"


def _is_default(field: attrs.Attribute[Any]) -> str:
    """Write the test whether an argument is its field's default; a literal needs no lookup."""
    default = "None" if field.default is None else f"d_{field.name}"
    return f"{field.name} is {default}"


def _given(field: attrs.Attribute[Any], value: str) -> str:
    """Write the value of an argument, or its default."""
    name = field.name
    if hasattr(field.default, "factory"):
        own = "" if field.init else "draft"
        return f"f_{name}({own}) if {name} is NOTHING else {value}"
    if value == name or field.default is attrs.NOTHING:
        return value
    return f"{name} if {_is_default(field)} else {value}"


def _tests(fields: Iterable[attrs.Attribute[Any]]) -> Iterator[str]:
    """Write the tests whether all arguments are usual."""
    for field in fields:
        name, tests = field.name, field.metadata.get(_TESTS)
        if tests is not None:
            passes = [_test(name, index, test) for index, test in enumerate(tests)]
            if field.metadata[_KINDS]:
                passes[0] = f"(own_{name} := {passes[0]})"
            passed = " and ".join(passes)
            if field.metadata[_KINDS]:
                passed = f"({passed} or type({name}) in k_{name})"
            required = field.default is attrs.NOTHING
            yield passed if required else f"({_is_default(field)} or {passed})"
        elif field.converter is not None or field.validator is not None:
            yield "False"


def _test(name: str, index: int, test: object) -> str:
    """Write one test of an argument."""
    if isinstance(test, str):
        return re.sub(r"\bvalue\b", name, test)
    own = f"t{index}_{name}"
    return f"type({name}) is {own}" if isinstance(test, type) else f"{own}({name})"


def _completer(cls: Any) -> Callable[[Any, dict[str, Any]], Any]:  # noqa: ANN401
    """Return the function that finishes a draft if an argument is not usual."""
    fields = attrs.fields(cls)
    rare = {field.name: field for field in fields if _is_rare(field)}
    named = [field for field in fields if field.validator and field.name not in rare]
    computed = [(field.name, _factory(field)) for field in fields if not field.init]

    def complete(draft: Any, given: dict[str, Any]) -> Any:  # noqa: ANN401
        unvalidated = [*named]
        for name, value in given.items():
            field = rare.get(name)
            if field is None:
                raise _unexpected(cls, name)
            if value is not field.default:
                convert: Any = field.converter
                setattr(draft, name, value if convert is None else convert(value))
                if field.validator is not None:
                    unvalidated.append(field)
        draft.__class__ = cls
        for field in unvalidated:
            value = getattr(draft, field.name)
            if value is not field.default:
                field.validator(draft, field, value)
        for name, compute in computed:
            object.__setattr__(draft, name, compute(draft))
        return draft

    return complete


def _unexpected(cls: type, name: str) -> TypeError:
    names = [field.name for field in attrs.fields(cls) if field.init]
    nearest = nearest_name(name, names)
    hint = f"; did you mean {nearest!r}?" if nearest else ""
    return TypeError(f"{cls.__name__}() got an unexpected keyword argument {name!r}{hint}")


def _no_subclass(cls: type) -> NoReturn:
    raise TypeError(f"{cls.__bases__[0].__name__} is final: it cannot have a subclass")
