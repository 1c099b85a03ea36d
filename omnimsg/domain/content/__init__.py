"""The kinds of content: one class for each, distinguished by `type` in the JSON form."""

from typing import TypeAlias

from omnimsg.domain.content.actions import (
    Action,
    Buy,
    CreateEvent,
    Dial,
    OpenMedia,
    OpenUrl,
    Reply,
    RequestLocation,
    ShowLocation,
)
from omnimsg.domain.content.cards import Card, CardHeight, CardLayout, CardWidth, Carousel, Section
from omnimsg.domain.content.email import Attachment, Email
from omnimsg.domain.content.interactive import Interactive, ListItem, ListPicker, ListSection
from omnimsg.domain.content.location import ContactCard, Contacts, Location
from omnimsg.domain.content.media import Media, MediaItem
from omnimsg.domain.content.template import (
    ButtonKind,
    CurrencyParameter,
    DateTimeParameter,
    Header,
    LocationParameter,
    MediaParameter,
    Parameter,
    Template,
    TemplateButton,
    TextParameter,
)
from omnimsg.domain.content.text import Autoconvert, Binary, Otp, Text

Content: TypeAlias = (
    Text
    | Media
    | Template
    | Location
    | Contacts
    | Interactive
    | ListPicker
    | Carousel
    | Card
    | Section
    | Email
    | Otp
    | Binary
)

__all__ = [
    "Action",
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
    "Content",
    "CreateEvent",
    "CurrencyParameter",
    "DateTimeParameter",
    "Dial",
    "Email",
    "Header",
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
    "Parameter",
    "Reply",
    "RequestLocation",
    "Section",
    "ShowLocation",
    "Template",
    "TemplateButton",
    "Text",
    "TextParameter",
]
