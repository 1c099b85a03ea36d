"""Take the pictures of the inbox page that the docs show, in a real browser.

Run `python docs/pictures.py` after a change to the page or to what the pictures show, or with the
names of some of them. It needs a Chromium (`chromium.py` says which) and writes
`docs/images/NAME.png`, smaller where there is a pngquant. The clock, the ids and the references are
fixed, so that a picture changes only where the page does, or the fonts of the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import socket
import sys
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import anyio
import attrs
import chromium
from aiohttp import web
from drawings import DRAWINGS
from playwright.async_api import Browser, FloatRect, Page, async_playwright
from scenes import PHONE, Drawn, Sent, evening, kinds

from omnimsg import Channel, Client, Message, RejectedError, Upload
from omnimsg.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

IMAGES = Path(__file__).parent / "images"
WHOLE = {
    "inbox": (1440, 900, "light"),
    "inbox-dark": (1440, 900, "dark"),
    "inbox-narrow": (390, 700, "light"),
}
"""The pictures of the whole page: width, height and theme."""

_START = datetime(2030, 5, 1, 10, 31, tzinfo=UTC).timestamp()
_PADDING = 14
# The parts of a conversation whose edges a picture is cut to; a message itself is wider.
_PARTS = ".bubble, .from > *, .under-bubble > *"


@attrs.define
class Clock:
    """The sandbox's clock, which stands still."""

    now: float = _START

    def __call__(self) -> float:
        """Return seconds since the epoch."""
        return self.now


@attrs.frozen(kw_only=True)
class Stage:
    """A browser, a sandbox, and a client of it.

    Attributes:
        browser: The browser.
        sandbox: The sandbox.
        clock: Its clock.
        client: The client.
        drawn: The drawings, which are stored where they can be.
    """

    browser: Browser
    sandbox: Sandbox
    clock: Clock
    client: Client
    drawn: Drawn

    async def send(self, messages: Iterable[Sent], phone: str, name: str) -> None:
        """Send messages, one a minute; what the provider refuses is on the page as well."""
        for number, sent in enumerate(messages):
            self.clock.now += 60
            to = sent.to or phone
            self.sandbox.open_windows(to)
            message = Message(
                to,
                sent.content,
                channel=sent.channel,
                sender="Cafe" if sent.channel in {Channel.RCS, Channel.VIBER} else None,
                fallback=sent.fallback,
                reference=f"{name}-{number}",
            )
            with suppress(RejectedError):
                await self.client.send(message, account=sent.account)

    @asynccontextmanager
    async def page(self, number: str, width: int, height: int, theme: str) -> AsyncIterator[Page]:
        """Open the conversation of a phone."""
        context = await self.browser.new_context(
            viewport={"width": width, "height": height},
            locale="en-GB",
            timezone_id="UTC",
            reduced_motion="reduce",
            color_scheme="dark" if theme == "dark" else "light",
        )
        page = await context.new_page()
        await page.clock.set_fixed_time(datetime.fromtimestamp(self.clock.now, UTC))
        await page.goto(f"{self.sandbox.url}/#/phones/{quote(number)}")
        await page.wait_for_selector(".live[data-live=yes]")
        await page.wait_for_selector(".entry")
        await _settle(page)
        yield page
        await context.close()


async def take(stage: Stage, name: str) -> bytes:
    """Take a picture with a sandbox that has had no message."""
    if name in WHOLE:
        return await _take_whole(stage, name)
    return await _take_kind(stage, name, kinds(stage.drawn)[name])


async def _take_kind(stage: Stage, name: str, messages: tuple[Sent, ...]) -> bytes:
    """Take the picture of a conversation, cut to its messages."""
    number = messages[0].to or PHONE
    await stage.send(messages, number, name)
    async with stage.page(number, 600, 1200, "light") as page:
        for each in await page.locator(".choices summary").all():
            await each.click()
        await page.mouse.move(0, 0)
        await _settle(page)
        boxes = [await each.bounding_box() for each in await page.locator(_PARTS).all()]
        return await page.screenshot(clip=_around([each for each in boxes if each]))


async def _take_whole(stage: Stage, name: str) -> bytes:
    """Take a picture of the whole page, where one is in the middle of an evening."""
    width, height, theme = WHOLE[name]
    messages = evening(stage.drawn)
    await stage.send(messages[:-1], PHONE, "evening")
    stage.sandbox.reply(PHONE, provider="bird", channel="whatsapp", button={"payload": "keep"})
    await stage.send(messages[-1:], PHONE, "login")
    await stage.sandbox.callbacks.flush()
    async with stage.page(PHONE, width, height, theme) as page:
        if name != "inbox-narrow":
            await page.locator(".entry .open").last.click()
            await page.wait_for_selector(".code-box")
            await page.mouse.move(0, 0)
        await _settle(page)
        return await page.screenshot()


async def _settle(page: Page) -> None:
    """Wait for the pictures and e-mails of the page."""
    for frame in page.frames:
        await frame.wait_for_load_state()
    await page.wait_for_function("[...document.images].every(each => each.complete)")
    await page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))")


def _around(boxes: list[FloatRect]) -> FloatRect:
    left = min(each["x"] for each in boxes) - _PADDING
    top = min(each["y"] for each in boxes) - _PADDING
    right = max(each["x"] + each["width"] for each in boxes) + _PADDING
    bottom = max(each["y"] + each["height"] for each in boxes) + _PADDING
    return {"x": left, "y": top, "width": right - left, "height": bottom - top}


async def _draw(browser: Browser) -> dict[str, bytes]:
    page = await browser.new_page()
    drawn = {}
    for name, svg in DRAWINGS.items():
        await page.set_content(svg)
        drawn[name] = await page.locator("svg").screenshot()
    await page.close()
    return drawn


async def _store(client: Client, data: dict[str, bytes]) -> Drawn:
    stored = {}
    for account in ("bird", "clickatell"):
        for name, each in data.items():
            file = Upload(each, "image/png", file_name=f"{name}.png")
            stored[account, name] = await client.upload(file, account=account)
    return Drawn(data=data, stored=stored)


async def _shrunk(picture: bytes) -> bytes:
    """Reduce a PNG to 256 colours, where there is a program for it."""
    if (pngquant := shutil.which("pngquant")) is None:
        return picture
    return (await anyio.run_process([pngquant, "--speed=1", "--strip", "-"], input=picture)).stdout


async def _take_callback(request: web.Request) -> web.Response:
    await request.read()
    return web.Response(status=204)


@asynccontextmanager
async def _application() -> AsyncIterator[str]:
    """Serve what takes every callback, so that the page shows answers as taken."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        application = web.Application()
        application.router.add_post("/{path:.*}", _take_callback)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        await web.SockSite(runner, listening).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/callbacks"
        await runner.cleanup()


@asynccontextmanager
async def _staged(browser: Browser, data: dict[str, bytes]) -> AsyncIterator[Stage]:
    clock = Clock()
    # The port is in the requests that the page shows.
    async with (
        _application() as callbacks,
        Sandbox(port=8025, clock=clock, callbacks=callbacks) as sandbox,
        Client.from_config(sandbox.config()) as client,
    ):
        yield Stage(
            browser=browser,
            sandbox=sandbox,
            clock=clock,
            client=client,
            drawn=await _store(client, data),
        )


async def main(chosen: set[str]) -> int:
    """Take the pictures of these names, or all of them."""
    async with async_playwright() as playwright:
        browser = await chromium.launch(playwright.chromium)
        data = await _draw(browser)
        async with _staged(browser, data) as stage:
            known = [*kinds(stage.drawn), *WHOLE]
        if unknown := chosen.difference(known):
            print(f"no picture is called {', '.join(unknown)}; there are {', '.join(known)}")
            return 2
        for name in known if not chosen else [each for each in known if each in chosen]:
            # A sandbox of its own, so that ids are the same whichever other pictures are taken.
            async with _staged(browser, data) as stage:
                picture = await take(stage, name)
            file = IMAGES / f"{name}.png"
            file.write_bytes(await _shrunk(picture))
            print(f"{file.name}: {file.stat().st_size:,} bytes")
        await browser.close()
    return 0


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("name", nargs="*", help="a picture to take; all of them unless given")
    sys.exit(asyncio.run(main(set(options.parse_args().name))))
