"""Payloads for the Messente emulator, as plain JSON data."""

from typing import Any

TO = "+37255500001"
SMS = {"channel": "sms", "text": "hello"}
LINK = "https://files.example.test/a"
BUTTON = {"label": "Buy", "action_url": LINK}
CARD = {"title": "Shoes", "image_url": LINK, "primary_button": BUTTON}
VIDEO = {"url": LINK, "thumbnail": LINK, "file_size": 1000, "duration": 60}
LANGUAGE = {"code": "en"}
REPLY = {"text": "Yes", "postback_data": "y"}


def sms(**more: Any) -> dict[str, Any]:
    """Return an omnimessage of one SMS with other fields; None leaves a field out."""
    return one(SMS | more)


def viber(**content: Any) -> dict[str, Any]:
    """Return an omnimessage of one Viber message."""
    return one({"channel": "viber"} | content)


def whatsapp(**content: Any) -> dict[str, Any]:
    """Return an omnimessage of one WhatsApp message."""
    return one({"channel": "whatsapp"} | content)


def rcs(**content: Any) -> dict[str, Any]:
    """Return an omnimessage of one RCS message."""
    return one({"channel": "rcs", "sender": "Acme"} | content)


def one(message: dict[str, Any]) -> dict[str, Any]:
    """Return an omnimessage of one message."""
    return {"to": TO, "messages": [{k: v for k, v in message.items() if v is not None}]}


def envelope(**more: Any) -> dict[str, Any]:
    """Return an omnimessage with other fields; None leaves a field out."""
    whole = {"to": TO, "messages": [SMS]} | more
    return {name: value for name, value in whole.items() if value is not None}


def parameter(**more: Any) -> dict[str, Any]:
    """Return a WhatsApp template message with one parameter."""
    component = {"type": "body", "parameters": [{"type": "any"} | more]}
    return whatsapp(template={"name": "n", "language": LANGUAGE, "components": [component]})


def action(**more: Any) -> dict[str, Any]:
    """Return an RCS message that suggests one action."""
    return rcs(text="hi", suggestions=[{"action": REPLY | more}])
