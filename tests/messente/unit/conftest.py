"""Fixtures: a Messente account, its adapter, and a context with a fixed time."""

from datetime import UTC, datetime

import pytest

from omnimsg.adapter import Account, Context
from omnimsg.domain.secret import Secret
from omnimsg_messente import MessenteAdapter, MessenteSettings


@pytest.fixture
def settings() -> MessenteSettings:
    """Credentials that no server knows."""
    return MessenteSettings(username="api-user", password=Secret("api-password"))


@pytest.fixture
def adapter(settings: MessenteSettings) -> MessenteAdapter:
    """The adapter of an account without any defaults."""
    return MessenteAdapter(
        Account(name="baltic", settings=settings, base_url=MessenteAdapter.base_url)
    )


@pytest.fixture
def context() -> Context:
    """A fixed time, without a callback token."""
    return Context(account="baltic", now=datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC))
