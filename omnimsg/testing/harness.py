"""What the checks share: adapters to hold, messages to send, and flows driven under guard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar
from unittest import SkipTest
from urllib.parse import urlsplit

import attrs

from omnimsg.adapter import Context
from omnimsg.testing.adapter_spec import AdapterSpec
from omnimsg.testing.assertions import misjudged, unsound
from omnimsg.testing.flow_driver import Driven, drive
from omnimsg.testing.samples import NOW
from omnimsg.testing.scripted_answers import Accept, Refuse, Said

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from omnimsg.adapter import Adapter, Capabilities, CodeRow, Flow, Request, Response
    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome
    from omnimsg.testing.flow_driver import Respond

T = TypeVar("T")

MOST_SHOWN = 20


def hold(broken: Sequence[str]) -> None:
    """Fail with every promise that was found broken, one a line.

    Raises:
        AssertionError: There is at least one.
    """
    if broken:
        more = len(broken) - MOST_SHOWN
        lines = [*broken[:MOST_SHOWN], *([f"... and {more} more"] if more > 0 else [])]
        raise AssertionError("\n".join(lines))


def skip(why: str) -> SkipTest:
    """Build the skip of a check that does not concern an adapter; pytest knows it too."""
    return SkipTest(why)


@attrs.frozen(kw_only=True)
class Run(Generic[T]):
    """A flow that was driven under guard.

    Attributes:
        driven: What it did; `None` where it raised.
        broken: What it may not do and did.
    """

    driven: Driven[T] | None
    broken: tuple[str, ...]


class Harness(AdapterSpec):
    """What the author says, put to work."""

    def build(self, **changes: Any) -> Adapter[Any]:  # noqa: ANN401 - members of the account
        """Build a new adapter, of the author's account with some changes."""
        account = self.account()
        return self.adapter_class(attrs.evolve(account, **changes) if changes else account)

    def context(self, adapter: Adapter[Any], **changes: Any) -> Context:  # noqa: ANN401
        """Build the moment a flow runs in."""
        return Context(account=adapter.account.name, now=NOW, **changes)

    def batch(self, count: int) -> list[Message]:
        """Take messages from the author, and see that they can be used."""
        batch = list(self.messages(count))
        adapter = self.build()
        wrong: list[str] = []
        if len(batch) != count:
            wrong.append(f"{self._name}.messages({count}) gave {len(batch)}")
        if len({each.reference for each in batch}) < len(batch):
            wrong.append(f"{self._name}.messages({count}) gave equal references")
        if len({adapter.group(each) for each in batch}) > 1:
            wrong.append(f"{self._name}.messages({count}) gave several groups")
        for index, each in enumerate(batch):
            failure = adapter.check(each)
            if failure is not None:
                wrong.append(f"{self._name}.messages[{index}] is refused: {failure.sentence()}")
        hold(wrong)
        return batch

    @property
    def capabilities(self) -> Capabilities:
        """What the adapter of the author's account can do, which its settings may decide."""
        return self.build().capabilities

    @property
    def several(self) -> int:
        """How many messages make a small batch of this provider."""
        return min(4, self.capabilities.max_messages)

    def need_several(self) -> int:
        """Return `several`, or skip where a request carries one message."""
        if self.several == 1:
            raise skip("a request of this provider carries one message")
        return self.several

    def rows(self, levels: frozenset[str]) -> list[CodeRow]:
        """Return the rows of the code table at some levels."""
        return [row for row in self.build().table if row.level in levels]

    def accept(self, message: Message, number: int) -> Accept:
        """Have a message accepted."""
        return Accept(message, self.provider_id(number))

    def refuse(self, message: Message, code: str, level: str) -> Refuse:
        """Have a message refused, in a sentence that quotes the recipient."""
        to = message.to if isinstance(message.to, str) else "the contact"
        return Refuse(message, code, level=level, detail=f"Refused for {to}: code {code}")

    def said_variously(self, batch: Sequence[Message], start: int = 0) -> list[Said]:
        """Say yes to every second message and give the others one row each."""
        rows = self.rows(self.message_levels) if self.mixed else []
        return [
            self.refuse(each, (row := rows[(start + index) % len(rows)]).code, row.level)
            if rows and index % 2
            else self.accept(each, index)
            for index, each in enumerate(batch)
        ]

    def run(self, flow: Callable[[], Flow[T]], respond: Respond, adapter: Adapter[Any]) -> Run[T]:
        """Drive a flow; it must not raise, nor have credentials sent to strangers."""
        broken: list[str] = []
        authors: list[Exception] = []

        def guarded(request: Request) -> Response:
            host = urlsplit(request.url).netloc if not request.url.startswith("/") else None
            if request.authenticated and host is not None and host not in adapter.hosts:
                broken.append(f"sends the credentials to {host!r}, which is not in `hosts`")
            try:
                return respond(request)
            except Exception as error:
                authors.append(error)
                raise

        try:
            driven = drive(flow(), guarded)
        except Exception as error:
            if error in authors:
                raise
            return Run(driven=None, broken=(*broken, f"raised {type(error).__name__}: {error}"))
        return Run(driven=driven, broken=tuple(broken))

    def send(
        self,
        batch: Sequence[Message],
        respond: Respond,
        *,
        adapter: Adapter[Any] | None = None,
    ) -> Run[Sequence[Outcome | None]]:
        """Send messages against a provider and look at the number and make of the outcomes."""
        adapter = adapter or self.build()
        context = self.context(adapter)
        run = self.run(lambda: adapter.send(batch, context), respond, adapter)
        if run.driven is None:
            return run
        references = [each.reference for each in batch]
        wrong = unsound(run.driven.value, references, adapter.account.name)
        return attrs.evolve(run, broken=(*run.broken, *wrong))

    def judged(
        self,
        batch: Sequence[Message],
        said: Sequence[Said],
        *,
        shown: Sequence[Said] | None = None,
        may_shrug: bool = False,
    ) -> list[str]:
        """Send messages and hold each outcome against what was said of its message.

        Args:
            batch: The messages.
            said: What the provider says of each, in the order of the messages.
            shown: The same, in the order of the answer's entries.
            may_shrug: Whether `None` is as good as the right outcome.
        """
        adapter = self.build()
        run = self.send(batch, self.tell(said if shown is None else shown), adapter=adapter)
        if run.driven is None or run.broken:
            return list(run.broken)
        return [
            f"message {index}: {wrong}"
            for index, (outcome, each) in enumerate(zip(run.driven.value, said, strict=True))
            if not (may_shrug and outcome is None)
            for wrong in misjudged(outcome, each, adapter.table, self)
        ]

    def tell(self, said: Sequence[Said]) -> Respond:
        """Be a provider that says this of its messages."""
        return lambda request: self.answer(request, said)

    def accepting(self, batch: Sequence[Message]) -> Respond:
        """Be a provider that says yes to everything."""
        return self.tell([self.accept(each, index) for index, each in enumerate(batch)])

    def first_request(self, message: Message, adapter: Adapter[Any] | None = None) -> Request:
        """Return the first request of sending one message, which no answer shapes."""
        adapter = adapter or self.build()
        flow = adapter.send([message], self.context(adapter))
        try:
            return next(flow)
        finally:
            flow.close()
