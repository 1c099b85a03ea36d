"""What an application holds: the accounts of a configuration, behind one set of methods."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Self, TypeVar, overload

import anyio
import attrs

from omnimsg.adapter import Context, Operation
from omnimsg.config import load_adapter, load_config, provider_names
from omnimsg.domain.errors import (
    AmbiguousError,
    ConfigError,
    NotSentError,
    OperationError,
    RejectedError,
    Unsupported,
)
from omnimsg.domain.failure import Failure
from omnimsg.domain.formatting import format_bytes
from omnimsg.domain.history import HistoryQuery
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.outcome import Accepted, Ambiguous, Outcome, Rejected
from omnimsg.domain.reason import Reason, Retry
from omnimsg.domain.structuring import unknown_choice
from omnimsg.engine.attempt.journal_writer import JournalWriter
from omnimsg.engine.attempt.runner import AttemptRunner
from omnimsg.engine.deadline import Deadline
from omnimsg.engine.limits.rate_limiter import RateLimiter, places
from omnimsg.engine.operations import OperationRunner
from omnimsg.engine.policy import OnAmbiguous, Policy
from omnimsg.engine.sending.message_checks import MessageChecks
from omnimsg.engine.sending.reconcile import Reconciler
from omnimsg.engine.sending.retry import Retrier, RetryHook, log_retry
from omnimsg.engine.sending.scheduler import Scheduler
from omnimsg.engine.sending.stream import send_stream
from omnimsg.transport.aiohttp_transport import HttpTransport
from omnimsg.transport.files import FileSink, MemorySink, file_size, measured

if TYPE_CHECKING:
    import os
    from collections.abc import (
        AsyncGenerator,
        AsyncIterable,
        AsyncIterator,
        Callable,
        Iterable,
        Mapping,
    )
    from pathlib import Path

    from omnimsg.adapter import Absent, Adapter, Answered, Flow
    from omnimsg.domain.history import Balance, Interaction, Page, PastMessage
    from omnimsg.domain.media import MediaInfo, Stored, Upload
    from omnimsg.domain.message import Message
    from omnimsg.domain.status import MessageStatus
    from omnimsg.engine.journal import Journal
    from omnimsg.engine.policy import RetryPolicy
    from omnimsg.transport.files import Sink

T = TypeVar("T")

# Messages that a stream reads ahead of those under way, at least: waking a reader costs about as
# much as sending one message, so it is woken for many.
_LEAST_AHEAD = 256

# Seconds of patience for one call, unless the caller says otherwise.
DEADLINE = 30.0


class Client:
    """Sends and tracks messages through the accounts of a configuration.

    Hold one per process and use it from as many tasks as you like; it belongs to the event loop it
    was first used in. Close it, or use it as `async with`, so that connections do not linger.

    Every `deadline` is the caller's patience in seconds for the whole call, waiting and further
    attempts included. It is not the message's `ttl`.

    Args:
        adapters: One per account, each with a name of its own.
        default: The account that is used unless another is named; needed with several.
        policies: By account name: how fast, how often again, what to do in trouble.
        retry: How often and how soon to try again, for every account, whatever its policy says.
        journal: Told of every message before it leaves and after.
        on_retry: Told of every retry before the wait for it; logs it unless given.

    Raises:
        ConfigError: No account, two of one name, or a default that is none of them.
    """

    def __init__(
        self,
        adapters: Iterable[Adapter[Any]],
        *,
        default: str | None = None,
        policies: Mapping[str, Policy] | None = None,
        retry: RetryPolicy | None = None,
        journal: Journal | None = None,
        on_retry: RetryHook = log_retry,
    ) -> None:
        self._accounts: dict[str, _Account] = {}
        for adapter in adapters:
            name = adapter.account.name
            if name in self._accounts:
                raise ConfigError(f"two accounts are called {name!r}")
            policy = (policies or {}).get(name, Policy())
            if retry is not None:
                policy = attrs.evolve(policy, retry=retry)
            self._accounts[name] = _Account(adapter, policy, journal, on_retry)
        if not self._accounts:
            raise ConfigError("a client needs at least one account")
        if default is None and len(self._accounts) > 1:
            raise ConfigError(f"name the default account: {', '.join(self._accounts)}")
        self._default = default if default is not None else next(iter(self._accounts))
        self._usual = self._account(self._default)

    @classmethod
    def from_config(
        cls,
        source: str | os.PathLike[str] | Mapping[str, Any],
        *,
        retry: RetryPolicy | None = None,
        journal: Journal | None = None,
        on_retry: RetryHook = log_retry,
    ) -> Self:
        """Build a client from a TOML file, or from a mapping of the same form.

        Raises:
            ConfigError: It cannot be read, or something in it is missing, unknown or wrong.
        """
        config = load_config(source)
        return cls(
            config.adapters.values(),
            default=config.default,
            policies=config.policies,
            retry=retry,
            journal=journal,
            on_retry=on_retry,
        )

    def __repr__(self) -> str:
        """Show the accounts, and nothing of theirs."""
        return f"Client(accounts={list(self._accounts)}, default={self._default!r})"

    async def __aenter__(self) -> Self:
        """Return the client itself; connections open when they are needed."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Send what waits, then close all connections."""
        await self.aclose()

    async def aclose(self, *, deadline: float = DEADLINE) -> None:
        """Send what waits, wait for the answers that are under way, then close all connections.

        It is for good: what is handed over from now on, also by a `send_many` that still runs, is
        `NotSent` with the reason `CANCELLED`. So is what has not left when the deadline passes, or
        when this is cancelled; what has left and not come back by then is `Ambiguous`.

        Args:
            deadline: Seconds of patience.
        """
        until = Deadline.after(deadline)
        async with anyio.create_task_group() as closing:
            for account in self._accounts.values():
                closing.start_soon(account.aclose, until)

    @property
    def accounts(self) -> Mapping[str, Adapter[Any]]:
        """The adapters by account name; their `capabilities` say what each account can do."""
        return {name: account.adapter for name, account in self._accounts.items()}

    @property
    def default(self) -> str:
        """The name of the account that is used unless another is named."""
        return self._default

    async def send(
        self, message: Message, *, account: str | None = None, deadline: float = DEADLINE
    ) -> Accepted:
        """Send one message and return the provider's acceptance.

        Acceptance is not delivery: keep `accepted.id` and ask `status`.

        Args:
            message: What to send.
            account: The account to send through; the default account unless given.
            deadline: Seconds of patience for the hand-over.

        Raises:
            RejectedError: The provider refused the message.
            NotSentError: It was not sent; its `retry` says whether sending it again can help.
            AmbiguousError: It may have been sent; sending it again may text the customer twice.
            ConfigError: There is no such account.
        """
        intake = (self._usual if account is None else self._account(account)).batcher.intake
        while (future := intake.submit(message, deadline)) is None:
            deadline = await intake.room(message, deadline)
        outcome = await future
        if isinstance(outcome, Accepted):
            return outcome
        if isinstance(outcome, Rejected):
            raise RejectedError(outcome)
        if isinstance(outcome, Ambiguous):
            raise AmbiguousError(outcome)
        raise NotSentError(outcome)

    def send_many(
        self,
        messages: Iterable[Message] | AsyncIterable[Message],
        *,
        account: str | None = None,
        deadline: float = DEADLINE,
    ) -> AsyncGenerator[Outcome, None]:
        """Send a stream of messages; the fast way, in batches where the provider has them.

        Yields one outcome per message as they become known, which is not the order of the input:
        `position` and `reference` say whose it is. It never raises for a message. When the account
        itself is in trouble (a wrong key, a wrong address, no funds), the messages that follow are
        `NotSent` without a request, and now and then a batch finds out whether it is over.

        Take every outcome. Leaving the loop early loses those of messages that were sent: requests
        under way get a few seconds to come back, for the journal; what they bring is counted in a
        warning, and nothing else leaves. Put the stream into `contextlib.aclosing` where the body
        may break or raise, so that this happens there and then.

        Args:
            messages: Any iterable; it is read no faster than messages leave.
            account: The account to send through; the default account unless given.
            deadline: Seconds of patience for each message, from when it is its turn.

        Raises:
            ConfigError: There is no such account.
        """
        return self._account(account).stream(messages, deadline)

    async def status(self, id: str, *, deadline: float = DEADLINE) -> MessageStatus:  # noqa: A002
        """Ask where a message is.

        Args:
            id: `str(accepted.id)`, from this process or any other.
            deadline: Seconds of patience.

        Returns:
            Its status; `UNKNOWN` with the reason `NOT_FOUND` where the provider does not know it.

        Raises:
            InvalidValue: The text is no message id.
            OperationError: The provider could not be asked, or did not answer.
            ConfigError: There is no such account.
            Unsupported: The provider has no look-up.
        """
        message_id = MessageId(id)
        adapter = self._able(message_id.account, Operation.STATUS).adapter
        return await self._run(
            message_id.account,
            Operation.STATUS,
            lambda context: adapter.status(message_id.provider_id, context),
            deadline,
        )

    async def cancel(self, id: str, *, deadline: float = DEADLINE) -> bool:  # noqa: A002
        """Stop a scheduled message.

        Args:
            id: `str(accepted.id)`.
            deadline: Seconds of patience.

        Returns:
            `True` when it was stopped; `False` when it is too late, or there is no such message.

        Raises:
            InvalidValue: The text is no message id.
            OperationError: No certain answer; the status tells what became of the message.
            ConfigError: There is no such account.
            Unsupported: The provider cannot cancel.
        """
        message_id = MessageId(id)
        adapter = self._able(message_id.account, Operation.CANCEL).adapter
        return await self._run(
            message_id.account,
            Operation.CANCEL,
            lambda context: adapter.cancel(message_id.provider_id, context),
            deadline,
        )

    async def upload(
        self, upload: Upload, *, account: str | None = None, deadline: float = 120.0
    ) -> Stored:
        """Hand a file to the provider, for any number of later messages of this account.

        Args:
            upload: The file; a local one is read in pieces.
            account: The account to upload through; the default account unless given.
            deadline: Seconds of patience, for reading the file too.

        Raises:
            OperationError: The file cannot be read (in time), is too large, or was refused.
            ConfigError: There is no such account.
            Unsupported: The provider stores no files.
        """
        name = self._default if account is None else account
        adapter = self._able(name, Operation.UPLOAD).adapter
        until = Deadline.after(deadline)
        refused = partial(_refused, Operation.UPLOAD, name, path="data")
        limit = adapter.capabilities.max_upload_bytes
        try:
            with anyio.fail_after(deadline):
                size = await file_size(upload.data)
                if limit is not None and size > limit:
                    detail = (
                        f"has {format_bytes(size)}; {adapter.provider} stores files of up to"
                        f" {format_bytes(limit)}"
                    )
                    raise refused(Reason.MEDIA_TOO_LARGE, detail=detail)
                source = await measured(upload.data)
        except TimeoutError:
            detail = "the file cannot be read before the deadline"
            raise refused(Reason.DEADLINE_EXCEEDED, detail=detail) from None
        except OSError as error:
            detail = f"the file cannot be read: {error.strerror}"
            raise refused(Reason.MEDIA_INVALID, detail=detail) from None
        return await self._run(
            name,
            Operation.UPLOAD,
            lambda context: adapter.upload(upload, source, context),
            until.remaining(),
        )

    @overload
    async def download(self, stored: Stored, *, deadline: float = 120.0) -> bytes: ...

    @overload
    async def download(self, stored: Stored, to: Path, *, deadline: float = 120.0) -> Path: ...

    async def download(
        self, stored: Stored, to: Path | None = None, *, deadline: float = 120.0
    ) -> bytes | Path:
        """Fetch a stored file.

        Args:
            stored: What `upload` returned, or what an inbound message brought.
            to: Where to write it; it appears there only when it is whole. Without it the bytes are
                returned, and held in memory.
            deadline: Seconds of patience.

        Raises:
            OperationError: It is not there (any more), or the transfer broke.
            OSError: The file cannot be written.
            ConfigError: There is no such account.
            Unsupported: The provider stores no files.
        """
        account = self._able(stored.account, Operation.DOWNLOAD)
        start = lambda context: account.adapter.download(stored, context)  # noqa: E731
        if to is None:
            memory = MemorySink()
            await self._fetch(account, start, memory, deadline)
            return memory.value()
        async with FileSink(to) as file:
            await self._fetch(account, start, file, deadline)
        return to

    async def media_info(self, stored: Stored, *, deadline: float = DEADLINE) -> MediaInfo:
        """Ask what the provider says of a stored file.

        Raises:
            OperationError: It is not there (any more), or the provider did not answer.
            ConfigError: There is no such account.
            Unsupported: The provider says nothing of stored files.
        """
        adapter = self._able(stored.account, Operation.MEDIA_INFO).adapter
        return await self._run(
            stored.account,
            Operation.MEDIA_INFO,
            lambda context: adapter.media_info(stored, context),
            deadline,
        )

    async def balance(self, *, account: str | None = None, deadline: float = DEADLINE) -> Balance:
        """Ask what is left on an account; also the cheapest way to try its credentials.

        Raises:
            OperationError: The provider refused, or did not answer.
            ConfigError: There is no such account.
            Unsupported: The provider has no balance.
        """
        name = self._default if account is None else account
        adapter = self._able(name, Operation.BALANCE).adapter
        return await self._run(name, Operation.BALANCE, adapter.balance, deadline)

    def history(
        self,
        query: HistoryQuery | None = None,
        *,
        account: str | None = None,
        deadline: float = DEADLINE,
    ) -> AsyncIterator[PastMessage]:
        """Go through past messages, page after page as they are needed.

        Args:
            query: Which ones; all of them unless given.
            account: The account to ask; the default account unless given.
            deadline: Seconds of patience for each page.

        Raises:
            OperationError: A page could not be had.
            ConfigError: There is no such account.
            Unsupported: The provider lists no messages.
        """
        name = self._default if account is None else account
        adapter = self._able(name, Operation.HISTORY).adapter
        wanted = query or HistoryQuery()
        return self._pages(
            name,
            Operation.HISTORY,
            lambda page, context: adapter.history(wanted, page, context),
            deadline,
        )

    def interactions(
        self,
        id: str,  # noqa: A002 - the word for it
        *,
        deadline: float = DEADLINE,
    ) -> AsyncIterator[Interaction]:
        """Go through what people did with a message.

        Args:
            id: `str(accepted.id)`.
            deadline: Seconds of patience for each page.

        Raises:
            InvalidValue: The text is no message id.
            OperationError: A page could not be had.
            ConfigError: There is no such account.
            Unsupported: The provider keeps no interactions.
        """
        message_id = MessageId(id)
        adapter = self._able(message_id.account, Operation.INTERACTIONS).adapter
        return self._pages(
            message_id.account,
            Operation.INTERACTIONS,
            lambda page, context: adapter.interactions(message_id.provider_id, page, context),
            deadline,
        )

    async def mark_read(self, ids: Iterable[str], *, deadline: float = DEADLINE) -> list[Outcome]:
        """Tell people that their messages were read.

        Args:
            ids: Ids of inbound messages, `account:id`.
            deadline: Seconds of patience.

        Returns:
            One outcome per id, in order.

        Raises:
            InvalidValue: Some text is no message id.
            ConfigError: There is no such account.
            Unsupported: The provider has no read receipts.
        """
        wanted = [MessageId(each) for each in ids]
        until = Deadline.after(deadline)
        # Nothing is asked before it is clear that all of it can be.
        accounts = {each.account: self._able(each.account, Operation.MARK_READ) for each in wanted}
        outcomes: dict[int, Outcome] = {}
        for name, account in accounts.items():
            places = [place for place, each in enumerate(wanted) if each.account == name]
            most = account.adapter.capabilities.max_messages
            for start in range(0, len(places), most):
                part = places[start : start + most]
                given = [wanted[place].provider_id for place in part]
                answered = await account.operator.mark_read(given, until)
                outcomes.update(zip(part, answered, strict=True))
        return [outcomes[place] for place in range(len(wanted))]

    def _account(self, name: str | None) -> _Account:
        try:
            return self._accounts[self._default if name is None else name]
        except KeyError:
            raise ConfigError(
                f"no account {name!r}: {unknown_choice(name, self._accounts)}"
            ) from None

    def _able(self, name: str, operation: Operation) -> _Account:
        account = self._account(name)
        if operation not in account.adapter.operations():
            raise Unsupported(
                f"account {name!r}: {account.adapter.provider} has no operation"
                f" {operation.value!r}; {_who_has(operation)}"
            )
        return account

    async def _run(
        self,
        name: str,
        operation: Operation,
        start: Callable[[Context], Flow[Answered[T]]],
        deadline: float,
    ) -> T:
        return await self._account(name).operator.run(operation, start, deadline=deadline)

    async def _fetch(
        self,
        account: _Account,
        start: Callable[[Context], Flow[Answered[bool]]],
        sink: Sink,
        deadline: float,
    ) -> None:
        run = account.operator.run
        if not await run(Operation.DOWNLOAD, start, deadline=deadline, sink=sink):
            name, why = account.adapter.account.name, "the provider has no such file"
            raise _refused(Operation.DOWNLOAD, name, Reason.NOT_FOUND, "stored", why)

    async def _pages(
        self,
        name: str,
        operation: Operation,
        start: Callable[[str | None, Context], Flow[Answered[Page[T]]]],
        deadline: float,
    ) -> AsyncIterator[T]:
        token: str | None = None
        while True:
            page = await self._run(name, operation, partial(start, token), deadline)
            for item in page.items:
                yield item
            # A provider that repeats a token would be asked for ever.
            if page.next is None or page.next == token:
                return
            token = page.next


class _Account:
    """One account's parts, put together."""

    def __init__(
        self,
        adapter: Adapter[Any],
        policy: Policy,
        journal: Journal | None,
        on_retry: RetryHook,
    ) -> None:
        seeks = policy.on_ambiguous is OnAmbiguous.RESEND_IF_NOT_FOUND
        if seeks and Operation.FIND not in adapter.operations():
            raise ConfigError(
                f"accounts.{adapter.account.name}.on_ambiguous: {adapter.provider} cannot be asked"
                " for a message by its reference; use hold or resend"
            )
        self.adapter = adapter
        most = places(policy.limits, adapter.capabilities)
        self.transport = HttpTransport(
            adapter.account.base_url,
            hosts=adapter.hosts,
            authorization=adapter.authorization(),
            connections=most,
        )
        dispatcher = AttemptRunner(adapter, self.transport, journal=journal)
        limiter = RateLimiter(policy.limits, adapter.capabilities)
        recorder = None if journal is None else JournalWriter(journal, adapter.account.name)
        seeker = Reconciler(adapter.account.name, policy, self._find, on_retry, recorder)
        retrier = Retrier(adapter.account.name, policy, on_retry, seeker if seeks else None)
        self.batcher = Scheduler(MessageChecks(adapter, dispatcher), limiter, policy, retrier)
        self.operator = OperationRunner(
            adapter,
            self.transport,
            dispatcher,
            retrier,
            turn=self.batcher.turn,
        )
        # Enough for every place to be taken, and for those that come free while more is read.
        self._ahead = max((most + 2) * adapter.capabilities.max_messages, most + _LEAST_AHEAD)

    def stream(
        self, messages: Iterable[Message] | AsyncIterable[Message], deadline: float
    ) -> AsyncGenerator[Outcome, None]:
        return send_stream(self.batcher, messages, deadline=deadline, ahead=self._ahead)

    async def _find(self, message: Message, deadline: Deadline) -> Accepted | Absent | None:
        """Ask for a message that may have been sent: the operator is there before one is."""
        return await self.operator.find(message, deadline)

    async def aclose(self, deadline: Deadline) -> None:
        try:
            await self.batcher.aclose(deadline)
        finally:
            with anyio.move_on_after(max(0.0, deadline.remaining())):
                await self.transport.aclose()


def _refused(
    operation: Operation, account: str, reason: Reason, path: str, detail: str
) -> OperationError:
    failure = Failure(reason=reason, retry=Retry.NEVER, path=path, detail=detail)
    return OperationError(operation.value, account, failure)


def _who_has(operation: Operation) -> str:
    """Name the installed providers that have an operation."""
    able = []
    for provider in provider_names():
        try:
            if operation in load_adapter(provider).operations():
                able.append(provider)
        except ConfigError:
            # A broken plug-in must not hide the answer of the others.
            continue
    return f"it is offered by {', '.join(able)}" if able else "no installed provider has it"
