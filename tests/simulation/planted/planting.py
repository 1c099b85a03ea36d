"""Plant a fault: replace text in the source of functions while a context lasts."""

from __future__ import annotations
import __future__

import importlib
import inspect
import textwrap
from contextlib import ExitStack, contextmanager
from types import CodeType, FunctionType
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@attrs.frozen
class Change:
    """A replacement of text in the source of one function.

    Attributes:
        target: The function: `module:Class.method`.
        old: The text to replace, which occurs exactly once.
        new: The replacement.
    """

    target: str
    old: str
    new: str


@attrs.frozen(kw_only=True)
class Fault:
    """A fault that can be planted in the product.

    Attributes:
        name: Its name.
        about: The wrong behaviour, for the table in the docs.
        breaks: The rule that a world must break. Any other failure, such as planted code that
            cannot run, does not count.
        changes: The replacements.
        is_mend: Whether it reverts a fix: the product once had this fault.
        shape: The shape of the worlds to try; `None` for the shape of each seed.
        is_shown: Whether the suite must find it; the other faults need more seeds.
    """

    name: str
    about: str
    breaks: str
    changes: tuple[Change, ...]
    is_mend: bool = False
    shape: str | None = None
    is_shown: bool = False


@contextmanager
def plant(fault: Fault) -> Iterator[None]:
    """Plant a fault while the context lasts."""
    by_target: dict[str, list[Change]] = {}
    for change in fault.changes:
        by_target.setdefault(change.target, []).append(change)
    with ExitStack() as stack:
        for target, changes in by_target.items():
            stack.enter_context(_changed(_function(target), changes))
        yield


@contextmanager
def _changed(function: FunctionType, changes: Sequence[Change]) -> Iterator[None]:
    before = function.__code__
    function.__code__ = _other_code(function, changes)
    try:
        yield
    finally:
        function.__code__ = before


def _function(target: str) -> FunctionType:
    module, _, path = target.partition(":")
    found: object = importlib.import_module(module)
    for name in path.split("."):
        found = inspect.getattr_static(found, name)
    if isinstance(found, property):
        found = found.fget
    found = inspect.unwrap(found)  # type: ignore[arg-type]  # checked below
    assert isinstance(found, FunctionType), target
    return found


def _other_code(function: FunctionType, changes: Sequence[Change]) -> CodeType:
    source = textwrap.dedent(inspect.getsource(function))
    for each in changes:
        assert source.count(each.old) == 1, f"{each.target} has not {each.old!r} once any more"
        source = source.replace(each.old, each.new)
    # A function that calls `super` has its class as a free variable.
    around = "".join(f"    {name} = None\n" for name in function.__code__.co_freevars)
    module = compile(
        f"def around():\n{around}{textwrap.indent(source, '    ')}",
        inspect.getfile(function),
        "exec",
        flags=__future__.annotations.compiler_flag,
        dont_inherit=True,
    )
    return _code(_code(module, "around"), function.__name__)


def _code(code: CodeType, name: str) -> CodeType:
    (found,) = (
        each for each in code.co_consts if isinstance(each, CodeType) and each.co_name == name
    )
    return found
