"""Plans, previews and health: answers of a client that need no request."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from omnimsg.domain.message import Message
from omnimsg.domain.outcome import NotSent
from omnimsg.engine.account import AccountEngine
from omnimsg.fallback.chain_leg import split_legs
from omnimsg.routing.plan import PlannedLeg, plan_of
from omnimsg.routing.router import Router

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omnimsg.accounts import Accounts
    from omnimsg.engine.health_and_preview import Health, Preview
    from omnimsg.fallback.chain_leg import ChainLeg
    from omnimsg.routing.plan import Plan


class Planning:
    """The part of `Client` that makes no request."""

    _accounts: Accounts

    def health(self) -> Mapping[str, Health]:
        """Return the health of each account, by its name, without asking the providers."""
        return {name: account.health() for name, account in self._accounts.engines.items()}

    def preview(self, message: Message, *, account: str | None = None) -> Preview:
        """Return what would become of a message if it were sent now; nothing is sent.

        For a message whose fallback legs omnimsg runs, this is the preview of its first leg, unless
        another leg is refused: then the message would not leave either.
        """
        target = self._accounts.target(account)
        message, runs_legs = _carried(target, message)
        if runs_legs:
            chain_legs = split_legs(message, target, self._accounts.get)
            if isinstance(chain_legs, NotSent):
                preview = target.preview(attrs.evolve(message, fallback=()))
                return attrs.evolve(preview, refusal=chain_legs, request=None)
            message = chain_legs[0].message
        return target.preview(message)

    def plan(self, message: Message, *, account: str | None = None) -> Plan:
        """Return what would become of a message if it were sent now, and why.

        Nothing is sent, counted or recorded. The plan is made by the code that `send` uses: the
        route, the account and its trouble, the request to the provider with its secrets masked, and
        who runs the fallback legs.
        """
        target = self._accounts.target(account)
        why = "no route is configured" if account is None else "the caller named the account"
        message, runs_legs = _carried(target, message)
        if not runs_legs:
            return _plan_of(target, message, why)
        chain_legs = split_legs(message, target, self._accounts.get)
        if isinstance(chain_legs, NotSent):
            plan = _plan_of(target, attrs.evolve(message, fallback=()), why)
            return attrs.evolve(plan, message=message, refusal=chain_legs, request=None)
        first, *others = chain_legs
        legs = tuple(map(_planned, others))
        return attrs.evolve(_plan_of(target, first.message, why), message=message, legs=legs)


def _carried(target: AccountEngine | Router, message: Message) -> tuple[Message, bool]:
    """Return a message as a provider that runs its legs gets it, and whether omnimsg runs them."""
    if message.__class__ is not Message or not message.fallback:
        return message, False
    carried = target.carried(message)
    return carried or message, carried is None


def _plan_of(target: AccountEngine | Router, message: Message, why: str) -> Plan:
    return target.plan(message) if isinstance(target, Router) else plan_of(target, message, why=why)


def _planned(leg: ChainLeg) -> PlannedLeg:
    target = leg.find_target()
    # These targets are accounts or the router, although `LegTarget` allows others.
    account = target.name if isinstance(target, AccountEngine) else ""
    if isinstance(target, Router):
        account = target.plan(leg.message).account
    channel = leg.message.channel
    return PlannedLeg(channel=channel, account=account, ttl=leg.ttl, by_provider=False)
