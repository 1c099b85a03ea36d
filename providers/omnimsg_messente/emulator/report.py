"""The status of a message as Messente reports it, and its text on the handset.

Sources: the status response of Messente's reference; the sample of the delivery report page, whose
items repeat `to` and `omnimessage_id`.
"""

from datetime import UTC, datetime
from typing import Any, Final

from omnimsg.sandbox import MessageRecord, StatusChange, describe
from omnimsg.sandbox.schema import Json
from omnimsg_messente.emulator.lifecycle import ERRORS, PROCESSING
from omnimsg_messente.emulator.price import price_info

_BILLED: Final = {"ACK", "ACCEPTD", "DELIVRD", "SEEN"}

_SETTINGS: Final = {"channel", "sender", "validity", "ttl", "autoconvert", "udh", "suggestions"}


def kind(message: dict[str, Json]) -> str:
    """Return the names of a message's content fields, such as `text+button_text`."""
    return "+".join(name for name in message if name not in _SETTINGS)


def summary(message: dict[str, Json]) -> str:
    """Return the whole text of a message; for other content its kind and any readable part."""
    content = message.get("text", "")
    if isinstance(content, dict):
        content = content["body"]
    if content:
        return str(content)
    if "template" in message:
        return _template(message["template"])
    for name in ("image", "video", "audio", "document", "sticker"):
        if isinstance(message.get(name), dict):
            file = message[name]
            named = file.get("file_name") or file.get("link") or file.get("url")
            return str(file.get("caption") or describe(name, named))
    if "image_url" in message:
        return describe("image", message["image_url"])
    return describe(kind(message))


def _template(template: dict[str, Json]) -> str:
    """Describe a template of WhatsApp or Viber with its values."""
    values = [
        parameter.get("text")
        for component in template.get("components", ())
        for parameter in component.get("parameters", ())
    ]
    return describe(
        "template",
        template.get("name") or template.get("id"),
        *values,
        *template.get("params", {}).values(),
    )


def leg_report(record: MessageRecord, change: StatusChange) -> dict[str, Any]:
    """Return the report of a leg at a change, with the number and the id of the omnimessage.

    In the documents the status, err, error and price of an unprocessed leg are null. They do not
    mention its `timestamp`, which is left out here. A timestamp has six decimals and no offset.
    """
    report: dict[str, Any] = {
        "status": change.status or None,
        "channel": record.channel,
        "omnimessage_id": record.client_id,
        "message_id": record.id,
        "to": record.to,
        "sender": record.sender,
        "err": change.detail.get("err"),
        "error": ERRORS[change.detail.get("err", 0)],
        "price_info": None,
    }
    if change.status != PROCESSING:
        changed_at = datetime.fromtimestamp(change.at, UTC)
        report["timestamp"] = changed_at.strftime("%Y-%m-%dT%H:%M:%S.%f")
    if change.status in _BILLED:
        report["price_info"] = price_info(record.content)
    return report
