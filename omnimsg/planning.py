"""Plans, previews and health: answers of a client that need no request."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from omnimsg.domain.message import Message
from omnimsg.domain.outcome import NotSent
from omnimsg.engine.account import AccountEngine
from omnimsg.fallback.stage import stages_of
from omnimsg.routing.plan import PlannedLeg, plan_of
from omnimsg.routing.router import Router

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omnimsg.accounts import Accounts
    from omnimsg.engine.account_reports import Health, Preview
    from omnimsg.fallback.stage import Stage
    from omnimsg.routing.plan import Plan


class Planning:
    """The part of `Client` that makes no request."""

    _accounts: Accounts
    _default_account: AccountEngine | Router

    def health(self) -> Mapping[str, Health]:
        """Return the health of each account, by its name, without asking the providers."""
        return {name: account.health() for name, account in self._accounts.engines.items()}

    def preview(self, message: Message, *, account: str | None = None) -> Preview:
        """Return what would become of a message if it were sent now; nothing is sent.

        For a message whose fallback legs omnimsg runs, this is the preview of its first leg.
        """
        way = self._default_account if account is None else self._accounts.get(account)
        if message.__class__ is Message and message.fallback and not way.carries_legs(message):
            stages = stages_of(message, way, self._accounts.get)
            if not isinstance(stages, NotSent):
                message = stages[0].message
        return way.preview(message)

    def plan(self, message: Message, *, account: str | None = None) -> Plan:
        """Return what would become of a message if it were sent now, and why.

        Nothing is sent, counted or recorded. The plan is made by the code that `send` uses: the
        route, the account and its trouble, the request to the provider with its secrets masked, and
        who runs the fallback legs.
        """
        way = self._default_account if account is None else self._accounts.get(account)
        why = "no route is configured" if account is None else "the caller named the account"
        if message.__class__ is not Message or not message.fallback or way.carries_legs(message):
            return _plan_of(way, message, why)
        stages = stages_of(message, way, self._accounts.get)
        if isinstance(stages, NotSent):
            plan = _plan_of(way, attrs.evolve(message, fallback=()), why)
            return attrs.evolve(plan, message=message, refusal=stages, request=None)
        first, *others = stages
        legs = tuple(map(_planned, others))
        return attrs.evolve(_plan_of(way, first.message, why), message=message, legs=legs)


def _plan_of(way: AccountEngine | Router, message: Message, why: str) -> Plan:
    return way.plan(message) if isinstance(way, Router) else plan_of(way, message, why=why)


def _planned(stage: Stage) -> PlannedLeg:
    way = stage.way
    # The ways of these stages are accounts or the router, although `Way` allows others.
    account = way.name if isinstance(way, AccountEngine) else ""
    if isinstance(way, Router):
        account = way.plan(stage.message).account
    channel = stage.message.channel
    return PlannedLeg(channel=channel, account=account, ttl=stage.ttl, by_provider=False)
