"""Any JSON object as a message."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from omnimsg.sandbox import SandboxState
from omnimsg_clickatell.emulator import ClickatellEmulator
from omnimsg_clickatell.emulator.errors import ERROR_TABLE
from omnimsg_clickatell.emulator.message_rules import CONTENTS, SMS_ONLY

NAMES = [
    *CONTENTS,
    *SMS_ONLY,
    *("to", "channel", "content", "clientMessageId", "previewFirstUrl", "scheduledDeliveryTime"),
    *("encryptionKey", "validityPeriod", "type", "text", "url", "index", "header", "body", "items"),
    *("sections", "title", "postbackData", "subtitle", "parameters", "templateName", "fileId"),
    *("contentType", "templateButtons", "buttons", "websiteUrl", "suggestedResponse", "latitude"),
    *("longitude", "name", "phones", "1"),
]
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(
        ["sms", "whatsapp", "27820000001", "text", "media", "url", "image/png", "eA=="]
    )
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5)
    ),
    max_leaves=12,
)
MESSAGES = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=6) | st.fixed_dictionaries(
    {"to": st.just("27820000001"), "channel": st.just("whatsapp")},
    optional=dict.fromkeys((*CONTENTS, "content"), VALUES),
)


@settings(deadline=None)
@given(MESSAGES)
def test_every_message_is_accepted_or_refused(message: dict[str, Any]) -> None:
    """Any JSON object is accepted, or refused with a code of the table and its status."""
    emulator = ClickatellEmulator(SandboxState())

    result = emulator.process_message(message)

    if result.entry["accepted"]:
        assert (result.http, result.reason) == (202, None)
    else:
        assert result.http == ERROR_TABLE[result.entry["error"]["code"]].http
        assert result.reason
