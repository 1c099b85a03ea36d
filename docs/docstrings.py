"""Read the docstrings of the library, in Google's form, for the pages that are made from them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from inspect import cleandoc

import attrs

_SECTIONS = ("Attributes", "Args", "Returns", "Yields", "Raises")
_SECTION = re.compile(rf"^({'|'.join(_SECTIONS)}):\n", re.MULTILINE)
# A name, a colon and a description, which may go on in lines that are indented more.
_ENTRY = re.compile(r"^    ([\w ,]+): (.+(?:\n(?: {8,}.+|(?=\n)))*)", re.MULTILINE)


@attrs.frozen
class Docstring:
    """A docstring in its parts.

    Attributes:
        text: What stands before the sections.
        sections: The text of each section by its title, with its indentation.
    """

    text: str
    sections: Mapping[str, str]

    @property
    def summary(self) -> str:
        """The first paragraph, on one line."""
        return _joined(self.text.partition("\n\n")[0])

    def entries(self, section: str) -> dict[str, str]:
        """Return what a section says of each name."""
        found = _ENTRY.findall(self.sections.get(section, ""))
        return {name: _joined(said) for name, said in found}

    def prose(self, section: str) -> str:
        """Return a section without names, on one line."""
        return _joined(self.sections.get(section, ""))


def read(value: object) -> Docstring:
    """Read the docstring of a class, a function or a module."""
    text = cleandoc(getattr(value, "__doc__", None) or "")
    parts = _SECTION.split(text)
    return Docstring(parts[0].strip(), dict(zip(parts[1::2], parts[2::2], strict=True)))


def attributes(kind: type) -> dict[str, str]:
    """Return what the docstrings of a class and its bases say of its attributes."""
    found: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        if each.__module__ != "builtins":
            found |= read(each).entries("Attributes")
    return found


def _joined(text: str) -> str:
    return " ".join(text.split())
