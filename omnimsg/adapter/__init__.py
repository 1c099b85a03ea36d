"""The seam between omnimsg and a provider, for people who write adapters.

Start with `Adapter`; `docs/write-an-adapter.md` goes through one in five steps.
"""

from omnimsg.adapter.account import Account, TemplateMapping
from omnimsg.adapter.capabilities import Capabilities, ChannelCapabilities, MediaLimit
from omnimsg.adapter.check import (
    actions_of,
    check_content,
    check_message,
    check_options,
    items_of,
    refused,
    sources_of,
)
from omnimsg.adapter.codes import CodeRow, CodeTable, StatusRow, StatusTable, Verdict, outcome_of
from omnimsg.adapter.context import Context
from omnimsg.adapter.contract import Absent, Adapter, Answered, Operation
from omnimsg.adapter.exchange import (
    Answer,
    Body,
    Effect,
    Flow,
    Multipart,
    Request,
    Response,
    Source,
    segment,
)
from omnimsg.adapter.extras import merged, thawed

__all__ = [
    "Absent",
    "Account",
    "Adapter",
    "Answer",
    "Answered",
    "Body",
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
    "Request",
    "Response",
    "Source",
    "StatusRow",
    "StatusTable",
    "TemplateMapping",
    "Verdict",
    "actions_of",
    "check_content",
    "check_message",
    "check_options",
    "items_of",
    "merged",
    "outcome_of",
    "refused",
    "segment",
    "sources_of",
    "thawed",
]
