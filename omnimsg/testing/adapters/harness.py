"""Shared tools of the checks: build adapters and messages, and drive flows with guards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar
from unittest import SkipTest
from urllib.parse import urlsplit

import attrs

from omnimsg.adapter import Context, Effect
from omnimsg.testing.adapters.adapter_spec import AdapterSpec
from omnimsg.testing.adapters.flow_driver import MAX_REQUESTS, Driven, drive
from omnimsg.testing.adapters.outcome_violations import malformed_outcomes, outcome_mismatches
from omnimsg.testing.adapters.samples import NOW
from omnimsg.testing.adapters.scripted_answers import Accept, Refuse, Said
from omnimsg.testing.assertions import assert_no_violations

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from omnimsg.adapter import Adapter, Capabilities, CodeRow, Flow, Request, Response
    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome
    from omnimsg.testing.adapters.flow_driver import Alter, Responder

T = TypeVar("T")


@attrs.frozen(kw_only=True)
class GuardedRun(Generic[T]):
    """The result of `Harness.run_guarded`.

    Attributes:
        driven: The record of the flow; `None` if it raised.
        violations: The rules that it broke.
    """

    driven: Driven[T] | None
    violations: tuple[str, ...]

    @property
    def requests(self) -> tuple[Request, ...]:
        """The requests that it yielded; none if it raised."""
        return () if self.driven is None else self.driven.requests

    @property
    def responses(self) -> tuple[Response, ...]:
        """The responses that it received; none if it raised."""
        return () if self.driven is None else self.driven.responses

    @property
    def valid_value(self) -> T | None:
        """The value that the flow returned; `None` if it raised or broke a rule."""
        return self.driven.value if self.driven is not None and not self.violations else None


class Harness(AdapterSpec):
    """Builds adapters, messages and answers for the checks from the author's spec.

    A check that does not apply to an adapter raises `unittest.SkipTest`, which pytest reports as
    skipped.
    """

    def build_adapter(self, **changes: Any) -> Adapter[Any]:  # noqa: ANN401 - members of the account
        """Build a new adapter for the author's account, with some members changed."""
        account = self.account()
        return self.adapter_class(attrs.evolve(account, **changes) if changes else account)

    def context(self, adapter: Adapter[Any], **changes: Any) -> Context:  # noqa: ANN401
        """Build the context for a flow: the adapter's account, at a fixed time."""
        return Context(account=adapter.account.name, now=NOW, **changes)

    def batch(self, count: int) -> list[Message]:
        """Return messages of the author, after a check that they are valid and fit into one batch.

        Raises:
            AssertionError: The author's `messages` breaks its contract.
        """
        batch = list(self.messages(count))
        adapter = self.build_adapter()
        violations: list[str] = []
        if len(batch) != count:
            violations.append(f"{self.class_name}.messages({count}) gave {len(batch)}")
        if len({each.reference for each in batch}) < len(batch):
            violations.append(f"{self.class_name}.messages({count}) gave equal references")
        if len({adapter.group(each) for each in batch}) > 1:
            violations.append(f"{self.class_name}.messages({count}) gave several groups")
        for index, each in enumerate(batch):
            failure = adapter.check(each)
            if failure is not None:
                violations.append(
                    f"{self.class_name}.messages[{index}] is refused: {failure.sentence()}"
                )
        assert_no_violations(violations)
        return batch

    @property
    def capabilities(self) -> Capabilities:
        """The capabilities of the adapter, which may depend on the account's settings."""
        return self.build_adapter().capabilities

    @property
    def batch_size(self) -> int:
        """The size of a small batch: four messages, or fewer where a request carries fewer."""
        return min(4, self.capabilities.max_messages)

    def require_batches(self) -> int:
        """Return `batch_size`, or skip if a request carries one message."""
        if self.batch_size == 1:
            raise SkipTest("a request of this provider carries one message")
        return self.batch_size

    @property
    def send_levels(self) -> frozenset[str]:
        """The levels of codes in the answer to a send: of one message, and of the whole request."""
        return self.message_levels | self.request_levels

    def body_levels(self) -> list[str]:
        """Return the levels of codes that the body of an answer to a send can contain."""
        levels = self.send_levels - self.status_levels
        return sorted({row.level for row in self.adapter_class.codes} & levels)

    def code_rows(self, levels: frozenset[str]) -> list[CodeRow]:
        """Return the rows of the code table at some levels."""
        return [row for row in self.build_adapter().table if row.level in levels]

    def accept(self, message: Message, number: int) -> Accept:
        """Script the acceptance of a message."""
        return Accept(message, self.provider_id(number))

    def refuse(self, message: Message, code: str, level: str) -> Refuse:
        """Script the refusal of a message, with a detail that quotes the recipient."""
        to = message.to if isinstance(message.to, str) else "the contact"
        return Refuse(message, code, level=level, detail=f"Refused for {to}: code {code}")

    def accept_all(self, batch: Sequence[Message]) -> list[Said]:
        """Script the acceptance of every message."""
        return [self.accept(each, index) for index, each in enumerate(batch)]

    def refuse_all(self, batch: Sequence[Message], code: str, level: str) -> list[Said]:
        """Script the refusal of every message with one code."""
        return [self.refuse(each, code, level) for each in batch]

    def mixed_answers(self, batch: Sequence[Message], first_row: int = 0) -> list[Said]:
        """Script every second message as refused, each with another code row.

        All are accepted if the provider's answers cannot mix, or it has no codes for one message.

        Args:
            batch: The messages.
            first_row: The index of the code row to start at.
        """
        rows = self.code_rows(self.message_levels) if self.mixed else []
        said: list[Said] = self.accept_all(batch)
        for index in range(1, len(batch) if rows else 0, 2):
            row = rows[(first_row + index) % len(rows)]
            said[index] = self.refuse(batch[index], row.code, row.level)
        return said

    def responder(self, said: Sequence[Said]) -> Responder:
        """Return a responder that plays a provider with these answers to send requests."""
        return lambda request: self.answer(request, said)

    def altering_responder(self, said: Sequence[Said], alter: Alter) -> Responder:
        """Return a responder that alters the answer to the request that sends, and all later ones.

        Earlier answers, such as to a token request, are unchanged.
        """
        has_sent = False

        def respond(request: Request) -> Response:
            nonlocal has_sent
            has_sent = has_sent or request.effect is Effect.SENDS
            response = self.answer(request, said)
            return alter(response) if has_sent else response

        return respond

    def accepting_responder(self, batch: Sequence[Message]) -> Responder:
        """Return a responder that accepts every message."""
        return self.responder(self.accept_all(batch))

    def run_guarded(
        self, flow: Callable[[], Flow[T]], respond: Responder, adapter: Adapter[Any]
    ) -> GuardedRun[T]:
        """Drive a flow; record its errors, and requests with credentials to undeclared hosts.

        Errors that the author's `answer` raises pass through.
        """
        violations: list[str] = []
        responder_errors: list[Exception] = []

        def guarded(request: Request) -> Response:
            host = urlsplit(request.url).netloc if not request.url.startswith("/") else None
            if request.authenticated and host is not None and host not in adapter.hosts:
                violations.append(f"sends the credentials to {host!r}, which is not in `hosts`")
            try:
                return respond(request)
            except Exception as error:
                responder_errors.append(error)
                raise

        try:
            driven = drive(flow(), guarded)
        except Exception as error:
            if error in responder_errors:
                raise
            raised = f"raised {type(error).__name__}: {error}"
            return GuardedRun(driven=None, violations=(*violations, raised))
        return GuardedRun(driven=driven, violations=tuple(violations))

    def send(
        self,
        batch: Sequence[Message],
        respond: Responder,
        *,
        adapter: Adapter[Any] | None = None,
    ) -> GuardedRun[Sequence[Outcome | None]]:
        """Send messages with `run_guarded`, and check the number and form of the outcomes."""
        adapter = adapter or self.build_adapter()
        context = self.context(adapter)
        run = self.run_guarded(lambda: adapter.send(batch, context), respond, adapter)
        if run.driven is None:
            return run
        references = [each.reference for each in batch]
        malformed = malformed_outcomes(run.driven.value, references, adapter.account.name)
        return attrs.evolve(run, violations=(*run.violations, *malformed))

    def send_violations(
        self,
        batch: Sequence[Message],
        said: Sequence[Said],
        *,
        entries: Sequence[Said] | None = None,
        allow_none: bool = False,
    ) -> list[str]:
        """Send messages, and compare each outcome with the answer for its message.

        Args:
            batch: The messages.
            said: The provider's answer for each message, in the order of the messages.
            entries: The same, in the order of the answer's entries, if that differs.
            allow_none: Whether `None` is allowed instead of the right outcome.
        """
        adapter = self.build_adapter()
        respond = self.responder(said if entries is None else entries)
        run = self.send(batch, respond, adapter=adapter)
        if run.driven is None or run.violations:
            return list(run.violations)
        return [
            f"message {index}: {mismatch}"
            for index, (outcome, each) in enumerate(zip(run.driven.value, said, strict=True))
            if not (allow_none and outcome is None)
            for mismatch in outcome_mismatches(outcome, each, adapter.table, self)
        ]

    def sending_requests(
        self, message: Message, adapter: Adapter[Any], *, waited: float = 0.0
    ) -> tuple[Request, ...]:
        """Return the requests of a flow that sends one message, up to the one that sends.

        A flow may begin with other requests, such as for a token or a draft, so its first request
        need not contain the message.

        Args:
            message: The message. Earlier requests are answered as for an accepted message.
            adapter: The adapter.
            waited: Seconds that the message has waited in the engine.
        """
        said = [self.accept(message, 0)]
        requests: list[Request] = []
        flow = adapter.send([message], self.context(adapter, waited=waited))
        response: Response | None = None
        try:
            for _ in range(MAX_REQUESTS + 1):
                try:
                    request = next(flow) if response is None else flow.send(response)
                except StopIteration:
                    break
                requests.append(request)
                if request.effect is Effect.SENDS:
                    break
                response = self.answer(request, said)
        finally:
            flow.close()
        return tuple(requests)
