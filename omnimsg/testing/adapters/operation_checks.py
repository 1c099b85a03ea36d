"""Checks of all operations besides `send`: results, effects, broken answers, pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from unittest import SkipTest

from omnimsg.adapter import Absent, Adapter, Effect, Operation, Response
from omnimsg.domain.errors import InvalidValue, Unsupported
from omnimsg.domain.failure import Failure
from omnimsg.domain.history import Balance, Interaction, Page, PastMessage
from omnimsg.domain.media import MediaInfo, Stored
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.outcome import Accepted
from omnimsg.domain.status import MessageStatus
from omnimsg.testing.adapters import fuzz
from omnimsg.testing.adapters.flow_driver import drive
from omnimsg.testing.adapters.operation_harness import OperationHarness, describe
from omnimsg.testing.adapters.outcome_violations import malformed_outcomes
from omnimsg.testing.assertions import check

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_PAGES = 100

_RESULT_TYPES: Mapping[Operation, tuple[type, ...]] = {
    Operation.STATUS: (MessageStatus,),
    Operation.FIND: (Accepted, Absent),
    Operation.CANCEL: (bool,),
    Operation.UPLOAD: (Stored,),
    Operation.DOWNLOAD: (bool,),
    Operation.MEDIA_INFO: (MediaInfo,),
    Operation.BALANCE: (Balance,),
    Operation.HISTORY: (Page,),
    Operation.INTERACTIONS: (Page,),
    Operation.MARK_READ: (Sequence,),
}
_CHANGING_OPERATIONS = frozenset({Operation.CANCEL, Operation.UPLOAD, Operation.MARK_READ})
_PAGE_ITEM_TYPES: Mapping[Operation, type] = {
    Operation.HISTORY: PastMessage,
    Operation.INTERACTIONS: Interaction,
}


class OperationChecks(OperationHarness):
    """Declared operations work in full; the others raise `Unsupported`."""

    @check
    def test_operations_return_their_result(self) -> Iterator[str]:
        """A successful answer gives a result of the right type, with ids of the account."""
        for operation, adapter, driven in self.driven_operations():
            name, value = operation.value, driven.value
            if not driven.requests:
                yield f"{name}: makes no request"
            if not isinstance(value, _RESULT_TYPES[operation]):
                expected = " or ".join(each.__name__ for each in _RESULT_TYPES[operation])
                yield f"{name}: gave {describe(value)}, not {expected}"
                continue
            yield from (f"{name}: {each}" for each in self._malformed(operation, value, adapter))
            if not _is_success(operation, value):
                yield f"{name}: a good answer gave {value}"
            if getattr(value, "raw", value) is None:
                yield f"{name}: `raw` is empty"

    @check
    def test_operations_declare_their_effect(self) -> Iterator[str]:
        """A read has only `Effect.READ`, a change another effect too; only `send` has `SENDS`."""
        for operation, _, driven in self.driven_operations():
            effects = [each.effect for each in driven.requests]
            wrong: list[Effect]
            if operation not in _CHANGING_OPERATIONS:
                wrong = [each for each in effects if each is not Effect.READ]
            elif set(effects) == {Effect.READ}:
                wrong = effects
            else:
                wrong = [each for each in effects if each is Effect.SENDS]
            yield from (f"{operation.value}: has Effect.{each.name}" for each in wrong)

    @check
    def test_operations_survive_broken_answers(self) -> Iterator[str]:
        """Broken and senseless answers give a result, a failure or `None`, but never an error."""
        for operation, adapter, driven in self.driven_operations():
            flow = self.operation_flow(operation, adapter)
            respond = self.operation_responder(operation)
            for index, response in enumerate(driven.responses):
                for name, broken in fuzz.broken_responses(response):
                    responder = self.broken_responder(index, broken, respond)
                    run = self.run_guarded(flow, responder, adapter)
                    value = run.driven.value if run.driven else None
                    for each in (*run.violations, *self._invalid(operation, value, adapter)):
                        yield f"{operation.value}, answer {index + 1}, {name}: {each}"

    @check
    def test_pages_end(self) -> Iterator[str]:
        """Each page's token leads to another page, and the last page has none."""
        paged = sorted(self.adapter_class.operations() & set(_PAGE_ITEM_TYPES))
        if not paged:
            raise SkipTest("the adapter has no operation with pages")
        adapter = self.build_adapter()
        for operation in paged:
            token: str | None = None
            seen: set[str] = set()
            for _ in range(MAX_PAGES):
                flow = self.operation_flow(operation, adapter, page=token)
                page = drive(flow(), self.operation_responder(operation)).value
                token = page.next if isinstance(page, Page) else None
                if token is None or token in seen:
                    break
                seen.add(token)
            if token is not None:
                yield f"{operation.value}: the pages never end"

    @check
    def test_undeclared_operations_raise_unsupported(self) -> Iterator[str]:
        """An undeclared operation raises `Unsupported` with the names of operation and provider."""
        adapter = self.build_adapter()
        for operation in sorted(set(Operation) - adapter.operations()):
            try:
                drive(self.operation_flow(operation, adapter)(), lambda _: Response(200))
            except Unsupported as error:
                if operation.value not in str(error) or adapter.provider not in str(error):
                    yield f"{operation.value}: the error does not name operation and provider"
            else:
                yield f"{operation.value}: does something, but is not declared"

    def _invalid(self, operation: Operation, value: Any, adapter: Adapter[Any]) -> list[str]:  # noqa: ANN401
        """Check a value that may also be a failure or `None`."""
        if value is None or isinstance(value, Failure):
            return []
        if not isinstance(value, _RESULT_TYPES[operation]):
            return [f"gave {describe(value)}"]
        return self._malformed(operation, value, adapter)

    def _malformed(self, operation: Operation, value: Any, adapter: Adapter[Any]) -> list[str]:  # noqa: ANN401
        """Check the contents of a value that has the right type."""
        account = adapter.account.name
        if operation is Operation.MARK_READ:
            return malformed_outcomes(value, self.arguments(operation)[0], account)
        if isinstance(value, Accepted):
            return malformed_outcomes([value], [self.lost_message().reference], account)
        if isinstance(value, Stored) and value.account != account:
            return [f"is stored for the account {value.account!r}"]
        if isinstance(value, Page):
            return _malformed_page(value, _PAGE_ITEM_TYPES[operation])
        if isinstance(value, MessageStatus):
            return _foreign_id(value.id, account)
        return []


def _is_success(operation: Operation, value: Any) -> bool:  # noqa: ANN401
    if operation in {Operation.CANCEL, Operation.DOWNLOAD}:
        return value is True
    if operation is Operation.MARK_READ:
        return all(isinstance(each, Accepted) for each in value)
    return True


def _malformed_page(page: Page[Any], item_type: type) -> list[str]:
    token: Any = page.next
    if token is not None and not (isinstance(token, str) and token):
        return [f"the token of the next page is {token!r}"]
    return [f"an item is {describe(each)}" for each in page.items if type(each) is not item_type]


def _foreign_id(message_id: str, account: str) -> list[str]:
    try:
        same = MessageId(message_id).account == account
    except InvalidValue as error:
        return [str(error)]
    return [] if same else ["the id is of another account"]
