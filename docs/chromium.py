"""A Chromium that this machine has: for the pictures of the docs, and the tests in a browser.

Playwright's Python package drives it; nothing is downloaded.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserType

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# A browser that asks its maker for updates would be asking another host.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    # As a server of somebody else can have its own name lead here.
    "--host-resolver-rules=MAP evil.example 127.0.0.1",
)


def executable() -> str | None:
    """Return the browser to use, named by `OMNIMSG_CHROMIUM` or found; None if there is none."""
    named = os.environ.get("OMNIMSG_CHROMIUM")
    return named or next(filter(None, map(shutil.which, NAMES)), None)


async def launch(chromium: BrowserType) -> Browser:
    """Start the browser."""
    return await chromium.launch(executable_path=executable(), args=[*ARGUMENTS])
