"""The interface between omnimsg and a provider, for people who write adapters.

Start with `Adapter`; `docs/write-an-adapter.md` builds one in five steps.
"""

import warnings

from omnimsg.adapter import inbound, signatures, times, whatsapp_rules
from omnimsg.adapter.account import Account, TemplateMapping
from omnimsg.adapter.answer_parts import is_blank, read_code, words_of
from omnimsg.adapter.callback import Authenticity, Callback
from omnimsg.adapter.capabilities import Capabilities, ChannelCapabilities, MediaLimit
from omnimsg.adapter.capability_check import (
    actions_of,
    check_content,
    check_message,
    check_options,
    items_of,
    refused,
    sources_of,
)
from omnimsg.adapter.code_tables import (
    CodeRow,
    CodeTable,
    StatusRow,
    StatusTable,
    TermRow,
    Verdict,
    outcome_of,
)
from omnimsg.adapter.context import Context
from omnimsg.adapter.extras import deep_merge, to_plain
from omnimsg.adapter.http import (
    Answer,
    Body,
    Effect,
    Flow,
    Multipart,
    Request,
    Response,
    Source,
    quote_segment,
)
from omnimsg.adapter.interface import Absent, Adapter, Answered
from omnimsg.adapter.omit_missing import omit_missing
from omnimsg.adapter.operation import Operation
from omnimsg.adapter.receiving import Receiving
from omnimsg.adapter.unknown_codes import code_text
from omnimsg.domain.events import event_key
from omnimsg.domain.history import Page

__all__ = [
    "Absent",
    "Account",
    "Adapter",
    "Answer",
    "Answered",
    "Authenticity",
    "Body",
    "Callback",
    "Capabilities",
    "ChannelCapabilities",
    "CodeRow",
    "CodeTable",
    "Context",
    "Effect",
    "Flow",
    "MediaLimit",
    "Multipart",
    "Operation",
    "Page",
    "Receiving",
    "Request",
    "Response",
    "Source",
    "StatusRow",
    "StatusTable",
    "TemplateMapping",
    "TermRow",
    "Verdict",
    "actions_of",
    "check_content",
    "check_message",
    "check_options",
    "code_text",
    "deep_merge",
    "event_key",
    "inbound",
    "is_blank",
    "items_of",
    "omit_missing",
    "outcome_of",
    "quote_segment",
    "read_code",
    "refused",
    "signatures",
    "sources_of",
    "times",
    "to_plain",
    "whatsapp_rules",
    "words_of",
]

_RENAMED = {"merged": "deep_merge", "thawed": "to_plain", "segment": "quote_segment"}


def __getattr__(name: str) -> object:
    """Find a function by its former name, with a warning."""
    if name not in _RENAMED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    warnings.warn(
        f"omnimsg.adapter.{name} is called {_RENAMED[name]}", DeprecationWarning, stacklevel=2
    )
    return globals()[_RENAMED[name]]
