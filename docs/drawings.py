"""The pictures inside the pictures: what a cafe sends, drawn as SVG."""

from __future__ import annotations

from typing import Final

_FONT = "Georgia, 'Noto Serif', 'DejaVu Serif', serif"


def _menu_line(y: int, dish: str, price: int) -> str:
    return f'<text x="36" y="{y}">{dish}</text><text x="180" y="{y}">{price}</text>'


def _plate(x: int, y: int, radius: int) -> str:
    inner = round(radius * 0.73)
    return (
        f'<circle cx="{x}" cy="{y}" r="{radius}" fill="#f6f1e7"/>'
        f'<circle cx="{x}" cy="{y}" r="{inner}" fill="#e7dcc6"/>'
    )


def _soup(x: int, y: int) -> str:
    return (
        f'<g transform="translate({x} {y})"><path d="M-46 4a46 46 0 0 0 92 0z" fill="#d9642e"/>'
        '<path d="M-30-24q8-14 0-28M0-24q8-14 0-28M30-24q8-14 0-28" fill="none" stroke="#b8a98a"'
        ' stroke-width="6" stroke-linecap="round"/></g>'
    )


def _fish(x: int, y: int) -> str:
    return (
        f'<g transform="translate({x} {y})" fill="#5b8a91">'
        '<path d="M-50 0q40-44 80 0q-40 44-80 0z"/><path d="M24 0l30-24v48z"/>'
        '<circle cx="-26" cy="-7" r="4.5" fill="#23424a"/></g>'
    )


def _drawing(width: int, height: int, *shapes: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">'
        f'<rect width="{width}" height="{height}" fill="#23424a"/>{"".join(shapes)}</svg>'
    )


DRAWINGS: Final = {
    "menu": _drawing(
        480,
        270,
        _plate(352, 142, 88),
        _soup(352, 142),
        f'<g fill="#f6f1e7" font-family="{_FONT}" font-size="24">',
        '<text x="36" y="84" font-size="40">Tonight</text>',
        _menu_line(142, "Soup", 6),
        _menu_line(182, "Fish", 14),
        _menu_line(222, "Plum pie", 7),
        '</g><path d="M36 100h168" stroke="#d9642e" stroke-width="4"/>',
    ),
    "Soup": _drawing(420, 240, _plate(210, 120, 96), _soup(210, 120)),
    "Fish": _drawing(420, 240, _plate(210, 120, 96), _fish(208, 120)),
}
"""The SVG of each picture, by its name."""
