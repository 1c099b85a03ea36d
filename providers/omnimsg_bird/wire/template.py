"""Templates to Bird's JSON, a sibling of the body.

Bird goes by a project's id where the account's mapping gives one, or where the name is one itself;
else by the platform's name of the template. Everything is filled by `parameters` of the type
`string`, as in all samples of Sending WhatsApp messages: a medium by its address, too. The older
`variables`, and parameters of other types, are reached through extras.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from omnimsg.domain.content import MediaParameter, TextParameter
from omnimsg_bird.rules.template import keyed, locale
from omnimsg_bird.wire.bodies import url
from omnimsg_bird.wire.omit_missing import given

if TYPE_CHECKING:
    from omnimsg.adapter import TemplateMapping
    from omnimsg.domain.content import Template
    from omnimsg_bird.rules.template import Filling

LATEST = "latest"


def template(content: Template, mapping: TemplateMapping) -> dict[str, Any]:
    """Write a template that `rules` let pass."""
    version = mapping.version or content.version
    name = mapping.name or content.name
    project = mapping.id or (name if _is_uuid(name) else None)
    return given(
        projectId=project,
        name=None if project is not None else name,
        # A project has versions; what the platform calls a template has none unless one is given.
        version=version or (None if project is None else LATEST),
        locale=locale(content, mapping),
        parameters=[
            {"type": "string", "key": key, "value": _value(parameter)}
            for _, parameter, key in keyed(content, mapping)
        ]
        or None,
    )


def _value(parameter: Filling) -> str | None:
    if isinstance(parameter, TextParameter):
        return parameter.text
    if isinstance(parameter, MediaParameter):
        return url(parameter.item.source)
    return parameter.fallback


def _is_uuid(name: str) -> bool:
    try:
        return str(UUID(name)) == name.lower()
    except ValueError:
        return False
