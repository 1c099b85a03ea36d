"""Remove the secrets of an account from errors about its configuration.

An adapter may use any validator for its settings, and many put the value into their error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from omnimsg.config.references import FromReference, leaves
from omnimsg.domain.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# A shorter secret may be part of an ordinary word: then the whole error text is replaced.
_MIN_REPLACED = 4


def secret_keys(settings: type) -> frozenset[str]:
    """Return the keys of an account that hold secrets, by the class of the provider's own keys."""
    own = (each.name for each in attrs.fields(settings) if "Secret" in str(each.type))
    # The URL of a proxy may have a password.
    return frozenset({"proxy", *own})


def secret_texts(values: Mapping[str, Any], keys: Iterable[str]) -> list[str]:
    """Return the texts that no error may show: the values of secret keys and of references."""
    hidden = frozenset(keys)
    return [
        text
        for key, value in values.items()
        for text in leaves(value)
        if isinstance(text, str) and (key in hidden or isinstance(text, FromReference))
    ]


def conceal(problem: Problem, secrets: Iterable[str]) -> Problem:
    """Return a problem without the secrets in its text."""
    why = problem.why
    for secret in sorted(map(str.__str__, secrets), key=len, reverse=True):
        for shown in {secret, repr(secret)[1:-1]}:
            if len(shown) >= _MIN_REPLACED:
                why = why.replace(shown, "***")
            elif f"'{shown}'" in why or (shown and f" {shown}" in why):
                return Problem(
                    problem.path,
                    "is not valid; the reason is not shown, because it quotes a secret",
                )
    return Problem(problem.path, why)
