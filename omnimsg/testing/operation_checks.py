"""Checks of the operations besides sending."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import attrs
import orjson

from omnimsg.adapter import Absent, Adapter, Effect, Operation, Request, Response, StatusRow
from omnimsg.domain.errors import InvalidValue, Unsupported
from omnimsg.domain.failure import Failure
from omnimsg.domain.history import (
    Balance,
    HistoryQuery,
    Interaction,
    Page,
    PastMessage,
)
from omnimsg.domain.media import MediaInfo, Stored
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.outcome import Accepted
from omnimsg.domain.reason import Reason
from omnimsg.domain.status import MessageStatus, Status
from omnimsg.testing import fuzz
from omnimsg.testing.assertions import unsound
from omnimsg.testing.flow_driver import drive
from omnimsg.testing.harness import Harness, hold, skip
from omnimsg.testing.samples import NOW, SINCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from omnimsg.domain.message import Message
    from omnimsg.testing.flow_driver import Driven, Respond

UNKNOWN_WORD = "OMNIMSG_UNKNOWN"
MOST_PAGES = 100

VALUES: Mapping[Operation, type | tuple[type, ...]] = {
    Operation.STATUS: MessageStatus,
    Operation.FIND: (Accepted, Absent),
    Operation.CANCEL: bool,
    Operation.UPLOAD: Stored,
    Operation.DOWNLOAD: bool,
    Operation.MEDIA_INFO: MediaInfo,
    Operation.BALANCE: Balance,
    Operation.HISTORY: Page,
    Operation.INTERACTIONS: Page,
    Operation.MARK_READ: Sequence,
}
CHANGING = frozenset({Operation.CANCEL, Operation.UPLOAD, Operation.MARK_READ})
PAGED: Mapping[Operation, type] = {
    Operation.HISTORY: PastMessage,
    Operation.INTERACTIONS: Interaction,
}


class OperationChecks(Harness):
    """An adapter has the operations it declares, whole; the others it lacks in so many words."""

    def test_status_reads_every_documented_status(self) -> None:
        """Each row's word gives the row's status, and the word and the reason are kept."""
        self.need(Operation.STATUS)
        broken: list[str] = []
        for row in self.adapter_class.statuses:
            found, wrong = self._status(row)
            broken += [f"status {row.name!r}: {each}" for each in wrong]
            if found is None:
                continue
            latest = found.legs[0].timeline.latest if found.legs else None
            pairs = (
                ("the status", found.status.name, row.status.name),
                ("the reason", found.reason, row.reason),
                ("the fault", None if latest is None else latest.fault, row.fault),
                (
                    "the provider's word",
                    None if latest is None else latest.provider_status,
                    row.name,
                ),
            )
            broken += [
                f"status {row.name!r}: {name} is {given!r}, should be {due!r}"
                for name, given, due in pairs
                if given != due
            ]
        hold(broken)

    def test_status_keeps_a_word_it_does_not_know(self) -> None:
        """A status that no table holds is UNKNOWN, with the provider's word kept."""
        self.need(Operation.STATUS)
        row = StatusRow(UNKNOWN_WORD, Status.UNKNOWN, description="unknown", source="nowhere")

        found, broken = self._status(row)

        if found is not None:
            latest = found.legs[0].timeline.latest if found.legs else None
            if found.status is not Status.UNKNOWN:
                broken.append(f"the status is {found.status.name}")
            if latest is None or latest.provider_status != UNKNOWN_WORD:
                broken.append("the provider's word is lost")
        hold(broken)

    def test_status_of_an_unknown_id_is_no_failure(self) -> None:
        """An id that the provider does not know is UNKNOWN with NOT_FOUND, and keeps the id."""
        self.need(Operation.STATUS)

        found, broken = self._status(None)

        if found is not None:
            if found.status is not Status.UNKNOWN:
                broken.append(f"the status is {found.status.name}")
            if found.reason is not Reason.NOT_FOUND:
                broken.append(f"the reason is {found.reason}")
        hold(broken)

    def test_operations_give_what_they_promise(self) -> None:
        """The provider's good answer becomes the operation's value, with the account's ids."""
        broken: list[str] = []
        for operation, adapter, driven in self._asked():
            name, value = operation.value, driven.value
            outcomes: Any = value if operation is Operation.MARK_READ else ()
            if not driven.requests:
                broken.append(f"{name}: asks for nothing")
            if not isinstance(value, VALUES[operation]):
                broken.append(f"{name}: gave {kind_of(value)}, not {_names(VALUES[operation])}")
                continue
            broken += [f"{name}: {each}" for each in self._unsound(operation, value, adapter)]
            if operation in {Operation.CANCEL, Operation.DOWNLOAD} and value is not True:
                broken.append(f"{name}: a good answer gave {value}")
            if not all(isinstance(each, Accepted) for each in outcomes):
                broken.append(f"{name}: a good answer gave {value}")
            if getattr(value, "raw", value) is None:
                broken.append(f"{name}: `raw` is empty")
        hold(broken)

    def test_operations_say_what_they_do(self) -> None:
        """Reads are `Effect.READ`; what changes something is not; only sending is `SENDS`."""
        hold(
            [
                f"{operation.value}: {request.method} has Effect.{request.effect.name}"
                for operation, _, driven in self._asked()
                for effects in [[each.effect for each in driven.requests]]
                for request in driven.requests
                if request.effect is Effect.SENDS
                or (operation not in CHANGING and request.effect is not Effect.READ)
                or (operation in CHANGING and set(effects) == {Effect.READ})
            ]
        )

    def test_operations_survive_every_answer(self) -> None:
        """Broken, strange and senseless answers give a value, a failure or `None`; no error."""
        broken: list[str] = []
        for operation, adapter, driven in self._asked():
            for step, response in enumerate(driven.responses):
                for where, spoilt in _spoilt(response):
                    respond = self.at(step, spoilt, self._provider(operation))
                    run = self.run(self._flow(operation, adapter), respond, adapter)
                    value = run.driven.value if run.driven else None
                    wrong = list(run.broken) + self._odd(operation, value, adapter)
                    broken += [
                        f"{operation.value}, answer {step + 1}, {where}: {each}" for each in wrong
                    ]
        hold(broken)

    def test_pages_come_to_an_end(self) -> None:
        """Each page's token leads to another page, and the last page has none."""
        paged = sorted(self.adapter_class.operations() & set(PAGED))
        if not paged:
            raise skip("the adapter has nothing that comes in pages")
        adapter = self.build()
        broken: list[str] = []
        for operation in paged:
            page: str | None = None
            seen: set[str] = set()
            for _ in range(MOST_PAGES):
                found = drive(
                    self._flow(operation, adapter, page=page)(), self._provider(operation)
                ).value
                page = found.next if isinstance(found, Page) else None
                if page is None or page in seen:
                    break
                seen.add(page)
            if page is not None:
                broken.append(f"{operation.value}: the pages never end")
        hold(broken)

    def test_operations_that_are_lacking_say_so(self) -> None:
        """An operation that the adapter does not declare raises `Unsupported` with both names."""
        adapter = self.build()
        broken: list[str] = []
        for operation in sorted(set(Operation) - adapter.operations()):
            try:
                drive(self._flow(operation, adapter)(), lambda _: Response(200))
            except Unsupported as error:
                if operation.value not in str(error) or adapter.provider not in str(error):
                    broken.append(f"{operation.value}: the error does not say what is lacking")
            else:
                broken.append(f"{operation.value}: does something, and is not declared")
        hold(broken)

    def sought(self) -> Message:
        """Return a message whose answer was lost, the same each time."""
        return attrs.evolve(self.batch(1)[0], reference="the-lost-one")

    def known_id(self) -> str:
        """Return the id of a message that the provider took, as the adapter wrote it."""
        batch = self.batch(1)
        run = self.send(batch, self.accepting(batch))
        outcome = run.driven.value[0] if run.driven else None
        found = outcome.provider_id if isinstance(outcome, Accepted) else None
        return found or self.provider_id(0)

    def arguments(self, operation: Operation, page: str | None = None) -> tuple[Any, ...]:
        """Return what an operation is called with, before the context."""
        match operation:
            case Operation.UPLOAD:
                return self.upload()
            case Operation.DOWNLOAD | Operation.MEDIA_INFO:
                return (self.stored(),)
            case Operation.BALANCE:
                return ()
            case Operation.HISTORY:
                return (HistoryQuery(), page)
            case Operation.INTERACTIONS:
                return (self.known_id(), page)
            case Operation.MARK_READ:
                return ([self.provider_id(0)],)
            case Operation.STATUS | Operation.CANCEL:
                return (self.known_id(),)
            case Operation.FIND:
                return (self.sought(), SINCE)

    def need(self, operation: Operation) -> None:
        """Skip what is about an operation that the adapter does not have."""
        if operation not in self.adapter_class.operations():
            raise skip(f"the adapter has no {operation.value}")

    def _flow(
        self, operation: Operation, adapter: Adapter[Any], page: str | None = None
    ) -> Callable[[], Any]:
        method = getattr(adapter, operation.value)
        arguments = self.arguments(operation, page)
        return lambda: method(*arguments, self.context(adapter))

    def _provider(self, operation: Operation) -> Respond:
        """Be a provider that answers an operation well."""
        if operation is Operation.STATUS:
            row = next(iter(self.adapter_class.statuses))
            return lambda request: self.answer_status(request, row)
        if operation is Operation.FIND:
            return lambda request: self.answer_find(request, self.sought(), NOW)
        return lambda request: self.answer_operation(operation, request)

    def _asked(self) -> Iterator[tuple[Operation, Adapter[Any], Driven[Any]]]:
        """Drive each operation against its good answer."""
        operations = sorted(self.adapter_class.operations())
        if not operations:
            raise skip("the adapter only sends")
        adapter = self.build()
        for operation in operations:
            flow = self._flow(operation, adapter)
            yield operation, adapter, drive(flow(), self._provider(operation))

    def at(self, step: int, spoilt: Response, respond: Respond) -> Respond:
        """Answer well but for one step."""
        count = iter(range(1_000))

        def spoil(request: Request) -> Response:
            if next(count) == step:
                return spoilt
            try:
                return respond(request)
            except Exception:  # noqa: BLE001 - a request after fuzz may be one nobody expects
                return Response(404)

        return spoil

    def _status(self, row: StatusRow | None) -> tuple[MessageStatus | None, list[str]]:
        adapter, provider_id = self.build(), self.known_id()
        run = self.run(
            lambda: adapter.status(provider_id, self.context(adapter)),
            lambda request: self.answer_status(request, row),
            adapter,
        )
        if run.driven is None or run.broken:
            return None, list(run.broken)
        found = run.driven.value
        if not isinstance(found, MessageStatus):
            return None, [f"gave {kind_of(found)}, not MessageStatus"]
        asked = MessageId.of(adapter.account.name, provider_id)
        return found, [] if found.id == asked else [f"the id asked for came back as {found.id}"]

    def _odd(self, operation: Operation, value: Any, adapter: Adapter[Any]) -> list[str]:  # noqa: ANN401
        if value is None or isinstance(value, Failure):
            return []
        if not isinstance(value, VALUES[operation]):
            return [f"gave {kind_of(value)}"]
        return self._unsound(operation, value, adapter)

    def _unsound(self, operation: Operation, value: Any, adapter: Adapter[Any]) -> list[str]:  # noqa: ANN401
        """Say what is wrong with a value of the right type."""
        account = adapter.account.name
        if operation is Operation.MARK_READ:
            return unsound(value, self.arguments(operation)[0], account)
        if isinstance(value, Accepted):
            return unsound([value], [self.sought().reference], account)
        if isinstance(value, Stored) and value.account != account:
            return [f"is stored for the account {value.account!r}"]
        if isinstance(value, Page):
            kind = PAGED[operation]
            token: Any = value.next
            if token is not None and not (isinstance(token, str) and token):
                return [f"the token of the next page is {token!r}"]
            return [f"an item is {kind_of(each)}" for each in value.items if type(each) is not kind]
        if isinstance(value, MessageStatus):
            try:
                return [] if MessageId(value.id).account == account else ["the id is another's"]
            except InvalidValue as error:
                return [str(error)]
        return []


def _spoilt(response: Response) -> Iterator[tuple[str, Response]]:
    for where, body in fuzz.cuts(response.body):
        yield where, attrs.evolve(response, body=body)
    for name, body in fuzz.BODIES.items():
        yield name, attrs.evolve(response, body=body)
        for status in fuzz.STATUSES:
            yield f"{name} with HTTP {status}", Response(status, body)
    document = response.json()
    if document is not None:
        for where, each in fuzz.mutations(document):
            yield where, attrs.evolve(response, body=orjson.dumps(each))
        strange = orjson.dumps(fuzz.with_unknown_members(document))
        yield "unknown members", attrs.evolve(response, body=strange)
    for line in response.headers:
        for value in ("", "fuzz", "http://[", "https://elsewhere.example.test/x"):
            odd = {**response.headers, line: value}
            yield f"{line}: {value}", attrs.evolve(response, headers=odd)
        yield (
            f"without {line}",
            attrs.evolve(
                response,
                headers={key: each for key, each in response.headers.items() if key != line},
            ),
        )


def kind_of(value: object) -> str:
    """Say what a flow returned."""
    return (
        f"{type(value).__name__} ({value.sentence()})"
        if isinstance(value, Failure)
        else type(value).__name__
    )


def _names(kinds: type | tuple[type, ...]) -> str:
    return " or ".join(each.__name__ for each in (kinds if isinstance(kinds, tuple) else (kinds,)))
