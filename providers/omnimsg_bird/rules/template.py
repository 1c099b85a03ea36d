"""Checks of templates."""

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
from omnimsg_bird.wire.template import locale, parameters

if TYPE_CHECKING:
    from omnimsg.adapter import TemplateMapping
    from omnimsg.domain.content import Template
    from omnimsg.domain.failure import Failure
    from omnimsg_bird.wire.template import FilledParameter

# BCP 47: a language, then subtags.
_is_locale = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*").fullmatch


def check_template(content: Template, mapping: TemplateMapping) -> Failure | None:
    """Check a template: Bird's templates have named placeholders that are filled with text."""
    failure = check_options(content, "content", {"version", "header"})
    if failure is not None:
        return failure
    tag = locale(content, mapping)
    if tag is not None and not _is_locale(tag):
        return refused(
            Reason.TEMPLATE_INVALID, "content.language", "must be a language tag such as pt-BR"
        )
    if isinstance(content.header, LocationParameter):
        return _unsupported_parameter("content.header", content.header.kind)
    keys: set[str] = set()
    for path, parameter, key in parameters(content, mapping):
        failure = _check_parameter(parameter, path)
        if failure is not None:
            return failure
        if key is None or key in keys:
            return refused(
                Reason.TEMPLATE_INVALID,
                f"{path}.name",
                "must be given, and only once: this provider's templates name their placeholders."
                " Name them here, or by `keys` in the account's mapping of the template",
            )
        keys.add(key)
    return None


def _check_parameter(parameter: FilledParameter, path: str) -> Failure | None:
    if isinstance(parameter, MediaParameter):
        item_path = f"{path}.item"
        if parameter.caption is not None:
            return refused(
                Reason.UNSUPPORTED_CONTENT,
                f"{path}.caption",
                "cannot be expressed by this provider; leave it out",
            )
        return check_source(parameter.item.source, f"{item_path}.source") or check_options(
            parameter.item, item_path, set()
        )
    if isinstance(parameter, (TextParameter, DateTimeParameter)):
        return None
    return _unsupported_parameter(path, parameter.kind)


def _unsupported_parameter(path: str, kind: str) -> Failure:
    return refused(
        Reason.UNSUPPORTED_CONTENT,
        path,
        f"is {kind}; this provider's templates are filled with text and addresses of media",
    )
