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
from omnimsg_bird.wire.bodies import url

if TYPE_CHECKING:
    from omnimsg.adapter import TemplateMapping
    from omnimsg.domain.content import CurrencyParameter, DateTimeParameter, Template

    FilledParameter = TextParameter | CurrencyParameter | DateTimeParameter | MediaParameter

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


def locale(content: Template, mapping: TemplateMapping) -> str | None:
    """Return a template's language as a BCP 47 tag: `pt_BR` becomes `pt-BR`."""
    language = mapping.language or content.language
    return None if language is None else language.replace("_", "-")


def parameters(
    content: Template, mapping: TemplateMapping
) -> list[tuple[str, FilledParameter, str | None]]:
    """Return the path of each parameter of a template, the parameter, and its placeholder's name.

    The account's mapping names the body's placeholders by position; a placeholder that it does not
    name, and that of the header, has the parameter's own name.
    """
    found: list[tuple[str, FilledParameter, str | None]] = []
    if isinstance(content.header, (TextParameter, MediaParameter)):
        found.append(("content.header", content.header, content.header.name))
    for index, parameter in enumerate(content.body):
        is_mapped = index < len(mapping.keys)
        key = mapping.keys[index] if is_mapped else parameter.name
        found.append((f"content.body[{index}]", parameter, key))
    return found


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
