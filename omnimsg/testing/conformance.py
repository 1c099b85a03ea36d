"""The suite: everything that the engine relies on, held against one adapter."""

from __future__ import annotations

from omnimsg.testing.allowances import Allowances
from omnimsg.testing.answers import Answers
from omnimsg.testing.denials import Denials
from omnimsg.testing.discretion import Discretion
from omnimsg.testing.finding import Finding
from omnimsg.testing.requests import Requests
from omnimsg.testing.sending import Sending
from omnimsg.testing.tables import Tables


class AdapterConformance(
    Sending, Answers, Tables, Requests, Denials, Allowances, Finding, Discretion
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
