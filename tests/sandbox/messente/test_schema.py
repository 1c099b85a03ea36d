"""The Messente emulator's rules, with documents of every kind."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from omnimsg_messente.emulator.errors import violation_errors
from omnimsg_messente.emulator.message_rules import OMNIMESSAGE

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["channel", "text", "template", "ttl", "video", "image"]), inner
        )
    ),
    max_leaves=8,
)
MESSAGE = st.builds(
    lambda channel, rest: {**rest, "channel": channel} if isinstance(rest, dict) else rest,
    st.sampled_from(["sms", "viber", "whatsapp", "rcs", "telegram"]) | JSON,
    JSON,
)
OMNI = st.fixed_dictionaries({}, optional={"to": JSON, "messages": JSON | st.lists(MESSAGE)})


@given(OMNI | JSON)
def test_any_document_is_judged(document: Any) -> None:
    """Every error for any document has Messente's form and names a source in the payload."""
    errors = violation_errors(OMNIMESSAGE(document), document)

    assert errors
    for error in errors:
        assert set(error) == {"code", "title", "detail", "source"}
        assert error["code"] in {"105", "106"}
        assert error["source"].startswith("payload")
