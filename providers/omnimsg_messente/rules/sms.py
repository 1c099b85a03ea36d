"""SMS: text, with a header and a treatment of odd characters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omnimsg.domain.content import Text
from omnimsg_messente.rules.shared import unsaid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omnimsg.adapter import Adapter
    from omnimsg_messente.rules.shared import Refusals, Rule


def _text(content: Text, path: str, _: Adapter[Any]) -> Refusals:
    return unsaid(content, path, "preview_url")


RULES: Mapping[type, Rule] = {Text: _text}
