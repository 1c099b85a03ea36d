"""The inbox page in a real browser: what a user sees and does."""

from __future__ import annotations

import importlib
import re
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio
import attrs
import pytest
from aiohttp import web

from omnimsg import (
    Channel,
    Client,
    Email,
    Event,
    InboundMessage,
    Inline,
    Interactive,
    Media,
    MediaItem,
    MediaKind,
    Message,
    Reply,
    Template,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from playwright.async_api import Browser, Page
    from support.callback_target import Target

    from omnimsg.sandbox import Sandbox

    from .conftest import Watched

    Handler = Callable[[Event], Awaitable[None]]

pytestmark = pytest.mark.anyio

expect: Any = pytest.importorskip("playwright.async_api", reason="NO BROWSER").expect
contents: Any = importlib.import_module("contents")
content_examples: Any = importlib.import_module("content_examples")

PHONE = "+27820001000"
PIXEL = contents.CONTENTS["media inline"].items[0].source.data
ATTACK = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
BUTTONS = Interactive("Shall we keep it?", (Reply("Yes", "keep"), Reply("No", "free")))


@asynccontextmanager
async def serve_receiver(sandbox: Sandbox, handle: Handler) -> AsyncIterator[Client]:
    """Run an application: a client of the sandbox whose receiver gets the sandbox's callbacks."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        config = {**sandbox.config(), "callbacks": {"public_url": url}}
        async with Client.from_config(config) as client:
            runner = web.AppRunner(client.receiver(handle).aiohttp_app(), shutdown_timeout=0.1)
            await runner.setup()
            try:
                await web.SockSite(runner, listening).start()
                sandbox.callbacks.set_url(url)
                yield client
            finally:
                await runner.cleanup()


async def text_of(page: Page, selector: str) -> str:
    """Return the text of the first element that matches a selector, as soon as there is one."""
    return (await page.locator(selector).first.inner_text()).strip()


async def open_phone(page: Page, number: str = PHONE) -> None:
    """Click a phone in the list and wait for its conversation."""
    await page.locator(".row", has_text=number).click()
    await page.wait_for_selector(".entry")


async def test_a_message_arrives_while_one_looks(
    inbox: Watched, client: Client, sandbox: Sandbox
) -> None:
    """A new message appears in the list and in the open conversation without a reload."""
    page = inbox.page
    await client.send(Message(PHONE, "The first"), account="clickatell")
    await open_phone(page)
    before = await page.locator(".bubble").all_inner_texts()

    await client.send(Message(PHONE, "The second"), account="messente")
    await page.wait_for_selector(".bubble:has-text('The second')")

    assert ["The first"] == before
    assert "The second" == await text_of(page, ".row .preview")
    assert len(sandbox.handsets.received(PHONE)) == 2


async def test_what_was_not_looked_at_is_unread(inbox: Watched, client: Client) -> None:
    """Messages are counted as unread, in the list and the title, until their phone is opened."""
    page = inbox.page
    await client.send(Message(PHONE, "One"), account="clickatell")
    await client.send(Message(PHONE, "Two"), account="clickatell")
    await page.wait_for_selector(".row .unread:has-text('2')")
    title = await page.title()

    await open_phone(page)
    await page.wait_for_selector(".row:not(:has(.unread))")

    assert ("(2) omnimsg sandbox", "omnimsg sandbox") == (title, await page.title())


async def test_a_tap_reaches_the_application(inbox: Watched, sandbox: Sandbox) -> None:
    """A tapped button reaches the application's handler as a verified inbound message."""
    page = inbox.page
    events: list[Event] = []

    async def handle(event: Event) -> None:
        events.append(event)

    sandbox.open_windows(PHONE)
    async with serve_receiver(sandbox, handle) as client:
        await client.send(Message(PHONE, BUTTONS, channel=Channel.WHATSAPP), account="bird")
        await open_phone(page)
        await page.locator(".tap", has_text="Yes").click()
        await page.wait_for_selector(".entry.in .ticks.delivered")

    (answer,) = [event for event in events if isinstance(event, InboundMessage)]
    assert (PHONE, Reply("Yes", "keep")) == (answer.sender, answer.tapped)
    assert "Yes" == await text_of(page, ".entry.in .bubble")


async def test_an_entry_of_a_list_is_tapped(
    inbox: Watched, client: Client, sandbox: Sandbox, target: Target
) -> None:
    """A list opens on the page, and the application receives the payload of the tapped entry."""
    page = inbox.page
    sandbox.open_windows(contents.PHONE)
    await client.send(contents.message("list", Channel.WHATSAPP), account="bird")
    await open_phone(page, contents.PHONE)

    await page.locator(".choices summary").click()
    await page.locator(".choice", has_text="Fish").click()
    await page.wait_for_selector(".entry.in .ticks.delivered")

    text = target.calls[-1].document["payload"]["body"]["text"]
    assert "fish" == text["actions"][0]["postback"]["payload"]


async def test_a_page_that_is_refused_says_why(browser: Browser, sandbox: Sandbox) -> None:
    """The page under a foreign host name loads, gets no data, and shows the refusal."""
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(f"http://evil.example:{sandbox.port}/")
    await page.wait_for_selector(".live[data-live=no]")
    refusal = await text_of(page, ".toast.error p")
    await context.close()

    why = "Host: 'evil.example' is not a name of this sandbox; call it by its IP address"
    assert why == refusal


async def test_a_guess_is_offered_where_no_form_is_documented(
    inbox: Watched, client: Client, sandbox: Sandbox, target: Target
) -> None:
    """A tap through Clickatell, of undocumented form, is refused first, then sent on insistence."""
    page = inbox.page
    sandbox.open_windows(PHONE)
    await client.send(Message(PHONE, BUTTONS, channel=Channel.WHATSAPP), account="clickatell")
    await open_phone(page)
    await sandbox.callbacks.flush()
    before = len(target.calls)

    await page.locator(".tap", has_text="No").click()
    refusal = await text_of(page, ".toast.error p")
    await page.locator(".toast button", has_text="Send it anyway").click()
    await page.wait_for_selector(".entry.in .ticks.delivered")

    # The browser logs the refusal as an error; here it is expected.
    inbox.errors[:] = [each for each in inbox.errors if "400" not in each]
    assert "button: Clickatell publishes no form" in refusal
    assert (before + 1, "free") == (len(target.calls), target.calls[-1].clickatell["postbackData"])


@pytest.mark.parametrize("way", ["text", "stop", "place", "picture"])
async def test_the_phone_answers(
    inbox: Watched, client: Client, sandbox: Sandbox, target: Target, way: str
) -> None:
    """A text, STOP, a place or a picture sent from the page reaches the application."""
    page = inbox.page
    sandbox.open_windows(PHONE)
    await client.send(Message(PHONE, "Hi", channel=Channel.WHATSAPP), account="clickatell")
    await open_phone(page)

    if way == "text":
        await page.keyboard.press("r")
        await page.keyboard.type("Thank you")
        await page.keyboard.press("Enter")
    elif way == "stop":
        await page.locator("button", has_text="STOP").click()
    elif way == "place":
        await page.get_by_label("Send a place").click()
        await page.locator("dialog button", has_text="Send the place").click()
    else:
        picture: Any = {"name": "a.png", "mimeType": "image/png", "buffer": PIXEL}
        await page.locator("input[type=file]").set_input_files(picture)
    await page.wait_for_selector(".entry.in .ticks.delivered")

    received = target.calls[-1].clickatell
    expected = {
        "text": ("content", "Thank you"),
        "stop": ("content", "STOP"),
        "place": ("latitude", "-33.9249"),
        "picture": ("files", received.get("files")),
    }
    name, value = expected[way]
    assert value == received[name]


async def test_an_outcome_is_decided_on_the_page(
    inbox: Watched, client: Client, sandbox: Sandbox, target: Target
) -> None:
    """A message that is failed on the page shows the failure, and the application is told of it."""
    page = inbox.page
    accepted = await client.send(Message(PHONE, "Hi"), account="clickatell")
    await open_phone(page)
    await page.locator(".entry .open").click()

    await page.locator("[data-outcome=failed]").click()
    await page.wait_for_selector(".entry .ticks.failed")
    await page.wait_for_selector(".life .failed")
    await sandbox.callbacks.flush()

    assert "DELIVERY_FAILURE" == target.statuses[-1]
    assert "failed" == (await client.status(accepted.id)).status.value


async def test_nothing_in_a_message_runs(inbox: Watched, client: Client, sandbox: Sandbox) -> None:
    """Markup in a text, button, template, name, e-mail or reference is shown as text."""
    page = inbox.page
    sandbox.open_windows(PHONE)
    messages = [
        Message(PHONE, ATTACK, reference=ATTACK),
        Message(
            PHONE, Interactive(ATTACK, (Reply("<b>Yes</b>", "keep"),)), channel=Channel.WHATSAPP
        ),
        Message(PHONE, Template("table_ready", "en", body=(ATTACK, "1")), channel=Channel.WHATSAPP),
    ]
    for message in messages:
        await client.send(message, account="clickatell")
    email = Email(subject=ATTACK, html=f"{ATTACK}<p id=shown>Hello</p>", text=ATTACK)
    await client.send(Message("a@example.test", email, channel=Channel.EMAIL), account="bird")
    sandbox.reply(PHONE, ATTACK, provider="clickatell", channel="whatsapp")

    await open_phone(page)
    texts = await page.locator(".bubble").all_inner_texts()
    await page.locator(".entry .open").first.click()
    await page.wait_for_selector(".code-box")
    await open_phone(page, "a@example.test")
    frame = page.frame_locator(".mail iframe")
    shown = await frame.locator("#shown").inner_text()

    # The browser logs what it blocked in the e-mail as an error.
    inbox.errors[:] = [each for each in inbox.errors if "/_sandbox/mail/" not in each]
    assert "Hello" == shown
    assert "owned" not in await page.title()
    assert 4 == sum("<img src=x" in each for each in texts)
    assert 0 == await page.locator("img[src=x], .bubble b").count()


async def test_what_is_written_from_right_to_left(inbox: Watched, client: Client) -> None:
    """A right-to-left text is laid out from right to left, in the conversation and in the list."""
    page = inbox.page
    await client.send(Message(PHONE, "שלום עולם!"), account="clickatell")

    await open_phone(page)
    ends = [
        await page.locator(where).evaluate(
            """node => {
              const text = document.createTreeWalker(node, NodeFilter.SHOW_TEXT).nextNode();
              const left = (at) => {
                const range = document.createRange();
                range.setStart(text, at);
                range.setEnd(text, at + 1);
                return range.getBoundingClientRect().left;
              };
              return left(text.length - 1) < left(0);
            }"""
        )
        for where in (".bubble .text", ".row .preview")
    ]

    assert [True, True] == ends


async def test_an_email_fetches_nothing(inbox: Watched, client: Client, target: Target) -> None:
    """An e-mail on the page loads no picture or style of another host, and cannot navigate away."""
    page = inbox.page
    html = (
        f'<link rel=stylesheet href="{target.url}/a.css"><img src="{target.url}/a.png">'
        f'<meta http-equiv=refresh content="0;url={target.url}/"><p id=shown>Hello</p>'
        f'<a id=away href="{target.url}/away">Away</a>'
    )
    email = Email(subject="Hi", html=html)
    await client.send(Message("a@example.test", email, channel=Channel.EMAIL), account="bird")

    await open_phone(page, "a@example.test")
    frame = page.frame_locator(".mail iframe")
    shown = await frame.locator("#shown").inner_text()
    await frame.locator("#away").click()
    await page.locator(".entry .open").click()
    await page.wait_for_selector(".details-pane .life")

    # The browser logs each blocked request as an error.
    inbox.errors.clear()
    assert "Hello" == shown
    assert [] == [call.path for call in target.calls if call.path != "/callbacks/bird"]


async def test_a_refused_request_is_shown_with_its_reason(
    inbox: Watched, client: Client, sandbox: Sandbox
) -> None:
    """A refused request is shown at its phone and among the requests, with the provider's code."""
    page = inbox.page
    del client
    key = sandbox.config()["accounts"]["clickatell"]["api_key"]
    body = {"messages": [{"to": PHONE.removeprefix("+"), "content": "Hi", "chanel": "sms"}]}
    await page.request.post(
        f"{sandbox.url}/clickatell/v1/message", data=body, headers={"Authorization": key}
    )

    await open_phone(page)
    why = await text_of(page, ".entry.refused .why")
    await page.keyboard.press("2")
    await page.locator(".row.request", has_text="400").click()
    shown = await text_of(page, ".exchange")

    assert "23 Invalid or missing parameter: chanel ." == " ".join(why.split())
    assert '"chanel": "sms"' in shown
    assert key not in shown


async def test_faults_are_switched(inbox: Watched, client: Client, sandbox: Sandbox) -> None:
    """A permanent fault is counted for each request that it hits, until it is switched off."""
    page = inbox.page
    await page.keyboard.press("3")
    line = page.locator(".fault[data-kind=latency]")
    await line.locator("input").fill("0")
    await line.locator("button", has_text="Always").click()
    await page.wait_for_selector(".fault[data-kind=latency].is-on")
    await client.send(Message(PHONE, "Hi"), account="clickatell")
    await page.wait_for_selector(".fault[data-kind=latency]:has-text('hit 1 time')")

    await line.locator("button", has_text=re.compile("^On$")).click()
    await page.wait_for_selector(".fault[data-kind=latency]:not(.is-on)")

    assert [] == sandbox.faults.as_json()


async def test_callbacks_are_given_an_address(
    inbox: Watched, sandbox: Sandbox, target: Target
) -> None:
    """The address for callbacks can be set and switched off on the page."""
    page = inbox.page
    sandbox.callbacks.switch_off()
    await page.keyboard.press("4")
    await page.locator("#callback-url").fill(f"{target.url}/here")
    await page.locator("button", has_text="Call back here").click()
    await page.wait_for_selector(".chip:has-text('on')")
    base = sandbox.callbacks.addresses["url"]
    await page.locator("button", has_text="Off").click()
    await page.wait_for_selector(".chip:has-text('off')")

    assert (f"{target.url}/here", False) == (base, sandbox.callbacks.is_on)


async def test_a_reset_empties_the_page(inbox: Watched, client: Client) -> None:
    """A reset, after a confirmation, leaves no phone on the page."""
    page = inbox.page
    await client.send(Message(PHONE, "Hi"), account="clickatell")
    await page.wait_for_selector(".row")

    await page.get_by_label("Reset the sandbox").click()
    await page.locator("dialog button", has_text="Reset").click()
    await page.wait_for_selector(".welcome")

    await expect(page.locator(".row")).to_have_count(0)


async def test_the_keyboard(inbox: Watched, client: Client) -> None:
    """Phones, messages, search, copying a code and the list of keys work by keyboard alone."""
    page = inbox.page
    await client.send(Message(PHONE, "Your code is 482913"), account="clickatell")
    await client.send(Message("+27820001001", "Soup"), account="clickatell")
    await page.wait_for_selector(".row >> nth=1")
    steps: list[str] = []

    for key in ("j", "j"):
        await page.keyboard.press(key)
    await page.wait_for_selector(f".talk-head:has-text('{PHONE}')")
    steps.append(await text_of(page, ".row[aria-current=true] .number"))
    await page.keyboard.press("n")
    steps.append(await text_of(page, ".details-pane .big-code"))
    await page.keyboard.press("Escape")
    await page.wait_for_selector("body[data-details=closed]")
    await page.keyboard.press("/")
    await page.keyboard.type("soup")
    await page.wait_for_selector(".row .number:text('+27820001001')")
    await expect(page.locator(".row")).to_have_count(1)
    await page.keyboard.press("Escape")
    await expect(page.locator(".row")).to_have_count(2)
    await page.keyboard.press("c")
    steps.append(await text_of(page, ".toast p"))
    await page.keyboard.press("?")
    steps.append(await text_of(page, "dialog h2"))

    assert [PHONE, "482913", "Copied 482913", "Keys"] == steps


async def test_dark_and_light(browser: Browser, sandbox: Sandbox) -> None:
    """The page follows the system's colour scheme; a chosen one persists after a reload."""
    context = await browser.new_context(color_scheme="dark")
    page = await context.new_page()
    seen = []

    async def look() -> None:
        seen.append(await page.evaluate("getComputedStyle(document.body).backgroundColor"))

    await page.goto(f"{sandbox.url}/")
    await page.wait_for_selector(".live[data-live=yes]")
    await look()
    await page.keyboard.press("t")
    await look()
    await page.reload()
    await page.wait_for_selector(".live[data-live=yes]")
    await look()
    await context.close()

    dark, light, kept = seen
    assert ("rgb(14, 17, 22)", light) == (dark, kept)
    assert dark != light


async def test_a_narrow_window(browser: Browser, sandbox: Sandbox, client: Client) -> None:
    """A narrow window shows one pane at a time, is not scrolled sideways, and has a way back."""
    await client.send(Message(PHONE, "Hi " * 200), account="clickatell")
    context = await browser.new_context(viewport={"width": 360, "height": 640})
    page = await context.new_page()
    await page.goto(f"{sandbox.url}/")
    widths = []

    async def look() -> None:
        widths.append(await page.evaluate("document.documentElement.scrollWidth"))

    await page.wait_for_selector(".row")
    await look()
    await open_phone(page)
    seen = [await page.locator(".list-pane").is_visible()]
    await look()
    await page.locator(".entry .open").click()
    await page.wait_for_selector(".details-pane .life")
    await look()
    await page.get_by_label("Close the details").click()
    await page.get_by_label("Back to the phones").click()
    await page.wait_for_selector(".list-pane .row")
    seen.append(await page.locator(".main-pane").is_visible())
    await context.close()

    assert ([False, False], [360, 360, 360]) == (seen, widths)


async def test_an_empty_narrow_window_says_what_to_do(
    browser: Browser, sandbox: Sandbox, client: Client
) -> None:
    """A narrow window shows how to send a first message, and the list once there is one."""
    context = await browser.new_context(viewport={"width": 360, "height": 640})
    page = await context.new_page()
    await page.goto(f"{sandbox.url}/")
    await page.wait_for_selector(".welcome h1")
    seen = [await page.locator(".list-pane").is_visible()]

    await client.send(Message(PHONE, "Hello"), account="clickatell")
    await page.wait_for_selector(".row")
    seen.append(await page.locator(".main-pane").is_visible())
    await context.close()

    assert [False, False] == seen


@pytest.mark.parametrize("width", [1440, 360])
async def test_every_view_has_one_main_part(
    browser: Browser, sandbox: Sandbox, client: Client, width: int
) -> None:
    """A screen reader finds one main part in every view, and the list or what is open in it."""
    await client.send(Message(PHONE, "Hello"), account="clickatell")
    context = await browser.new_context(viewport={"width": width, "height": 640})
    page = await context.new_page()
    await page.goto(f"{sandbox.url}/")

    found = {}
    for view, first in (
        ("phones", ".row"),
        (f"phones/{PHONE}", ".entry"),
        ("requests", ".row.request"),
        ("requests/1", ".exchange"),
        ("faults", "h1:text('Faults')"),
        ("callbacks", "h1:text('Callbacks')"),
    ):
        await page.evaluate("hash => { location.hash = hash; }", f"#/{view}")
        await page.locator(first).first.wait_for(state="visible")
        parts = page.get_by_role("main")
        inside = parts.locator(first).first
        found[view] = (await parts.count(), await inside.is_visible())
    await context.close()

    assert dict.fromkeys(found, (1, True)) == found


# As when a picture is loaded before the event of an earlier scroll arrives.
GROW = """() => {
  const log = document.querySelector(".log");
  const picture = document.createElement("div");
  picture.style.height = "900px";
  picture.style.flex = "none";
  log.prepend(picture);
  log.parentElement.dispatchEvent(new Event("scroll"));
}"""
LEFT_BELOW = """() => {
  const scroll = document.querySelector(".scroll:has(> .log)");
  return Math.round(scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight);
}"""


async def until(page: Page, condition: str) -> None:
    """Wait until a condition holds, at most a minute.

    Playwright's `wait_for_function` calls `eval`, which the page's security policy refuses.
    """
    look = f"() => {{ ({condition}) ? done() : requestAnimationFrame(look) }}"
    with anyio.fail_after(60):
        await page.evaluate(f"() => new Promise(done => {{ const look = {look}; look() }})")


async def test_the_end_of_a_conversation_stays_in_sight(inbox: Watched, client: Client) -> None:
    """The last message stays in sight where the page grows or shrinks, until one scrolls up."""
    page = inbox.page
    for number in range(12):
        await client.send(Message(PHONE, f"Message {number}"), account="clickatell")
    await open_phone(page)
    await page.wait_for_selector(".bubble:has-text('Message 11')")

    await page.evaluate(GROW)
    await until(page, f"({LEFT_BELOW})() <= 1")
    await page.set_viewport_size({"width": 1000, "height": 400})
    await until(page, f"({LEFT_BELOW})() <= 1")
    await page.locator(".scroll", has=page.locator(".log")).evaluate("each => each.scrollTo(0, 0)")
    await until(page, f"({LEFT_BELOW})() > 900")
    await page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
    await page.evaluate(GROW)
    await page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))")

    assert await page.evaluate(LEFT_BELOW) > 900


async def test_the_names_of_a_message_are_a_list_of_terms(inbox: Watched, client: Client) -> None:
    """A list of terms has nothing but terms and values, as screen readers need it."""
    page = inbox.page
    await client.send(Message(PHONE, "Hello"), account="clickatell")
    await open_phone(page)
    await page.locator(".entry .open").click()
    await page.wait_for_selector(".facts")

    inside = await page.evaluate(
        "[...document.querySelectorAll('.facts > *')].map(each => each.localName)"
    )

    assert {"dt", "dd"} == set(inside)


async def test_every_content_is_shown_without_an_error(
    inbox: Watched, client: Client, sandbox: Sandbox
) -> None:
    """Every kind of content of every provider is shown with its details, without an error."""
    page = inbox.page
    sandbox.open_windows(contents.PHONE)
    count = 0
    for account, adapter in content_examples.accounts().items():
        for name in contents.CONTENTS:
            if account == "bird" and name == "template":
                continue  # its account has no names of the placeholders
            for channel in content_examples.carried(adapter, name):
                message = contents.message(name, channel)
                # A repeated reference would return the first outcome instead of sending.
                message = attrs.evolve(message, reference=f"{account}-{message.reference}")
                await client.send(message, account=account)
                count += 1

    await open_phone(page, contents.PHONE)
    await expect(page.locator(".entry")).to_have_count(count - 1)
    shown = await page.locator(".entry").count()
    for _ in range(3):
        await page.keyboard.press("p")
    await page.wait_for_selector(".details-pane .life")

    assert count - 1 == shown


async def test_a_picture_is_shown(inbox: Watched, client: Client, sandbox: Sandbox) -> None:
    """A picture is loaded from the sandbox's own store and shown with its caption."""
    page = inbox.page
    sandbox.open_windows(PHONE)
    picture = MediaItem(MediaKind.IMAGE, Inline(PIXEL), content_type="image/png")
    message = Message(PHONE, Media((picture,), "A caption"), channel=Channel.WHATSAPP)
    await client.send(message, account="clickatell")

    await open_phone(page)
    await expect(page.locator(".picture")).to_have_js_property("naturalWidth", 1)

    assert "A caption" == await text_of(page, ".bubble .text")


async def test_a_picture_of_a_phone_that_no_browser_shows(inbox: Watched, sandbox: Sandbox) -> None:
    """A picture from a phone in a type that browsers cannot show is offered as a file."""
    page = inbox.page
    media = {"content_type": "image/heic", "data": b"no picture", "file_name": "IMG_1.heic"}
    sandbox.reply(PHONE, provider="clickatell", channel="whatsapp", media=media)

    await open_phone(page)

    await expect(page.locator(".bubble .file .name")).to_have_text("IMG_1.heic")
    assert 0 == await page.locator(".bubble img").count()
