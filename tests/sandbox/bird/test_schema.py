"""The Bird emulator's rules, with documents of every kind."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnimsg_bird.emulator.errors import invalid
from omnimsg_bird.emulator.message_rules import CREATE

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "text", "carousel", "items", "meta", "contacts"]), inner
        )
    ),
    max_leaves=8,
)
BODY = st.builds(
    lambda kind, content: {"type": kind, kind: content},
    st.sampled_from(["text", "html", "carousel", "list", "section", "image", "action"]),
    JSON,
)
CREATED = st.fixed_dictionaries(
    {"receiver": st.just({"contacts": [{"identifierValue": "a"}]}) | JSON},
    optional={"body": BODY | JSON, "template": JSON, "meta": JSON, "capFrequency": JSON},
)


@pytest.mark.parametrize("platform", ["email", "sms", "whatsapp"])
@given(document=CREATED | JSON)
def test_any_document_is_judged(platform: str, document: Any) -> None:
    """Every error for any document has Bird's form, and its paths begin with a dot."""
    response = invalid(CREATE[platform](document)).response

    assert isinstance(response.body, bytes)
    answer = orjson.loads(response.body)
    assert (response.status, answer["code"]) == (422, "InvalidPayload")
    assert answer["details"]
    assert all(path.startswith(".") for path in answer["details"])
