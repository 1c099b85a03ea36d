"""The reference of the public names, from their signatures and docstrings."""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import re
from enum import Enum
from types import ModuleType, NoneType, UnionType
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin

import attrs
import docstrings
from tables import table

from omnimsg.domain.frozen_dict import FrozenDict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

# Which page of the reference has the names of a module of `omnimsg`; the longest prefix decides,
# and what has none stands on the page of the client.
PAGES = {
    "omnimsg": "client",
    "omnimsg.domain": "outcomes",
    "omnimsg.domain.address": "messages",
    "omnimsg.domain.channel": "messages",
    "omnimsg.domain.content": "messages",
    "omnimsg.domain.media": "messages",
    "omnimsg.domain.message": "messages",
    "omnimsg.domain.phone_number": "messages",
    "omnimsg.domain.secret": "settings",
    "omnimsg.domain.events": "events",
    "omnimsg.domain.opt_out": "events",
    "omnimsg.delivery": "events",
    "omnimsg.engine.suppression": "events",
    "omnimsg.engine.journal": "observers",
    "omnimsg.engine.observers": "observers",
    "omnimsg.engine.policy": "settings",
    "omnimsg.routing": "settings",
    "omnimsg.transport": "settings",
}
# These have pages of their own, which are not about signatures.
ELSEWHERE = {"omnimsg.domain.errors": "errors.md", "omnimsg.domain.reason": "reasons.md"}

_WIDTH = 88


def index_table() -> str:
    """Write all public names of `omnimsg`, each with a link and its first sentence."""
    return table(
        ("name", "what it is"),
        (
            (f"[`{name}`]({_address(name, module)})", _summary(module, name))
            for name, module in sorted(_exports())
        ),
    )


def names_of_page(page: str) -> str:
    """Write the names of `omnimsg` that belong to a page."""
    return "\n\n".join(
        _entry(module, name)
        for name, module in _exports()
        if module not in ELSEWHERE and _page_of(module) == page
    )


def names_of_module(module: str) -> str:
    """Write all public names of another module."""
    found = importlib.import_module(module)
    return "\n\n".join(_entry(module, name) for name in found.__all__)


def chosen_names(about: str) -> str:
    """Write some of the public names of another module, which comes before them."""
    module, *names = about.split()
    return "\n\n".join(_entry(module, name) for name in names)


def _exports() -> Iterator[tuple[str, str]]:
    """Return the public names of `omnimsg`, each with the module that has it."""
    package = importlib.import_module("omnimsg")
    modules: Mapping[str, str] = package._MODULES  # noqa: SLF001 - the table of public names
    return iter(modules.items())


def _page_of(module: str) -> str:
    fits = [each for each in PAGES if module == each or module.startswith(f"{each}.")]
    return PAGES[max(fits, key=len)]


def _address(name: str, module: str) -> str:
    if module in ELSEWHERE:
        return ELSEWHERE[module]
    return f"api-{_page_of(module)}.md#{name.lower()}"


def _value(module: str, name: str) -> Any:
    return getattr(importlib.import_module(module), name)


def _summary(module: str, name: str) -> str:
    value = _value(module, name)
    if isinstance(value, (type, ModuleType)) or inspect.isfunction(value):
        return docstrings.read(value).summary
    if isinstance(value, UnionType) or get_origin(value) is Union:
        return "Any of " + ", ".join(f"`{_annotation(each)}`" for each in get_args(value)) + "."
    return _text_below(module, name)


def _text_below(module: str, name: str) -> str:
    """Return the text that stands below a constant or an alias in the source."""
    tree = ast.parse(inspect.getsource(importlib.import_module(module)))
    for node, following in zip(tree.body, [*tree.body[1:], None], strict=True):
        if isinstance(node, ast.ImportFrom) and name in [each.name for each in node.names]:
            return _text_below(str(node.module), name)
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        is_named = any(isinstance(each, ast.Name) and each.id == name for each in targets)
        if is_named and isinstance(following, ast.Expr):
            return " ".join(ast.literal_eval(following.value).split())
    return ""


def _entry(module: str, name: str) -> str:
    """Write one public name, with its methods."""
    value = _value(module, name)
    if isinstance(value, ModuleType):
        functions = [f"### {name}.{each}\n\n{_function(made)}" for each, made in _functions(value)]
        return _titled(name, _summary(module, name), *functions)
    if not (isinstance(value, type) or inspect.isfunction(value)):
        return _titled(name, _summary(module, name))
    if not isinstance(value, type):
        return _titled(name, _function(value))
    if issubclass(value, Enum):
        return _titled(name, _prose(value), _members(value))
    parts = [_constructor(value), _prose(value), _attributes(value)]
    for attribute, method in _methods(value):
        parts.append(f"### {name}.{attribute}\n\n{_function(method)}")
    return _titled(name, *parts)


def _titled(name: str, *parts: str) -> str:
    return "\n\n".join([f"## {name}", *filter(None, parts)])


def _constructor(kind: type) -> str:
    """Write how an object is made; nothing for what only others make."""
    if getattr(kind, "_is_protocol", False):
        return ""
    if attrs.has(kind):
        return _block(kind.__name__, list(_fields_as_parameters(kind)), "")
    if "__init__" not in vars(kind):
        return ""
    return _block(kind.__name__, _parameters(vars(kind)["__init__"]), "")


def _fields_as_parameters(kind: type) -> Iterator[str]:
    marked = False
    for field in attrs.fields(kind):
        if not field.init:
            continue
        if field.kw_only and not marked:
            marked = True
            yield "*"
        default = "" if field.default is attrs.NOTHING else f" = {_shown(field.default)}"
        if field.name != field.alias and isinstance(field.default, bytes):
            # Kept as JSON, given as what it says.
            default = f" = {field.default.decode()}"
        yield f"{field.alias or field.name}: {_annotation(_written(kind, field.name))}{default}"


def _written(kind: type, name: str) -> Any:
    """Return the annotation of a field as it stands in the source; cattrs replaces `field.type`."""
    public = getattr(kind, name.removeprefix("_"), None)
    if isinstance(public, property) and public.fget is not None:
        # It is given and shown in another form than the one that the private field keeps.
        return inspect.get_annotations(public.fget)["return"]
    owner = next(each for each in kind.__mro__ if name in inspect.get_annotations(each))
    return inspect.get_annotations(owner)[name]


def _parameters(function: Callable[..., Any]) -> list[str]:
    written = []
    kind = None
    for name, each in inspect.signature(function).parameters.items():
        if name in ("self", "cls"):
            continue
        if each.kind is each.KEYWORD_ONLY and kind not in (each.KEYWORD_ONLY, each.VAR_POSITIONAL):
            written.append("*")
        kind = each.kind
        stars = {"VAR_POSITIONAL": "*", "VAR_KEYWORD": "**"}.get(each.kind.name, "")
        text = f"{stars}{name}: {_annotation(each.annotation)}"
        written.append(text if each.default is each.empty else f"{text} = {_shown(each.default)}")
    return written


def _function(function: Callable[..., Any]) -> str:
    """Write the signature of a function and what its docstring says."""
    prefix = "async def " if inspect.iscoroutinefunction(function) else "def "
    returned = _annotation(inspect.signature(function).return_annotation)
    block = _block(f"{prefix}{function.__name__}", _parameters(function), f" -> {returned}")
    return "\n\n".join(filter(None, [block, _prose(function)]))


def _block(head: str, parameters: list[str], tail: str) -> str:
    line = f"{head}({', '.join(parameters)}){tail}"
    if len(line) > _WIDTH:
        inner = "".join(f"    {each},\n" for each in parameters)
        line = f"{head}(\n{inner}){tail}"
    return f"```python\n{line}\n```"


def _prose(value: Any) -> str:
    """Write a docstring; the attributes of a class stand apart."""
    said = docstrings.read(value)
    parts = [said.text]
    for title in ("Args", "Raises"):
        if entries := said.entries(title):
            head = {"Args": "argument", "Raises": "raises"}[title]
            rows = [(f"`{name}`", text) for name, text in entries.items()]
            parts.append(table((head, "meaning"), rows))
    parts += [f"{title}: {said.prose(title)}" for title in ("Returns", "Yields")]
    return "\n\n".join(each for each in parts if each and not each.endswith(": "))


def _attributes(kind: type) -> str:
    """Write the attributes that are described, and the properties."""
    rows = [(f"`{name}`", text) for name, text in docstrings.attributes(kind).items()]
    for each in _own_classes(kind):
        for name, value in vars(each).items():
            if isinstance(value, (property, functools.cached_property)) and name[0] != "_":
                rows.append((f"`{name}`", docstrings.read(value).summary))
    return table(("attribute", "meaning"), rows) if rows else ""


def _members(kind: type[Enum]) -> str:
    said = docstrings.attributes(kind) | _texts_below_members(kind)
    head = ("member", "value", "meaning") if said else ("member", "value")
    rows = (
        (f"`{each.name}`", f"`{each.value}`", said.get(each.name, ""))[: len(head)] for each in kind
    )
    return table(head, rows)


def _texts_below_members(kind: type[Enum]) -> dict[str, str]:
    """Return the texts that stand below members in the source, as in `Handover`."""
    source = inspect.getsource(kind)
    return dict(re.findall(r'^    ([A-Z_]+) = .*\n    """(.*)"""$', source, re.MULTILINE))


def _functions(module: ModuleType) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Return the public functions of a module that stands on a page as a whole."""
    for name, value in vars(module).items():
        is_own = inspect.isfunction(value) and value.__module__ == module.__name__
        if is_own and not name.startswith("_"):
            yield name, value


def _methods(kind: type) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Return the public methods, the class's own first, then those of bases without an entry."""
    seen: set[str] = set()
    exported = dict(_exports())
    for each in _own_classes(kind):
        if each is not kind and each.__name__ in exported:
            continue
        for name, value in vars(each).items():
            function = value.__func__ if isinstance(value, (classmethod, staticmethod)) else value
            is_public = inspect.isfunction(function) and not name.startswith("_")
            if is_public and name not in seen and function.__doc__:
                seen.add(name)
                yield name, function


def _own_classes(kind: type) -> Iterator[type]:
    return (each for each in kind.__mro__ if each.__module__.startswith("omnimsg"))


def _annotation(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, type):
        return "None" if value is NoneType else value.__name__
    return re.sub(r"~|\b(?:\w+\.)+(?=\w)", "", str(value))


def _shown(value: Any) -> str:
    """Write a default value as one would in code."""
    if isinstance(value, attrs.Factory):  # type: ignore[arg-type]
        made = {dict: "{}", FrozenDict: "{}", tuple: "()"}
        return made.get(value.factory, "...")
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    if isinstance(value, FrozenDict):
        return "{}"
    if attrs.has(type(value)):
        return f"{type(value).__name__}()"
    if isinstance(value, frozenset):
        return "{" + ", ".join(map(_shown, sorted(value))) + "}"
    if callable(value):
        if value.__name__ == "<lambda>":
            return "..."
        return f"{value.__module__}.{value.__name__}"
    return f'"{value}"' if isinstance(value, str) else repr(value)
