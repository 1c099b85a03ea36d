"""The report of a failed world: the command to repeat it, a simpler case, and its story."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

from simulation.harness import shrink
from simulation.shapes import SHAPES, shape_of
from simulation.story import WorldError

if TYPE_CHECKING:
    from pathlib import Path

    from simulation.harness import Verdict

FOLDER = ".simulation"

# The number of lines shown of a story's end.
_SHOWN = 60


def explain(
    verdict: Verdict, seed: int, shape: str, plant: str | None, root: Path, *, tape: str | None
) -> str:
    """Return the report, and write a shrunk tape unless the world ran from a tape."""
    options = "" if shape == shape_of(seed) and tape is None else f" --shape {shape}"
    options += f" --plant {plant}" if plant else ""
    command = (
        f"python -m pytest tests/simulation/test_worlds.py::test_worlds --seed {seed}{options}"
    )
    lines = [f"the {shape} world of seed {seed} fails; to see it again: {command}"]
    if tape is None:
        path, sentence = shrink(SHAPES[shape], verdict, root / FOLDER / f"{shape}-{seed}.tape.json")
        shown = path.relative_to(root)
        lines.append(f"{sentence}; to see that: {command} --shape {shape} --tape {shown}")
    return "\n".join([*lines, *_what_happened(verdict.error)])


def _what_happened(error: BaseException | None) -> list[str]:
    if isinstance(error, WorldError):
        story = error.story.lines
        left_out = len(story) - _SHOWN
        head = [f"... {left_out} lines"] if left_out > 0 else []
        return [str(error), "what happened:", *head, *story[-_SHOWN:]]
    return traceback.format_exception(error)
