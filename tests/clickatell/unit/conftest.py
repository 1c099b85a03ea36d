"""Fixtures: a Clickatell account, a context with a fixed time, and helpers to drive flows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from support import flows

from omnimsg.adapter import Account, Context, Response, TemplateMapping
from omnimsg.domain.secret import Secret
from omnimsg_clickatell import ClickatellAdapter, ClickatellSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg.adapter import Request


@pytest.fixture(scope="session")
def build() -> Callable[..., ClickatellAdapter]:
    """Return a function that builds an adapter; its arguments change the usual account."""

    def make(**account: Any) -> ClickatellAdapter:
        usual: dict[str, Any] = {
            "name": "cape",
            "settings": ClickatellSettings(api_key=Secret("k-_=")),
            "base_url": ClickatellAdapter.base_url,
            "templates": {
                "mapped": TemplateMapping(name="mapped_v2", language="pt_BR"),
                "keyed": TemplateMapping(keys=("2", "1")),
                "named": TemplateMapping(keys=("name", "time")),
            },
        }
        return ClickatellAdapter(Account(**(usual | account)))

    return make


@pytest.fixture(scope="session")
def adapter(build: Callable[..., ClickatellAdapter]) -> ClickatellAdapter:
    """The adapter of the usual account."""
    return build()


@pytest.fixture(scope="session")
def context() -> Context:
    """A fixed time."""
    return Context(account="cape", now=datetime(2030, 5, 1, 9, tzinfo=UTC))


@pytest.fixture(scope="session")
def answer() -> Callable[..., Response]:
    """Return a function that builds an answer from JSON data or from bytes."""

    def make(document: Any, status: int = 202) -> Response:
        return Response(status, document if isinstance(document, bytes) else orjson.dumps(document))

    return make


@pytest.fixture(scope="session")
def drive() -> Callable[..., tuple[list[Request], Any]]:
    """Return the function that gives answers to a flow, and returns its requests and its value."""
    return flows.drive
