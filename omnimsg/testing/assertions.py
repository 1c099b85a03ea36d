"""Make tests of methods that yield the violations of a rule."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, NoReturn, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

C = TypeVar("C")

MAX_SHOWN = 20


def assert_no_violations(violations: Iterable[str], *, rule: str | None = None) -> None:
    """Fail with the rule and at most `MAX_SHOWN` of its violations, each once, one per line.

    Raises:
        AssertionError: There is at least one violation.
    """
    __tracebackhide__ = True
    # Several samples of one content give the same text.
    lines = list(dict.fromkeys(violations))
    if len(lines) > MAX_SHOWN:
        lines[MAX_SHOWN:] = [f"... and {len(lines) - MAX_SHOWN} more"]
    if lines:
        raise AssertionError("\n".join([*([rule] if rule else []), *lines]))


def fail(violation: str) -> NoReturn:
    """Fail with one violation.

    Raises:
        AssertionError: Always.
    """
    raise AssertionError(violation)


def rule_of(check: Callable[..., object]) -> str:
    """Return the rule that a check tests: the first line of its docstring."""
    return (check.__doc__ or "").partition("\n")[0]


def check(find: Callable[[C], Iterable[str]]) -> Callable[[C], None]:
    """Make a test of a method that yields the violations of the rule in its docstring."""
    rule = rule_of(find)

    @wraps(find)
    def test(case: C) -> None:
        assert_no_violations(find(case), rule=rule)

    return test


def differences(name: str, *facts: tuple[str, object, object]) -> Iterator[str]:
    """Yield a violation for each fact that is not as it should be.

    Args:
        name: What the facts are about.
        facts: The name of each fact, its actual value, and its expected one.
    """
    for fact, actual, expected in facts:
        if actual != expected:
            yield f"{name}: {fact} is {actual!r}, should be {expected!r}"
