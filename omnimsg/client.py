"""The client: sends and tracks messages through the accounts of a configuration."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, Self, Unpack

from omnimsg.account_management import AccountManagement
from omnimsg.accounts import Accounts
from omnimsg.adapter import Adapter
from omnimsg.checkup import Checks
from omnimsg.client_options import check_names, check_options, observers_of
from omnimsg.config import load_config, load_url, path_from_environment, url_from_environment
from omnimsg.delivery.options import CallbackOptions
from omnimsg.domain.arguments import items_of, require_messages
from omnimsg.domain.errors import error_of
from omnimsg.domain.message import Message, is_generated
from omnimsg.domain.outcome import Accepted, Ambiguous, Outcome
from omnimsg.engine.account_builder import AccountBuilder
from omnimsg.engine.attempt.consent_queue import ConsentQueue
from omnimsg.engine.budgets import Budget, Budgets
from omnimsg.engine.clock import SystemClock
from omnimsg.engine.deadline import Deadline, to_seconds
from omnimsg.engine.log_observer import LogObserver
from omnimsg.engine.observers import Observers
from omnimsg.engine.unknown_codes import UnknownCodes
from omnimsg.fallback.hand_over import LegsOfStream, LegsTarget
from omnimsg.fallback.legs import Legs
from omnimsg.idempotency.idempotency import Idempotency
from omnimsg.operations import DEADLINE, Operations
from omnimsg.planning import Planning
from omnimsg.receiving import LateSettlement, Receiving
from omnimsg.routing import Route
from omnimsg.transport import create_http_transport

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable, Mapping, Sequence

    from omnimsg.client_options import ClientOptions
    from omnimsg.config import Config
    from omnimsg.delivery.store import Store
    from omnimsg.domain.opt_out import OptOutRules
    from omnimsg.engine.clock import Clock
    from omnimsg.engine.journal import Journal
    from omnimsg.engine.observers import Observer, RetryEvent
    from omnimsg.engine.policy import Policy, RetryPolicy
    from omnimsg.engine.suppression import Suppression
    from omnimsg.idempotency.hand_over import Key, Submits
    from omnimsg.transport import TransportFactory


class Client(AccountManagement, Checks, Operations, Planning, Receiving):
    """Sends and tracks messages through the accounts of a configuration.

    Create one per process and use it from as many tasks as you like. It has separate connections
    for each forked process, and for each of several event loops that run one after another. Event
    loops that run in two threads at once need a client each. Close it, or use it as `async with`,
    so that connections do not linger.

    Common to the methods: `account` is an account's name. Without one, a message goes through the
    accounts of its route if one takes it; everything else uses the default account. `deadline` is
    in seconds, for the whole call with all attempts; it is not the message's `ttl`. An id is
    `str(accepted.id)`, from this process or any other. The methods raise `ConfigError` if there is
    no such account or its secret is missing, `InvalidValue` if a text is no id or an argument is of
    another type, and `TypeError` if what should be sent is no `Message`. All except the sending
    ones raise `Unsupported` if the provider has no such operation, and `OperationError` if the
    provider could not be asked, refused, or did not answer.

    Args:
        adapters: One per account, each with a name of its own.
        default: The account that is used unless another is named; needed with several.
        policies: By account name: limits, retries, and what to do on account failures.
        routes: The routes of messages that name no account; the first that takes a message applies.
        budgets: How many messages, or how much money, may leave in a period.
        retry: How often and how soon to try again, for every account, whatever its policy says.
        journal: Records every message before it leaves and after.
        on_retry: Called before the wait for every retry; retries are logged unless it is given.
        observers: Notified of what happens to messages, attempts and accounts.
        transport: Builds the transport of an account; aiohttp's unless given.
        clock: The clock that everything reads; the system's unless given.
        unusable: The errors for using accounts without an adapter, or added later, by account name.
        callbacks: How callbacks are received.
        store: Keeps the state of messages, in memory unless given. Queries raise what it raises.
        suppression: The suppression list: asked before every request, gets every opt-out.
        opt_out_rules: Which replies are opt-outs, in which countries.

    Raises:
        ConfigError: Accounts, default, policies, routes and budgets do not fit together.
        InvalidValue: An argument is of another type.
    """

    def __init__(  # noqa: PLR0913 - what an application may replace
        self,
        adapters: Iterable[Adapter[Any]],
        *,
        default: str | None = None,
        policies: Mapping[str, Policy] | None = None,
        routes: Sequence[Route] = (),
        budgets: Sequence[Budget] = (),
        retry: RetryPolicy | None = None,
        journal: Journal | None = None,
        on_retry: Callable[[RetryEvent], None] | None = None,
        observers: Iterable[Observer] = (),
        transport: TransportFactory | None = None,
        clock: Clock | None = None,
        unusable: Mapping[str, str] | None = None,
        callbacks: CallbackOptions | None = None,
        store: Store | None = None,
        suppression: Suppression | None = None,
        opt_out_rules: OptOutRules | None = None,
    ) -> None:
        adapters = items_of("adapters", adapters, Adapter, "[adapter], or use Client.from_config")
        routes, budgets = items_of("routes", routes, Route), items_of("budgets", budgets, Budget)
        check_options(
            policies=policies,
            retry=retry,
            journal=journal,
            on_retry=on_retry,
            transport=transport,
            clock=clock,
            unusable=unusable,
            callbacks=callbacks,
            store=store,
            suppression=suppression,
            opt_out_rules=opt_out_rules,
        )
        log = LogObserver(lambda name: self._accounts.provider_of(name), on_retry)  # noqa: PLW0108
        self._unknown_codes = UnknownCodes()
        self._observers = Observers((log, self._unknown_codes, *observers_of(observers)))
        self._callbacks = callbacks or CallbackOptions()
        self._settlement = LateSettlement()
        self._store = store
        self._consents = None if suppression is None else ConsentQueue(suppression)
        self._opt_out_rules = opt_out_rules
        self._clock = clock or SystemClock()
        self._now = self._clock.monotonic
        self._budgets = Budgets(budgets, now=self._now) if budgets else None
        self._builder = AccountBuilder(
            transport=transport or create_http_transport,
            retry=retry,
            journal=journal,
            observers=self._observers,
            clock=self._clock,
            consents=self._consents,
            settlement=self._settlement,
            report_url=self._callbacks.report_url,
            budgets=self._budgets,
        )
        engines = self._builder.build_all(adapters, policies or {})
        self._accounts = Accounts(
            engines,
            default=default,
            unusable=unusable or {},
            routes=routes,
            policies=policies or {},
            budgets=budgets,
            now=self._now,
            observers=self._observers,
        )
        self._idempotency = Idempotency(self._accounts, now=self._now)
        self._observers.add(self._idempotency)
        self._legs = Legs(
            self._accounts.get, lambda: self._delivery, observers=self._observers, clock=self._clock
        )

    @classmethod
    def from_config(
        cls,
        source: str | os.PathLike[str] | Mapping[str, Any] | Config,
        *,
        default: str | None = None,
        **options: Unpack[ClientOptions],
    ) -> Self:
        """Build a client from a TOML file, or from a mapping of the same form.

        `default` replaces the configuration's default account. The options are those of `Client`
        that no configuration has: `retry`, `journal`, `on_retry`, `observers`, `transport`,
        `clock`, `store`, `suppression` and `opt_out_rules`. A `ConfigError` names what is missing,
        unknown or wrong; a missing `env:` or `file:` value counts once its account is used.
        """
        check_names(options)
        config = load_config(source, default=default)
        return cls(
            config.adapters.values(),
            default=config.default,
            policies=config.policies,
            routes=config.routes,
            budgets=config.budgets,
            unusable=config.unusable,
            callbacks=config.callbacks,
            **options,
        )

    @classmethod
    def from_env(cls, *, default: str | None = None, **options: Unpack[ClientOptions]) -> Self:
        """Build a client from the URLs in `OMNIMSG_URL`, or from a file.

        The file is the one that `OMNIMSG_CONFIG` names, or `./omnimsg.toml`. A `ConfigError` names
        what is missing, unknown or wrong, and shows no value.
        """
        url = url_from_environment()
        source = path_from_environment() if url is None else load_url(url, default=default)
        return cls.from_config(source, default=default, **options)

    def __repr__(self) -> str:
        """Show the names of the accounts, and none of their settings."""
        return f"Client(accounts={list(self._accounts.engines)}, default={self.default!r})"

    def __reduce__(self) -> str:
        """Refuse to be pickled or copied."""
        raise TypeError(
            "a client cannot be pickled or copied, because it has connections and messages that"
            " wait: build one in the other process, from the same configuration"
        )

    async def __aenter__(self) -> Self:
        """Return the client itself; connections open when they are needed.

        Raises:
            RuntimeError: No event loop of asyncio runs here, but one of another library.
        """
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            raise RuntimeError(
                "omnimsg.Client needs an event loop of asyncio; under Trio, use omnimsg.sync in a"
                " thread, with trio.to_thread.run_sync"
            ) from None
        return self

    async def __aexit__(self, *_: object) -> None:
        """Send the messages that wait, then close all connections."""
        await self.aclose()

    async def aclose(self, *, deadline: float = DEADLINE) -> None:
        """Send the messages that wait, wait for answers in flight, then close all connections.

        The fallback legs that omnimsg runs end with it, and the log counts the messages that waited
        for one. So do `wait`, `settle`, `finish_legs`, and the loops over `events`. The store of
        messages gets the last outcomes and the suppression list the last opt-outs until the
        deadline; if little is left of it then, both together have five seconds.

        A closed client stays closed: messages that are handed over from now on, also by a
        `send_many` that still runs, are `NotSent` with the reason `CANCELLED`. So are messages that
        have not left when the deadline passes or this call is cancelled; those that have left
        without an answer by then are `Ambiguous`.
        """
        until = Deadline.after(deadline, self._clock.monotonic)
        self._legs.close()
        async with self._ending_waits(until):
            await self._accounts.aclose(until)

    async def send(
        self,
        message: Message,
        *,
        account: str | None = None,
        deadline: float = DEADLINE,
        settle: float = 0.0,
    ) -> Accepted:
        """Send one message and return the provider's acceptance.

        Acceptance is not delivery: keep `accepted.id` and ask `status`, or `wait` for it.

        For a message with `fallback`, this is the acceptance of the first leg that was accepted. If
        no provider runs the legs, omnimsg sends the next one when the leg before it has failed or
        was not delivered within its ttl, while the client is open and this event loop runs.
        `on_status`, `tracked` and the observers report these legs.

        With `settle`, the call waits up to that many seconds more if the message may have been
        sent, and returns its acceptance if a report or the provider's list proves that it was.

        A reference of your own is an idempotency key. If the same message is handed over again,
        also while the first call runs, and may be on a phone, the outcome is that of the first
        call, for an hour. Each named account, except the default one of a client without routes,
        has references of its own.

        Raises:
            RejectedError: The provider refused the message.
            NotSentError: It was not sent; its `retry` says whether sending it again can help. Also
                raised for a different message with a known reference.
            AmbiguousError: It may have been sent; sending it again may text the customer twice.
        """
        chosen = self._accounts.target(account)
        began = self._track_doubts(settle) if settle else 0.0
        idempotency, since = self._idempotency, self._now()
        key: Key | None = None
        future, runs_legs = None, False
        if message.__class__ is Message:
            if not is_generated(message.reference):
                key = message.reference
                if account is not None and chosen is not self._accounts.unnamed:
                    key = account, key
            if message.fallback:
                carried = chosen.carried(message)
                runs_legs, message = carried is None, carried or message
            if not runs_legs and key not in idempotency.known:
                future = chosen.hand_over(message, deadline)
        if future is not None:
            # The hot path, awaited here: another coroutine is a third of a waiting `send`'s cost.
            if key is not None:
                idempotency.begin(key, message, future, since)
            try:
                outcome = await future
            except BaseException:
                if key is not None:
                    idempotency.leave(key, future, future)
                raise
            if isinstance(outcome, Accepted):
                return outcome
            fail_over = partial(chosen.fail_over, message, outcome, since, deadline)
            outcome = await idempotency.follow_up(key, message, outcome, since, fail_over)
        else:
            target: Submits = LegsTarget(self._legs, chosen) if runs_legs else chosen
            name = account or self.default
            outcome = await idempotency.submit(key, target, name, message, deadline)
        if settle and isinstance(outcome, Ambiguous):
            outcome = await self._settle(message, outcome, began, settle)
        if isinstance(outcome, Accepted):
            return outcome
        raise error_of(outcome)

    def send_many(
        self,
        messages: Iterable[Message] | AsyncIterable[Message],
        *,
        account: str | None = None,
        deadline: float = DEADLINE,
    ) -> AsyncGenerator[Outcome, None]:
        """Send a stream of messages; the fast way, in batches where the provider has them.

        Yields one outcome per message as they become known, which is not the order of the input:
        `position` and `reference` identify the message. It never raises for a message. When the
        account itself is refused, the messages that follow are `NotSent` without a request, and
        now and then a batch probes whether that is over.

        Take every outcome. Leaving the loop early loses the outcomes of messages that were sent:
        requests in flight get 5 seconds to come back, for the journal; a warning counts their
        outcomes, and no other message leaves. Use `contextlib.aclosing` if the loop's body may
        break. An input that is an asynchronous generator is closed, with 5 seconds to clean up.

        The input is read no faster than messages leave. `deadline` is for each message, and begins
        when the message leaves the queue.
        """
        require_messages(messages)
        target = self._accounts.target(account)
        legs = LegsOfStream(self._legs, target, to_seconds(deadline))
        return target.stream(messages, deadline, legs=legs)
