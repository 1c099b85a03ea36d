"""Log fields: unset fields are omitted, and phone numbers are masked."""

from __future__ import annotations

from omnimsg.domain.log_fields import log_fields


def test_what_is_not_known_is_not_there() -> None:
    """A field that is `None` is omitted, so a formatter writes no null for it; 0 is kept."""
    fields = log_fields(account="main", provider=None, code=None, http_status=0)

    assert {"account": "main", "http_status": 0} == fields


def test_numbers_are_masked() -> None:
    """Phone numbers are masked in references, ids and URLs, which others choose."""
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
    """A generated reference is not masked: it is no phone number, and log lines are found by it."""
    reference = "0123456789abcdef0123456789012345"

    assert {"reference": reference} == log_fields(reference=reference)
