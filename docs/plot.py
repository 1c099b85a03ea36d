"""The plot of "benchmarks": what a message costs, a dot for the median and a line for the range.

On a logarithmic scale, because a batch costs a thousandth of what some peers do. The file is a few
elements of SVG, in colours that can be read on white and on black.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from figures import GROUPS, LOOPS, costs, results, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

WIDTH, LEFT, RIGHT = 800, 300, 640
ROW, TOP = 28, 70

STYLE = """\
text { font: 13px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1f2328 }
.quiet { fill: #59636e; font-size: 12px }
.own, .head { font-weight: 600 }
.end { text-anchor: end }
.mid { text-anchor: middle }
.grid { stroke: #d1d9e0 }
.asyncio { fill: #0969da; stroke: #0969da }
.uvloop { fill: #bc4c00; stroke: #bc4c00 }
text.asyncio, text.uvloop { stroke: none }
line.asyncio, line.uvloop { stroke-width: 3; stroke-opacity: 0.35; stroke-linecap: round }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc }
  .quiet { fill: #9198a1 }
  .grid { stroke: #3d444d }
  .asyncio { fill: #4493f8; stroke: #4493f8 }
  .uvloop { fill: #f0883e; stroke: #f0883e }
}"""


def svg() -> str:
    """Draw it."""
    found = costs(results())
    lowest = math.floor(math.log10(min(each["low"] for each in found.values())))
    highest = math.ceil(math.log10(max(each["high"] for each in found.values())))
    height = TOP + ROW * sum(len(members) + 1 for members in GROUPS.values()) + 34

    def at(value: float) -> float:
        return LEFT + (RIGHT - LEFT) * (math.log10(value) - lowest) / (highest - lowest)

    def drawn() -> Iterator[str]:
        yield _text(20, 24, "CPU time a message, microseconds", "head")
        yield _text(20, 44, "dot: median; line: range; logarithmic scale; less is better", "quiet")
        for number, loop in enumerate(LOOPS):
            x: float = RIGHT + 60 + 75 * number
            yield _text(x, 44, loop, f"{loop} end")
        for power in range(lowest, highest + 1):
            x = at(10.0**power)
            yield _line("grid", x, x, TOP - 8, height - 30)
            yield _text(x, height - 12, f"{10.0**power:,.0f}", "quiet mid")
        y = TOP
        for group, members in GROUPS.items():
            yield _text(20, y + 14, group, "quiet")
            for workload, title in members.items():
                y += ROW
                own = "own" if title.startswith("omnimsg") else ""
                yield _text(32, y + 14, title.replace("`", ""), own)
                for number, loop in enumerate(LOOPS):
                    if (workload, loop) in found:
                        each = found[workload, loop]
                        yield from _mark(at, each, loop, y + 6 + 8 * number)
                        x = RIGHT + 60 + 75 * number
                        yield _text(x, y + 14, shown(each["median"]), f"{loop} end")
            y += ROW

    return "\n".join(_wrapped(drawn(), height)) + "\n"


def _mark(
    at: Callable[[float], float], each: dict[str, float], loop: str, y: float
) -> Iterator[str]:
    low, high, median = at(each["low"]), at(each["high"]), at(each["median"])
    yield _line(loop, low, high, y, y)
    yield f'<circle class="{loop}" cx="{median:.1f}" cy="{y}" r="4"/>'


def _line(kind: str, x1: float, x2: float, y1: float, y2: float) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" x2="{x2:.1f}" y1="{y1}" y2="{y2}"/>'


def _text(x: float, y: float, words: str, kind: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y}" class="{kind}">{words}</text>'


def _wrapped(elements: Iterable[str], height: int) -> Iterator[str]:
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}"'
        f' width="{WIDTH}" height="{height}" role="img">'
    )
    yield "<title>CPU time a message, by the way it is sent</title>"
    yield f"<style>\n{STYLE}\n</style>"
    yield from elements
    yield "</svg>"
