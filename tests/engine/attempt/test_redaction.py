"""A provider may quote a message, number or key; omnimsg's own texts do not repeat it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import orjson
import pytest
from support.adapters import (
    KEY,
    FakeTransport,
    TinyAdapter,
    account_engine,
    close,
    seconds,
    send_batch,
    tiny,
)
from support.audit import OutcomeJournal

from omnimsg import (
    Ambiguous,
    Channel,
    Leg,
    Message,
    NotSent,
    OperationError,
    Rejected,
    RejectedError,
    Text,
)
from omnimsg.adapter import Answered, Context, Flow, Request, Response
from omnimsg.domain.failure import Failure
from omnimsg.domain.history import HistoryQuery, Page, PastMessage
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.reason import Reason, Retry
from omnimsg.domain.status import LegStatus, MessageStatus
from omnimsg.engine.attempt.runner import AttemptRunner
from omnimsg.engine.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg import Outcome

pytestmark = pytest.mark.anyio

SECRET = "My OTP is 482913 ok"


class Quoting(TinyAdapter):
    """Tiny that rejects every message with the words of the response."""

    def outcomes(self, messages: Sequence[Message], response: Response) -> list[Outcome | None]:
        """Reject all messages, and quote the response."""
        failure = Failure(
            reason=Reason.INVALID_MESSAGE,
            retry=Retry.NEVER,
            detail=response.json()["said"],
            code=response.header("code"),
            raw=response.json(),
        )
        return [
            Rejected(reference=each.reference, account="main", failure=failure) for each in messages
        ]


def quoting(said: str, **headers: str) -> FakeTransport:
    """Build a transport that answers every request with these words."""
    return FakeTransport(lambda _: Response(400, orjson.dumps({"said": said}), headers))


async def sent(said: str, *messages: Message, **headers: str) -> list[Outcome]:
    """Send messages in one request, without the adapter's `check`."""
    runner = AttemptRunner(tiny(kind=Quoting), quoting(said, **headers), SystemClock())
    outcomes = await runner.send(messages, seconds(5))
    assert isinstance(outcomes, list)
    return outcomes


async def test_a_quoted_text_is_not_repeated() -> None:
    """A quoted text is neither in the error nor in any repr; `raw` has the provider's own words."""
    said = f"Invalid parameter: content '{SECRET}'"
    (outcome,) = await sent(said, Message("+37255500001", SECRET))

    assert isinstance(outcome, Rejected)
    assert "Invalid parameter: content '…'" == outcome.failure.detail
    assert SECRET not in f"{outcome!r} {RejectedError(outcome)}"
    assert {"said": said} == outcome.failure.raw


@pytest.mark.parametrize("shown", range(1, 21, 3))
@pytest.mark.parametrize("private", [KEY, "37255500001", "482913 is your code"])
async def test_words_that_are_shortened_within_a_private_text(private: str, shown: int) -> None:
    """Of a long answer in an unknown form, the end that is left shows no beginning of a text."""
    said = "#" * (199 - shown) + f" {private} "
    answer = Response(400, (said + "#" * 50).encode(), {"Content-Type": "text/plain"})
    transport = FakeTransport(lambda _: answer)
    runner = AttemptRunner(tiny(), transport, SystemClock())
    message = Message("+37255500001", "482913 is your code")
    outcomes = await runner.send([message], seconds(5))

    assert isinstance(outcomes, list)
    assert isinstance(outcomes[0], NotSent)
    words = outcomes[0].failure.detail.partition("it says: ")[2].strip("#… ")
    assert words in {"", "372******01"}


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (f"key {KEY} is unknown", "key … is unknown"),
        (f"KEY {KEY.upper()}!", "KEY …!"),
        (f"credentials Tiny {KEY}", "credentials …"),
        ("msisdn37255500001 unknown", "msisdn372******01 unknown"),
        ("372 555 00001, 372-555-00-001", "372******01, 372******01"),
        ("+37255500001", "+372******01"),
        (f"not allowed: {SECRET.upper()}", "not allowed: …"),
        (f"not allowed: {SECRET[:14].lower()}", "not allowed: …"),
        ("372555000012", "372******012"),
        ("part 3725550000 of it", "part 372*****00 of it"),
        (f"key {' '.join(KEY)}, {KEY.replace('-', '.')}", "key …, …"),
        ("no route to 0555 00 001", "no route to 0******01"),
        ("to=%2B37255500001&x", "to=%2B372******01&x"),
        ("text=My%20OTP%20is%20482913+ok", "text=…"),
        ("&quot;My OTP is &#52;82913 ok&quot;", "&quot;…&quot;"),
    ],
)
async def test_what_is_quoted_in_another_form_is_not_repeated(said: str, shown: str) -> None:
    """A quotation is redacted in groups, glued to a word or in capitals; other words are kept."""
    (outcome,) = await sent(said, Message("+37255500001", SECRET))

    assert isinstance(outcome, Rejected)
    assert shown in outcome.failure.sentence()
    assert {"said": said} == outcome.failure.raw


@pytest.mark.parametrize(
    ("to", "said", "shown"),
    [
        ("+15551234567", "LIKE '%15551234567%'", "LIKE '%155******67%'"),
        ("+37255500001", "C:\\u37255500001", "C:\\u372******01"),
        ("ada@example.test", "LIKE '%ada@example.test%'", "LIKE '%a***@example.test%'"),
    ],
)
async def test_a_recipient_that_looks_like_an_escape_is_not_repeated(
    to: str, said: str, shown: str
) -> None:
    """A recipient is redacted whole, also after characters that look like an escape sequence."""
    (outcome,) = await sent(said, Message(to, SECRET))

    assert isinstance(outcome, Rejected)
    assert shown == outcome.failure.detail


@pytest.mark.parametrize("before", [900, 980, 995, 999, 1_000, 1_200])
@pytest.mark.parametrize(
    "quoted", ["+37255500001", "%2B" + "%33%37%32%35%35%35%30%30%30%30%31", SECRET]
)
async def test_a_long_text_is_cut_without_a_part_of_what_is_private(
    before: int, quoted: str
) -> None:
    """1,000 characters of a provider's text are shown; a quotation may cross their end."""
    said = "." * before + quoted + "\\" * 20_000
    (outcome,) = await sent(said, Message("+37255500001", SECRET))

    assert isinstance(outcome, Rejected)
    detail = outcome.failure.detail
    assert len(detail) <= 1_001
    assert detail.endswith("…")
    assert "5550" not in detail
    assert "%35" not in detail
    assert "OTP" not in detail


@pytest.mark.parametrize("quoted", ["37255500001", KEY, SECRET])
@pytest.mark.parametrize("read", [3, 6, 9])
async def test_a_long_quotation_before_the_cut_uncovers_nothing_private(
    read: int, quoted: str
) -> None:
    """Of what stands at the end of what is read, nothing is shown where the text before shrinks."""
    long = "".join(chr(97 + each % 26) for each in range(1_400))
    said = long + "." * (100 - read) + quoted + "." * 1_000
    leg = Leg(channel=Channel.WHATSAPP, content=Text(long))
    (outcome,) = await sent(said, Message("+37255500001", SECRET, fallback=(leg,)))

    assert isinstance(outcome, Rejected)
    assert f"…{'.' * (100 - read)}…" == outcome.failure.detail


async def test_a_text_of_the_provider_controls_nothing() -> None:
    """Line breaks, escape sequences and marks of direction in a provider's text become spaces."""
    (outcome,) = await sent("no\x1b[2J way\nERROR\x85root\u202e", Message("+37255500001", SECRET))

    assert isinstance(outcome, Rejected)
    assert "no [2J way ERROR root " == outcome.failure.detail


async def test_a_code_shows_no_recipient() -> None:
    """A recipient's number in the provider's code is masked."""
    (outcome,) = await sent("no route", Message("+37255500001", SECRET), code="NoRoute:37255500001")

    assert isinstance(outcome, Rejected)
    assert "NoRoute:372******01" == outcome.failure.code


@pytest.mark.parametrize("code", [SECRET, SECRET.upper(), "E:" + SECRET.replace(" ", "%20")])
async def test_a_code_without_a_row_shows_no_text(code: str) -> None:
    """A code that no table has may be anybody's words, and shows nothing of the text."""

    class Unknown(Quoting):
        def outcomes(self, messages: Sequence[Message], response: Response) -> list[Any]:
            return [
                attrs.evolve(each, failure=attrs.evolve(each.failure, unknown_code=code))
                for each in super().outcomes(messages, response)
                if isinstance(each, Rejected)
            ]

    runner = AttemptRunner(tiny(kind=Unknown), quoting("no", code=code), SystemClock())
    found = await runner.send([Message("+37255500001", SECRET)], seconds(5))

    assert isinstance(found, list)
    assert "482913" not in repr(found)


async def test_the_error_of_an_operation_shows_no_credentials() -> None:
    """A key that the provider quotes is redacted in the error of an operation."""
    said = orjson.dumps({"message": f"key {KEY} is unknown"})
    account = account_engine(tiny(), FakeTransport(lambda _: Response(401, said)))

    with pytest.raises(OperationError, match="key … is unknown") as caught:
        await account.balance(5)
    await close(account)

    assert KEY not in f"{caught.value!r} {caught.value.failure!r}"


@pytest.mark.parametrize("to", ["+37255500001", "ola@example.test"])
async def test_an_operation_shows_no_recipient_that_it_was_given(to: str) -> None:
    """A recipient given to an operation is masked in its error, in any notation."""
    said = "no messages to 0555-00001, ola%40example.test"

    class Refusing(TinyAdapter):
        def history(
            self, query: HistoryQuery, page: str | None, context: Context
        ) -> Flow[Answered[Page[PastMessage]]]:
            yield Request("GET", "/messages", authenticated=True)
            return Failure(reason=Reason.INVALID_MESSAGE, retry=Retry.NEVER, detail=said)

    account = account_engine(tiny(kind=Refusing), quoting(said))
    with pytest.raises(OperationError) as caught:
        _ = [each async for each in account.history(HistoryQuery(to=to), 5)]
    await close(account)

    expected = said.replace("0555-00001", "0******01") if to[0] == "+" else None
    expected = expected or said.replace("ola%40example.test", "o***@example.test")
    assert expected == caught.value.failure.detail


async def test_the_words_of_a_failed_status_show_nothing_private() -> None:
    """A status's `detail` has neither credentials nor, where it is known, the recipient."""
    leg = LegStatus(detail=f"{KEY.upper()} may not text 0555 00001")
    id_ = MessageId.of("main", "m-1")

    class Telling(TinyAdapter):
        def status(self, provider_id: str, context: Context) -> Flow[Answered[MessageStatus]]:
            yield Request("GET", "/status", authenticated=True)
            return MessageStatus(id=id_, legs=(leg, LegStatus()))

        def history(
            self, query: HistoryQuery, page: str | None, context: Context
        ) -> Flow[Answered[Page[PastMessage]]]:
            yield Request("GET", "/messages", authenticated=True)
            past = PastMessage(id=id_, direction=None, leg=leg, to=("+37255500001",))
            return Page((past, attrs.evolve(past, leg=LegStatus())))

    account = account_engine(tiny(kind=Telling), quoting(""))
    found = await account.status("m-1", 5)
    listed = [each.leg.detail async for each in account.history(HistoryQuery(), 5)]
    await close(account)

    assert "… may not text 0555 00001" == found.legs[0].detail
    assert ["… may not text 0******01", ""] == listed


async def test_a_read_receipt_shows_no_credentials() -> None:
    """A key that the provider quotes is redacted in the failure of a read receipt."""
    wire = FakeTransport(lambda _: Response(418, f"who is {KEY.upper()}?".encode()))
    account = account_engine(tiny(), wire)
    (outcome,) = await account.mark_read(["id"], seconds(5))
    await close(account)

    assert isinstance(outcome, NotSent)
    assert outcome.failure.detail.endswith("it says: who is …?")


async def test_a_quoted_text_of_a_fallback_leg_is_not_repeated() -> None:
    """A quoted text of a fallback leg is redacted like the text of the message."""
    leg = Leg(channel=Channel.WHATSAPP, content=Text(SECRET))
    message = Message("+37255500001", "Hello", fallback=(leg,))
    (outcome,) = await sent(f"bad leg: {SECRET}", message)

    assert isinstance(outcome, Rejected)
    assert "bad leg: …" == outcome.failure.detail


async def test_what_is_said_of_a_batch_repeats_none_of_its_texts() -> None:
    """A refusal of a batch is redacted by the texts of all of its messages."""
    outcomes = await sent(
        f"messages[1]: {SECRET}", Message("+37255500001", "Hello"), Message("+37255500002", SECRET)
    )

    assert ["messages[1]: …"] * 2 == [
        each.failure.detail for each in outcomes if isinstance(each, Rejected)
    ]


class Partial(TinyAdapter):
    """Tiny that rejects the first message with the words of the response, and knows no other."""

    def outcomes(self, messages: Sequence[Message], response: Response) -> list[Outcome | None]:
        """Reject the first message alone."""
        said = response.json()["message"]
        failure = Failure(reason=Reason.INVALID_MESSAGE, retry=Retry.NEVER, detail=said)
        first, *others = messages
        rejected = Rejected(reference=first.reference, account="main", failure=failure)
        return [rejected, *[None for _ in others]]


async def test_words_about_one_message_are_not_those_about_another() -> None:
    """A message without a verdict is not told in the words and the code of another's refusal."""
    said = f"x37255500001: {SECRET}"
    runner = AttemptRunner(
        tiny(kind=Partial),
        FakeTransport(lambda _: Response(200, orjson.dumps({"message": said, "code": "E7"}))),
        SystemClock(),
    )
    messages = Message("+37255500001", SECRET), Message("+37255500002", "Hello")
    found = await runner.send(messages, seconds(5))

    assert isinstance(found, list)
    refused, unknown = found
    assert isinstance(refused, Rejected)
    assert isinstance(unknown, Ambiguous)
    assert ["x372******01: …", "the answer cannot be read"] == [
        each.failure.detail for each in (refused, unknown)
    ]
    assert unknown.failure.unknown_code is None


async def test_the_journal_is_told_no_more() -> None:
    """The journal gets the same redacted outcome as the caller."""
    diary = OutcomeJournal()
    account = account_engine(tiny(kind=Quoting), quoting(f"bad: {SECRET}"), journal=diary)

    outcomes = await send_batch(account, [Message("+37255500001", SECRET)])

    assert outcomes == diary.outcomes
    assert SECRET not in repr(diary.outcomes)


async def test_a_request_too_long_is_told_in_sizes_for_people() -> None:
    """The sizes of a request that is too large are not masked as phone numbers."""
    adapter = tiny(max_bytes=1_000_000)
    message = Message("+37255500001", "x" * 1_500_000)
    (outcome,) = await send_batch(account_engine(adapter, FakeTransport()), [message])

    assert isinstance(outcome, NotSent)
    assert "MB; the provider takes 1 MB" in outcome.failure.sentence()
    assert "*" not in outcome.failure.sentence()
