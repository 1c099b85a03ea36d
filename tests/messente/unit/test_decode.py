"""Reading the answers to sends: verdicts and ids; and any answer, also an arbitrary one.

The meaning of every code and status is in `http/test_errors.py` and `http/test_status.py`.
"""

from __future__ import annotations

from typing import Any

import attrs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from messente.answers import ADAPTER, CONTEXT, FIRST, errors
from support.flows import answer, drive

from omnimsg.adapter import Account, Response, Verdict
from omnimsg.domain.channel import Channel
from omnimsg.domain.content import (
    Card,
    Carousel,
    Content,
    Interactive,
    Media,
    MediaItem,
    Reply,
    Template,
)
from omnimsg.domain.errors import InvalidValue
from omnimsg.domain.failure import Failure
from omnimsg.domain.media import Link
from omnimsg.domain.message import Leg, Message
from omnimsg.domain.outcome import (
    Accepted,
    Ambiguous,
    Failed,
    LegId,
    NotSent,
    Rejected,
)
from omnimsg.domain.reason import Fault, Reason, Retry
from omnimsg.domain.secret import Secret
from omnimsg.domain.status import MessageStatus
from omnimsg_messente import MessenteAdapter, MessenteSettings

SECOND = Message("+37255500002", "b", reference="second")
THIRD = Message("+37255500003", "c", reference="third")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "errors",
                    "messages",
                    "omnimessage_id",
                    "to",
                    "code",
                    "source",
                    "statuses",
                    "status",
                    "err",
                    "timestamp",
                    "price_info",
                    "total_price",
                    "message_id",
                    "channel",
                    "sender",
                    "error",
                    "detail",
                    "parts_count",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)
ANSWERS = st.builds(
    Response,
    st.sampled_from([200, 201, 202, 204, 302, 400, 401, 403, 404, 405, 429, 500, 503]),
    JSON.map(orjson.dumps) | st.binary(max_size=40),
)


def accepted_entry(message: Message, id_: str) -> dict[str, Any]:
    """Build the entry of an accepted message."""
    return {
        "omnimessage_id": id_,
        "to": message.to,
        "messages": [{"channel": "sms", "message_id": f"{id_}-sms", "sender": "Acme"}],
    }


def send(messages: list[Message], response: Response) -> list[Any]:
    """Send messages and return their outcomes."""
    return list(drive(ADAPTER.send(messages, CONTEXT), response)[1])


def refused(message: Message, source: str | None, code: str = "105") -> Failed:
    """Send a message that is refused because of a field."""
    (outcome,) = send([message], answer(400, errors(code, source)))
    assert isinstance(outcome, Failed)
    return outcome


def test_an_accepted_message_has_its_id_and_those_of_its_legs() -> None:
    """An acceptance has the omnimessage's id, and each of its legs has its own."""
    body = accepted_entry(FIRST, "o-1")

    (outcome,) = send([FIRST], answer(201, body))

    assert outcome == Accepted(
        reference="first",
        account="baltic",
        provider_id="o-1",
        legs=(LegId(channel=Channel.SMS, provider_id="o-1-sms", sender="Acme"),),
        raw=body,
    )


@pytest.mark.parametrize(
    ("status", "is_it"), [(200, True), (201, True), (299, True), (199, False), (300, False)]
)
def test_every_2xx_is_a_success(status: int, is_it: bool) -> None:
    """An id in an answer of any 2xx is an acceptance: only these mean success."""
    (outcome,) = send([FIRST], answer(status, accepted_entry(FIRST, "o-1")))

    assert is_it == isinstance(outcome, Accepted)


def test_an_id_that_is_no_text_is_no_verdict() -> None:
    """An acceptance whose id is not text gives no outcome: the message could not be looked up."""
    (outcome,) = send([FIRST], answer(201, accepted_entry(FIRST, "o-1") | {"omnimessage_id": 5}))

    assert outcome is None


def test_an_unknown_channel_is_still_a_leg() -> None:
    """A leg on an unknown channel keeps its id; what has no id is no leg."""
    legs = [
        {"channel": "fax", "message_id": "m"},
        7,
        {"channel": "sms", "message_id": ""},
        {"channel": "sms", "message_id": 5},
        {"channel": "sms"},
    ]
    body = accepted_entry(FIRST, "o-1") | {"messages": legs}

    (outcome,) = send([FIRST], answer(201, body))

    assert outcome.legs == (LegId(channel=None, provider_id="m"),)


@pytest.mark.parametrize(
    ("codes", "decisive"),
    [
        (["105", "103"], "103"),
        (["105", "104"], "104"),
        (["103", "104"], "104"),
        (["999", "106"], "106"),
    ],
)
def test_of_several_errors_the_one_that_proves_least_decides(
    codes: list[str], decisive: str
) -> None:
    """Of several errors the one whose verdict proves least decides."""
    body = {"errors": [errors(code)["errors"][0] for code in codes]}

    (outcome,) = send([FIRST], answer(400, body))

    assert decisive == outcome.failure.code


def test_a_configured_verdict_has_its_place_among_several_errors() -> None:
    """A verdict of the account's configuration is compared as those of the table are."""
    adapter = MessenteAdapter(
        attrs.evolve(ADAPTER.account, codes={("106", "error"): {"verdict": Verdict.NOT_SENT}})
    )

    codes = []
    for other in ("103", "105"):
        body = {"errors": [errors(each)["errors"][0] for each in ("106", other)]}
        _, (outcome,) = drive(adapter.send([FIRST], CONTEXT), answer(400, body))
        assert isinstance(outcome, Failed)
        codes.append(outcome.failure.code)

    assert ["103", "106"] == codes


def test_an_unknown_code_is_no_verdict() -> None:
    """An error without a row gives `None`, and the HTTP status decides."""
    assert send([FIRST], answer(400, errors("999"))) == [None]


OMNI = Message(
    "+37255500001",
    "Hi",
    channel=Channel.VIBER,
    fallback=(
        Leg(channel=Channel.SMS),
        Leg(channel=Channel.WHATSAPP, content=Template("t", "en")),
        Leg(channel=Channel.RCS, sender="Acme", content=Media.link("image", "https://a.test")),
    ),
    extras={"messente": {"sms": {"validity": 0}}},
)


@pytest.mark.parametrize(
    ("source", "path", "reason"),
    [
        ("payload[sms][udh]", "content.udh", Reason.INVALID_CONTENT),
        ("payload[sms][validity]", "extras.messente.sms.validity", Reason.INVALID_MESSAGE),
        ("payload[rcs][content_info]", "fallback[2].content", Reason.INVALID_CONTENT),
        ("payload[sms][novelty]", None, Reason.INVALID_MESSAGE),
        ("payload[telegram][text]", None, Reason.INVALID_MESSAGE),
        ("payload[viber]", None, Reason.INVALID_MESSAGE),
        ("payload[", None, Reason.INVALID_MESSAGE),
        ("query[to]", None, Reason.INVALID_MESSAGE),
    ],
)
def test_a_source_names_a_field_of_our_message(
    source: str | None, path: str | None, reason: Reason
) -> None:
    """The provider's field becomes the path and reason of our field."""
    outcome = refused(OMNI, source)

    assert (path, reason, reason.fault) == (
        outcome.failure.path,
        outcome.failure.reason,
        outcome.fault,
    )


PICTURE = MediaItem("image", Link("https://a.test"))
CARD = Card(title="Soup", text="Today")


@pytest.mark.parametrize(
    ("content", "member", "path"),
    [
        ("Hi", "text", "content.text"),
        (Media((PICTURE,), "Tonight"), "text", "content.caption"),
        (Interactive("Hi", (Reply("Yes"),)), "text", "content.body"),
        (Carousel(cards=(CARD, CARD), text="Hi"), "text", "content.text"),
        (CARD, "text", "content"),
        (Interactive("Hi", (Reply("Yes"),)), "suggestions", "content.actions"),
        (CARD, "suggestions", "content.suggestions"),
        (Interactive("Hi", (Reply("Yes"),)), "button_text", "content.actions[0]"),
        (Interactive("Hi", (Reply("Yes"),)), "button_url", "content.actions[0]"),
        ("Hi", "autoconvert", "content.autoconvert"),
        *(
            (Media((PICTURE,)), member, "content")
            for member in ("audio", "content_info", "document", "image", "image_url", "sticker")
        ),
        *((Media((PICTURE,)), member, "content") for member in ("video", "carousel", "rich_card")),
    ],
)
@pytest.mark.parametrize("is_first", [True, False], ids=["first leg", "second leg"])
def test_a_source_names_a_part_of_the_content(
    content: Content | str, member: str, path: str, *, is_first: bool
) -> None:
    """Members that hold the content are its path, or that of the part which our model has."""
    message = Message("+37255500001", content, channel="rcs", reference="r")
    if not is_first:
        leg = Leg(channel="rcs", content=message.content)
        message = attrs.evolve(message, content="Hi", channel="sms", fallback=(leg,))

    failure = refused(message, f"payload[rcs][{member}]").failure

    assert (path if is_first else f"fallback[0].{path}", Reason.INVALID_CONTENT) == (
        failure.path,
        failure.reason,
    )


def test_a_source_names_no_fallback_of_a_message_without_one() -> None:
    """The source `messages` is the path `fallback` with several legs, and no path with one."""
    assert "fallback" == refused(OMNI, "payload[messages]").failure.path
    assert refused(FIRST, "payload[messages]").failure.path is None


@pytest.mark.parametrize("code", ["102", "105"])
def test_too_many_requests_are_no_verdict_of_a_code(code: str) -> None:
    """With a 429 no code is a verdict, so that the HTTP status decides."""
    assert [None] == send([FIRST], answer(429, errors(code)))
    assert [None, None] == send([FIRST, SECOND], answer(429, errors(code)))


def test_bulk_is_matched_by_position() -> None:
    """A refusal in a bulk has no recipient and is matched by its position."""
    third = Message("+37255500003", "c", reference="third")
    body = {
        "messages": [
            accepted_entry(FIRST, "o-1"),
            errors("105", "payload[sms][sender]"),
            accepted_entry(third, "o-3") | {"to": "37255500003"},
        ]
    }

    outcomes = send([FIRST, SECOND, third], answer(201, body))

    assert ["first", "second", "third"] == [each.reference for each in outcomes]
    assert [Accepted, Rejected, Accepted] == [type(each) for each in outcomes]
    assert ["o-1", "o-3"] == [outcomes[0].provider_id, outcomes[2].provider_id]
    assert outcomes[1].failure.path == "sender"


@pytest.mark.parametrize("nothing", [[], None, {}, "", [None], [{}], {"code": None}])
def test_errors_that_hold_nothing(nothing: Any) -> None:
    """Empty `errors` beside an id are no errors, in a single and in a bulk answer."""
    first = accepted_entry(FIRST, "o-1") | {"errors": nothing}
    second = accepted_entry(SECOND, "o-2") | {"errors": nothing}
    bulk = {"messages": [first, second], "errors": nothing}

    outcomes = [
        *send([FIRST], answer(201, first)),
        *send([FIRST, SECOND], answer(201, bulk)),
    ]

    assert ["o-1", "o-1", "o-2"] == [each.provider_id for each in outcomes]


@pytest.mark.parametrize(
    ("to", "is_it"),
    [
        (FIRST.to, True),
        ("37255500001", True),
        (None, True),
        ("", True),
        (SECOND.to, False),
        (5, False),
    ],
)
def test_an_answer_that_names_another_recipient(to: object, is_it: bool) -> None:
    """An acceptance with another recipient gives no outcome for this message."""
    (outcome,) = send([FIRST], answer(201, accepted_entry(FIRST, "o-1") | {"to": to}))

    assert is_it == isinstance(outcome, Accepted)
    assert is_it or outcome is None


@pytest.mark.parametrize(
    ("id_", "is_it"), [("o-1", True), (None, True), ("", True), ("o-2", False), (5, False)]
)
def test_a_status_of_another_message_is_none(id_: object, is_it: bool) -> None:
    """A status with another message's id is not returned."""
    body = {"omnimessage_id": id_, "statuses": [{"channel": "sms", "status": "DELIVRD"}]}
    _, found = drive(ADAPTER.status("o-1", CONTEXT), answer(200, body))

    assert is_it == isinstance(found, MessageStatus)


@pytest.mark.parametrize(
    ("status", "err", "reason", "fault"),
    [
        ("UNDELIV", 1, Reason.RECIPIENT_UNREACHABLE, Fault.RECIPIENT),
        ("NACK", 1, Reason.UNKNOWN, Fault.PROVIDER),
        ("FAILED", 1, Reason.UNKNOWN, Fault.PROVIDER),
        ("REJECTD", 1, Reason.OPERATOR_BLOCKED, Fault.NOBODY),
        ("REJECTD", 6, Reason.RECIPIENT_LIMIT, Fault.NOBODY),
        ("REJECTD", 8, Reason.OPERATOR_BLOCKED, Fault.NOBODY),
        ("REJECTD", 0, Reason.OPERATOR_BLOCKED, Fault.NOBODY),
        ("EXPIRED", 2, Reason.EXPIRED, Fault.NOBODY),
    ],
)
def test_the_generic_failure_says_less_than_the_status(
    status: str, err: int, reason: Reason, fault: Fault
) -> None:
    """`err` 1 leaves the reason to the status; a failure that passes with time has no fault."""
    body = {"statuses": [{"channel": "sms", "status": status, "err": err}]}
    _, found = drive(ADAPTER.status("o-1", CONTEXT), answer(200, body))

    assert isinstance(found, MessageStatus)
    latest = found.legs[0].timeline.latest
    assert latest is not None
    assert (reason, fault) == (latest.reason, latest.fault)


@pytest.mark.parametrize(
    "entries",
    [
        [],
        [accepted_entry(FIRST, "o-1")],
        [
            accepted_entry(FIRST, "o-1"),
            accepted_entry(SECOND, "o-2"),
            accepted_entry(SECOND, "o-3"),
        ],
        [accepted_entry(SECOND, "o-2"), accepted_entry(FIRST, "o-1")],
        [accepted_entry(SECOND, "o-2"), errors("105")],
        [accepted_entry(FIRST, "o-1"), accepted_entry(SECOND, "o-2") | {"to": None}],
    ],
)
def test_bulk_that_differs_from_its_request_gives_no_verdict(entries: list[Any]) -> None:
    """A bulk answer with another length or recipient gives no message an outcome."""
    assert send([FIRST, SECOND], answer(201, {"messages": entries})) == [None, None]


@pytest.mark.parametrize("entry", [{}, None, "o-1"])
def test_bulk_leaves_only_the_unreadable_without_a_verdict(entry: object) -> None:
    """An unreadable entry leaves only its own message without an outcome."""
    body = {"messages": [entry, accepted_entry(SECOND, "o-2")]}

    outcomes = send([FIRST, SECOND], answer(201, body))

    assert [None, "second"] == [each and each.reference for each in outcomes]


def test_bulk_refused_as_a_whole_has_no_path() -> None:
    """An error body instead of a list applies to every message, without a path."""
    outcomes = send([FIRST, SECOND], answer(401, errors("103", "payload[to]")))

    assert [(NotSent, "first", None), (NotSent, "second", None)] == [
        (type(each), each.reference, each.failure.path) for each in outcomes
    ]


@pytest.mark.parametrize(
    ("to", "is_it"), [(37255500001, True), (37255500002, False), (True, False)]
)
def test_a_number_of_json_names_a_recipient(to: object, is_it: bool) -> None:
    """An entry whose `to` is a JSON number is compared as one whose `to` is text."""
    alone = send([FIRST], answer(201, accepted_entry(FIRST, "o-1") | {"to": to}))
    entries = [accepted_entry(FIRST, "o-1") | {"to": to}, accepted_entry(SECOND, "o-2")]
    bulk = send([FIRST, SECOND], answer(201, {"messages": entries}))

    assert [is_it] * 3 == [isinstance(each, Accepted) for each in (*alone, *bulk)]


def test_an_entry_that_is_not_understood_keeps_its_own_words() -> None:
    """An entry of a bulk answer whose code is unknown is ambiguous, with its words and code."""
    entries = [errors("105"), errors("199"), accepted_entry(THIRD, "o-3")]

    _, outcome, accepted = send([FIRST, SECOND, THIRD], answer(201, {"messages": entries}))

    assert isinstance(accepted, Accepted)
    assert isinstance(outcome, Ambiguous)
    failure = outcome.failure
    assert ("the answer cannot be read; it says: T; Because", "199", 201) == (
        failure.detail,
        failure.unknown_code,
        failure.http_status,
    )


def test_a_title_stands_for_a_missing_detail() -> None:
    """An error without a `detail` is told in the words that it has."""
    error = errors("105")["errors"][0] | {"title": "No sender", "detail": None}

    (outcome,) = send([FIRST], answer(400, {"errors": [error]}))

    assert outcome.failure.detail == "No sender"


def test_an_id_beside_errors_is_no_verdict() -> None:
    """An id beside errors gives no outcome, because the message may have been accepted."""
    both = accepted_entry(FIRST, "o-1") | errors("103")

    assert [None] == send([FIRST], answer(201, both))
    bulk = send([FIRST, SECOND], answer(201, {"messages": [both, accepted_entry(SECOND, "o-2")]}))
    assert [None, "o-2"] == [each and each.provider_id for each in bulk]


@pytest.mark.parametrize("status", [300, 302, 400, 403, 429, 500])
def test_an_id_in_a_refusal_is_a_doubt(status: int) -> None:
    """An id in a refusal makes all messages ambiguous, whatever the HTTP status says."""
    both = accepted_entry(FIRST, "o-1") | errors("103")

    (alone,) = send([FIRST], answer(status, both))
    bulk = send([FIRST, SECOND], answer(status, {"messages": [both, {}]}))
    whole = send([FIRST, SECOND], answer(status, both))

    assert {(Ambiguous, Retry.UNSAFE, status)} == {
        (type(each), each.retry, each.failure.http_status) for each in (alone, *bulk, *whole)
    }


def test_a_refusal_beside_a_doubt_is_a_refusal() -> None:
    """In a refusal with an id, a message whose own entry is refused without one is rejected."""
    both = accepted_entry(FIRST, "o-1") | errors("103")

    doubtful, refusal = send([FIRST, SECOND], answer(400, {"messages": [both, errors("105")]}))

    assert (Ambiguous, Rejected) == (type(doubtful), type(refusal))
    assert ("first", "baltic") == (doubtful.reference, doubtful.account)


@pytest.mark.parametrize(
    "junk", [None, 5, "105", [], {}, {"code": None}, {"code": ["105"]}, {"code": 105.0}]
)
def test_what_is_no_error_is_skipped(junk: object) -> None:
    """An entry of `errors` without a code is no verdict, and does not hide the one after it."""
    body = {"errors": [junk, *errors("105")["errors"]]}

    (alone,) = send([FIRST], answer(400, {"errors": [junk]}))
    (followed,) = send([FIRST], answer(400, body))

    assert alone is None
    assert isinstance(followed, Rejected)


def test_a_code_may_be_a_number() -> None:
    """A code that is a number of JSON, and not a text, is read all the same."""
    body = {"errors": [{"code": 105, "detail": "Because"}]}

    (outcome,) = send([FIRST], answer(400, body))

    assert isinstance(outcome, Rejected)
    assert ("105", "Because", 400, body) == (
        outcome.failure.code,
        outcome.failure.detail,
        outcome.failure.http_status,
        outcome.failure.raw,
    )


def test_an_error_of_the_whole_bulk_says_nothing_beside_an_id() -> None:
    """An error of the whole bulk is no verdict if any entry has an id."""
    whole = errors("103")
    ids = {"messages": [accepted_entry(FIRST, "o-1"), accepted_entry(SECOND, "o-2")]}
    one_id = {"messages": [accepted_entry(FIRST, "o-1"), {}]}
    no_id: dict[str, Any] = {"messages": [{}, {}]}

    assert ["o-1", "o-2"] == [
        each.provider_id for each in send([FIRST, SECOND], answer(201, whole | ids))
    ]
    assert [Accepted, type(None)] == [
        type(each) for each in send([FIRST, SECOND], answer(201, whole | one_id))
    ]
    assert [Ambiguous, Ambiguous] == [
        type(each) for each in send([FIRST, SECOND], answer(403, whole | ids))
    ]
    assert [NotSent, NotSent] == [
        type(each) for each in send([FIRST, SECOND], answer(201, whole | no_id))
    ]


@given(response=ANSWERS, several=st.booleans())
def test_any_answer_to_a_send(response: Response, several: bool) -> None:
    """For any answer there is one result per message and no acceptance without an id."""
    messages = [FIRST, SECOND] if several else [FIRST]

    outcomes = send(messages, response)

    assert len(messages) == len(outcomes)
    for message, outcome in zip(messages, outcomes, strict=True):
        assert outcome is None or message.reference == outcome.reference
        if isinstance(outcome, Accepted):
            assert outcome.provider_id
            assert 200 <= response.status < 300


@given(response=ANSWERS)
def test_any_answer_about_an_id(response: Response) -> None:
    """For any answer status and cancel return their value, a failure or `None`."""
    _, status = drive(ADAPTER.status("o-1", CONTEXT), response)
    _, cancelled = drive(ADAPTER.cancel("o-1", CONTEXT), response)

    assert status is None or isinstance(status, (MessageStatus, Failure))
    assert cancelled is None or isinstance(cancelled, (bool, Failure))


@pytest.mark.parametrize("id_", ["", ".", ".."])
def test_an_id_that_leads_to_another_path_is_refused(id_: str) -> None:
    """A look-up or cancellation of `.` or `..` is refused without a request."""
    with pytest.raises(InvalidValue):
        next(ADAPTER.status(id_, CONTEXT))
    with pytest.raises(InvalidValue):
        next(ADAPTER.cancel(id_, CONTEXT))


def test_a_configured_code_decides() -> None:
    """A code overridden in the configuration changes the verdict."""
    adapter = MessenteAdapter(
        Account(
            name="baltic",
            settings=MessenteSettings(username="u", password=Secret("p")),
            base_url=MessenteAdapter.base_url,
            codes={("105", "error"): {"reason": Reason.OPTED_OUT}},
        )
    )

    _, outcomes = drive(
        adapter.send([FIRST], CONTEXT), answer(400, errors("105", "payload[sms][sender]"))
    )

    assert isinstance(outcomes[0], Rejected)
    assert outcomes[0].reason is Reason.OPTED_OUT
