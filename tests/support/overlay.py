"""Correct the known faults of Clickatell's OpenAPI document, each by one rule.

The document itself stays as the vendor published it; only the copy that is used for checks is
corrected. That copy is also closed: a property that the document does not name is an error, in
requests and in answers.
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
# The errors table adds 500, and errors of a whole request, which any operation may answer.
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


def corrected(document: Json) -> Json:
    """Return a closed copy of the document without its known faults."""
    document = copy.deepcopy(document)
    schemas = document["components"]["schemas"]
    # The enumeration is closed, but the vendor announces additions.
    entry = schemas["OmniMessageStatusEntry"]["properties"]
    del entry["status"]["enum"]
    # The "other format" of an unknown message is only described in prose; here it is a flat entry.
    schemas["OmniMessageStatusResponse"]["properties"] |= entry
    for node in list(_nodes(document)):
        _correct_limits(node)
        _correct_properties(node)
    for path in document["paths"].values():
        for operation in path.values():
            _correct_answers(operation["responses"])
    return document


def _nodes(node: Json) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for inner in node.values():
            yield from _nodes(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from _nodes(inner)


def _correct_limits(node: Schema) -> None:
    """Read `maximum` of a text as a length, of a coordinate as a range; date masks as formats."""
    kind = node.get("type")
    if kind == "object":
        # A mistake beside the correct `maxProperties`.
        node.pop("maximum", None)
    elif kind == "string":
        if node.pop("maxProperties", None) is not None:
            # The limit of the map itself, wrongly copied to its values.
            node.pop("maximum", None)
        elif "minimum" in node:
            del node["minimum"]
            node["format"] = f"within {node.pop('maximum')}"
        elif "maximum" in node:
            node["maxLength"] = node.pop("maximum")
        if node.get("pattern") in DATE_MASKS:
            node["format"] = node.pop("pattern")


def _correct_properties(node: Schema) -> None:
    """Drop properties that are never sent, allow a null error, and close the object."""
    properties = node.get("properties")
    if node.get("type") != "object" or not isinstance(properties, dict):
        return
    for name, inner in list(properties.items()):
        if inner.get("writeOnly"):
            del properties[name]
        elif inner == {"$ref": ERROR}:
            properties[name] = {"anyOf": [inner, {"type": "null"}]}
    node.setdefault("additionalProperties", False)


def _correct_answers(answers: dict[str, Any]) -> None:
    """Give a refusal without a schema that of the operation's 400, or else that of an error."""
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
    """Return the schema of a body of any media type."""
    for media in part.get("content", {}).values():
        schema: Schema | None = media.get("schema")
        return schema
    return None
