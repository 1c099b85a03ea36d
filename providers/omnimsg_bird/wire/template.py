"""Write a template, a top-level member in place of the body.

A template is identified by a project's id if the account's mapping gives one or its name is a UUID;
else by its name on the platform. All placeholders are filled by `parameters` of the type `string`,
as in all samples of Sending WhatsApp messages; media by its URL. The older `variables`, and
parameters of other types, can be sent through extras.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from omnimsg.adapter import omit_missing
from omnimsg.domain.content import MediaParameter, TextParameter
from omnimsg_bird.rules.template import locale, parameters
from omnimsg_bird.wire.bodies import url

if TYPE_CHECKING:
    from omnimsg.adapter import TemplateMapping
    from omnimsg.domain.content import Template
    from omnimsg_bird.rules.template import FilledParameter

LATEST = "latest"


def template(content: Template, mapping: TemplateMapping) -> dict[str, Any]:
    """Write a template that passed `rules`."""
    version = mapping.version or content.version
    name = mapping.name or content.name
    project = mapping.id or (name if _is_uuid(name) else None)
    return omit_missing(
        projectId=project,
        name=None if project is not None else name,
        # A project has versions; a template of the platform has none unless one is given.
        version=version or (None if project is None else LATEST),
        locale=locale(content, mapping),
        parameters=[
            {"type": "string", "key": key, "value": _value(parameter)}
            for _, parameter, key in parameters(content, mapping)
        ]
        or None,
    )


def _value(parameter: FilledParameter) -> str | None:
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
