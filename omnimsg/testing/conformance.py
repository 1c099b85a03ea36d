"""The suite: everything that the engine relies on, held against one adapter."""

from __future__ import annotations

from omnimsg.testing.answer_checks import AnswerChecks
from omnimsg.testing.capability_checks import CapabilityChecks
from omnimsg.testing.find_checks import FindChecks
from omnimsg.testing.redaction_checks import RedactionChecks
from omnimsg.testing.refusal_checks import RefusalChecks
from omnimsg.testing.request_checks import RequestChecks
from omnimsg.testing.send_checks import SendChecks
from omnimsg.testing.table_checks import TableChecks


class AdapterConformance(
    SendChecks,
    AnswerChecks,
    TableChecks,
    RequestChecks,
    RefusalChecks,
    CapabilityChecks,
    FindChecks,
    RedactionChecks,
):
    """Hold an adapter to its promises.

    Derive a test class (pytest finds it by its name, `Test...`), say which adapter it is, and
    answer as the provider would. Everything else follows from the adapter's own capabilities,
    codes, statuses and operations; checks that do not concern it are skipped, with the reason.

    ```python
    class TestMine(AdapterConformance):
        adapter_class = MyAdapter

        def account(self): ...                # credentials that are easily recognised
        def messages(self, count): ...        # valid messages, each to somebody else
        def answer(self, request, said): ...  # the provider's answer, from Accept/Refuse/Missing
        def answer_status(self, request, row): ...           # where there is a `status`
        def answer_find(self, request, message, at): ...     # where there is a `find`
        def answer_operation(self, operation, request): ...  # where there are others
    ```
    """
