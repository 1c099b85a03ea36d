"""Reports with statuses that the adapter's tables lack."""

from __future__ import annotations

import pytest
from support.adapters import FakeTransport, tiny
from support.reporting import PUBLIC_URL, Reporting, deliver

from omnimsg import CallbackOptions, Client

pytestmark = pytest.mark.anyio


async def test_a_report_with_an_unknown_status_is_counted() -> None:
    """A report with an unknown status is handled, and counted among the unknown codes."""
    client = Client(
        [tiny(kind=Reporting)],
        transport=lambda _: FakeTransport(),
        callbacks=CallbackOptions(public_url=PUBLIC_URL),
    )
    receiver = client.receiver(lambda _: None)

    answers = [
        await deliver(receiver, {"state": "unknown", "reason": "unknown", "id": "m1"}),
        await deliver(receiver, {"state": "unknown", "reason": "not_found", "id": "m1"}),
        await deliver(receiver, {"state": "sent", "id": "m1"}),
    ]

    assert [204, 204, 204] == answers
    assert [("main", "status", "unknown", None, 1)] == [
        (each.account, each.table, each.code, each.http_status, each.count)
        for each in client.unknown_codes()
    ]
