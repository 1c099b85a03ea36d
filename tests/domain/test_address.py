"""Recipients: an E.164 number, an e-mail address or a provider's contact."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from support.strategies import emails, phone_numbers

from omnimsg.domain.address import ProviderContact, is_e164, is_email, is_mailbox
from omnimsg.domain.email_address import why_not_email
from omnimsg.domain.errors import InvalidValue
from omnimsg.domain.message import Message


@given(phone_numbers())
def test_e164_numbers_are_accepted(number: str) -> None:
    """A number of a plus and 7 to 15 digits, the first of them not zero, is valid."""
    assert Message(number, "Hello").to == number


@given(phone_numbers(), st.data())
def test_mutated_numbers_are_refused(number: str, data: st.DataObject) -> None:
    """A number with one inserted character that is not an ASCII digit is invalid."""
    position = data.draw(st.integers(0, len(number)))
    wrong = data.draw(st.characters(exclude_characters="0123456789"))
    mutated = number[:position] + wrong + number[position:]

    assert is_e164(mutated) is None


@pytest.mark.parametrize(
    "number",
    [
        "",
        "+",
        "37255500001",
        "0037255500001",
        "+037255500001",
        "+123456",
        "+1234567890123456",
        " +37255500001",
        "+37255500001 ",
        "+37255500001\n",
        "+372 555 00001",
        "+372-555-00001",
        "+٣٧٢٥٥٥٠٠٠٠١",
        "+372555٠0001",  # noqa: RUF001
        "+37255500001²",
        "whatsapp:+37255500001",
    ],
)
def test_invalid_numbers(number: str) -> None:
    """A number that is not E.164 is refused, and the error does not repeat it."""
    with pytest.raises(InvalidValue) as caught:
        Message(number, "Hello")

    assert ["Message.to"] == [each.path for each in caught.value.problems]
    assert (
        len(re.findall("[0-9]{7,}", str(caught.value))) == 1
    )  # the valid number that the error gives as an example


@given(emails())
def test_emails_are_accepted(address: str) -> None:
    """An e-mail address is a valid recipient."""
    assert Message(address, "Hello").to == address


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("@example.test", "nothing stands before its @"),
        ("ola@", "nothing stands after its @"),
        ("ola@@example.test", "it has 2 @ signs"),
        ("ola nordmann@example.test", "it has a space inside"),
        ("ola@example.test ", "it has a space at the end"),
        ("mailto:ola@example.test", "it begins with mailto:"),
        (
            "ola@example.test\r\nBcc: kari@example.test",
            "it has a space and U+000A (LINE FEED), U+000D (CARRIAGE RETURN) inside, and it has :,"
            " and it has 2 @ signs",
        ),
        (
            "ola@example.test;kari@example.test",
            "it holds several addresses, and a message goes to one",
        ),
        (
            "Ola <ola@example.test>",
            "it has a name before it; give only what is between < and >",
        ),
        ("(ola)@example.test", "it has ( )"),
        ("'ola@example.test'", "it has '"),
        ("ola@example.test'", "it has '"),
        ("o'ola@", "nothing stands after its @"),
        (
            "ola@example.test\u061c",
            "it holds U+061C (ARABIC LETTER MARK), an invisible mark, at the end",
        ),
        ("ola\x00@example.test", "it holds U+0000 (NULL), an invisible mark, as character 4"),
        ("ola@example.test\x7f", "it holds U+007F (no name), an invisible mark, at the end"),
        (
            "\u202aola@example.test\u202c",
            "it holds U+202A (LEFT-TO-RIGHT EMBEDDING), an invisible mark, at the start (and 1 more"
            " such mark)",
        ),
        (
            "ola@example.test\u200b",
            "it holds U+200B (ZERO WIDTH SPACE), an invisible mark, at the end",
        ),
        (
            "ola@example.test\u3164",
            "it holds U+3164 (HANGUL FILLER), an invisible mark, at the end",
        ),
        (
            "ola\u2800@example.test",
            "it holds U+2800 (BRAILLE PATTERN BLANK), an invisible mark, as character 4",
        ),
        ("ola\ud83d@example.test", "it holds U+D83D (no name), half a character"),
        ("ola@example\u2065.test", "it is not one"),
    ],
)
def test_invalid_emails(address: str, why: str) -> None:
    """Anything but a single bare address is refused; the error says why, and does not repeat it."""
    with pytest.raises(InvalidValue) as caught:
        Message(address, "Hello")

    assert str(caught.value) == f"Message.to: is not an e-mail address: {why}"
    assert is_email(address) is None


@given(st.text(), st.text())
def test_any_other_email_is_explained_without_showing_it(before: str, after: str) -> None:
    """Every text that is refused has a reason, in which none of its words are."""
    address = f"{before}secret@person{after}"
    assume(is_email(address) is None)

    said = why_not_email(address)

    assert said.startswith("is not an e-mail address: it ")
    assert not {"secret", "person"} & set(re.findall("[a-z]+", said))


@pytest.mark.parametrize("name", ["o'brien", "jean-d'arc", "\u0645\u06cc\u200c\u062e"])
def test_names_may_have_apostrophes_and_joiners(name: str) -> None:
    """An apostrophe is part of many names, and a joiner of those in some scripts."""
    address = f"{name}@example.test"

    assert address == Message(address, "Hello").to


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({}, "id"),
        ({"id": "1", "key": "k", "value": "v"}, "id"),
        ({"key": "k"}, "id"),
        ({"value": "v"}, "key"),
        ({"id": "1", "key": "k"}, "key"),
        ({"id": ""}, "id"),
        ({"id": 5}, "id"),
        ({"key": 5, "value": "v"}, "key"),
        ({"key": "k", "value": b"v"}, "value"),
    ],
)
def test_invalid_contacts(fields: dict[str, Any], path: str) -> None:
    """A contact needs either an id, or a key with a value."""
    with pytest.raises(InvalidValue) as caught:
        ProviderContact(**fields)

    assert [f"ProviderContact.{path}"] == [each.path for each in caught.value.problems]


@pytest.mark.parametrize(
    ("recipient", "expected"),
    [
        ("ola@example.test", True),
        ("+37255500001@example.test", True),
        ("@", True),
        ("+37255500001", False),
        (ProviderContact(key="emailaddress", value="ola@example.test"), False),
        (None, False),
    ],
)
def test_a_mailbox_is_known_by_its_at_sign(recipient: object, expected: bool) -> None:
    """An e-mail address may begin as a number does; a contact is the provider's to know."""
    assert expected is is_mailbox(recipient)
