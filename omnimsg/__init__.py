"""Send and track messages through many providers behind one model.

```python
from omnimsg import Client, Message

async with Client.from_config("omnimsg.toml") as client:
    accepted = await client.send(Message("+37255500001", "Your table is ready"))
    print(accepted.id, (await client.status(accepted.id)).status)
```

Everything an application needs is here. What people who write adapters need is in
`omnimsg.adapter` and `omnimsg.testing`.
"""

from omnimsg.client import Client
from omnimsg.domain.address import ProviderContact
from omnimsg.domain.channel import Channel
from omnimsg.domain.content import (
    Attachment,
    Autoconvert,
    Binary,
    ButtonKind,
    Buy,
    Card,
    CardHeight,
    CardLayout,
    CardWidth,
    Carousel,
    ContactCard,
    Contacts,
    CreateEvent,
    CurrencyParameter,
    DateTimeParameter,
    Dial,
    Email,
    Interactive,
    ListItem,
    ListPicker,
    ListSection,
    Location,
    LocationParameter,
    Media,
    MediaItem,
    MediaParameter,
    OpenMedia,
    OpenUrl,
    Otp,
    Reply,
    RequestLocation,
    Section,
    ShowLocation,
    Template,
    TemplateButton,
    Text,
    TextParameter,
)
from omnimsg.domain.errors import (
    AmbiguousError,
    ConfigError,
    InvalidValue,
    NotSentError,
    OmnimsgError,
    OperationError,
    Problem,
    RejectedError,
    SendError,
    Unsupported,
)
from omnimsg.domain.failure import Failure
from omnimsg.domain.history import (
    Balance,
    Direction,
    HistoryQuery,
    Interaction,
    InteractionKind,
    PastMessage,
)
from omnimsg.domain.media import (
    Encryption,
    Inline,
    Link,
    MediaInfo,
    MediaKind,
    Stored,
    Upload,
)
from omnimsg.domain.message import Leg, Message, Priority
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.outcome import (
    Accepted,
    Ambiguous,
    LegId,
    NotSent,
    Outcome,
    Rejected,
    Scope,
    Usage,
)
from omnimsg.domain.privacy import Secret
from omnimsg.domain.reason import Fault, Reason, Retry
from omnimsg.domain.status import Evidence, LegStatus, MessageStatus, Status, Timeline
from omnimsg.engine.journal import Journal
from omnimsg.engine.retry import RetryPolicy

__all__ = [
    "Accepted",
    "Ambiguous",
    "AmbiguousError",
    "Attachment",
    "Autoconvert",
    "Balance",
    "Binary",
    "ButtonKind",
    "Buy",
    "Card",
    "CardHeight",
    "CardLayout",
    "CardWidth",
    "Carousel",
    "Channel",
    "Client",
    "ConfigError",
    "ContactCard",
    "Contacts",
    "CreateEvent",
    "CurrencyParameter",
    "DateTimeParameter",
    "Dial",
    "Direction",
    "Email",
    "Encryption",
    "Evidence",
    "Failure",
    "Fault",
    "HistoryQuery",
    "Inline",
    "Interaction",
    "InteractionKind",
    "Interactive",
    "InvalidValue",
    "Journal",
    "Leg",
    "LegId",
    "LegStatus",
    "Link",
    "ListItem",
    "ListPicker",
    "ListSection",
    "Location",
    "LocationParameter",
    "Media",
    "MediaInfo",
    "MediaItem",
    "MediaKind",
    "MediaParameter",
    "Message",
    "MessageId",
    "MessageStatus",
    "NotSent",
    "NotSentError",
    "OmnimsgError",
    "OpenMedia",
    "OpenUrl",
    "OperationError",
    "Otp",
    "Outcome",
    "PastMessage",
    "Priority",
    "Problem",
    "ProviderContact",
    "Reason",
    "Rejected",
    "RejectedError",
    "Reply",
    "RequestLocation",
    "Retry",
    "RetryPolicy",
    "Scope",
    "Secret",
    "Section",
    "SendError",
    "ShowLocation",
    "Status",
    "Stored",
    "Template",
    "TemplateButton",
    "Text",
    "TextParameter",
    "Timeline",
    "Unsupported",
    "Upload",
    "Usage",
]
