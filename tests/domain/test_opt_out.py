"""Opt-outs: which replies, taps, interactions and refusals change a recipient's consent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.strategies import events, outcomes

from omnimsg.domain.address import ProviderContact
from omnimsg.domain.channel import Channel
from omnimsg.domain.content import MediaItem, Reply
from omnimsg.domain.errors import InvalidValue
from omnimsg.domain.events import (
    Event,
    InboundMessage,
    InteractionEvent,
    StatusEvent,
    UnparsedEvent,
)
from omnimsg.domain.failure import Failure
from omnimsg.domain.history import Interaction, InteractionKind
from omnimsg.domain.media import MediaKind, Stored
from omnimsg.domain.message import Message
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.opt_out import (
    RULES,
    Consent,
    ConsentChange,
    Keywords,
    OptOutRules,
    change_in_event,
    change_in_outcome,
    changes_in_legs,
)
from omnimsg.domain.outcome import Outcome, Rejected
from omnimsg.domain.reason import Reason, Retry
from omnimsg.domain.reply_text import normalized
from omnimsg.domain.serialization import from_json, to_json
from omnimsg.domain.status import Evidence, LegStatus, Status, Timeline

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
COMMONS: dict[str, Any] = {"provider": "toy", "account": "main", "at": NOW, "key": "k"}
FRANCE = OptOutRules(countries={"+33": Keywords(stop=["Arrêt"], start=["Reprise"])})
OURS = MessageId("main:m-1")


@pytest.mark.parametrize(
    "word", ["stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"]
)
@pytest.mark.parametrize(
    "pattern",
    [
        "{}",
        " {} ",
        "{}.",
        "{}!\n",
        '"{}"',
        "`{}\u00b4",
        "~{}~",
        "_{}_",
        "({})",
        "${}\u20ac",
        "\u200b{}\ufe0f",
        "{}\U000e0100",
        "\u201c{}\u201d",
        "\u00ab\u00a0{}\u00a0\u00bb",
        "\u00a1{}\u2026",
        "{}\uff01",
        "\u2014 {}\u3002",
        "\u200f{}\u2060",
        "{} \U0001f64f\U0001f3fd",
        "\U0001f6d1{}\u2764\ufe0f",
        "\U0001f1ff\U0001f1e6 {} =(",
        "{}" + " " * 100,
        "\u200b" * 100 + "{}" + "." * 100,
    ],
)
def test_stop_in_any_form(word: str, pattern: str) -> None:
    """A stop word opts out in any case, with any spaces, punctuation, emoji or marks around it."""
    for text in (word, word.upper(), word.title()):
        assert Consent.OPTED_OUT is RULES.consent_in(pattern.format(text))


@pytest.mark.parametrize(
    "text",
    [
        "Opt out",
        "OPT-OUT",
        "opt\u2011out",
        "opt\u2014out",
        "Stop\u00a0all",
        "\uff33\uff34\uff2f\uff30",
        "S\u200bT\u200dO\ufe0fP",
    ],
)
def test_stop_in_two_words(text: str) -> None:
    """A stop word counts with spaces, hyphens or invisible marks inside, and in full width."""
    assert Consent.OPTED_OUT is RULES.consent_in(text)


@pytest.mark.parametrize(
    "text",
    [
        "STOP 12345",
        "Please stop by at noon",
        "don't stop",
        "The end",
        "stopped",
        "Cancel my table",
        "",
        ".",
        "1",
        "stop" * 30,
        "STOP" + " " * 100 + "please",
        "STOP\u0941",
    ],
)
def test_other_texts_are_no_opt_out(text: str) -> None:
    """A reply with anything besides the stop word is not an opt-out."""
    assert None is RULES.consent_in(text)


@pytest.mark.parametrize("text", ["START", "start.", "Unstop"])
def test_start_undoes_it(text: str) -> None:
    """A reply of START, "start." or Unstop opts the person in again."""
    assert Consent.OPTED_IN is RULES.consent_in(text)


@pytest.mark.parametrize(
    ("text", "sender", "expected"),
    [
        ("ARRÊT", "+33612345678", Consent.OPTED_OUT),
        ("arre\u0302t", "+33612345678", Consent.OPTED_OUT),
        ("Reprise", "+33612345678", Consent.OPTED_IN),
        ("stop", "+33612345678", Consent.OPTED_OUT),
        ("ARRÊT", "+37255500001", None),
        ("ARRÊT", None, None),
    ],
)
def test_words_of_a_country(text: str, sender: str | None, expected: Consent | None) -> None:
    """A country's stop words apply to its numbers only, in addition to the common words."""
    assert expected is FRANCE.consent_in(text, sender)


def test_the_longest_word_counts() -> None:
    """A word of 64 characters, the most that a list takes, is recognised."""
    word = "stop" * 16

    assert Consent.OPTED_OUT is OptOutRules(Keywords(stop=[word])).consent_in(word)


def test_a_word_of_both_lists_opts_out() -> None:
    """A stop word stays one, even if a country lists it among its start words."""
    rules = OptOutRules(countries={"+33": Keywords(start=["STOP"])})

    assert Consent.OPTED_OUT is rules.consent_in("Stop", "+33612345678")


@pytest.mark.parametrize(
    ("build", "path"),
    [
        (lambda: Keywords(stop="STOP"), "Keywords.stop"),
        (lambda: Keywords(stop=b"STOP"), "Keywords.stop"),  # type: ignore[arg-type]
        (lambda: Keywords(stop={"STOP": 1}), "Keywords.stop"),
        (lambda: Keywords(stop=None), "Keywords.stop"),  # type: ignore[arg-type]
        (lambda: Keywords(start=["START", 1]), "Keywords.start"),  # type: ignore[list-item]
        (lambda: Keywords(stop=["STOP", "..."]), "Keywords.stop"),
        (lambda: Keywords(stop=[""]), "Keywords.stop"),
        (lambda: Keywords(stop=["stop" * 17]), "Keywords.stop"),
        (lambda: OptOutRules("STOP"), "OptOutRules.common"),  # type: ignore[arg-type]
        (lambda: OptOutRules(buttons=["STOP"]), "OptOutRules.buttons"),  # type: ignore[arg-type]
        (lambda: OptOutRules(countries=None), "OptOutRules.countries"),  # type: ignore[arg-type]
        (lambda: OptOutRules(countries=["+33"]), "OptOutRules.countries"),  # type: ignore[arg-type]
        (lambda: OptOutRules(countries={"FR": Keywords()}), "OptOutRules.countries"),
        (lambda: OptOutRules(countries={33: Keywords()}), "OptOutRules.countries"),  # type: ignore[dict-item]
        (
            lambda: OptOutRules(countries={"+33": ["ARRET"]}),  # type: ignore[dict-item]
            "OptOutRules.countries['+33']",
        ),
    ],
)
def test_rules_are_checked(build: Any, path: str) -> None:
    """Invalid rules are refused: a string in place of a list, and a word without letters."""
    with pytest.raises(InvalidValue) as caught:
        build()

    assert [path] == [each.path for each in caught.value.problems]


def test_a_reply_tells_who_and_to_whom() -> None:
    """The change from a reply has the person's number, our sender and the message answered."""
    event = InboundMessage(
        **COMMONS,
        reference="r-1",
        channel=Channel.SMS,
        sender="+37255500001",
        to="1234",
        text="Stop.",
        reply_to=OURS,
    )

    assert ConsentChange(
        consent=Consent.OPTED_OUT,
        account="main",
        at=NOW,
        key="k",
        address="+37255500001",
        channel=Channel.SMS,
        sender="1234",
        message_id=OURS,
        reference="r-1",
    ) == change_in_event(event)


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("STOP", Consent.OPTED_OUT),
        ("Stop.", Consent.OPTED_OUT),
        ("Unsubscribe", Consent.OPTED_OUT),
        ("Opt out", Consent.OPTED_OUT),
        ("Unstop", Consent.OPTED_IN),
        ("Cancel", None),
        ("End", None),
        ("Quit", None),
        ("Start", None),
        ("ARRÊT", None),
    ],
)
@pytest.mark.parametrize("has_text", [False, True])
def test_a_tapped_button(label: str, expected: Consent | None, has_text: bool) -> None:
    """Fewer words opt out as a button's label, which is ours: "Cancel" may cancel an order."""
    text = label if has_text else None
    event = InboundMessage(**COMMONS, sender="+33612345678", text=text, tapped=Reply(label, "stop"))

    change = change_in_event(event, FRANCE)

    assert expected is (change and change.consent)


def test_a_button_that_is_named_by_its_payload_is_known_by_the_text() -> None:
    """Where the reply tells the label and its button only the payload, the label decides."""
    tapped = Reply("menu-7", "menu-7")
    event = InboundMessage(**COMMONS, sender="+37255500001", text="Unsubscribe", tapped=tapped)

    change = change_in_event(event)

    assert change is not None
    assert Consent.OPTED_OUT is change.consent


def test_labels_of_buttons_are_a_list_of_their_own() -> None:
    """Words in `OptOutRules.buttons` apply to tapped buttons, and not to typed replies."""
    rules = OptOutRules(buttons=Keywords(stop=["No more news"]))

    assert Consent.OPTED_OUT is rules.consent_in_tap("No more news!")
    assert None is rules.consent_in("No more news!")


def test_the_caption_of_a_picture_is_no_opt_out() -> None:
    """A stop word as the caption of a picture is not an opt-out: it is about the picture."""
    picture = MediaItem(MediaKind.IMAGE, Stored(account="main", url="https://a.test/1"))
    event = InboundMessage(**COMMONS, sender="+37255500001", text="End", media=[picture])

    assert None is change_in_event(event)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (InteractionKind.UNSUBSCRIBED, Consent.OPTED_OUT),
        (InteractionKind.REPORTED_SPAM, Consent.OPTED_OUT),
        (InteractionKind.SUBSCRIBED, Consent.OPTED_IN),
        (InteractionKind.CLICKED, None),
    ],
)
def test_interactions(kind: InteractionKind, expected: Consent | None) -> None:
    """An unsubscription or a report of spam opts out by the message id; a click changes nothing."""
    interaction = Interaction(message_id=OURS, kind=kind, provider_kind="x", channel=Channel.EMAIL)

    change = change_in_event(InteractionEvent(**COMMONS, interaction=interaction))

    assert expected is (change and change.consent)
    assert change is None or (OURS, Channel.EMAIL) == (change.message_id, change.channel)


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (Reason.OPTED_OUT, Consent.OPTED_OUT),
        (Reason.MARKETING_OPTED_OUT, Consent.MARKETING_OPTED_OUT),
        (Reason.SUPPRESSED, None),
        (Reason.INVALID_RECIPIENT, None),
    ],
)
def test_refusals_of_the_provider(reason: Reason, expected: Consent | None) -> None:
    """A refusal for an opt-out counts in reports and outcomes; our own `SUPPRESSED` does not."""
    evidence = Evidence(Status.REJECTED, "X", reason=reason, fault=reason.fault)
    report = StatusEvent(**COMMONS, leg=LegStatus(timeline=Timeline.of(evidence, NOW)))
    message = Message(
        "+37255500001", "Hello", channel=Channel.WHATSAPP, sender="Shop", reference="r-1"
    )
    failure = Failure(reason=reason, retry=Retry.NEVER)
    outcome = Rejected(reference="r-1", account="main", failure=failure)

    in_report = change_in_event(report)
    in_outcome = change_in_outcome(message, outcome, NOW)

    assert expected is (in_report and in_report.consent)
    assert expected is (in_outcome and in_outcome.consent)
    assert in_outcome is None or ("+37255500001", Channel.WHATSAPP, "Shop", "r-1") == (
        in_outcome.address,
        in_outcome.channel,
        in_outcome.sender,
        in_outcome.reference,
    )


def test_an_opt_out_counts_whatever_is_reported_after_it() -> None:
    """Every report about a message is looked through, not only the last one."""
    refused = Timeline.of(Evidence(Status.FAILED, "X", reason=Reason.OPTED_OUT), NOW)
    later = Timeline.of(Evidence(Status.DELIVERED, "Y"), NOW + timedelta(seconds=1))
    legs = [
        LegStatus(channel=Channel.SMS, timeline=later.merge(refused)),
        LegStatus(channel=Channel.VIBER, timeline=refused.merge(later)),
    ]

    changes = changes_in_legs(legs, account="main", address="+37255500001", reference="r-1")

    assert [
        (Consent.OPTED_OUT, NOW, "+37255500001", "r-1", Channel.SMS),
        (Consent.OPTED_OUT, NOW, "+37255500001", "r-1", Channel.VIBER),
    ] == [(each.consent, each.at, each.address, each.reference, each.channel) for each in changes]


def test_a_contact_of_the_provider_has_its_value() -> None:
    """The address of a `ProviderContact` that opted out is its value, where it has one."""
    message = Message(ProviderContact(key="phonenumber", value="+37255500001"), "Hello")
    failure = Failure(reason=Reason.OPTED_OUT, retry=Retry.NEVER)
    outcome = Rejected(reference=message.reference, account="main", failure=failure)

    change = change_in_outcome(message, outcome, NOW)

    assert change is not None
    assert "+37255500001" == change.address


def test_what_is_unparsed_changes_nothing() -> None:
    """An `UnparsedEvent` changes no consent."""
    assert None is change_in_event(UnparsedEvent(**COMMONS, why="unknown"))


@given(events())
def test_any_event_can_be_asked(event: Event) -> None:
    """`change_in_event` takes any event, and its result survives JSON."""
    change = change_in_event(event)

    assert change is None or change == from_json(
        ConsentChange, orjson.loads(orjson.dumps(to_json(change)))
    )


@given(outcomes())
def test_any_outcome_can_be_asked(outcome: Outcome) -> None:
    """`change_in_outcome` takes any outcome, and the repr of its result masks the number."""
    change = change_in_outcome(Message("+37255500001", "Hello"), outcome, NOW)

    assert "+37255500001" not in repr(change)


@given(st.text(max_size=80))
def test_any_text_can_be_asked(text: str) -> None:
    """`consent_in` takes any text, and space around the text makes no difference."""
    assert RULES.consent_in(text) is RULES.consent_in(f" {text}" + " " * 80)
    assert normalized(text) == normalized(normalized(text))


def test_the_exact_text_of_a_consent_is_the_consent() -> None:
    """The exact text of a consent or channel stands for it; the error for another lists all."""
    change = ConsentChange(consent="opted_in", account="main", at=NOW, channel="sms")
    with pytest.raises(InvalidValue, match="consent: must be one of opted_out"):
        ConsentChange(consent="yes", account="main", at=NOW)

    assert Consent.OPTED_IN is change.consent
    assert Channel.SMS is change.channel
