"""Draw the accounts of a world from the tape: provider, batch size and policy."""

from __future__ import annotations

import copy
import functools
from typing import TYPE_CHECKING, Any

import attrs
from simulation.plans import KINDS, AccountPlan
from simulation.providers import EMULATORS, PORT
from simulation.toy_emulator import toy_adapter

from omnimsg import (
    AccountTrouble,
    Breaker,
    Limits,
    Network,
    OnAmbiguous,
    Policy,
    RetryPolicy,
)
from omnimsg.config import load_config

if TYPE_CHECKING:
    from simulation.chance import Chance

    from omnimsg.adapter import Adapter


def draw_account(chance: Chance, number: int, *, kind: str | None = None) -> AccountPlan:
    """Draw an account."""
    kind = kind or chance.one_of("account.kind", list(KINDS))
    most = chance.one_of("account.messages", [3, 1, 2, 10])
    policy = draw_policy(chance, finds=KINDS[kind][0] == "bird")
    return plan(f"{kind}-{number}", kind, most, policy)


def plan(name: str, kind: str, most: int, policy: Policy) -> AccountPlan:
    """Build an account's plan, with its adapter limited to a number of messages per request."""
    adapter = copy.copy(_adapter(kind, name))
    able = adapter.capabilities
    adapter.capabilities = attrs.evolve(
        able,
        max_messages=min(most, able.max_messages),
        requests_per_second=None,
        operations_per_second=None,
    )
    return AccountPlan(name, kind, adapter, policy)


def draw_policy(chance: Chance, *, finds: bool) -> Policy:
    """Draw an account's policy; `finds` allows `resend_if_not_found`."""
    doubts = [OnAmbiguous.HOLD] * 6 + [OnAmbiguous.RESEND]
    if finds:
        doubts += [OnAmbiguous.RESEND_IF_NOT_FOUND] * 5
    return Policy(
        retry=RetryPolicy(
            attempts=chance.one_of("retry.attempts", [3, 1, 2, 5]),
            base=chance.one_of("retry.base", [0.5, 0.01]),
        ),
        limits=Limits(
            requests_per_second=chance.one_of("limits.requests", [None, None, 2.0, 20.0]),
            messages_per_second=chance.one_of("limits.messages", [None, None, 5.0, 40.0]),
            concurrency=chance.one_of("limits.concurrency", [None, 1, 2, 4]),
            linger=chance.one_of("limits.linger", [0.0, 0.0, 0.2]),
            max_pause=chance.one_of("limits.max_pause", [300.0, 10.0]),
        ),
        breaker=Breaker(
            failures=chance.one_of("breaker.failures", [5, 2, 1]),
            pause=chance.one_of("breaker.pause", [5.0, 0.5]),
            min_timeout=chance.one_of("breaker.min_timeout", [5.0, 0.5]),
        ),
        account_trouble=chance.one_of("trouble", [AccountTrouble.FAIL, AccountTrouble.HOLD]),
        on_ambiguous=chance.one_of("doubts", doubts),
        not_found_for=chance.one_of("not_found_for", [3.0, 30.0]),
        network=Network(
            keepalive=chance.one_of("keepalive", [0.8, 5.0, 0.0]),
            connect_timeout=chance.one_of("connect_timeout", [10.0, 1.0]),
            request_timeout=chance.one_of("request_timeout", [None, None, 2.0, 10.0]),
            allow_http=True,
        ),
    )


@functools.cache
def _adapter(kind: str, name: str) -> Adapter[Any]:
    provider, own = KINDS[kind]
    if provider == "toy":
        return toy_adapter(name, f"http://toy.sim:{PORT}/toy")
    table = EMULATORS[provider].account(f"http://{provider}.sim:{PORT}/{provider}")
    config = {"accounts": {name: {**table, "allow_http": True, "channel": "sms", **own}}}
    (adapter,) = load_config(config).adapters.values()
    return adapter
