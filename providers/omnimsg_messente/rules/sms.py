"""SMS: text, optionally with a user data header and automatic character conversion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omnimsg.domain.content import Text
from omnimsg_messente.rules.shared import unsupported_fields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omnimsg.adapter import Adapter
    from omnimsg_messente.rules.shared import Refusals, Rule


def _text(content: Text, path: str, _: Adapter[Any]) -> Refusals:
    return unsupported_fields(content, path, "preview_url")


RULES: Mapping[type, Rule] = {Text: _text}
