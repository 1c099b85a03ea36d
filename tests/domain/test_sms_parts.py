"""The parts of an SMS, compared with two independent implementations."""

from __future__ import annotations

import pytest
import smsutil  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from omnimsg import SmsEncoding, SmsParts
from omnimsg.domain.sms_parts import parts_of
from omnimsg.sandbox.sms_parts import GSM, GSM_ESCAPED, count_parts

GSM_7, UCS_2 = SmsEncoding.GSM_7, SmsEncoding.UCS_2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", SmsParts(encoding=GSM_7, units=0, parts=1, left=160)),
        ("a" * 160, SmsParts(encoding=GSM_7, units=160, parts=1, left=0)),
        ("a" * 161, SmsParts(encoding=GSM_7, units=161, parts=2, left=145)),
        ("€" * 80, SmsParts(encoding=GSM_7, units=160, parts=1, left=0)),
        # The escape and its character stay together: one septet of the first part is lost.
        ("a" * 152 + "€" * 5, SmsParts(encoding=GSM_7, units=162, parts=2, left=143)),
        ("\u2019", SmsParts(encoding=UCS_2, units=1, parts=1, left=69, forcing=("\u2019",))),
        ("ж" * 71, SmsParts(encoding=UCS_2, units=71, parts=2, left=63, forcing=("ж",))),
        ("😀" * 35, SmsParts(encoding=UCS_2, units=70, parts=1, left=0, forcing=("😀",))),
        (
            "a😀" + "b\u2019b\u2019",
            SmsParts(encoding=UCS_2, units=7, parts=1, left=63, forcing=("😀", "\u2019")),
        ),
        # The escape alone is not a character of the GSM alphabet.
        ("\x1b", SmsParts(encoding=UCS_2, units=1, parts=1, left=69, forcing=("\x1b",))),
    ],
)
def test_a_text(text: str, expected: SmsParts) -> None:
    """`parts_of` gives encoding, units, parts and the characters that force UCS-2."""
    assert expected == parts_of(text)


TEXTS = st.one_of(
    st.text("abcXYZ äöü@£\n", min_size=1, max_size=700),
    st.text("ab€[]{}", min_size=1, max_size=700),
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=400),
    st.text("ab\u2019😀ж", min_size=1, max_size=400),
)


@given(TEXTS)
def test_the_sandbox_counts_alike(text: str) -> None:
    """The sandbox's own count agrees on the parts and on the characters that need UCS-2."""
    found = parts_of(text)

    assert count_parts(text) == found.parts
    assert {each for each in text if each not in GSM | GSM_ESCAPED} == set(found.forcing)


# It takes the escape for a character of the alphabet.
@given(TEXTS.filter(lambda text: "\x1b" not in text))
def test_smsutil_counts_alike(text: str) -> None:
    """The package `smsutil` agrees on encoding and parts."""
    found = parts_of(text)
    other = smsutil.split(text)

    assert len(other.parts) == found.parts
    assert ("gsm0338" if found.encoding is GSM_7 else "utf_16_be") == other.encoding
