"""Fixtures for the inbox page in an installed browser.

Playwright's Python package drives an installed Chromium, found by its name or by
`OMNIMSG_CHROMIUM`; nothing is downloaded. Without one every test here is skipped with a reason.
"""

from __future__ import annotations

import importlib
import os
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest
from support.callback_target import Target, target

from omnimsg import Client
from omnimsg.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser, Page

__all__ = ["target"]

chromium: Any = importlib.import_module("chromium")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the tests of this folder, with a reason, if no browser is installed."""
    if find_spec("playwright") is None or chromium.executable() is None:
        reason = (
            "NO BROWSER: install playwright, and one of"
            f" {', '.join(chromium.NAMES)} (or set OMNIMSG_CHROMIUM)"
        )
        here = os.path.dirname(__file__)  # noqa: PTH120 - compared with the text of a path
        for item in items:
            if str(item.path).startswith(here):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture
async def sandbox(target: Target) -> AsyncIterator[Sandbox]:
    """Serve all providers, with callbacks to the target."""
    async with Sandbox(callbacks=f"{target.url}/callbacks") as served:
        yield served


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[Client]:
    """Return an omnimsg client of the sandbox."""
    async with Client.from_config(sandbox.config()) as served:
        yield served


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """Run all tests of a module in the one event loop that the browser belongs to."""
    return "asyncio"


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    """Run one browser for all tests of a module; each test opens a context of its own."""
    from playwright.async_api import async_playwright  # noqa: PLC0415 - not everywhere

    async with async_playwright() as playwright:
        running = await chromium.launch(playwright.chromium)
        try:
            yield running
        finally:
            await running.close()


class Watched:
    """A page, its errors, and its requests to other hosts; neither may happen.

    Attributes:
        page: The page.
        errors: Uncaught errors, and what the browser logged as an error.
        elsewhere: Requests to another address than the sandbox's.
    """

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.errors: list[str] = []
        self.elsewhere: list[str] = []

    def watch(self) -> None:
        """Start recording errors and requests to other hosts."""
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on(
            "console",
            lambda message: self.errors.append(message.text) if message.type == "error" else None,
        )
        self.page.on("requestfinished", lambda request: self._note(request.url))
        # A request that the page's content security policy blocked was never sent.
        self.page.on(
            "requestfailed",
            lambda request: None if request.failure == "csp" else self._note(request.url),
        )

    def _note(self, url: str) -> None:
        if not url.startswith((f"{self.url}/", "data:")):
            self.elsewhere.append(url)


@pytest.fixture
async def inbox(browser: Browser, sandbox: Sandbox) -> AsyncIterator[Watched]:
    """Open the inbox page in a wide window; fail if it requests another host or has an error."""
    context = await browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
    context.set_default_timeout(20_000)
    page = await context.new_page()
    watched = Watched(page, sandbox.url)
    watched.watch()
    await page.goto(f"{sandbox.url}/")
    await page.wait_for_selector(".live[data-live=yes]")
    yield watched
    await context.close()
    assert ([], []) == (watched.elsewhere, watched.errors)
