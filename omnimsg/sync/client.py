"""The client for code without an event loop: the methods of `omnimsg.Client`, which block."""

from __future__ import annotations

from collections.abc import AsyncIterable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Self, Unpack

from omnimsg.domain.arguments import require_messages
from omnimsg.operations import DEADLINE
from omnimsg.sync.call import GRACE, refuse_in_event_loop, run, run_if_started
from omnimsg.sync.interruption import LoopClient
from omnimsg.sync.operations import Operations
from omnimsg.sync.receiving import Receiving
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
    from omnimsg.engine.budgets import Budget
    from omnimsg.engine.clock import Clock
    from omnimsg.engine.health_and_preview import Health, Preview
    from omnimsg.engine.journal import Journal
    from omnimsg.engine.observers import Observer, RetryEvent
    from omnimsg.engine.policy import Policy, RetryPolicy
    from omnimsg.engine.suppression import Suppression
    from omnimsg.routing import Route
    from omnimsg.routing.plan import Plan
    from omnimsg.sync.call import Call
    from omnimsg.transport import TransportFactory


class Client(Operations, Receiving):
    """Sends and tracks messages through the accounts of a configuration; its methods block.

    Create one per process and use it from as many threads as you like: messages that they send at
    the same time share requests. The methods run in one event loop, in a thread of its own that
    starts with the first call; a forked process starts its own. Close the client, or use it in
    `with`; connections that are open when the process ends are closed then.

    Common to the methods: `account` is an account's name. Without one, a message goes through the
    accounts of its route if one takes it; everything else uses the default account. `deadline` is
    in seconds, for the whole call, including waiting and further attempts; it is not the message's
    `ttl`. An id is `str(accepted.id)`, from this process or any other. The methods raise
    `ConfigError` if there is no such account, `InvalidValue` if a text is no id or an argument is
    of another type, and `TypeError` if what is sent is no `Message`. All except the sending ones
    raise `Unsupported` if the provider has no such operation, and `OperationError` if the provider
    could not be asked, refused, or did not answer. In a thread in which an event loop runs, those
    that block raise `RuntimeError`. An exception that interrupts a method, such as that of Ctrl-C,
    cancels the work that the method has started.

    Args:
        adapters: One per account, each with a name of its own.
        default: The account that is used unless another is named; needed with several.
        policies: By account name: limits, retries, and what to do on account failures.
        routes: The routes of messages that name no account; the first that takes a message applies.
        budgets: How many messages, or how much money, may leave in a period.
        retry: How often and how soon to try again, for every account, whatever its policy says.
        journal: Records every message before it leaves and after.
        on_retry: Called before the wait for every retry; retries are logged unless it is given.
            It runs in the event loop, and must not block.
        observers: Notified of what happens to messages, attempts and accounts; in the event loop.
        transport: Builds the transport of an account; aiohttp's unless given.
        clock: The clock that everything reads; the system's unless given.
        unusable: The errors for using accounts without an adapter, by account name.
        callbacks: How callbacks are received.
        store: Keeps the state of messages; in memory unless given.
        suppression: The suppression list: asked before every request, gets every opt-out.
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

        `default` replaces the configuration's default account. The options are those of `Client`
        that no configuration has: `retry`, `journal`, `on_retry`, `observers`, `transport`,
        `clock`, `store`, `suppression` and `opt_out_rules`. A `ConfigError` names what is missing,
        unknown or wrong; a missing `env:` or `file:` value of another account is an error when that
        account is used.
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
        """Show the names of the accounts, and none of their settings."""
        return f"sync.{self._client!r}"

    def __reduce__(self) -> str:
        """Refuse to be pickled or copied."""
        return self._client.__reduce__()

    def __enter__(self) -> Self:
        """Return the client itself; connections open when they are needed.

        Raises:
            RuntimeError: An event loop runs in this thread, so that the client could not be closed.
        """
        refuse_in_event_loop()
        return self

    def __exit__(self, *_: object) -> None:
        """Send the messages that wait, then close all connections."""
        self.close()

    def close(self, *, deadline: float = DEADLINE) -> None:
        """Send the messages that wait, wait for answers in flight, then close all connections.

        A closed client stays closed: messages that are handed over from now on, also by a
        `send_many` that still runs, are `NotSent` with the reason `CANCELLED`. So are messages that
        have not left when the deadline passes; those that have left without an answer by then are
        `Ambiguous`.
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

        With `settle`, the call waits up to that many seconds more if the message may have been
        sent. A report that names the message, or the provider's list, proves that it was; the call
        then returns the acceptance.

        If Ctrl-C or the time limit of a task queue interrupts the call, it takes back a message
        that has not left, and waits up to 2 seconds for the answer to one that has. A note on the
        exception says what became of the message.

        Raises:
            RejectedError: The provider refused the message.
            NotSentError: It was not sent; its `retry` says whether sending it again can help. Also
                raised for a different message with a known reference.
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
        `position` and `reference` identify the message. It never raises for a message. When the
        account itself is refused (a wrong key, a wrong address, no funds), the messages that follow
        are `NotSent` without a request, and now and then a batch probes whether that is over.

        The input is read in the calling thread, between the outcomes, so it may be a database
        cursor; a slow input delays outcomes. An error of the input is raised after the outcomes of
        all messages that were read before. `deadline` is for each message, and begins when the
        message leaves the queue.

        Take every outcome. Leaving the loop early loses the outcomes of messages that were sent:
        requests in flight get a few seconds to come back, for the journal; their outcomes are
        counted in a warning, and no other message leaves. Use `contextlib.closing` if the loop's
        body may break or raise, so that this happens at once.

        Raises:
            TypeError: The input is asynchronous.
        """
        if isinstance(messages, AsyncIterable):
            raise TypeError("omnimsg.sync sends an ordinary iterable; this one is asynchronous")
        require_messages(messages)
        feed = Feed()
        stream = self._client.send_many(feed, account=account, deadline=deadline)
        return outcomes_of(messages, feed, stream)

    def preview(self, message: Message, *, account: str | None = None) -> Preview:
        """Return what would become of a message if it were sent now; nothing is sent."""
        return run_if_started(lambda: self._client.preview(message, account=account))

    def plan(self, message: Message, *, account: str | None = None) -> Plan:
        """Return what would become of a message if it were sent now, and why.

        Nothing is sent, counted or recorded. The plan is made by the code that `send` uses: the
        route, the account and its trouble, the request to the provider with its secrets masked.
        """
        return run_if_started(lambda: self._client.plan(message, account=account))

    def add_account(self, adapter: Adapter[Any], *, policy: Policy | None = None) -> None:
        """Add an account, for `send(..., account=name)`; no route uses it.

        Raises:
            ConfigError: There is an account of that name, its policy asks for something that its
                provider cannot do, or the client is closed.
            InvalidValue: An argument is of another type.
        """
        run_if_started(lambda: self._client.add_account(adapter, policy=policy))

    def remove_account(self, name: str, *, deadline: float = DEADLINE) -> None:
        """Send the messages that wait for an account, wait for answers in flight, and close it.

        From the start of this call, no message can be handed over to it. Messages that have not
        left when the deadline passes are `NotSent` with the reason `CANCELLED`.

        Raises:
            ConfigError: There is no such account, or it is the default one or used by a route.
        """
        run(self._client.remove_account(name, deadline=deadline))

    def check(self, *, deadline: float = 10.0) -> Checkup:
        """Check whether messages could be sent now: reach, clock, credentials, callbacks, limits.

        No message is sent. `deadline` is for each request. It never raises for what it finds. For a
        health endpoint use `health`, which makes no request.
        """
        return run(self._client.check(deadline=deadline))

    def health(self) -> Mapping[str, Health]:
        """Return the health of each account, by its name, without asking the providers."""
        return run_if_started(self._client.health)

    @classmethod
    def _wrap(cls, client: LoopClient) -> Self:
        self = cls.__new__(cls)
        self._client = client
        return self

    def _give_up(self, message: Message, call: Call[Accepted], interruption: BaseException) -> None:
        """Cancel an interrupted send, and add a note on the message's fate to the exception."""
        with suppress(RuntimeError):  # the process is ending
            interruption.add_note(run(self._client.give_up(call, message, GRACE)))
