"""What tests of reading answers share: an adapter, a time, a message, and an error body."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from omnimsg.adapter import Account, Context
from omnimsg.domain.message import Message
from omnimsg.domain.secret import Secret
from omnimsg_messente import MessenteAdapter, MessenteSettings

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
CONTEXT = Context(account="baltic", now=NOW)
ADAPTER = MessenteAdapter(
    Account(
        name="baltic",
        settings=MessenteSettings(username="u", password=Secret("p")),
        base_url=MessenteAdapter.base_url,
    )
)
FIRST = Message("+37255500001", "a", reference="first")


def errors(code: str, source: str | None = None) -> dict[str, Any]:
    """Write an error body."""
    return {"errors": [{"code": code, "title": "T", "detail": "Because", "source": source}]}
