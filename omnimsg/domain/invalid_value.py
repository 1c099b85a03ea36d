"""`InvalidValue`, raised when a value of the model is built from wrong data, and its problems.

Separate from `errors`, whose other errors carry outcomes, because validating outcomes needs it.
"""

from __future__ import annotations

import attrs


class OmnimsgError(Exception):
    """The base class of omnimsg's own errors."""


@attrs.frozen
class Problem:
    """One invalid field: where it is and why it is invalid.

    Attributes:
        path: The field, dotted from the value that was being built: `content.sections[1].title`.
        why: What is wrong and what would be valid, without the value where it may be personal.
    """

    path: str
    why: str

    def __str__(self) -> str:
        """Format as `path: why`."""
        return f"{self.path}: {self.why}"


class InvalidValue(OmnimsgError, ValueError):  # noqa: N818 - a ValueError, named alike
    """A value of the model was given a field that it cannot hold.

    Attributes:
        problems: Every problem found; at least one.
    """

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems

    def __reduce__(self) -> tuple[type[InvalidValue], tuple[Problem, ...]]:
        """Support pickling, which would otherwise pass the text as the only problem."""
        return type(self), self.problems
