"""The integration's templates that WhatsApp has approved.

Source: the statuses WHATSAPP_TEMPLATE_DOES_NOT_EXIST and WHATSAPP_TEMPLATE_PARAM_COUNT_MISMATCH of
the reference: a template is looked up after the message is accepted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MAX_TEMPLATES: Final = 10_000
DEFAULT: Final[Mapping[str, int | None]] = {"table_ready": 2}
"""The template that every sandbox knows, with two parameters in its body."""

_UNKNOWN: Final = "WHATSAPP_TEMPLATE_DOES_NOT_EXIST"
_MISMATCH: Final = "WHATSAPP_TEMPLATE_PARAM_COUNT_MISMATCH"


@attrs.frozen
class _Known:
    """A template: how many parameters its body has, and its languages; None for any."""

    parameters: int | None
    languages: frozenset[str] | None


class KnownTemplates:
    """The approved templates by name.

    Args:
        templates: The number of parameters of each template's body, None for any number; None for
            any template at all.
    """

    def __init__(self, templates: Mapping[str, int | None] | None = DEFAULT) -> None:
        self._any = templates is None
        self._initial = dict(templates or {})
        self._known: dict[str, _Known] = {}
        self.clear()

    def add(
        self, name: object, *, parameters: object = None, languages: Iterable[str] | None = None
    ) -> None:
        """Add a template, or replace it.

        Args:
            name: Its name.
            parameters: The number of parameters of its body; None for any number.
            languages: The languages that it exists in; None for any.

        Raises:
            ValueError: A value has another form, or there are too many templates.
        """
        if not (isinstance(name, str) and name):
            raise ValueError("templateName: must be a name")
        if not (
            parameters is None
            or (
                isinstance(parameters, int) and not isinstance(parameters, bool) and parameters >= 0
            )
        ):
            raise ValueError("parameters: must be a whole number, or null for any number")
        if isinstance(languages, str) or not all(isinstance(each, str) for each in languages or ()):
            raise ValueError("languages: must be a list of languages, or null for any")
        if name not in self._known and len(self._known) >= MAX_TEMPLATES:
            raise ValueError(f"templates: there are {MAX_TEMPLATES}, which is the limit")
        self._known[name] = _Known(parameters, None if languages is None else frozenset(languages))

    def failure_of(self, template: Mapping[str, Any]) -> str | None:
        """Return the status with which a template message fails, None if it does not fail."""
        known = self._known.get(template["templateName"])
        if known is None:
            return None if self._any else _UNKNOWN
        language = template.get("language")
        if language is not None and known.languages is not None and language not in known.languages:
            return _UNKNOWN
        given = len(template["body"].get("parameters", {}))
        return None if known.parameters in {None, given} else _MISMATCH

    def clear(self) -> None:
        """Forget the templates that were added."""
        self._known = {name: _Known(count, None) for name, count in self._initial.items()}
