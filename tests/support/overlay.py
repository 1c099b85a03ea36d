"""The known faults of Clickatell's OpenAPI document, each mended by one rule.

The document itself stays as the vendor published it; only the copy that judges is mended. It is
closed too: a property that the document does not name is an error, in either direction.
"""

from __future__ import annotations

import copy
import re
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from jsonschema import FormatChecker  # type: ignore[import-untyped]  # its stubs are not installed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Json = Any
Schema = dict[str, Any]

ERROR = "#/components/schemas/OmniResponseError"
# The errors table has 500, and errors of a whole request that may meet any operation.
REFUSALS = ("400", "401", "402", "404", "500", "503")

FORMATS = FormatChecker(())


def _format(name: str, *raises: type[Exception]) -> Callable[[Any], Any]:
    return FORMATS.checks(name, raises or (ValueError,))  # type: ignore[no-any-return]


@_format("within 90")
def _latitude(value: object) -> bool:
    return not isinstance(value, str) or abs(float(value)) <= 90


@_format("within 180")
def _longitude(value: object) -> bool:
    return not isinstance(value, str) or abs(float(value)) <= 180


@_format("yyyy-MM-ddTHH:mm:ssXXX")
def _second(value: object) -> bool:
    shape = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)")
    return not isinstance(value, str) or bool(
        shape.fullmatch(value) and datetime.fromisoformat(value)
    )


@_format("YYYY-MM-DD")
def _day(value: object) -> bool:
    shape = re.compile(r"\d{4}-\d\d-\d\d")
    return not isinstance(value, str) or bool(shape.fullmatch(value) and date.fromisoformat(value))


@_format("int32")
def _int32(value: object) -> bool:
    return not isinstance(value, int) or -(2**31) <= value < 2**31


@_format("int64")
def _int64(value: object) -> bool:
    return not isinstance(value, int) or -(2**63) <= value < 2**63


DATE_MASKS = ("yyyy-MM-ddTHH:mm:ssXXX", "YYYY-MM-DD")


def mended(document: Json) -> Json:
    """Return a copy without the document's known faults, and closed."""
    document = copy.deepcopy(document)
    schemas = document["components"]["schemas"]
    # The enumeration is closed, while the vendor promises additions.
    entry = schemas["OmniMessageStatusEntry"]["properties"]
    del entry["status"]["enum"]
    # "Another format" for an unknown message is prose only; it is taken to be one flat entry.
    schemas["OmniMessageStatusResponse"]["properties"] |= entry
    for node in list(_nodes(document)):
        _mend_limits(node)
        _mend_properties(node)
    for path in document["paths"].values():
        for operation in path.values():
            _mend_answers(operation["responses"])
    return document


def _nodes(node: Json) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for inner in node.values():
            yield from _nodes(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from _nodes(inner)


def _mend_limits(node: Schema) -> None:
    """Read `maximum` on text as a length, a coordinate's as a range, a date mask as its date."""
    kind = node.get("type")
    if kind == "object":
        # It stands beside the `maxProperties` that was meant.
        node.pop("maximum", None)
    elif kind == "string":
        if node.pop("maxProperties", None) is not None:
            # The limit of the map itself, copied to its values.
            node.pop("maximum", None)
        elif "minimum" in node:
            del node["minimum"]
            node["format"] = f"within {node.pop('maximum')}"
        elif "maximum" in node:
            node["maxLength"] = node.pop("maximum")
        if node.get("pattern") in DATE_MASKS:
            node["format"] = node.pop("pattern")


def _mend_properties(node: Schema) -> None:
    """Drop what is never on the wire, let an error be null, and close the object."""
    properties = node.get("properties")
    if node.get("type") != "object" or not isinstance(properties, dict):
        return
    for name, inner in list(properties.items()):
        if inner.get("writeOnly"):
            del properties[name]
        elif inner == {"$ref": ERROR}:
            properties[name] = {"anyOf": [inner, {"type": "null"}]}
    node.setdefault("additionalProperties", False)


def _mend_answers(answers: dict[str, Any]) -> None:
    """Give refusals a form where none is stated: the operation's own 400, else an error alone."""
    alone = {
        "type": "object",
        "properties": {"error": {"$ref": ERROR}},
        "additionalProperties": False,
    }
    own = schema_of(answers.get("400", {})) or alone
    for status in REFUSALS:
        if not schema_of(answers.get(status, {})):
            answers[status] = {"content": {"application/json": {"schema": own}}}


def schema_of(part: Mapping[str, Any]) -> Schema | None:
    """Return the schema of a body, whatever media type it is filed under."""
    for media in part.get("content", {}).values():
        schema: Schema | None = media.get("schema")
        return schema
    return None
