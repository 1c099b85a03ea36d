"""Phone numbers: why a text is not E.164, and parsing numbers as people write them."""

from __future__ import annotations

import re
import sys

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

import omnimsg
from omnimsg.domain.address import is_e164
from omnimsg.domain.errors import InvalidValue
from omnimsg.domain.message import Message
from omnimsg.domain.phone_number import MissingExtraError, why_not_e164


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("\u202a+27820001001\u202c", "U+202A (LEFT-TO-RIGHT EMBEDDING), an invisible mark, before"),
        ("\u202a+27820001001\u202c", "(and 1 more such mark)"),
        ("+27820001003\u200b", "U+200B (ZERO WIDTH SPACE), an invisible mark, at the end"),
        ("+27820\u00ad001003", "U+00AD (SOFT HYPHEN), an invisible mark, as character 7"),
        ("\u206027820001003", "U+2060 (WORD JOINER), an invisible mark, at the start"),
        ("+27820001003\ufe0f", "U+FE0F (VARIATION SELECTOR-16), an invisible mark, at the end"),
        ("+27820001003\x00", "U+0000 (NULL), an invisible mark, at the end"),
        ("+27820001003 ", "it has a space at the end"),
        ("  +27820001003", "it has spaces at the start"),
        ("+27 82 000 1003", "it has spaces inside"),
        ("+27\u00a0820001003", "it has U+00A0 (NO-BREAK SPACE) inside"),
        ("+27820001003\n", "it has U+000A (LINE FEED) at the end"),
        ("2.782E+10", "scientific notation"),
        ("2,78e+10", "scientific notation"),
        ("27820001003.0", "decimal fraction"),
        ("'+27820001003", "begins with an apostrophe"),
        ("\u2019+27820001003", "begins with an apostrophe"),
        ('"+27820001003"', "begins with a quotation mark"),
        ("27820001003", "it has no plus"),
        ("0027820001003", "begins with 00 in place of the plus"),
        ("0820001003", "begins with 0: a national number"),
        ("082 000 1003", "it has spaces inside, and it begins with 0: a national number"),
        ("+0820001003", "it has 0 after the plus"),
        ("++27820001003", "it has 2 plus signs"),
        ("27+820001003", "its plus is not at the start"),
        ("\uff0b27820001003", "U+FF0B (FULLWIDTH PLUS SIGN) in place of +"),
        ("+\u0662\u0667820001003", "digits of another script"),
        ("+27-82-0001003", "it has - between its digits"),
        ("+27(0)820001003", "it has ( ) between its digits"),
        ("+27820001003;", "it has ; beside its digits"),
        ('="+27820001003"', "it has = beside its digits"),
        ("+27820001003/+27820001004", "it holds several numbers, and a message goes to one"),
        ("+27820001003 or +27820001004", "it holds several numbers, and a message goes to one"),
        ("+27\u2013820001003", "it has U+2013 (EN DASH) between its digits"),
        ("+27820001OO3", "it has letters"),
        ("+27820001003\U0001f4de", "it holds U+1F4DE (TELEPHONE RECEIVER)"),
        ("+278200", "it has 6 digits, 7 to 15 are allowed"),
        ("+2782000100312345", "it has 16 digits, 7 to 15 are allowed"),
        ("+", "such as +37255500001: it has no digits"),
        ("#N/A", "such as +37255500001: it has no digits"),
        ("0", "such as +37255500001: its digits are all 0"),
        ("+(0)0", "it has ( ) between its digits, and its digits are all 0"),
        ("", "it is empty"),
        ("\u00a0 ", "it is blank"),
    ],
)
def test_what_is_wrong_is_named(text: str, why: str) -> None:
    """The error says what is wrong with the recipient's number, without its digits."""
    with pytest.raises(InvalidValue) as error:
        Message(text, "Hello")

    assert why in str(error.value)
    assert "0001003" not in re.sub(r"\W", "", str(error.value).replace("+37255500001", ""))


_NEAR_NUMBERS = st.lists(
    st.one_of(
        st.sampled_from(
            ["+", "00", "0", "E+10", ".", " ", "\u200b", "\u202a", "'", "-", "(", "\n"]
        ),
        st.text("0123456789", min_size=1, max_size=9),
        st.characters(),
    ),
    max_size=6,
).map("".join)


@given(_NEAR_NUMBERS.filter(lambda text: not is_e164(text)))
def test_every_text_has_a_reason_that_hides_it(text: str) -> None:
    """Every text that is not E.164 has a reason, which quotes no three digits of it in a row."""
    why = why_not_e164(text).removeprefix("must be a number in E.164 form, such as +37255500001: ")
    why = re.sub(r"U\+[0-9A-F]{4,6} \([^)]*\)|, 7 to 15 are allowed|as character \d+", "", why)

    assert why not in ("", "it is not one")
    assert not [run for run in re.findall(r"[0-9]{3,}", text) if run in why]


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("082 000 1004", "ZA", "+27820001004"),
        ("082 000 1004", "za", "+27820001004"),
        ("0027 82 000 1004", "ZA", "+27820001004"),
        ("+27 82 000 1004", None, "+27820001004"),
        ("+27 (0)82 000-1004", "GB", "+27820001004"),
        ("\u202a+27\u00a082\u2011000\u20111004\u202c", None, "+27820001004"),
        ("5123 4567", "EE", "+37251234567"),
    ],
)
def test_a_number_as_people_write_it(text: str, region: str | None, number: str) -> None:
    """Spaces, hyphens, parentheses and invisible marks are ignored; a plus overrides the region."""
    assert number == omnimsg.parse_number(text, region=region)


@pytest.mark.parametrize(
    ("text", "region", "path", "why"),
    [
        ("082 000 1004", None, "number", "name its region"),
        ("2.782E+10", "ZA", "number", "scientific notation"),
        ("27820001004.0", "ZA", "number", "decimal fraction"),
        ("0800 FLOWERS", "ZA", "number", "letters"),
        ("082 000 1004 x12", "ZA", "number", "letters"),
        ("082 000 1004, 082 000 1005", "ZA", "number", "it has ,"),
        ("\u0660\u0668\u0662\u0660\u0660\u0660\u0661\u0660\u0660\u0664", "ZA", "number", "script"),
        ("082", "ZA", "number", "is not a number in ZA"),
        ("0", "ZA", "number", "is not a number in ZA"),
        ("0", None, "number", "is not a number in use"),
        ("+999 82 000 1004", None, "number", "is not a number in use"),
        ("+999820001004", "ZA", "number", "is not a number in use"),
        ("+27 00 000 1004", "ZA", "number", "is not a number in use"),
        ("", "ZA", "number", "it is empty"),
        ("082 000 1004", "XX", "region", "ISO 3166-1"),
    ],
)
def test_what_is_not_read(text: str, region: str | None, path: str, why: str) -> None:
    """Letters, lost digits, several numbers and unassigned numbers are refused, not guessed."""
    with pytest.raises(InvalidValue) as error:
        omnimsg.parse_number(text, region)

    (problem,) = error.value.problems
    assert path == problem.path
    assert why in problem.why
    assert "1004" not in problem.why


@given(st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS)), st.sampled_from([0, 1, 2]))
def test_every_country_reads_its_own_notation(region: str, notation: int) -> None:
    """The example number of each region is read in E.164, international and national notation."""
    number = phonenumbers.example_number(region)
    assert number is not None
    forms = phonenumbers.PhoneNumberFormat
    expected = phonenumbers.format_number(number, forms.E164)
    form = (forms.E164, forms.INTERNATIONAL, forms.NATIONAL)[notation]

    assert expected == omnimsg.parse_number(phonenumbers.format_number(number, form), region)


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """`parse_number` without the package `phonenumbers` names the extra to install."""
    monkeypatch.setitem(sys.modules, "phonenumbers", None)

    with pytest.raises(MissingExtraError, match=r"pip install 'omnimsg\[phone\]'"):
        omnimsg.parse_number("082 000 1004", "ZA")
