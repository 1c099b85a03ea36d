"""Fixtures: a Bird account, its adapter, and a context with a fixed time."""

from datetime import UTC, datetime

import pytest

from omnimsg.adapter import Account, Context, TemplateMapping
from omnimsg.domain.secret import Secret
from omnimsg_bird import BirdAdapter, BirdSettings


@pytest.fixture
def settings() -> BirdSettings:
    """Credentials that no server knows, and an id for each channel."""
    return BirdSettings(
        access_key=Secret("token"),
        workspace_id="w-1",
        channels={"sms": "c-sms", "whatsapp": "c-wa", "email": "c-mail"},
    )


@pytest.fixture
def adapter(settings: BirdSettings) -> BirdAdapter:
    """An account that maps one template."""
    return BirdAdapter(
        Account(
            name="nest",
            settings=settings,
            base_url=BirdAdapter.base_url,
            templates={
                "mapped": TemplateMapping(id="p-1", version="v-2", language="pl", keys=("first",))
            },
        )
    )


@pytest.fixture
def context() -> Context:
    """A fixed time."""
    return Context(account="nest", now=datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC))
