"""The adapter's tables have exactly the values that Messente's documents list."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import orjson
import pytest
from messente.cases import FILM, PICTURE, URL

from omnimsg.domain.channel import Channel
from omnimsg.domain.content import (
    Action,
    Autoconvert,
    ButtonKind,
    Card,
    CardHeight,
    CardWidth,
    Carousel,
    Content,
    Interactive,
    Media,
    OpenMedia,
    OpenUrl,
    Template,
    Text,
)
from omnimsg.domain.message import Message, Priority
from omnimsg_messente import MessenteAdapter, codes
from omnimsg_messente.adapter import TEXT_STORES
from omnimsg_messente.capabilities import CAPABILITIES
from omnimsg_messente.rules import rcs as rcs_rules
from omnimsg_messente.rules import viber as viber_rules
from omnimsg_messente.rules import whatsapp as whatsapp_rules
from omnimsg_messente.wire import encode, rcs, whatsapp

if TYPE_CHECKING:
    from omnimsg.adapter import Context

DOCUMENTS: dict[str, Any] = orjson.loads(
    (Path(__file__).parents[2] / "data" / "messente.json").read_bytes()
)
BUTTON = OpenUrl("Open", URL)


def test_statuses() -> None:
    """Every documented status has a row, and null has the row with an empty name."""
    assert {*DOCUMENTS["status"], ""} == {row.name for row in codes.STATUSES}


def test_errs() -> None:
    """Every `err` has a row, except 0 and 10, which are no errors."""
    rows = {row.code for row in codes.CODES if row.level == codes.ERR}

    assert set(DOCUMENTS["err"]) == rows | codes.NO_ERRORS
    assert not rows & codes.NO_ERRORS


def test_error_codes() -> None:
    """Every code of an error body has a row."""
    rows = {row.code for row in codes.CODES if row.level == codes.ERROR}

    assert set(DOCUMENTS["error"]) == rows


def test_the_levels_are_two() -> None:
    """The table has rows only at the two levels that are read."""
    assert {codes.ERROR, codes.ERR} == {row.level for row in codes.CODES}


@pytest.mark.parametrize(
    ("documented", "ours"),
    [
        (DOCUMENTS["channel"], list(CAPABILITIES.channels)),
        (DOCUMENTS["text_store"], list(TEXT_STORES)),
        (DOCUMENTS["autoconvert"], [each.value for each in Autoconvert]),
        # `regular` is the default and is not sent.
        (DOCUMENTS["priority"], [*encode.PRIORITIES.values(), "regular"]),
        (DOCUMENTS["rcs"]["action"], [name for name, _ in rcs.ACTIONS.values()]),
        (DOCUMENTS["rcs"]["height"], [each.upper() for each in CardHeight]),
        (DOCUMENTS["rcs"]["card_width"], [each.upper() for each in CardWidth]),
        (DOCUMENTS["rcs"]["card_orientation"], [each for each, _ in rcs.LAYOUTS.values()]),
        (
            DOCUMENTS["rcs"]["thumbnail_image_alignment"],
            [each for _, each in rcs.LAYOUTS.values()],
        ),
        (
            DOCUMENTS["whatsapp"]["content"],
            ["text", "template", *whatsapp_rules.OPTIONS],
        ),
        (
            DOCUMENTS["whatsapp"]["parameter"],
            [
                *["text", "currency", "date_time"],
                *whatsapp_rules.TEMPLATE_KINDS,
                *[kind for _, kind in whatsapp.BUTTONS.values()],
            ],
        ),
    ],
    ids=lambda each: str(each[0]),
)
def test_lists(documented: list[str], ours: list[str]) -> None:
    """The documented values are exactly the values of the adapter."""
    assert set(documented) == set(ours)


def test_every_kind_of_button_is_mapped() -> None:
    """Every kind of button is mapped to a sub-type."""
    assert set(ButtonKind) == set(whatsapp.BUTTONS)


def test_priorities() -> None:
    """Only the normal priority has no value to send."""
    assert {Priority.NORMAL} == set(Priority) - set(encode.PRIORITIES)


def test_limits() -> None:
    """Every limit has the document's value."""
    rcs_limits, viber_limits = DOCUMENTS["rcs"], DOCUMENTS["viber"]
    assert {
        "text": rcs_rules.MAX_TEXT,
        "suggestions": rcs_rules.MAX_SUGGESTIONS,
        "card_suggestions": rcs_rules.MAX_CARD_SUGGESTIONS,
        "cards": [2, rcs_rules.MAX_CARDS],
        "card_title": rcs_rules.MAX_TITLE,
        "card_description": rcs_rules.MAX_DESCRIPTION,
        "suggestion_text": rcs_rules.MAX_LABEL,
        "fallback_url": rcs_rules.MAX_URL,
        "url": rcs_rules.MAX_URL,
        "event_title": rcs_rules.MAX_EVENT_TITLE,
        "event_description": rcs_rules.MAX_EVENT_DESCRIPTION,
    }.items() <= rcs_limits.items()
    assert {
        "text": viber_rules.MAX_TEXT,
        "video_bytes": viber_rules.MAX_VIDEO_BYTES,
        "video_seconds": viber_rules.MAX_VIDEO_SECONDS,
        "carousel": [2, viber_rules.MAX_CARDS],
        "title": list(viber_rules.TITLE_LENGTH),
    }.items() <= viber_limits.items()
    assert (DOCUMENTS["bulk"], DOCUMENTS["requests_per_second"]) == (
        CAPABILITIES.max_messages,
        CAPABILITIES.requests_per_second,
    )


def _vibers() -> list[Content]:
    """Return every combination of content that could be a Viber message."""
    actions: list[Action] = [BUTTON, OpenMedia("Watch")]
    cards = [Card(title="Fish", media=PICTURE, actions=(BUTTON,))] * 2
    return [
        Text("Hi"),
        *(Media((item,), text) for item, text in product((PICTURE, FILM), (None, "Hi"))),
        *(
            Interactive(text, (action,), header=header)
            for text, action, header in product(
                (None, "Hi"), actions, (None, PICTURE, FILM, "Hello")
            )
            if text or header
        ),
        *(Carousel(cards, text) for text in (None, "Hi")),
        Template("t", "en"),
    ]


def test_viber_has_nine_combinations_and_templates(
    adapter: MessenteAdapter, context: Context
) -> None:
    """The combinations that pass the check are exactly those of the document."""
    fields = {*DOCUMENTS["viber"]["fields"]} - {"channel", "sender", "validity", "ttl"}
    found = set()
    for content in _vibers():
        message = Message("+37255500001", content, channel=Channel.VIBER)
        if adapter.check(message) is None:
            (leg,) = encode.omnimessage(message, adapter, context)["messages"]
            found.add(frozenset(leg) - {"channel"})

    combinations = {frozenset(each) for each in DOCUMENTS["viber"]["combinations"]}
    assert combinations | {frozenset({"template"})} == found
    assert fields == frozenset().union(*found)


def test_all_members_of_a_message_and_of_an_sms(adapter: MessenteAdapter, context: Context) -> None:
    """Each documented member is written from a field of the model, except `validity`."""
    account = attrs.evolve(
        adapter.account, settings=attrs.evolve(adapter.account.settings, text_store="nostore")
    )
    message = Message(
        "+37255500001",
        Text("Hi", udh="00", autoconvert=Autoconvert.OFF),
        sender="Acme",
        ttl=60,
        send_at=context.now,
        priority=Priority.HIGH,
        callback_url=URL,
    )

    document = encode.omnimessage(message, MessenteAdapter(account), context)

    assert set(DOCUMENTS["omnimessage"]) == set(document)
    assert set(DOCUMENTS["sms"]) - {"validity"} == set(document["messages"][0])
