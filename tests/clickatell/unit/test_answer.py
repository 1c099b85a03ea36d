"""Reading the answer to a send."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from omnimsg.domain.message import Message
from omnimsg.domain.outcome import Accepted, Ambiguous, NotSent, Outcome, Rejected, Scope
from omnimsg.domain.reason import Reason, Retry
from omnimsg.engine.attempt.batch_split import Split, split_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg.adapter import Context, Response
    from omnimsg_clickatell import ClickatellAdapter


@pytest.fixture(scope="session")
def read(
    adapter: ClickatellAdapter, context: Context, drive: Any, answer: Callable[..., Response]
) -> Callable[..., list[Outcome | None]]:
    """Return a function that sends messages with the references a, b, c, and reads the answer."""

    def run(document: Any, *numbers: str, status: int = 202) -> list[Outcome | None]:
        messages = [
            Message(f"+{number}", "Hi", reference=reference)
            for number, reference in zip(numbers, "abcdefgh", strict=False)
        ]
        _, outcomes = drive(adapter.send(messages, context), answer(document, status))
        return outcomes  # type: ignore[no-any-return]  # the driver takes any flow

    return run


ONE, TWO, THREE = "27820000001", "27820000002", "27820000003"


def accepted_entry(provider_id: str, **members: Any) -> dict[str, Any]:
    """Make an accepted entry."""
    return {"apiMessageId": provider_id, "accepted": True} | members


def refused_entry(code: int, **members: Any) -> dict[str, Any]:
    """Make a refused entry."""
    error = {"code": code, "description": members.pop("description", "Some text")}
    return {"accepted": False, "error": error} | members


def ids_or_codes(outcomes: list[Outcome | None]) -> list[str | None]:
    """Return each outcome's provider id or failure code."""
    return [
        None
        if outcome is None
        else outcome.provider_id
        if isinstance(outcome, Accepted)
        else outcome.failure.code
        for outcome in outcomes
    ]


@pytest.mark.parametrize("status", [202, 207, 400, 500])
@pytest.mark.parametrize("error", [{}, {"error": None}])
def test_accepted(read: Any, status: int, error: dict[str, Any]) -> None:
    """An accepted entry with an id is an acceptance, with or without an empty `error`."""
    entry = accepted_entry("0f3b", to=ONE, clientMessageId="a") | error

    [outcome] = read({"messages": [entry], "error": None}, ONE, status=status)

    assert Accepted(reference="a", account="cape", provider_id="0f3b", raw=entry) == outcome
    assert str(outcome.id) == "cape:0f3b"
    assert entry == outcome.raw


def test_refused(read: Any) -> None:
    """A refused entry rejects its message, with everything that the provider sent."""
    entry = refused_entry(26, to=ONE, clientMessageId="a", description="Recipient opted out")

    [outcome] = read({"messages": [entry], "error": None}, ONE, status=400)

    assert isinstance(outcome, Rejected)
    assert ("a", "cape", Reason.OPTED_OUT, "26", 400, "Recipient opted out", "to", entry) == (
        outcome.reference,
        outcome.account,
        outcome.reason,
        outcome.failure.code,
        outcome.failure.http_status,
        outcome.failure.detail,
        outcome.failure.path,
        outcome.failure.raw,
    )


CONTRADICTIONS: list[dict[str, Any]] = [
    {"accepted": True, "clientMessageId": "a"},
    {"accepted": True, "clientMessageId": "a", "apiMessageId": ""},
    {"accepted": True, "clientMessageId": "a", "apiMessageId": None},
    {"accepted": True, "clientMessageId": "a", "apiMessageId": 7},
    accepted_entry("id", clientMessageId="a", error={"code": 26}),
    accepted_entry("id", clientMessageId="a", error="no"),
    {"accepted": False, "clientMessageId": "a", "apiMessageId": "id"},
    refused_entry(43, clientMessageId="a", apiMessageId="id"),
    refused_entry(26, clientMessageId="a", apiMessageId=7),
    {"apiMessageId": "id", "clientMessageId": "a"},
    {"accepted": "true", "apiMessageId": "id", "clientMessageId": "a"},
    {"accepted": 1, "apiMessageId": "id", "clientMessageId": "a"},
    {"error": {"code": 43}, "clientMessageId": "a"},
]


@pytest.mark.parametrize("usual", [{}, {"to": ONE, "error": None}], ids=["bare", "usual"])
@pytest.mark.parametrize("entry", CONTRADICTIONS)
def test_contradictions(read: Any, entry: dict[str, Any], usual: dict[str, Any]) -> None:
    """An entry that contradicts itself, or accepts without an id, gives no outcome."""
    assert [None] == read({"messages": [usual | entry]}, ONE)


@pytest.mark.parametrize("entry", [each for each in CONTRADICTIONS if len(each) > 2])
@pytest.mark.parametrize("status", [302, 400, 401, 404, 500])
def test_contradictions_in_a_refusal(read: Any, entry: dict[str, Any], status: int) -> None:
    """A contradictory entry makes all messages ambiguous, whatever the HTTP status says."""
    outcomes = read({"messages": [entry]}, ONE, TWO, status=status)

    assert {(Ambiguous, Retry.UNSAFE)} == {(type(each), each.retry) for each in outcomes}


@pytest.mark.parametrize("status", [302, 400, 403, 429, 503])
def test_a_message_that_a_refusal_does_not_name(read: Any, status: int) -> None:
    """Beside an accepted message, a message without an entry is ambiguous, whatever the status."""
    named = accepted_entry("id", clientMessageId="a", to=ONE)

    accepted, doubted = read({"messages": [named]}, ONE, TWO, status=status)

    assert ("id", Retry.UNSAFE) == (accepted.provider_id, doubted.retry)


def test_refused_without_a_cause(read: Any) -> None:
    """A refused entry without an error rejects its message with the reason `UNKNOWN`."""
    [outcome] = read({"messages": [{"accepted": False, "clientMessageId": "a"}]}, ONE)

    assert isinstance(outcome, Rejected)
    assert (Reason.UNKNOWN, Retry.NEVER, None) == (
        outcome.reason,
        outcome.retry,
        outcome.failure.code,
    )


@pytest.mark.parametrize(
    ("status", "kind"),
    [(each, Rejected) for each in (200, 202, 207, 400, 401, 402, 404)]
    + [(each, None) for each in (201, 204, 206, 302, 403, 405, 408, 409, 429, 500, 502, 503)],
)
def test_an_unknown_code_beside_each_status(
    read: Any, status: int, kind: type[Outcome] | None
) -> None:
    """An unknown code rejects a message only beside a status that Clickatell documents."""
    [outcome] = read({"messages": [refused_entry(777, clientMessageId="a")]}, ONE, status=status)

    assert kind is (None if outcome is None else type(outcome))


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b'{"messages":[', [], "x", None, {}, {"messages": None}, {"messages": {}}],
)
@pytest.mark.parametrize("status", [202, 207, 400, 401, 402, 404, 500, 503])
def test_nothing_readable(read: Any, body: Any, status: int) -> None:
    """An answer without verdicts gives `None` for every message."""
    assert [None, None] == read(body, ONE, TWO, status=status)


GLOBAL: list[tuple[int, int, type[Outcome], bool]] = [
    (401, 1, NotSent, True),
    (401, 7, NotSent, True),
    (402, 20, NotSent, True),
    (400, 43, NotSent, False),
    (400, 22, Rejected, False),
    (400, 21, Rejected, False),
    (503, 19, Ambiguous, False),
    (500, 18, Ambiguous, False),
    (202, 18, Ambiguous, False),
]


@pytest.mark.parametrize(("status", "code", "kind", "account"), GLOBAL)
@pytest.mark.parametrize("beside", [{}, {"messages": []}, {"messages": None}])
def test_global_error(
    read: Any, status: int, code: int, kind: type, account: bool, beside: dict[str, Any]
) -> None:
    """An error of the whole request applies to every message, with or without `messages`."""
    body = {"error": {"code": code, "description": "Some text"}} | beside

    outcomes = read(body, ONE, TWO, status=status)

    assert ["a", "b"] == [outcome.reference for outcome in outcomes]
    assert {kind} == {outcome.__class__ for outcome in outcomes}
    assert {str(code)} == {outcome.failure.code for outcome in outcomes}
    if kind is NotSent:
        assert {Scope.ACCOUNT if account else Scope.MESSAGE} == {each.scope for each in outcomes}


def test_global_error_of_one_message(read: Any) -> None:
    """A message-level code in the request's error rejects a single message, and none of several."""
    body = {"error": {"code": 25, "description": "Invalid recipient address: 27"}}

    [alone] = read(body, ONE, status=400)
    several = read(body, ONE, TWO, status=400)

    assert isinstance(alone, Rejected)
    assert alone.failure.path == "to"
    assert [None, None] == several


def test_global_error_beside_an_acceptance(read: Any) -> None:
    """An error of the request is ignored if any of its messages was accepted."""
    body = {"messages": [accepted_entry("id", clientMessageId="a")], "error": {"code": 43}}

    assert ["id", None] == ids_or_codes(read(body, ONE, TWO, status=207))


def test_global_error_beside_an_id(read: Any) -> None:
    """An error of the request is ignored if any entry has an id."""
    entry = {"apiMessageId": "id", "accepted": False, "clientMessageId": "a"}
    body = {"messages": [entry], "error": {"code": 43}}

    assert [None, None] == read(body, ONE, TWO, status=207)


def test_global_error_beside_a_refusal(read: Any) -> None:
    """A message keeps its own refusal; the error of the request applies to the others."""
    body = {"messages": [refused_entry(26, clientMessageId="a")], "error": {"code": 43}}

    assert ["26", "43"] == ids_or_codes(read(body, ONE, TWO, status=400))


def test_unknown_global_code(read: Any) -> None:
    """An unknown code of the whole request gives no outcome."""
    assert [None] == read({"error": {"code": 777}}, ONE, status=400)


JOINS: list[tuple[str, tuple[str, ...], list[Any], list[str | None]]] = [
    (
        "another order",
        (ONE, ONE, TWO),
        [
            accepted_entry("3", clientMessageId="c"),
            accepted_entry("1", clientMessageId="a"),
            accepted_entry("2", clientMessageId="b"),
        ],
        ["1", "2", "3"],
    ),
    (
        "by a unique number",
        (ONE, TWO, THREE),
        [
            refused_entry(26, to=THREE),
            accepted_entry("1", clientMessageId="a"),
            refused_entry(27, to=f" +{TWO}"),
        ],
        ["1", "27", "26"],
    ),
    (
        "unique among what is open",
        (ONE, ONE),
        [accepted_entry("1", clientMessageId="a", to=ONE), refused_entry(26, to=ONE)],
        ["1", "26"],
    ),
    (
        "one number twice",
        (ONE, ONE),
        [refused_entry(26, to=ONE), refused_entry(27, to=ONE)],
        [None, None],
    ),
    (
        "two entries for one number",
        (ONE, TWO),
        [accepted_entry("1", to=ONE), accepted_entry("2", to=ONE)],
        [None, None],
    ),
    ("one number twice, one entry", (ONE, ONE), [refused_entry(26, to=ONE)], [None, None]),
    (
        "the same refusal for all",
        (ONE, ONE),
        [refused_entry(26, to=ONE), refused_entry(26, to=ONE)],
        ["26", "26"],
    ),
    (
        "the same refusal for all, an entry missing",
        (ONE, ONE, ONE),
        [refused_entry(26, to=ONE), refused_entry(26, to=ONE)],
        [None, None, None],
    ),
    ("no number at all", (ONE, TWO), [refused_entry(26), refused_entry(26)], ["26", "26"]),
    (
        "acceptances are never shared",
        (ONE, ONE),
        [accepted_entry("1"), accepted_entry("2")],
        [None, None],
    ),
    (
        "the last for the last",
        (ONE, TWO),
        [accepted_entry("1", clientMessageId="a"), refused_entry(25, to="x")],
        ["1", "25"],
    ),
    ("a single message", (ONE,), [refused_entry(25, to="2782x")], ["25"]),
    (
        "the last, but of another message's number",
        (ONE, TWO),
        [accepted_entry("1", clientMessageId="a", to=ONE), refused_entry(25, to=ONE)],
        ["1", None],
    ),
    (
        "the last, but a foreign entry is there",
        (ONE, TWO),
        [
            accepted_entry("1", clientMessageId="a"),
            refused_entry(25),
            accepted_entry("9", clientMessageId="zzz"),
        ],
        ["1", None],
    ),
    ("only a foreign entry", (ONE,), [accepted_entry("9", clientMessageId="zzz", to=ONE)], [None]),
    ("no reference that is text", (ONE,), [accepted_entry("9", clientMessageId=5, to=ONE)], [None]),
    ("an empty reference", (ONE,), [refused_entry(26, clientMessageId="", to=ONE)], ["26"]),
    ("no entry that is an object", (ONE,), ["x", None, 5, [], refused_entry(26, to="y")], [None]),
    (
        "a copy",
        (ONE, TWO),
        [accepted_entry("1", clientMessageId="a")] * 2 + [refused_entry(25)],
        ["1", "25"],
    ),
    (
        "a copy without its reference",
        (ONE, ONE),
        [accepted_entry("1", clientMessageId="a", to=ONE), accepted_entry("1", to=ONE)],
        ["1", None],
    ),
    (
        "two that disagree",
        (ONE, TWO),
        [
            accepted_entry("1", clientMessageId="a"),
            refused_entry(26, clientMessageId="a"),
            refused_entry(25),
        ],
        [None, None],
    ),
    (
        "the same refusal, but each with an id",
        (ONE, ONE),
        [refused_entry(26, to=ONE, apiMessageId=each) for each in "12"],
        [None, None],
    ),
    ("refusals without a code", (ONE, ONE), [{"accepted": False, "to": ONE}] * 2, [None, None]),
    ("copies of the nameless", (ONE, TWO), [accepted_entry("1", to=ONE)] * 2, ["1", None]),
]


@pytest.mark.parametrize(
    ("numbers", "entries", "expected"),
    [case[1:] for case in JOINS],
    ids=[case[0] for case in JOINS],
)
def test_match_entries(
    read: Any, numbers: tuple[str, ...], entries: list[Any], expected: list[str | None]
) -> None:
    """Each message gets its own entry or none, never another's."""
    assert expected == ids_or_codes(read({"messages": entries}, *numbers, status=207))


def test_shared_refusal_says_only_what_is_common(read: Any) -> None:
    """A refusal shared by several messages keeps only what its entries have in common."""
    entries = [refused_entry(26, to=ONE, description=f"text {index}") for index in range(2)]

    outcomes = read({"messages": entries}, ONE, ONE, status=207)

    raw = {"accepted": False, "to": ONE, "error": {"code": 26}}
    assert [raw, raw] == [outcome.failure.raw for outcome in outcomes]


def test_over_long_list(read: Any) -> None:
    """Entries beyond the number of messages are ignored."""
    entries = [accepted_entry(str(index), clientMessageId=str(index)) for index in range(1000)]

    assert ["1", None] == ids_or_codes(
        read({"messages": [*entries, accepted_entry("1", clientMessageId="a")]}, ONE, TWO)
    )


PARAMETERS = [
    ("Invalid or missing parameter: to .", "to", Reason.INVALID_RECIPIENT),
    ("Invalid or missing parameter: to", "to", Reason.INVALID_RECIPIENT),
    ("Invalid or missing parameter: messages[0].to.", "to", Reason.INVALID_RECIPIENT),
    ("Invalid or missing parameter: from", "sender", Reason.INVALID_SENDER),
    ("Invalid or missing parameter: scheduledDeliveryTime", "send_at", Reason.INVALID_MESSAGE),
    ("Invalid or missing parameter: validityPeriod", "ttl", Reason.INVALID_MESSAGE),
    ("Invalid or missing parameter: content", "content.text", Reason.INVALID_CONTENT),
    ("Invalid or missing parameter: novelty", None, Reason.INVALID_CONTENT),
    ("Something is missing", None, Reason.INVALID_CONTENT),
]


@pytest.mark.parametrize(("words", "path", "reason"), PARAMETERS)
def test_the_reason_of_23_follows_from_its_parameter(
    read: Any, words: str, path: str | None, reason: Reason
) -> None:
    """Code 23 has the reason and path of the parameter that its text names."""
    [outcome] = read({"messages": [refused_entry(23, to=ONE, description=words)]}, ONE, status=400)

    assert isinstance(outcome, Rejected)
    assert (path, reason, reason.fault) == (outcome.failure.path, outcome.reason, outcome.fault)


@pytest.mark.parametrize(
    "error", [None, {}, [], "", 0, {"code": None, "description": None}, {"code": 0}, [{}], [None]]
)
def test_an_error_that_holds_nothing(read: Any, error: Any) -> None:
    """An empty error member is no error, neither of a message nor of the request."""
    body = {"messages": [accepted_entry("id", to=ONE, error=error)], "error": error}

    assert ["id"] == ids_or_codes(read(body, ONE))


@pytest.mark.parametrize("entry", [{"clientMessageId": "a"}, {}])
@pytest.mark.parametrize(
    ("to", "is_it"),
    [(ONE, True), (f"+{ONE}", True), (None, True), ("2782***01", True), (TWO, False)],
)
def test_an_answer_that_names_another_number(
    read: Any, entry: dict[str, Any], to: str | None, is_it: bool
) -> None:
    """An entry with another number gives no outcome for this message."""
    named = entry if to is None else {**entry, "to": to}

    accepted = read({"messages": [accepted_entry("id", **named)]}, ONE)
    refused = read({"messages": [refused_entry(26, **named)]}, ONE, status=400)

    assert [["id"] if is_it else [None], ["26"] if is_it else [None]] == [
        ids_or_codes(accepted),
        ids_or_codes(refused),
    ]


@pytest.mark.parametrize("code", [21, 22])
def test_a_refusal_of_the_request_is_the_same_for_all(read: Any, code: int) -> None:
    """A refusal of the request gives all messages one failure, so that the engine splits it."""
    outcomes = read({"error": {"code": code, "description": "x"}}, ONE, TWO, THREE, status=400)

    assert {Rejected} == set(map(type, outcomes))
    assert outcomes[0].failure == outcomes[1].failure == outcomes[2].failure
    assert 400 == outcomes[0].failure.http_status


def too_large(*references: str) -> list[dict[str, Any]]:
    """Make entries refused for the media size of the whole request."""
    return [refused_entry(32, clientMessageId=each) for each in references]


@pytest.mark.parametrize("status", [400, 207])
def test_media_that_are_too_large_together(read: Any, status: int) -> None:
    """Code 32 for every message gives all one failure, so that the engine splits the request."""
    outcomes = read({"messages": too_large("a", "b")}, ONE, TWO, status=status)

    assert {Rejected} == set(map(type, outcomes))
    assert outcomes[0].failure == outcomes[1].failure
    assert Reason.MEDIA_TOO_LARGE is outcomes[0].reason


@pytest.mark.parametrize("status", [200, 202, 207, 400])
@pytest.mark.parametrize(
    "body",
    [{"messages": too_large("a", "b")}, {"messages": [], "error": {"code": 21}}],
    ids=["32 of every message", "21 of the request"],
)
def test_a_refusal_of_the_whole_is_cut_with_every_status(read: Any, status: int, body: Any) -> None:
    """A request whose messages are all refused for its size is split, whatever the status."""
    outcomes = read(body, ONE, TWO, status=status)

    assert Split(2) == split_of(outcomes)


@pytest.mark.parametrize("status", [200, 207, 400])
def test_media_of_a_message_alone_are_too_large(read: Any, status: int) -> None:
    """Code 32 for a message that is alone is final: no request is smaller."""
    [outcome] = read({"messages": too_large("a")}, ONE, status=status)

    assert isinstance(outcome, Rejected)
    assert (Reason.MEDIA_TOO_LARGE, Retry.NEVER) == (outcome.reason, outcome.retry)


def test_media_that_may_pass_without_the_others(read: Any) -> None:
    """Code 32 for only some messages is `NotSent` and safe to retry."""
    entries = [accepted_entry("id", clientMessageId="a"), *too_large("b")]

    accepted, refused = read({"messages": entries}, ONE, TWO, status=207)

    assert isinstance(accepted, Accepted)
    assert isinstance(refused, NotSent)
    assert Retry.SAFE is refused.retry


def test_words_of_an_unknown_form(read: Any) -> None:
    """A refusal in an undocumented form keeps its text."""
    entry = {"accepted": False, "clientMessageId": "a", "errorDescription": "From is not yours"}

    [outcome] = read({"messages": [entry]}, ONE, status=400)

    assert isinstance(outcome, Rejected)
    assert "From is not yours" == outcome.failure.detail


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        ({"code": 25, "message": "No such number"}, "No such number"),
        ({"code": 25, "description": ["No such number", "in use"]}, "No such number; in use"),
        ({"code": 25, "description": None, "details": "No such number"}, "No such number"),
        ({"code": 25, "description": "No such number", "message": "x"}, "No such number"),
        ({"code": 25}, "the recipient is not a valid number"),
    ],
)
def test_words_of_a_known_code_in_an_unknown_form(read: Any, error: Any, detail: str) -> None:
    """A known code keeps the words beside it, wherever they stand."""
    entry = {"accepted": False, "clientMessageId": "a", "error": error}

    [outcome] = read({"messages": [entry]}, ONE, status=400)

    assert isinstance(outcome, Rejected)
    assert (detail, Reason.INVALID_RECIPIENT) == (outcome.failure.detail, outcome.reason)


@pytest.mark.parametrize(("to", "is_it"), [(int(ONE), True), (int(TWO), False), ([TWO], True)])
def test_a_number_of_json_names_a_recipient(read: Any, to: object, is_it: bool) -> None:
    """An entry whose `to` is a JSON number is compared as one whose `to` is text."""
    entry = accepted_entry("id", clientMessageId="a", to=to)

    [outcome] = read({"messages": [entry]}, ONE)

    assert is_it == isinstance(outcome, Accepted)
