"""`Fault` and `Faults`: which faults hit which requests and callbacks, and how often."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import attrs

from omnimsg.sandbox.request_error import RequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Parameters: TypeAlias = Mapping[str, tuple[str, Callable[[object], bool]]]


def _number(low: float, high: float) -> Callable[[object], bool]:
    return lambda value: (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and math.isfinite(value)
        and low <= value <= high
    )


def _integer(low: int, high: int) -> Callable[[object], bool]:
    return lambda value: (
        isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
    )


_STATUS = ("a status from 200 to 599", _integer(200, 599))
_SECONDS = ("seconds from 0 to 3600", _number(0, 3600))
_REDIRECT = ("301, 302, 303, 307 or 308", lambda value: value in (301, 302, 303, 307, 308))
_INTERIM = ("a status from 100 to 199", _integer(100, 199))
_FLAG = ("true or false", lambda value: isinstance(value, bool))
_LOCATION = (
    "a URL on one line",
    lambda value: isinstance(value, str) and value.isprintable() and bool(value),
)

KINDS: Final[Mapping[str, Parameters]] = MappingProxyType(
    {
        "latency": {"seconds": _SECONDS},
        "status": {"status": _STATUS, "retry_after": _SECONDS, "processed": _FLAG},
        "rate_limit": {"status": _STATUS, "retry_after": _SECONDS},
        "interim": {"status": _INTERIM, "processed": _FLAG, "alone": _FLAG},
        "reset_before": {},
        "reset_after": {},
        "truncate": {},
        "shuffle": {},
        "redirect": {"status": _REDIRECT, "location": _LOCATION, "processed": _FLAG},
        "html": {"status": _STATUS, "processed": _FLAG},
    }
)
"""For each kind of fault of a request: its parameters, each with a description and a test."""

CALLBACK_KINDS: Final[Mapping[str, Parameters]] = MappingProxyType(
    {
        "callback_duplicate": {},
        "callback_reorder": {},
        "callback_delay": {"seconds": _SECONDS},
        "callback_bad_signature": {},
        "callback_contradict": {},
        "callback_early": {},
        "callback_lost": {},
    }
)
"""The same for each kind of fault of a callback."""

_ALL_KINDS: Final = {**KINDS, **CALLBACK_KINDS}

_COMMON: Final[Parameters] = {
    "count": ("a whole number of at least 1", _integer(1, 10**9)),
    "probability": ("a number from 0 to 1", _number(0, 1)),
    "seed": ("a whole number", _integer(-(2**63), 2**64)),
    "on": ('"send" or "any"', lambda value: value in ("send", "any")),
}


class FaultError(RequestError):
    """A fault with an invalid key or value; the text names the key and its valid values."""


@attrs.define(kw_only=True)
class Fault:
    """A fault and how often it has fired.

    Attributes:
        id: The number of the fault in its sandbox, for removing it.
        kind: A key of ``KINDS`` or ``CALLBACK_KINDS``.
        provider: The name of the emulator whose requests or callbacks it hits, None for all.
        count: How many requests or callbacks it hits; None if ``probability`` decides.
        probability: The share that it hits, from 0 to 1; None if ``count`` decides.
        seed: The seed of ``rng``.
        on: ``send`` for requests that may reach a handset, ``any`` for all; ``callback`` for a
            fault of callbacks.
        params: The parameters of the kind.
        fired: How many requests or callbacks it has hit.
        rng: The random source for ``probability`` and for shuffling.
    """

    id: int
    kind: str
    provider: str | None = None
    count: int | None = None
    probability: float | None = None
    seed: int = 0
    on: str = "send"
    params: Mapping[str, Any]
    fired: int = 0
    rng: random.Random = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        # A script must repeat from run to run; nothing here is a secret.
        self.rng = random.Random(self.seed)  # noqa: S311

    @property
    def is_spent(self) -> bool:
        """Whether the fault will not fire again."""
        return self.count is not None and self.fired >= self.count

    def fires(self, provider: str, *, is_send: bool) -> bool:
        """Return whether the fault hits this request, and count it if so."""
        return (self.on == "any" or (self.on == "send" and is_send)) and self._fires(provider)

    def fires_on_callback(self, provider: str) -> bool:
        """Return whether the fault hits this callback of a provider, and count it if so."""
        return self.on == "callback" and self._fires(provider)

    def _fires(self, provider: str) -> bool:
        if self.provider not in {None, provider} or self.is_spent:
            return False
        if self.probability is not None and self.rng.random() >= self.probability:
            return False
        self.fired += 1
        return True

    def as_json(self) -> dict[str, Any]:
        """Return the fault as the control API shows it."""
        return {
            "id": self.id,
            "provider": self.provider,
            "kind": self.kind,
            "count": self.count,
            "probability": self.probability,
            "seed": self.seed,
            "on": self.on,
            **self.params,
            "fired": self.fired,
        }


class Faults:
    """The faults of a sandbox, in the order in which they were added.

    Args:
        providers: The names of the emulators.
        max_faults: How many faults are kept.
    """

    def __init__(self, providers: Iterable[str], max_faults: int = 1_000) -> None:
        self._providers = frozenset(providers)
        self._max_faults = max_faults
        self._faults: dict[int, Fault] = {}
        self._next_id = 1

    def add(self, kind: object, /, *, provider: object = None, **options: object) -> Fault:
        """Add a fault and return it.

        Args:
            kind: A key of ``KINDS`` or ``CALLBACK_KINDS``.
            provider: The name of the emulator whose requests or callbacks it hits, None for all.
            **options: ``count`` (default 1) or ``probability``, ``seed`` (default 0), ``on``
                (default ``"send"``; only for a fault of requests), and the parameters of the kind.

        Raises:
            FaultError: The kind or provider is unknown; a key is unknown or has an invalid value;
                both ``count`` and ``probability`` are given; or ``max_faults`` faults can still
                fire.
        """
        if not isinstance(kind, str) or kind not in _ALL_KINDS:
            raise FaultError(f"kind: {kind!r} is unknown, use one of {', '.join(_ALL_KINDS)}")
        if provider is not None and not (isinstance(provider, str) and provider in self._providers):
            known = ", ".join(sorted(self._providers))
            raise FaultError(f"provider: {provider!r} is not served here, use null or {known}")
        allowed = {**_COMMON, **_ALL_KINDS[kind]}
        if kind in CALLBACK_KINDS:
            del allowed["on"]
        for key, value in options.items():
            if key not in allowed:
                raise FaultError(f"{key}: unknown for {kind}, use {', '.join(allowed)}")
            description, test = allowed[key]
            if not test(value):
                raise FaultError(f"{key}: must be {description}, not {value!r}")
        if "count" in options and "probability" in options:
            raise FaultError("probability: give either count or probability, not both")
        params = {key: options.pop(key) for key in _ALL_KINDS[kind] if key in options}
        script: dict[str, Any] = {**({} if "probability" in options else {"count": 1}), **options}
        if kind in CALLBACK_KINDS:
            script["on"] = "callback"
        self._evict_spent()
        fault = Fault(id=self._next_id, kind=kind, provider=provider, params=params, **script)
        self._next_id += 1
        self._faults[fault.id] = fault
        return fault

    def _evict_spent(self) -> None:
        """If the store is full, remove the oldest spent fault."""
        if len(self._faults) < self._max_faults:
            return
        spent = next((fault.id for fault in self._faults.values() if fault.is_spent), None)
        if spent is None:
            raise FaultError(
                f"faults: {self._max_faults} are waiting, which is the limit; remove some first"
            )
        del self._faults[spent]

    def remove(self, fault_id: int) -> Fault:
        """Remove one fault and return it.

        Raises:
            LookupError: No fault has this id.
        """
        if fault_id not in self._faults:
            raise LookupError(f"faults: no fault has the id {fault_id}")
        return self._faults.pop(fault_id)

    def select(self, provider: str, *, is_send: bool) -> list[Fault]:
        """Return the faults that hit this request: all of latency, and the first other one."""
        selected: list[Fault] = []
        for fault in self._faults.values():
            has_other = any(each.kind != "latency" for each in selected)
            if has_other and fault.kind != "latency":
                continue
            if fault.fires(provider, is_send=is_send):
                selected.append(fault)
        return selected

    def hits(self, kind: str, provider: str) -> Fault | None:
        """Return the first fault of a kind that hits this callback of a provider, None if none."""
        for fault in self._faults.values():
            if fault.kind == kind and fault.fires_on_callback(provider):
                return fault
        return None

    def as_json(self) -> list[dict[str, Any]]:
        """Return all faults and how often each fired, spent ones included."""
        return [fault.as_json() for fault in self._faults.values()]

    def clear(self) -> None:
        """Remove all faults."""
        self._faults.clear()
