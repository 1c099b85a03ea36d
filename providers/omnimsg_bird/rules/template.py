"""What Bird refuses of templates, and which placeholder each parameter fills."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from omnimsg.adapter import check_options, refused
from omnimsg.domain.content import (
    DateTimeParameter,
    LocationParameter,
    MediaParameter,
    TextParameter,
)
from omnimsg.domain.reason import Reason
from omnimsg_bird.rules.media import check_source

if TYPE_CHECKING:
    from omnimsg.adapter import TemplateMapping
    from omnimsg.domain.content import CurrencyParameter, Template
    from omnimsg.domain.failure import Failure

    Filling = TextParameter | CurrencyParameter | DateTimeParameter | MediaParameter

# BCP 47: a language, then subtags.
_is_locale = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*").fullmatch


def check_template(content: Template, mapping: TemplateMapping) -> Failure | None:
    """Hold a template against the form that Bird's have: named placeholders filled with text."""
    failure = check_options(content, "content", {"version", "header"})
    if failure is not None:
        return failure
    spoken = locale(content, mapping)
    if spoken is not None and not _is_locale(spoken):
        return refused(
            Reason.TEMPLATE_INVALID, "content.language", "must be a language tag such as pt-BR"
        )
    if isinstance(content.header, LocationParameter):
        return _unfit("content.header", content.header.kind)
    seen: set[str] = set()
    for path, parameter, key in keyed(content, mapping):
        failure = _check_parameter(parameter, path)
        if failure is not None:
            return failure
        if key is None or key in seen:
            return refused(
                Reason.TEMPLATE_INVALID,
                f"{path}.name",
                "must be given, and only once: this provider's templates name their placeholders."
                " Name them here, or by `keys` in the account's mapping of the template",
            )
        seen.add(key)
    return None


def _check_parameter(parameter: Filling, path: str) -> Failure | None:
    if isinstance(parameter, MediaParameter):
        where = f"{path}.item"
        return check_source(parameter.item.source, f"{where}.source") or check_options(
            parameter.item, where, set()
        )
    if isinstance(parameter, (TextParameter, DateTimeParameter)):
        return None
    return _unfit(path, parameter.kind)


def _unfit(path: str, kind: str) -> Failure:
    return refused(
        Reason.UNSUPPORTED_CONTENT,
        path,
        f"is {kind}; this provider's templates are filled with text and addresses of media",
    )


def locale(content: Template, mapping: TemplateMapping) -> str | None:
    """Return a template's language as BCP 47 has it: `pt_BR` is `pt-BR`."""
    spoken = mapping.language or content.language
    return None if spoken is None else spoken.replace("_", "-")


def keyed(content: Template, mapping: TemplateMapping) -> list[tuple[str, Filling, str | None]]:
    """List a template's parameters with their paths and the placeholders they fill.

    The account's mapping names the body's placeholders by position; what it does not name goes by
    the parameter's own name. A header's has no position, so it always goes by its name.
    """
    found: list[tuple[str, Filling, str | None]] = []
    if isinstance(content.header, (TextParameter, MediaParameter)):
        found.append(("content.header", content.header, content.header.name))
    for position, parameter in enumerate(content.body):
        mapped = position < len(mapping.keys)
        key = mapping.keys[position] if mapped else parameter.name
        found.append((f"content.body[{position}]", parameter, key))
    return found
