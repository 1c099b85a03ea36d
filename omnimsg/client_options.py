"""The arguments that `Client` and its other constructors have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from omnimsg.delivery.store import Store
    from omnimsg.domain.opt_out import OptOutRules
    from omnimsg.engine.clock import Clock
    from omnimsg.engine.journal import Journal
    from omnimsg.engine.observers import Observer, RetryEvent
    from omnimsg.engine.policy import RetryPolicy
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
