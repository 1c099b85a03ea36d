"""Redaction of quoted private values, however a sentence writes them; other words are kept."""

from __future__ import annotations

import json
from html import escape, unescape
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnimsg.domain.quotations import compared, cut_off, national_digits
from omnimsg.domain.redaction import redact_quotations

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = "kahvel-9F2c=sõna"
PHONE = "+27821234567"
MAILBOX = "ola.nordmann@example.test"
TEXT = 'Tere, Mari! Sinu kood on: 482913 - "ära" jaga <seda> & hoia'

ESCAPES: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "url": lambda text: quote(text, safe=""),
    "form": quote_plus,
    "url twice": lambda text: quote(quote(text, safe=""), safe=""),
    "json": json.dumps,
    "json twice": lambda text: json.dumps(json.dumps(text)),
    "html": escape,
    "html twice": lambda text: escape(escape(text)),
    "html by number": lambda text: "".join(f"&#{ord(each)};" for each in text),
    "html by hexadecimal number": lambda text: "".join(f"&#x{ord(each):x};" for each in text),
    "every octet": lambda text: "".join(f"%{each:02x}" for each in text.encode()),
    "every unit": lambda text: "".join(f"\\u{ord(each):04X}" for each in text),
}
separators = st.text(st.sampled_from(" -./_:()\t\N{NO-BREAK SPACE}\N{EN DASH}\N{ZERO WIDTH SPACE}"))
gaps = separators.map(lambda text: text[:5])


@st.composite
def regrouped(draw: st.DrawFn, text: str) -> str:
    """Draw a text with other separators, in another case, perhaps escaped."""
    cases: list[Callable[[str], str]] = [str.upper, str.lower, str.swapcase, str]
    case = draw(st.sampled_from(cases))
    kept = "".join(each for each in case(text) if compared(each))
    written = kept[0] + "".join(draw(gaps) + each for each in kept[1:])
    return ESCAPES[draw(st.sampled_from(sorted(ESCAPES)))](written)


def shown(sentence: str) -> str:
    """Redact the private values of this module, and return the sentence in its compared form."""
    return compared(
        redact_quotations(sentence, secrets=[KEY], recipients=[PHONE, MAILBOX], texts=[TEXT])
    )


@given(regrouped(KEY), st.sampled_from(["", "x", " "]))
def test_a_credential_is_found_in_any_grouping_and_case(written: str, beside: str) -> None:
    """A credential is redacted in any grouping, case and escaping, also inside a word."""
    said = f"key {beside}{written}{beside} rest"

    assert compared(f"key {beside}…{beside} rest") == shown(said)


@given(regrouped(PHONE))
def test_a_recipient_is_found_in_any_grouping(written: str) -> None:
    """A quoted number keeps only its first three and last two digits, however it is grouped."""
    assert "to27867no" == shown(f"to {written} no")


@given(regrouped("0821234567") | regrouped("821234567"))
def test_a_recipient_is_found_in_national_form(written: str) -> None:
    """A number quoted without its country code keeps only its last two digits."""
    found = shown(f"to {written} no")

    # Digits before the number are not compared: `&#8211;` is a dash.
    assert (True, False) == (found.endswith("67no"), "82123" in found)


@given(regrouped(MAILBOX))
def test_a_mailbox_is_found_in_any_grouping(written: str) -> None:
    """A quoted e-mail address keeps only its first letter and the host."""
    assert "tooexampletestno" == shown(f"to {written} no")


@pytest.mark.parametrize("name", ESCAPES)
def test_a_text_is_found_whatever_escaped_it(name: str) -> None:
    """A message's text is redacted in any escaping, whole or cut off after its first words."""
    written = ESCAPES[name](TEXT)

    assert "…" == shown(written).strip("\"'")
    assert "…" == shown(ESCAPES[name](TEXT[:30])).strip("\"'")


@pytest.mark.parametrize(("escape", "decode"), [(str, str), (quote, unquote), (escape, unescape)])
@pytest.mark.parametrize("private", [KEY, PHONE, "821234567", MAILBOX, TEXT, "482913"])
def test_nothing_is_left_of_a_private_text_that_is_cut_off(
    private: str, escape: Callable[[str], str], decode: Callable[[str], str]
) -> None:
    """Where a sentence is cut off within a private text, no letter and digit of that is left."""
    written = escape(private)
    found = [
        redact_quotations(
            cut_off(f"said {written} and more", len("said ") + length),
            secrets=[KEY],
            recipients=[PHONE, MAILBOX],
            texts=[TEXT, "482913"],
        )
        for length in range(1, len(written))
    ]

    masked = {"saidoexampletest"}
    assert {"said"} == {compared(decode(each)).rstrip("…") for each in found} - masked


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("the to field is missing", "the to field is missing"),
        ("error 131026 at 2030-05-01T09:00:00+02:00", "error 131026 at 2030-05-01T09:00:00+02:00"),
        ("100% of %zz &nosuch; \\q \\u12", "100% of %zz &nosuch; \\q \\u12"),
        ("decode the codes", "decode the codes"),
        ("the code: 'CODE'", "the …: '…'"),
        ("", ""),
    ],
)
def test_other_words_are_left_alone(sentence: str, expected: str) -> None:
    """A short text is redacted only where it stands alone; unrelated words are kept."""
    assert expected == redact_quotations(
        sentence, secrets=[KEY], recipients=[PHONE], texts=["code", "a", "!?"]
    )


@given(st.text(), st.text(min_size=4), st.text(min_size=4))
def test_whatever_is_said_there_is_an_answer(said: str, secret: str, text: str) -> None:
    """Redaction never raises, and a sentence without a quotation is returned unchanged."""
    found = redact_quotations(said, secrets=[secret], recipients=[PHONE], texts=[text])

    assert found == said or "…" in found or "*" in found


def test_a_sentence_of_backslashes_takes_linear_time() -> None:
    """A million backslashes, which escape nothing, do not take quadratic time."""
    said = "\\" * 1_000_000 + " "

    assert f"{said}to …" == redact_quotations(
        f"{said}to My OTP is 482913", texts=["my otp is 482913"]
    )


def test_a_long_sentence_takes_linear_time() -> None:
    """A sentence of 100,000 characters that nearly match a secret is redacted in linear time."""
    said = (KEY[:8] + " ") * 12_000

    assert said == redact_quotations(said, secrets=[KEY], recipients=[PHONE], texts=[TEXT])


@pytest.mark.parametrize(
    ("digits", "expected"),
    [
        ("12125550123", "2125550123"),
        ("77012345678", "7012345678"),
        ("27821234567", "821234567"),
        ("4915112345678", "15112345678"),
        ("37255500001", "55500001"),
        ("85291234567", "91234567"),
    ],
)
def test_national_digits(digits: str, expected: str) -> None:
    """`national_digits` removes a country code of one, two or three digits."""
    assert expected == national_digits(digits)
