"""The client for code without an event loop: the methods of `omnimsg.Client`, which block."""

from __future__ import annotations

from collections.abc import AsyncIterable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Self, Unpack

from omnimsg.operations import DEADLINE
from omnimsg.sync.call import GRACE, run, run_if_started
from omnimsg.sync.interruption import LoopClient
from omnimsg.sync.operations import Operations
from omnimsg.sync.reports import Reports
from omnimsg.sync.stream import Feed, outcomes_of

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Generator, Iterable, Mapping, Sequence

    from omnimsg.adapter import Adapter
    from omnimsg.checkup import Checkup
    from omnimsg.client_options import ClientOptions
    from omnimsg.config import Config
    from omnimsg.delivery.options import CallbackOptions
    from omnimsg.delivery.store import Store
    from omnimsg.domain.message import Message
    from omnimsg.domain.opt_out import OptOutRules
    from omnimsg.domain.outcome import Accepted, Outcome
    from omnimsg.engine.account_reports import Health, Preview
    from omnimsg.engine.budgets import Budget
    from omnimsg.engine.clock import Clock
    from omnimsg.engine.journal import Journal
    from omnimsg.engine.observers import Observer, RetryEvent
    from omnimsg.engine.policy import Policy, RetryPolicy
    from omnimsg.engine.suppression import Suppression
    from omnimsg.routing import Route
    from omnimsg.routing.plan import Plan
    from omnimsg.sync.call import Call
    from omnimsg.transport import TransportFactory


class Client(Operations, Reports):
    """Sends and tracks messages through the accounts of a configuration; its methods block.

    Hold one per process and use it from as many threads as you like: what they send at once shares
    requests. The methods run in one event loop, in a thread of its own that starts with the first
    call; a forked process starts its own. Close the client, or use it in `with`; what is open when
    the process ends is closed then.

    What the methods share: `account` is an account's name. Where none is given, a message goes
    through the accounts of its route, else through the default account, as all else does.
    `deadline` is in seconds, for the whole call, waiting and further attempts included; it is not
    the message's `ttl`. An id is `str(accepted.id)`, from this process or any other. They raise
    `ConfigError` where there is no such account, `InvalidValue` where a text is no id and, but for
    sending, `Unsupported` where the provider has no such operation and `OperationError` where it
    could not be asked, refused, or did not answer. In a thread in which an event loop runs they
    raise `RuntimeError`. Whatever interrupts a method, such as Ctrl-C, ends what it has begun.

    Args:
        adapters: One per account, each with a name of its own.
        default: The account that is used unless another is named; needed with several.
        policies: By account name: how fast, how often again, what to do on account failures.
        routes: Through which accounts messages go that name none: the first that takes a message.
        budgets: How many messages, or how much money, may leave in a time.
        retry: How often and how soon to try again, for every account, whatever its policy says.
        journal: Records every message before it leaves and after.
        on_retry: Called before the wait for every retry; retries are logged unless it is given.
            It runs in the event loop, and must not block.
        observers: Told what happens to messages, attempts and accounts; in the event loop.
        transport: Builds the transport of an account; aiohttp's unless given.
        clock: The clock that everything reads; the system's unless given.
        unusable: By the name of an account without an adapter: the error for those who use it.
        callbacks: How what comes back is received.
        store: Keeps what is known of messages; in memory unless given.
        suppression: Knows who has opted out: asked before every request, told of every opt-out.
        opt_out_rules: Which replies are opt-outs, in which countries.
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
        self._client = LoopClient(
            adapters,
            default=default,
            policies=policies,
            routes=routes,
            budgets=budgets,
            retry=retry,
            journal=journal,
            on_retry=on_retry,
            observers=observers,
            transport=transport,
            clock=clock,
            unusable=unusable,
            callbacks=callbacks,
            store=store,
            suppression=suppression,
            opt_out_rules=opt_out_rules,
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

        `default` replaces the configuration's default account; the options are those of `Client`. A
        `ConfigError` names what is missing, unknown or wrong; a missing `env:` or `file:` value of
        another account is an error when that account is used.
        """
        return cls._wrap(LoopClient.from_config(source, default=default, **options))

    @classmethod
    def from_env(cls, *, default: str | None = None, **options: Unpack[ClientOptions]) -> Self:
        """Build a client from the URLs in `OMNIMSG_URL`, or from a file.

        The file is the one that `OMNIMSG_CONFIG` names, or `./omnimsg.toml`. A `ConfigError` names
        what is missing, unknown or wrong, and shows no value.
        """
        return cls._wrap(LoopClient.from_env(default=default, **options))

    def __repr__(self) -> str:
        """Show the accounts, and nothing of theirs."""
        return f"sync.{self._client!r}"

    def __enter__(self) -> Self:
        """Return the client itself; connections open when they are needed."""
        return self

    def __exit__(self, *_: object) -> None:
        """Send what waits, then close all connections."""
        self.close()

    def close(self, *, deadline: float = DEADLINE) -> None:
        """Send what waits, wait for the answers that are under way, then close all connections.

        It is for good: what is handed over from now on, also by a `send_many` that still runs, is
        `NotSent` with the reason `CANCELLED`. So is what has not left when the deadline passes;
        what has left and not come back by then is `Ambiguous`.
        """
        run(self._client.aclose(deadline=deadline))

    @property
    def accounts(self) -> Mapping[str, Adapter[Any]]:
        """The adapters by account name; their `capabilities` say what each account can do."""
        return self._client.accounts

    @property
    def default(self) -> str:
        """The name of the account that is used unless another is named."""
        return self._client.default

    def send(
        self,
        message: Message,
        *,
        account: str | None = None,
        deadline: float = DEADLINE,
        settle: float = 0.0,
    ) -> Accepted:
        """Send one message and return the provider's acceptance.

        Acceptance is not delivery: keep `accepted.id` and ask `status`, or `wait` for it.

        With `settle`, a message that may have been sent waits up to so many seconds more: a report
        that names it, or the provider's list, proves that it was, and then it is accepted after
        all.

        Interrupted, by Ctrl-C or a time limit of a task queue, it takes back a message that has not
        left, and waits up to 2 seconds for the answer to one that has. A note on the exception
        says what became of it.

        Raises:
            RejectedError: The provider refused the message.
            NotSentError: It was not sent; its `retry` says whether sending it again can help.
            AmbiguousError: It may have been sent; sending it again may text the customer twice.
        """
        sending = self._client.send(message, account=account, deadline=deadline, settle=settle)
        return run(sending, partial(self._give_up, message))

    def send_many(
        self,
        messages: Iterable[Message],
        *,
        account: str | None = None,
        deadline: float = DEADLINE,
    ) -> Generator[Outcome, None, None]:
        """Send a stream of messages; the fast way, in batches where the provider has them.

        Yields one outcome per message as they become known, which is not the order of the input:
        `position` and `reference` say whose it is. It never raises for a message. When the account
        itself is refused (a wrong key, a wrong address, no funds), the messages that follow are
        `NotSent` without a request, and now and then a batch probes whether that is over.

        The input is read in the calling thread, between the outcomes, so that it may be a cursor of
        a database; an input that takes its time keeps outcomes waiting. What it raises comes after
        the outcomes of everything that was read before. `deadline` is for each message, from its
        turn on.

        Take every outcome. Leaving the loop early loses those of messages that were sent: requests
        under way get a few seconds to come back, for the journal; what they bring is counted in a
        warning, and nothing else leaves. Put the stream into `contextlib.closing` where the body
        may break or raise, so that this happens there and then.
        """
        if isinstance(messages, AsyncIterable):
            raise TypeError("omnimsg.sync sends an ordinary iterable; this one is asynchronous")
        feed = Feed()
        stream = self._client.send_many(feed, account=account, deadline=deadline)
        return outcomes_of(messages, feed, stream)

    def preview(self, message: Message, *, account: str | None = None) -> Preview:
        """Return what would become of a message if it were sent now; nothing is sent."""
        return run_if_started(lambda: self._client.preview(message, account=account))

    def plan(self, message: Message, *, account: str | None = None) -> Plan:
        """Return what would become of a message if it were sent now, and why.

        Nothing is sent, counted or recorded. It is found as `send` finds it: the route, the account
        and its trouble, what the provider would be asked, with the secrets masked.
        """
        return run_if_started(lambda: self._client.plan(message, account=account))

    def add_account(self, adapter: Adapter[Any], *, policy: Policy | None = None) -> None:
        """Add an account, for `send(..., account=name)`; no route uses it.

        Raises:
            ConfigError: There is an account of that name, or its policy asks for what its provider
                cannot do.
        """
        run_if_started(lambda: self._client.add_account(adapter, policy=policy))

    def remove_account(self, name: str, *, deadline: float = DEADLINE) -> None:
        """Send what waits for an account, wait for the answers under way, and close it.

        Nothing can be handed over to it from the beginning on. What has not left when the deadline
        passes is `NotSent` with the reason `CANCELLED`.

        Raises:
            ConfigError: There is no such account, or it is the default one or that of a route.
        """
        run(self._client.remove_account(name, deadline=deadline))

    def check(self, *, deadline: float = 10.0) -> Checkup:
        """Ask whether messages could be sent now: reach, clock, credentials, callbacks, limits.

        Nothing is sent. `deadline` is for each request. It never raises for what it finds; for a
        health endpoint that asks nobody, use `health`.
        """
        return run(self._client.check(deadline=deadline))

    def health(self) -> Mapping[str, Health]:
        """Return how each account is doing, by its name; nothing is asked of the providers."""
        return run_if_started(self._client.health)

    @classmethod
    def _wrap(cls, client: LoopClient) -> Self:
        self = cls.__new__(cls)
        self._client = client
        return self

    def _give_up(self, message: Message, call: Call[Accepted], interruption: BaseException) -> None:
        """Give up a send that was interrupted, and note what became of the message."""
        with suppress(RuntimeError):  # the process is ending
            interruption.add_note(run(self._client.give_up(call, message, GRACE)))
