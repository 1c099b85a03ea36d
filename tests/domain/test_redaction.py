"""Phone numbers, addresses, message texts and secrets are not in any repr, error or log."""

from __future__ import annotations

import copy
import logging
import pickle
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.strategies import CONTENTS, contents, emails, failures, messages, phone_numbers

from omnimsg.domain.content import Content, Email, Template, Text, TextParameter
from omnimsg.domain.errors import (
    AmbiguousError,
    InvalidValue,
    NotSentError,
    OperationError,
    RejectedError,
)
from omnimsg.domain.frozen_dict import FrozenDict
from omnimsg.domain.media import Encryption
from omnimsg.domain.message import Message
from omnimsg.domain.outcome import Accepted, Ambiguous, NotSent, Rejected
from omnimsg.domain.reason import Retry
from omnimsg.domain.redaction import (
    hidden,
    mask_email,
    mask_number,
    mask_text,
    private_texts,
    redact,
)
from omnimsg.domain.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg.domain.failure import Failure

KEY = "kahvel-9f2c"
SECRET = Secret(KEY)


@pytest.mark.parametrize(
    "shown",
    [
        repr(SECRET),
        str(SECRET),
        f"{SECRET}",
        f"{SECRET!s:>20}",
        f"{SECRET:>20}",
        format(SECRET, "^9"),
        "%s %r" % (SECRET, SECRET),  # noqa: UP031 - as loggers format
        "{} {!r}".format(SECRET, SECRET),  # noqa: UP032
        repr([SECRET, {"key": SECRET}]),
        repr(Encryption(key=SECRET)),
        repr(attrs.asdict(Encryption(key=SECRET))),
        str(attrs.astuple(Encryption(key=SECRET))),
    ],
)
def test_secrets_never_print(shown: str) -> None:
    """No conversion of a secret to text shows its value."""
    assert KEY not in shown
    assert "***" in shown


def test_secrets_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """A secret in the arguments of a log call is not logged."""
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("omnimsg.test").debug("key %s %r", SECRET, {"key": SECRET})

    assert KEY not in caplog.text


def test_a_secret_is_revealed_and_compared_by_value() -> None:
    """`reveal` returns the value; secrets are equal if their values are, and falsy if empty."""
    assert KEY == SECRET.reveal()
    assert (True, False, False) == (SECRET == Secret(KEY), SECRET == Secret("x"), SECRET == KEY)
    assert (True, False) == (bool(SECRET), bool(Secret("")))


@pytest.mark.parametrize("operation", [pickle.dumps, copy.copy, copy.deepcopy, hash])
def test_secrets_cannot_be_copied_or_hashed(operation: Callable[[Any], object]) -> None:
    """A secret cannot be pickled, copied or used as a key, and the error does not show it."""
    with pytest.raises(TypeError) as caught:
        operation(SECRET)

    assert KEY not in str(caught.value)


@pytest.mark.parametrize("value", [None, 5, b"key"])
def test_a_secret_is_text(value: Any) -> None:
    """A secret that is not text is refused when it is built, not when it is sent."""
    with pytest.raises(TypeError, match="holds text, not"):
        Secret(value)


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("+37255500001", "+372******01"),
        ("37255500001", "372******01"),
        ("+12345678", "+123***78"),
        ("+1234567", "+*****67"),
        ("12345", "***45"),
        ("1234", "****"),
        ("+1", "+*"),
        ("+", "+"),
        ("", ""),
    ],
)
def test_masked_numbers(number: str, masked: str) -> None:
    """A number keeps its first three and last two digits; a shorter one keeps less."""
    assert masked == mask_number(number)


@given(st.from_regex(r"\A\+?[0-9]{1,20}\Z"))
def test_masks_hide_and_keep_the_length(number: str) -> None:
    """A masked number has the same length, and at least three of its digits are masked."""
    masked = mask_number(number)

    assert len(masked) == len(number)
    assert masked.count("*") >= min(3, len(number.lstrip("+")))


@given(emails())
def test_masked_emails(address: str) -> None:
    """Only the first letter of the mailbox and the host are kept."""
    masked = mask_email(address)

    assert address not in masked
    assert masked.endswith(address.partition("@")[2])


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("to +37255500001 failed", "to +372******01 failed"),
        ("to=37255500001&from=15550001", "to=372******01&from=155***01"),
        ("+37255500001,+37255500002", "+372******01,+372******02"),
        ("tel:+37255500001abc", "tel:+372******01abc"),
        ("call +372 555 00001 now", "call +372********01 now"),
        ("call +1 (555) 555-0001.", "call +1 (***********01."),
        ("call +27 (82) - 123 4567", "call +27 *************67"),
        ("ola@example.test", "o***@example.test"),
        ("<ola@example.test>, kari@example.test;", "<o***@example.test>, k***@example.test;"),
        ("37255500001@example.test", "3***@example.test"),
        ("'jean-d'arc@example.test' is", "'j***@example.test' is"),
        ("code 131026, HTTP 400", "code 131026, HTTP 400"),
        ("2030-05-01T09:00:00+02:00", "2030-05-01T09:00:00+02:00"),
        ("id 0f3b12345678901234567890abcdef01", "id 0f3b12345678901234567890abcdef01"),
        ("id a1234567890b", "id a1234567890b"),
        ("id 12345678901234567890", "id 12345678901234567890"),
        ("@", "@"),
        ("", ""),
    ],
)
def test_masked_text(text: str, masked: str) -> None:
    """Every number and address in a text is masked; ids, codes and times are kept."""
    assert masked == mask_text(text)


@given(st.lists(phone_numbers() | emails(), min_size=1, max_size=4), st.sampled_from(" ,;\n\"'<>"))
def test_every_address_in_a_list_is_masked(addresses: list[str], separator: str) -> None:
    """Whatever separates them, no number and no address is left unmasked."""
    masked = mask_text(separator.join(addresses))

    assert not any(address in masked for address in addresses)


def test_a_text_of_spaces_is_redacted_in_linear_time() -> None:
    """A message with a million spaces in a row does not take quadratic time to redact."""
    private = f"a{' ' * 1_000_000}b"

    assert "refused: …" == redact(f"refused: {private}", [private])


def test_long_texts_are_masked_in_linear_time() -> None:
    """Masking a million letters before an at sign does not take quadratic time."""
    text = "a" * 1_000_000 + " @"

    assert text == mask_text(text)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "None"),
        ("Hello", "<5 characters>"),
        (b"Hello", "<5 bytes>"),
        (59.4, "<float>"),
        (("Hello",), "<tuple>"),
    ],
)
def test_hidden_fields(value: object, expected: str) -> None:
    """The repr of a hidden field has only its size or type."""
    assert expected == hidden(value)


def _with_other_texts(value: Any) -> Any:
    """Replace the text of every hidden field by another one of the same length."""
    if isinstance(value, tuple):
        return tuple(map(_with_other_texts, value))
    if not attrs.has(type(value)):
        return value
    changed: dict[str, Any] = {}
    for field in attrs.fields(type(value)):
        old = getattr(value, field.name)
        if field.repr is not hidden or field.name in ("url", "birthday"):
            changed[field.name] = _with_other_texts(old)
        elif isinstance(old, str):
            changed[field.name] = "\N{SNOWMAN}" * len(old)
        elif isinstance(old, FrozenDict):
            changed[field.name] = FrozenDict(dict.fromkeys(old, "\N{SNOWMAN}"))
    return attrs.evolve(value, **changed)


@given(contents())
def test_contents_do_not_show_their_texts(content: Content) -> None:
    """The repr of any content depends only on the length of its texts."""
    assert repr(content) == repr(_with_other_texts(content))


# The fields of text that a repr shows, because they are not the text of a message.
SHOWN = {
    "Attachment.content_id",
    "Attachment.file_name",
    "Attachment.content_type",
    "Binary.udh",
    "Buy.currency",
    "CurrencyParameter.code",
    "CurrencyParameter.name",
    "DateTimeParameter.name",
    "Email.from_name",
    "MediaItem.content_type",
    "MediaItem.file_name",
    "MediaItem.sha256",
    "MediaParameter.name",
    "OpenUrl.application",
    "OpenUrl.view",
    "Template.language",
    "Template.name",
    "Template.version",
    "Text.udh",
    "TextParameter.name",
}


def test_text_fields_are_hidden_unless_listed() -> None:
    """Every text field of any content is hidden, masked, a URL or in `SHOWN`."""
    import omnimsg.domain.content as module  # noqa: PLC0415

    shown = {
        f"{kind.__name__}.{field.name}"
        for kind in map(vars(module).get, module.__all__)
        if isinstance(kind, type) and attrs.has(kind)
        for field in attrs.fields(kind)
        if field.repr is True and str(field.type) in ("str", "str | None")
    }

    assert {each for each in shown if not each.endswith("_url")} <= SHOWN


# Not a literal, because hypothesis also draws from the literals in the tests.
MARK = "".join(reversed("akkouQ"))


@given(
    messages(to=phone_numbers() | emails(), content=CONTENTS[Text]),
    failures(retries=(Retry.UNSAFE,)),
)
def test_messages_and_errors_show_neither_recipient_nor_text(
    message: Message, failure: Failure
) -> None:
    """The repr of a message and of its outcomes and errors has neither recipient nor text."""
    to = message.to
    assert isinstance(to, str)
    assert isinstance(message.content, Text)
    text = f"{MARK} sightings {message.content.text}"
    message = attrs.evolve(message, content=text, sender=to, reference=to)
    failure = attrs.evolve(failure, detail=f"bad recipient <{to}>", raw={"text": text})
    rest: dict[str, Any] = {"reference": to, "account": "main", "failure": failure}
    shown = [
        repr(message),
        repr(Accepted(reference=to, account="main", provider_id=to)),
        repr(failure),
        failure.sentence(),
        str(OperationError("cancel", "main", failure)),
    ]
    for outcome, error in (
        (Rejected(**rest), RejectedError(Rejected(**rest))),
        (NotSent(**rest), NotSentError(NotSent(**rest))),
        (Ambiguous(**rest), AmbiguousError(Ambiguous(**rest))),
    ):
        shown += [repr(outcome), repr(error), str(error)]

    assert not any(to in line or MARK in line for line in shown)


@given(phone_numbers(), emails())
def test_cc_and_bcc_are_masked(number: str, address: str) -> None:
    """The further recipients of an e-mail are masked, as the first one is."""
    email = Email(subject=number, text=address, cc=[address], bcc=[address])

    assert not any(each in repr(Message(number, email)) for each in (number, address))


@given(st.text(st.characters(codec="utf-8"), max_size=20))
def test_validation_does_not_repeat_values(value: str) -> None:
    """An error has the path of a field and the reason, but never the value."""
    value = f"{MARK} {value}"
    invalid: list[dict[str, Any]] = [
        {"to": value},
        {"channel": value},
        {"priority": value},
        {"callback_url": value},
        {"fallback": [value]},
        {"tags": value},
        {"metadata": value},
        {"extras": FrozenDict({"bird": value})},
        {"ttl": value},
        {"send_at": value},
    ]
    for fields in invalid:
        with pytest.raises(InvalidValue) as caught:
            Message(**{"to": "+37255500001", "content": "Hello", **fields})
        assert MARK not in str(caught.value)


@pytest.mark.parametrize(
    ("sentence", "private", "expected"),
    [
        ("content 'My OTP is 482913 ok' is bad", "My OTP is 482913 ok", "content '…' is bad"),
        ("content 'My OTP is 482913' is bad", "My OTP is 482913 ok", "content '…' is bad"),
        ("content 'My OTP is 4829...'", "My OTP is 482913 ok", "content '…...'"),
        ("twice: My OTP is 1, My OTP is 1", "My OTP is 1", "twice: …, …"),
        ('bad: "Dear Ada,\\nyour code: 1234"', "Dear Ada,\nyour code: 1234", 'bad: "…\\n…"'),
        ("bad: it&#39;s your code 1234", "it's your code 1234", "bad: it&#39;…"),
        ("the token 'ok' is no ok", "ok", "the token '…' is no …"),
        ("nothing of it", "My OTP is 482913 ok", "nothing of it"),
        ("nothing at all", "", "nothing at all"),
    ],
)
def test_redacted_sentences(sentence: str, private: str, expected: str) -> None:
    """A quotation is replaced, even if it is cut off or escaped, and the rest is kept."""
    assert expected == redact(sentence, [private])


@pytest.mark.parametrize(
    "private", [("OTP", "My OTP is 482913 ok"), ("My OTP is 482913 ok", "OTP")]
)
def test_a_long_text_that_contains_a_short_one_is_redacted_whole(private: tuple[str, str]) -> None:
    """A text that contains another one is redacted whole, in whatever order the two are given."""
    assert "content '…' is bad" == redact("content 'My OTP is 482913 ok' is bad", private)


@given(st.text(st.characters(categories=["L", "N", "Zs"])).map(str.strip).filter(bool))
def test_every_quotation_is_redacted(text: str) -> None:
    """A quotation of any text is replaced as a whole, and nothing else is."""
    assert "[…]" == redact(f"[{text}]", [text])


@given(CONTENTS[Template])
def test_private_texts_of_a_template(content: Template) -> None:
    """The private texts of a template include those of its parameters."""
    found = {text for _, text in private_texts(content, "content")}

    assert {each.text for each in content.body if isinstance(each, TextParameter)} <= found
