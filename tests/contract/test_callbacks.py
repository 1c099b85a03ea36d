"""Each adapter verifies and reads the callbacks that its emulator signs.

Both were written from the provider's documents, independently of each other.
"""

from __future__ import annotations

import time
from collections import Counter
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs
import pytest
from support.callback_target import Call, Target, serve_target

from omnimsg import (
    Accepted,
    Client,
    Interactive,
    ListItem,
    ListPicker,
    ListSection,
    Message,
    Reply,
    Upload,
)
from omnimsg.adapter import Adapter, Authenticity, Callback, Context
from omnimsg.config import load_config
from omnimsg.domain.events import InboundMessage, InteractionEvent, StatusEvent, UnparsedEvent
from omnimsg.domain.media import Inline
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.opt_out import Consent, change_in_event
from omnimsg.domain.status import Status
from omnimsg.domain.status_merge import merge_event, status_of_accepted
from omnimsg.sandbox import Sandbox, Scenario, magic_number
from omnimsg_bird.emulator import BirdEmulator
from omnimsg_clickatell.emulator import ClickatellEmulator
from omnimsg_messente.emulator import MessenteEmulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from omnimsg.domain.content import Content
    from omnimsg.domain.events import Event
    from omnimsg.sandbox import CallbackSource, SignedCallback

pytestmark = pytest.mark.anyio

PROVIDERS = ["bird", "clickatell", "messente"]
CHANNELS = [
    *((provider, channel) for provider in PROVIDERS for channel in ("sms", "whatsapp")),
    ("messente", "viber"),
    ("messente", "rcs"),
]
TO = "+37255500001"
PICTURE = {"content_type": "image/png", "data": b"a picture", "file_name": "a.png"}
PLACE = {"latitude": -33.92, "longitude": 18.42, "name": "Cafe", "address": "1 Long St"}
BUTTONS = Interactive("Shall we keep it?", (Reply("Yes", "keep"), Reply("No", "free")))
LIST = ListPicker(
    "What shall we prepare?",
    "Choose",
    sections=(ListSection((ListItem("Soup", "soup"), ListItem("Fish", "fish"))),),
)


@attrs.define
class Clock:
    """The time of day, plus `ahead` seconds."""

    ahead: float = 0.0

    def __call__(self) -> float:
        """Return epoch seconds."""
        return time.time() + self.ahead


@attrs.frozen
class World:
    """A sandbox that calls back to a server, and a client configured for it.

    Attributes:
        adapters: The adapters of the sandbox's own configuration.
    """

    sandbox: Sandbox
    target: Target
    client: Client
    adapters: dict[str, Adapter[Any]]
    clock: Clock

    async def events(self) -> list[Event]:
        """Return the events of all callbacks until now; each callback is genuine."""
        await self.sandbox.callbacks.flush()
        found = [each for call in self.target.calls for each in self.read(call)]
        self.target.calls.clear()
        return found

    def read(self, call: Call) -> list[Event]:
        """Verify and parse a callback as the receiver of its account does."""
        _, _, provider, *secret = call.path.partition("?")[0].split("/")
        adapter, context = self.adapters[provider], _context(provider)
        callback = _callback(
            call.headers, call.body, f"{self.target.url}{call.path}", "/".join(secret)
        )
        assert Authenticity.GENUINE is adapter.verify(callback, context), call
        return list(adapter.parse(callback, context))

    async def reply(self, provider: str, **fields: Any) -> Any:
        """Send a reply from the phone, and return its one event."""
        self.sandbox.reply(TO, provider=provider, **fields)
        (event,) = await self.events()
        return event


def _context(provider: str) -> Context:
    return Context(account=provider, now=datetime.now(UTC))


def _callback(headers: dict[str, str], body: bytes, url: str, secret: str) -> Callback:
    return Callback(
        body=body,
        headers=[(name.encode(), value.encode()) for name, value in headers.items()],
        url=url,
        path_secret=secret.encode() or None,
    )


@asynccontextmanager
async def serve_world(emulators: Sequence[Any] | None = None) -> AsyncIterator[World]:
    """Serve providers with callbacks, without delays; all of them unless some are given."""
    clock = Clock()
    async with (
        serve_target() as target,
        Sandbox(emulators, clock=clock, callbacks=f"{target.url}/callbacks") as sandbox,
        Client.from_config(sandbox.config()) as client,
    ):
        sandbox.open_windows(TO)
        adapters = dict(load_config(sandbox.config()).adapters)
        yield World(sandbox, target, client, adapters, clock)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """Serve all providers with callbacks."""
    async with serve_world() as served:
        yield served


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_configuration_has_what_verifies(provider: str) -> None:
    """The sandbox's own configuration has all that a receiver needs to verify callbacks."""
    adapters = load_config(Sandbox().config()).adapters

    assert adapters[provider].callback_problem() is None


async def test_the_configuration_follows_the_options_of_emulators() -> None:
    """With other credentials and secrets, it still reaches the sandbox and verifies callbacks."""
    workspace, channel = str(UUID(int=1)), str(UUID(int=2))
    emulators = [
        partial(
            BirdEmulator,
            access_key="other-access-key",
            workspace=workspace,
            channels={"sms": channel},
            signing_key="other-signing-key",
        ),
        partial(
            ClickatellEmulator,
            callback_secret="other-callback-secret-of-32-char",
            callback_login="omnimsg:other-password-of-24",
        ),
        partial(
            MessenteEmulator, username="me", password="mine", inbound_secret="other-inbound-secret"
        ),
    ]
    async with serve_world(emulators) as world:
        for provider in PROVIDERS:
            await world.client.send(Message(TO, "Hello", channel="sms"), account=provider)
        reports = await world.events()
        replies = [await world.reply(provider, text="Yes") for provider in PROVIDERS]

    assert set(PROVIDERS) == {each.account for each in reports if isinstance(each, StatusEvent)}
    assert ["Yes", "Yes", "Yes"] == [each.text for each in replies]


async def test_the_configuration_allows_another_host_for_files() -> None:
    """With a storage of another name, files can be uploaded to it and downloaded from it."""
    async with serve_world([partial(BirdEmulator, storage="localhost")]) as world:
        stored = await world.client.upload(Upload(b"data", "image/png", file_name="a.png"))
        data = await world.client.download(stored)

    assert b"data" == data


@pytest.mark.parametrize("scenario", Scenario)
@pytest.mark.parametrize(("provider", "channel"), CHANNELS)
async def test_reports_say_what_a_look_up_says(
    world: World, provider: str, channel: str, scenario: Scenario
) -> None:
    """The merged reports of a message give the same status as the provider's look-up."""
    message = Message(magic_number(scenario), "Hello", channel=channel, reference="order-1")
    (outcome,) = [each async for each in world.client.send_many([message], account=provider)]

    events = await world.events()

    if not isinstance(outcome, Accepted):
        assert [] == events
        return
    reports = [each for each in events if isinstance(each, StatusEvent)]
    others = {type(each) for each in events} - {StatusEvent}
    status, looked_up = status_of_accepted(outcome), await world.client.status(str(outcome.id))
    for report in reports:
        assert report.message_id == outcome.id
        assert provider == "messente" or report.reference == "order-1"
        status = merge_event(status, report)
    # Bird reports reading as an interaction, which its look-up of statuses does not have.
    reads = provider == "bird" and Status.READ is status.status
    assert (status.status, status.reason) == (
        Status.READ if reads else looked_up.status,
        looked_up.reason,
    )
    assert others == ({InteractionEvent} if reads else set())


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_text(world: World, provider: str) -> None:
    """A reply has its sender, text, channel, ids and time."""
    event = await world.reply(provider, text="Is the table free?", channel="sms")

    assert isinstance(event, InboundMessage)
    assert (provider, TO, "Is the table free?", "sms") == (
        event.account,
        event.sender,
        event.text,
        event.channel,
    )
    assert event.id is not None
    assert event.to is not None
    assert abs((datetime.now(UTC) - event.at).total_seconds()) < 60


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_an_opt_out(world: World, provider: str) -> None:
    """A reply of STOP is an opt-out at every provider."""
    change = change_in_event(await world.reply(provider, text="STOP"))

    assert change is not None
    assert (Consent.OPTED_OUT, TO) == (change.consent, change.address)


@pytest.mark.parametrize("provider", ["bird", "clickatell"])
async def test_media(world: World, provider: str, tmp_path: Path) -> None:
    """The client downloads the file of a reply."""
    event = await world.reply(provider, text="Look", media=PICTURE)

    (item,) = event.media
    path = tmp_path / "picture"
    await world.client.download(item.source, path)
    assert ("image", "Look", b"a picture") == (item.kind, event.text, path.read_bytes())


async def test_media_inside_a_callback(world: World) -> None:
    """Clickatell's callbacks may have the file inline."""
    event = await world.reply("clickatell", media={**PICTURE, "inline": True})

    (item,) = event.media
    assert (Inline(b"a picture"), "image/png") == (item.source, item.content_type)


async def test_a_document(world: World, tmp_path: Path) -> None:
    """Bird's body for a document, unlike that for an image, is read."""
    media = {**PICTURE, "content_type": "application/pdf", "file_name": "a.pdf"}
    event = await world.reply("bird", media=media)

    (item,) = event.media
    path = tmp_path / "document"
    await world.client.download(item.source, path)
    assert ("document", "a.pdf", b"a picture") == (item.kind, item.file_name, path.read_bytes())


@pytest.mark.parametrize("provider", ["bird", "clickatell"])
async def test_a_place(world: World, provider: str) -> None:
    """A reply with a location has coordinates, name and address."""
    place = (await world.reply(provider, location=PLACE)).location

    assert tuple(PLACE.values()) == (
        place.latitude,
        place.longitude,
        place.name,
        place.address,
    )


@pytest.mark.parametrize(
    ("content", "tapped"), [(BUTTONS, Reply("Yes", "keep")), (LIST, Reply("Fish", "fish"))]
)
async def test_a_tapped_button(world: World, content: Content, tapped: Reply) -> None:
    """A tap on a button or list item has its payload and the id of the message."""
    accepted = await world.client.send(Message(TO, content, channel="whatsapp"), account="bird")
    await world.events()

    event = await world.reply("bird", button={"payload": tapped.payload})

    assert (tapped, accepted.id) == (event.tapped, event.reply_to)


async def test_a_guess_is_kept_whole(world: World) -> None:
    """Clickatell documents no form of a tapped button: the sandbox's guess is `UnparsedEvent`."""
    message = Message(TO, BUTTONS, channel="whatsapp")
    await world.client.send(message, account="clickatell")
    await world.events()

    event = await world.reply("clickatell", button={"label": "Yes"}, guess=True)

    assert isinstance(event, UnparsedEvent)
    assert "moInteractive" == event.provider_kind
    assert "keep" == event.raw["postbackData"]


@pytest.mark.parametrize("provider", ["bird", "clickatell"])
async def test_an_answer_to_a_message(world: World, provider: str) -> None:
    """A reply to a message has the id that the client returned for the message."""
    message = Message(TO, "Hello", channel="whatsapp", reference="order-1")
    accepted = await world.client.send(message, account=provider)
    await world.events()

    event = await world.reply(provider, text="Yes", reply_to=str(accepted.id))

    assert accepted.id == event.reply_to
    assert provider == "bird" or event.reference == "order-1"


@pytest.mark.parametrize("kind", ["read", "clicked"])
async def test_an_interaction(world: World, kind: str) -> None:
    """An interaction has the id of its message, and reading is also reported as a status."""
    accepted = await world.client.send(Message(TO, "Hello", channel="whatsapp"), account="bird")
    await world.events()
    world.sandbox.reply(TO, provider="bird", interaction={"kind": kind})

    interaction, *statuses = await world.events()

    assert isinstance(interaction, InteractionEvent)
    assert (kind, accepted.id) == (
        interaction.interaction.kind,
        interaction.interaction.message_id,
    )
    expected = [Status.READ] if kind == "read" else []
    assert expected == [each.status for each in statuses if isinstance(each, StatusEvent)]


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_repetition_has_the_same_keys(world: World, provider: str) -> None:
    """A repeated callback has the same event keys as the first, so it can be dropped."""
    world.target.answers.extend([503])
    world.sandbox.faults.add("callback_duplicate", count=100)
    await world.client.send(Message(TO, "Hello", channel="sms"), account=provider)
    world.sandbox.reply(TO, "Yes", provider=provider)
    events = await world.events()
    world.clock.ahead = 60.0  # the callback that was answered 503 is due again
    events += await world.events()

    seen = Counter(each.key for each in events)

    assert 3 == max(seen.values())
    assert 2 == min(seen.values())


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_contradiction_is_kept(world: World, provider: str) -> None:
    """A delivery that is also reported as failed stays delivered and is flagged."""
    world.sandbox.faults.add("callback_contradict")
    accepted = await world.client.send(Message(TO, "Hello", channel="sms"), account=provider)
    await world.sandbox.callbacks.flush()
    world.clock.ahead = 1.0

    status = status_of_accepted(accepted)
    for event in await world.events():
        assert isinstance(event, StatusEvent)
        status = merge_event(status, event)
    (leg,) = status.legs
    assert Status.DELIVERED is status.status
    assert leg.timeline.contradicted


def _sources() -> dict[str, CallbackSource]:
    emulators = Sandbox().emulators
    return {name: each.callbacks for name, each in emulators.items() if each.callbacks}


def _read(provider: str, signed: SignedCallback) -> tuple[Authenticity, list[Event]]:
    adapter, context = load_config(Sandbox().config()).adapters[provider], _context(provider)
    secret = signed.url.partition(f"/{provider}/")[2]
    callback = _callback(dict(signed.headers), signed.body, signed.url, secret)
    return adapter.verify(callback, context), list(adapter.parse(callback, context))


SAMPLES = [(name, event) for name, source in _sources().items() for event in source.samples()]
STATUSES = [(name, status) for name, source in _sources().items() for status in source.statuses]


@pytest.mark.parametrize(("provider", "sample"), SAMPLES)
def test_a_sample_is_what_its_name_says(provider: str, sample: str) -> None:
    """Each sample callback is genuine, and its event has the sample's kind and variant."""
    source = _sources()[provider]
    now = datetime.now(UTC).timestamp()
    build = source.sample_of(sample)
    assert build is not None

    signed = source.signer.sign(build(), source.signer.address("http://127.0.0.1:1"), now)

    authenticity, (event, *_) = _read(provider, signed)
    assert Authenticity.GENUINE is authenticity
    assert sample == f"{event.kind}.{_variant(event)}"


def _variant(event: Event) -> str:
    if isinstance(event, StatusEvent):
        return event.status.value
    if isinstance(event, InteractionEvent):
        return event.interaction.kind.value
    assert isinstance(event, InboundMessage)
    if change_in_event(event) is not None:
        return "stop"
    if event.tapped is not None:
        return "button"
    return "media" if event.media else "location" if event.location else "text"


@pytest.mark.parametrize(("provider", "status"), STATUSES)
def test_every_status_can_be_had(provider: str, status: str) -> None:
    """A sample can be made for each status of the provider, and the adapter knows the status."""
    source = _sources()[provider]

    draft = source.sample_status(status)
    signed = source.signer.sign(
        draft, source.signer.address("http://127.0.0.1:1"), datetime.now(UTC).timestamp()
    )

    authenticity, (event,) = _read(provider, signed)
    assert isinstance(event, StatusEvent)
    assert Authenticity.GENUINE is authenticity
    evidence = event.leg.timeline.latest
    assert evidence is not None
    assert (f"status.{status}", status) == (draft.kind, evidence.provider_status)
    known = {row.name for row in load_config(Sandbox().config()).adapters[provider].statuses}
    assert status in known


@pytest.mark.parametrize(("provider", "sample"), SAMPLES)
def test_a_spoilt_sample_is_never_genuine(provider: str, sample: str) -> None:
    """A sample with a spoilt signature fails verification."""
    source = _sources()[provider]
    build = source.sample_of(sample)
    assert build is not None
    signer, now = source.signer, datetime.now(UTC).timestamp()

    spoilt = signer.spoil(signer.sign(build(), signer.address("http://127.0.0.1:1"), now))

    assert Authenticity.WRONG_SIGNATURE is _read(provider, spoilt)[0]


def test_ids_of_samples_are_new() -> None:
    """Two samples of one kind have different message ids."""
    for name, source in _sources().items():
        drafts = [build() for build in source.samples().values() for _ in range(2)]
        ids = [MessageId.of(name, each.id) for each in drafts]

        assert len(ids) == len(set(ids))
