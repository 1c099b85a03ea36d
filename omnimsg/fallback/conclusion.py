"""The outcome of a message whose legs were handed over one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from omnimsg.domain.outcome import Accepted, Ambiguous

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg.domain.outcome import Outcome


def conclusion_of(earlier: Sequence[Outcome], last: Outcome) -> Outcome:
    """Return the outcome of the legs together. Only an acceptance replaces a doubt.

    Args:
        earlier: The outcomes of the legs before the last one that was handed over.
        last: The outcome of that one.
    """
    asked = [*earlier, last]
    if not isinstance(last, Accepted):
        last = next((each for each in asked if isinstance(each, Ambiguous)), last)
    others = [each for each in asked if each is not last]
    history = (
        *(e for each in others for e in (*each.earlier, attrs.evolve(each, earlier=()))),
        *last.earlier,
    )
    return attrs.evolve(last, earlier=history)
