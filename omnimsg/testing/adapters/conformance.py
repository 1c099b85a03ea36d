"""The conformance suite: checks of everything that the engine relies on in an adapter."""

from __future__ import annotations

from omnimsg.testing.adapters.answer_checks import AnswerChecks
from omnimsg.testing.adapters.callback_checks import CallbackChecks
from omnimsg.testing.adapters.cancel_checks import CancelChecks
from omnimsg.testing.adapters.capability_checks import CapabilityChecks
from omnimsg.testing.adapters.find_checks import FindChecks
from omnimsg.testing.adapters.flow_checks import FlowChecks
from omnimsg.testing.adapters.history_checks import HistoryChecks
from omnimsg.testing.adapters.id_checks import IdChecks
from omnimsg.testing.adapters.operation_checks import OperationChecks
from omnimsg.testing.adapters.plain_text_checks import PlainTextChecks
from omnimsg.testing.adapters.proof_checks import ProofChecks
from omnimsg.testing.adapters.purity_checks import PurityChecks
from omnimsg.testing.adapters.redaction_checks import RedactionChecks
from omnimsg.testing.adapters.redirect_checks import RedirectChecks
from omnimsg.testing.adapters.refusal_checks import RefusalChecks
from omnimsg.testing.adapters.request_checks import RequestChecks
from omnimsg.testing.adapters.send_checks import SendChecks
from omnimsg.testing.adapters.status_checks import StatusChecks
from omnimsg.testing.adapters.table_checks import TableChecks


class AdapterConformance(
    SendChecks,
    AnswerChecks,
    ProofChecks,
    FlowChecks,
    TableChecks,
    RequestChecks,
    PurityChecks,
    RefusalChecks,
    CapabilityChecks,
    PlainTextChecks,
    StatusChecks,
    OperationChecks,
    IdChecks,
    RedirectChecks,
    CancelChecks,
    HistoryChecks,
    FindChecks,
    RedactionChecks,
    CallbackChecks,
):
    """Check that an adapter does everything that the engine relies on.

    Derive a test class (pytest collects it by its name, `Test...`), set the adapter class, and
    answer as the provider would. The suite derives everything else from the adapter's own
    capabilities, codes, statuses and operations. It skips checks that do not apply to the adapter,
    and gives the reason.

    ```python
    class TestMine(AdapterConformance):
        adapter_class = MyAdapter

        def account(self): ...                # an account with recognizable credentials
        def messages(self, count): ...        # valid messages, each to another recipient
        def answer(self, request, said): ...  # the provider's answer, from Accept/Refuse/Missing
        def answer_status(self, request, row): ...           # if the adapter has `status`
        def answer_failed_status(self, request, row, code): ...  # if `report_levels` is set
        def answer_find(self, request, message, at): ...     # if the adapter has `find`
        def answer_history(self, request, message): ...      # if the adapter has `history`
        def history_parameters(self, query): ...             # if the adapter has `history`
        def answer_operation(self, operation, request): ...  # if it has other operations
        def callbacks(self, at): ...                         # if the adapter has `parse`
        def report(self, row, at): ...                       # if the adapter has `parse`
    ```
    """
