"""The header lines of an answer, decoded on first access, which is rare."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from multidict import CIMultiDict

if TYPE_CHECKING:
    from collections.abc import Sequence


class AnswerHeaders(Mapping[str, str]):
    """Header lines of an answer. Names are case-insensitive; the first line of a name counts.

    Args:
        lines: Names and values.
    """

    # One is built for every answer: slots make that cheaper.
    __slots__ = ("_cached", "_lines")

    def __init__(self, lines: Sequence[tuple[bytes, bytes]]) -> None:
        self._lines = lines
        self._cached: CIMultiDict[str] | None = None

    @property
    def _decoded(self) -> CIMultiDict[str]:
        if self._cached is None:
            self._cached = CIMultiDict(
                (name.decode("utf-8", "surrogateescape"), value.decode("utf-8", "surrogateescape"))
                for name, value in self._lines
            )
        return self._cached

    def __getitem__(self, name: str) -> str:
        return self._decoded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._decoded)

    def __len__(self) -> int:
        return len(self._lines)

    def __repr__(self) -> str:
        """Show the names only: a value may be a token."""
        return f"AnswerHeaders({list(self._decoded)})"
