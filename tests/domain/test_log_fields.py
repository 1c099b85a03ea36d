"""The fields of a line of the log: what is unknown is left out, and no number is whole."""

from __future__ import annotations

from omnimsg.domain.log_fields import log_fields


def test_what_is_not_known_is_not_there() -> None:
    """A formatter writes no null for it."""
    fields = log_fields(account="main", provider=None, code=None, http_status=0)

    assert {"account": "main", "http_status": 0} == fields


def test_numbers_are_masked() -> None:
    """References, ids and paths are chosen by others, who may put a recipient into them."""
    fields = log_fields(
        reference="order of +27820001000",
        references=["a1", "27820001000"],
        message_id="main:27820001000",
        url="api.test/v1/27820001000",
    )

    expected = {
        "reference": "order of +278******00",
        "references": ["a1", "278******00"],
        "message_id": "main:278******00",
        "url": "api.test/v1/278******00",
    }
    assert expected == fields


def test_a_generated_reference_stays() -> None:
    """It is no number, and what a line is about is found by it."""
    reference = "0123456789abcdef0123456789012345"

    assert {"reference": reference} == log_fields(reference=reference)
