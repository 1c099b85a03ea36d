"""Recipients: an E.164 number, an e-mail address or a provider's contact."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.strategies import emails, phone_numbers

from omnimsg.domain.address import ProviderContact, is_e164, is_email, is_mailbox
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
    "address",
    [
        "@example.test",
        "ola@",
        "ola@@example.test",
        "ola nordmann@example.test",
        "ola@example.test\r\nBcc: kari@example.test",
        "ola@example.test,kari@example.test",
        "Ola <ola@example.test>",
        "ola\x00@example.test",
        "ola@example.test\x7f",
    ],
)
def test_invalid_emails(address: str) -> None:
    """Anything but a single bare address is refused, and the error does not repeat it."""
    with pytest.raises(InvalidValue) as caught:
        Message(address, "Hello")

    assert str(caught.value) == "Message.to: is not an e-mail address"
    assert is_email(address) is None


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
