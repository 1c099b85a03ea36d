"""The arguments of `Client`: those that its constructors have in common, and what each must be."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, TypedDict

from omnimsg.delivery.options import CallbackOptions
from omnimsg.domain.arguments import (
    require_function,
    require_instance,
    require_mapping,
    require_methods,
    require_several,
)
from omnimsg.domain.nearest import nearest_name
from omnimsg.engine.observers import EVENTS, Observer
from omnimsg.engine.policy import Policy, RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from omnimsg.delivery.store import Store
    from omnimsg.domain.opt_out import OptOutRules
    from omnimsg.engine.clock import Clock
    from omnimsg.engine.journal import Journal
    from omnimsg.engine.observers import RetryEvent
    from omnimsg.engine.suppression import Suppression
    from omnimsg.transport import TransportFactory


class ClientOptions(TypedDict, total=False):
    """The parts of a client that an application may replace; `Client` describes each."""

    retry: RetryPolicy | None
    journal: Journal | None
    on_retry: Callable[[RetryEvent], None] | None
    observers: Iterable[Observer]
    transport: TransportFactory | None
    clock: Clock | None
    store: Store | None
    suppression: Suppression | None
    opt_out_rules: OptOutRules | None


def check_names(options: Mapping[str, object]) -> None:
    """Refuse options that `Client.from_config` does not have.

    Raises:
        TypeError: There is no such option, or the configuration has it.
    """
    known = ClientOptions.__annotations__
    for name in options:
        if name in known:
            continue
        nearest = nearest_name(name, known)
        hint = f"; did you mean {nearest!r}?" if nearest else ""
        if name in _CONFIGURED:
            hint = "; put it into the configuration, or call Client() with it"
        raise TypeError(f"from_config() got an unexpected keyword argument {name!r}{hint}")


def check_options(**given: object) -> None:
    """Refuse options that cannot be used, before anything is built with them.

    Raises:
        InvalidValue: An option is of a wrong type.
    """
    for name, value in given.items():
        if value is not None:
            _CHECKS[name](name, value)


def observers_of(given: Iterable[Observer]) -> tuple[Observer, ...]:
    """Return the observers that a client was given; one need not inherit from `Observer`.

    Raises:
        InvalidValue: They are not several, or one lacks a method.
    """
    require_several("observers", given, "Observer")
    observers = tuple(given)
    for number, each in enumerate(observers):
        require_methods(f"observers[{number}]", each, "Observer", EVENTS)
    return observers


# The arguments of `Client` that `from_config` makes of the configuration.
_CONFIGURED = ("adapters", "budgets", "callbacks", "policies", "routes", "unusable")

# What each option must be. Those of an interface may be objects of any class.
_CHECKS: dict[str, Callable[[str, object], None]] = {
    "callbacks": partial(require_instance, kind=CallbackOptions),
    "clock": partial(require_methods, kind="Clock", methods=("monotonic", "utc_now")),
    "journal": partial(require_methods, kind="Journal", methods=("intend", "settle")),
    "on_retry": require_function,
    "opt_out_rules": partial(
        require_methods, kind="OptOutRules", methods=("consent_in", "consent_in_tap")
    ),
    "policies": partial(require_mapping, kind=Policy),
    "retry": partial(require_instance, kind=RetryPolicy),
    "store": partial(
        require_methods,
        kind="Store",
        methods=("find", "update", "doubts", "give_up", "is_handled", "set_handled"),
    ),
    "suppression": partial(require_methods, kind="Suppression", methods=("suppressed", "record")),
    "transport": require_function,
    "unusable": partial(require_mapping, kind=str),
}
