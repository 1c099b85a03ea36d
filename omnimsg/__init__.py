"""Send and track messages through many providers behind one model.

```python
from omnimsg import Client, Message

async with Client.from_config("omnimsg.toml") as client:
    accepted = await client.send(Message("+37255500001", "Your table is ready"))
    print(accepted.id, (await client.status(accepted.id)).status)
```

Everything that an application needs is here. `omnimsg.adapter` and `omnimsg.testing` are for the
authors of adapters.

Importing the package imports nothing else: each name is imported when it is first used.
"""

from importlib import import_module

_EXPORTS = {
    "omnimsg.checkup": (
        "Checkup",
        "Finding",
        "State",
    ),
    "omnimsg.client": ("Client",),
    "omnimsg.delivery.memory_store": (
        "MemoryStore",
        "StoreLimits",
    ),
    "omnimsg.delivery.memory_suppression": ("MemorySuppression",),
    "omnimsg.delivery.options": ("CallbackOptions",),
    "omnimsg.delivery.receiver": ("Receiver",),
    "omnimsg.delivery.store": ("Store",),
    "omnimsg.delivery.tracked": (
        "Handover",
        "Names",
        "Tracked",
    ),
    "omnimsg.domain.address": ("ProviderContact",),
    "omnimsg.domain.channel": ("Channel",),
    "omnimsg.domain.content": (
        "Attachment",
        "Autoconvert",
        "Binary",
        "ButtonKind",
        "Buy",
        "Card",
        "CardHeight",
        "CardLayout",
        "CardWidth",
        "Carousel",
        "ContactCard",
        "Contacts",
        "CreateEvent",
        "CurrencyParameter",
        "DateTimeParameter",
        "Dial",
        "Email",
        "Interactive",
        "ListItem",
        "ListPicker",
        "ListSection",
        "Location",
        "LocationParameter",
        "Media",
        "MediaItem",
        "MediaParameter",
        "OpenMedia",
        "OpenUrl",
        "Otp",
        "Reply",
        "RequestLocation",
        "Section",
        "ShowLocation",
        "Template",
        "TemplateButton",
        "Text",
        "TextParameter",
    ),
    "omnimsg.domain.errors": (
        "AmbiguousError",
        "ConfigError",
        "InvalidValue",
        "NotSentError",
        "OmnimsgError",
        "OperationError",
        "Problem",
        "RejectedError",
        "SendError",
        "Unsupported",
    ),
    "omnimsg.domain.events": (
        "Event",
        "InboundMessage",
        "InteractionEvent",
        "StatusEvent",
        "UnparsedEvent",
    ),
    "omnimsg.domain.failure": ("Failure",),
    "omnimsg.domain.history": (
        "Balance",
        "Direction",
        "HistoryQuery",
        "Interaction",
        "InteractionKind",
        "PastMessage",
    ),
    "omnimsg.domain.media": (
        "Encryption",
        "Inline",
        "Link",
        "MediaInfo",
        "MediaKind",
        "Stored",
        "Upload",
    ),
    "omnimsg.domain.message": (
        "Leg",
        "Message",
        "Priority",
    ),
    "omnimsg.domain.message_id": ("MessageId",),
    "omnimsg.domain.opt_out": (
        "Consent",
        "ConsentChange",
        "Keywords",
        "OptOutRules",
    ),
    "omnimsg.domain.outcome": (
        "Accepted",
        "Ambiguous",
        "LegId",
        "NotSent",
        "Outcome",
        "Rejected",
        "Scope",
        "Usage",
    ),
    "omnimsg.domain.phone_number": ("parse_number",),
    "omnimsg.domain.reason": (
        "Fault",
        "Reason",
        "Retry",
    ),
    "omnimsg.domain.secret": ("Secret",),
    "omnimsg.domain.sms_parts": (
        "SmsEncoding",
        "SmsParts",
    ),
    "omnimsg.domain.status": (
        "Evidence",
        "LegStatus",
        "MessageStatus",
        "Status",
        "Timeline",
    ),
    "omnimsg.engine.health_and_preview": (
        "Health",
        "Preview",
    ),
    "omnimsg.engine.budgets": ("Budget",),
    "omnimsg.engine.journal": (
        "Attempt",
        "Journal",
    ),
    "omnimsg.engine.leg_events": (
        "LegChanged",
        "LegState",
    ),
    "omnimsg.engine.observers": (
        "AttemptBegun",
        "AttemptEnded",
        "CircuitChanged",
        "HandedOver",
        "Held",
        "Observer",
        "OutcomeKnown",
        "OutcomeUnclaimed",
        "Paused",
        "RetryEvent",
        "UnknownCodeMet",
    ),
    "omnimsg.engine.policy": (
        "AccountTrouble",
        "Breaker",
        "Limits",
        "OnAmbiguous",
        "Policy",
        "Prices",
        "RetryPolicy",
    ),
    "omnimsg.engine.delivery_events": (
        "CallbackRefused",
        "DoubtEnded",
        "EventReceived",
        "StatusChanged",
    ),
    "omnimsg.engine.suppression": ("Suppression",),
    "omnimsg.routing": (
        "Match",
        "Route",
        "RouteLimits",
        "Strategy",
    ),
    "omnimsg.routing.masked_request": ("MaskedRequest",),
    "omnimsg.routing.plan": (
        "PassedOver",
        "Plan",
        "PlannedLeg",
        "Price",
    ),
    "omnimsg.engine.unknown_codes": (
        "UnknownCode",
        "UnknownCodes",
    ),
    "omnimsg.transport.network": (
        "Network",
        "Proxy",
    ),
}
_MODULES = {name: module for module, names in _EXPORTS.items() for name in names}

__all__ = list(_MODULES)


def __getattr__(name: str) -> object:
    """Import a name when it is first used."""
    if name == "__version__":
        return import_module("importlib.metadata").version("omnimsg")
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(module), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the names, whether or not they were imported."""
    return sorted({*globals(), *_MODULES})
