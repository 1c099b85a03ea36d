"""Split a file into its physical lines, in bounded memory.

A line ends with LF, CRLF or CR, as in editors. A results file refers to lines by these numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_BREAKS = (b"\n", b"\r")


def physical_lines(blocks: Iterable[bytes], limit: int) -> Iterator[bytes]:
    """Yield the lines of a file with their line breaks.

    Args:
        blocks: The file from its start.
        limit: A line of this many bytes or more may be truncated, to no fewer bytes than this.
    """
    pieces: list[bytes] = []
    size = 0
    for part in _parts(blocks):
        ends = part.endswith(_BREAKS)
        if ends and not pieces:
            yield part
            continue
        if size < limit:
            pieces.append(part)
            size += len(part)
        if ends:
            yield b"".join(pieces)
            pieces, size = [], 0
    if pieces:
        yield b"".join(pieces)


def _parts(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield lines, in several parts if a line continues in the next block."""
    held = b""
    for block in blocks:
        whole = held + block
        # The LF of a CRLF may be in the next block.
        held = b"\r" if whole.endswith(b"\r") else b""
        yield from whole[: len(whole) - len(held)].splitlines(keepends=True)
    if held:
        yield held
