"""Check real requests and answers against a provider's OpenAPI document.

`Contract` finds what the document does not allow, and which parts of the document a request uses.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # no stubs installed

from .overlay import FORMATS, Json, Schema, corrected, schema_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .provider_http import RecordedRequest


@attrs.frozen(kw_only=True)
class Operation:
    """One operation of the document.

    Attributes:
        name: As in `POST /v1/message`.
        path: Matches its paths.
        parameters: By location (path, query or header) and name.
        body: The schema of its JSON body; `None` if it has none, or takes bytes.
        raw: Whether its body is bytes.
        answers: The schema of the JSON body by HTTP status; `None` for bytes.
    """

    name: str
    path: re.Pattern[str]
    parameters: Mapping[tuple[str, str], Schema]
    body: Schema | None
    raw: bool
    answers: Mapping[str, Schema | None]

    def values(self, request: RecordedRequest) -> Iterator[tuple[str, str, str]]:
        """Yield location, name and value of every parameter outside the body."""
        match = self.path.fullmatch(request.path)
        for name, value in ({} if match is None else match.groupdict()).items():
            yield "path", name, value
        for name, value in request.query:
            yield "query", name, value
        for location, name in self.parameters:
            if location == "header" and name in request.headers:
                yield "header", name, request.headers[name]


class Contract:
    """An OpenAPI document that requests and answers are checked against."""

    def __init__(self, document: Json) -> None:
        self._document = corrected(document)
        self.operations = list(_operations(self._document))
        # Keyed by the schema's identity: schemas are parts of the document, which does not change.
        self._validators: dict[int, Any] = {}

    @classmethod
    def of(cls, path: Path) -> Contract:
        """Read a document."""
        return cls(json.loads(path.read_text(encoding="utf-8")))

    def operation(self, request: RecordedRequest) -> Operation | None:
        """Find the operation of a request."""
        verb = f"{request.method} "
        found = (
            each
            for each in self.operations
            if each.name.startswith(verb) and each.path.fullmatch(request.path)
        )
        return next(found, None)

    def faults(self, schema: Schema, value: Json) -> list[str]:
        """Return the violations of a schema by a value."""
        return [
            f"{'.'.join(map(str, error.absolute_path))}: {error.message}"
            for error in self._validator(schema).iter_errors(value)
        ]

    def request_faults(self, request: RecordedRequest) -> list[str]:
        """Return the violations of the document by a request."""
        operation = self.operation(request)
        if operation is None:
            return [f"{request.method} {request.path} is not in the document"]
        found = list(self._outside(operation, request)) + list(self._inside(operation, request))
        return [f"{operation.name}: {each}" for each in found]

    def answer_faults(self, request: RecordedRequest, status: int, body: bytes) -> list[str]:
        """Return the violations of the document by an answer."""
        operation = self.operation(request)
        if operation is None:
            return []
        if str(status) not in operation.answers:
            return [f"{operation.name}: HTTP {status} is not documented"]
        schema = operation.answers[str(status)]
        if schema is None or (status >= 400 and not body):
            return []
        found = self.faults(schema, json.loads(body))
        return [f"{operation.name}: answer {status}: {each}" for each in found]

    def declared(self) -> set[str]:
        """Return all parts a request may have: parameters, properties, members of enumerations."""
        found: set[str] = set()
        for operation in self.operations:
            for (location, name), schema in operation.parameters.items():
                where = f"{operation.name} {location} {name}"
                found |= {where, *self._declared(schema, where)}
            if operation.body is not None:
                found |= set(self._declared(operation.body, operation.name))
        return found

    def used(self, request: RecordedRequest) -> set[str]:
        """Return the parts that a request uses, named as in `declared`."""
        operation = self.operation(request)
        if operation is None:
            return set()
        found: set[str] = set()
        for location, name, text in operation.values(request):
            schema, where = (
                operation.parameters.get((location, name)),
                f"{operation.name} {location} {name}",
            )
            if schema is not None:
                found |= {where, *self._used(schema, text, where)}
        if operation.body is not None:
            found |= set(self._used(operation.body, json.loads(request.body), operation.name))
        return found

    def leaves(self, schema: Schema) -> set[tuple[str, ...]]:
        """Return the paths of a schema's single values, `[]` standing for an array's items."""
        found: set[tuple[str, ...]] = set()
        for branch in self._branches(schema):
            inner = dict(branch.get("properties", {}))
            if "items" in branch:
                inner["[]"] = branch["items"]
            if not inner and branch.get("type") != "null":
                found.add(())
            for name, each in inner.items():
                found |= {(name, *path) for path in self.leaves(each)}
        return found

    def _outside(self, operation: Operation, request: RecordedRequest) -> Iterator[str]:
        if request.headers.get("Authorization", "").partition(" ")[0] in ("", "Bearer", "Basic"):
            yield "header Authorization: must be the bare key"
        if operation.body is not None and request.headers.get("Content-Type") != "application/json":
            yield "header Content-Type: must be application/json"
        seen: set[tuple[str, str]] = set()
        for location, name, text in operation.values(request):
            schema = operation.parameters.get((location, name))
            if schema is None:
                yield f"{location} {name}: is not in the document"
                continue
            if (location, name) in seen:
                yield f"{location} {name}: is given twice"
            seen.add((location, name))
            value = text if schema["type"] == "string" else json.loads(text)
            yield from (f"{location} {name}{each}" for each in self.faults(schema, value))
        for location, name in operation.parameters:
            if (
                operation.parameters[location, name].get("x-required")
                and (location, name) not in seen
            ):
                yield f"{location} {name}: is missing"

    def _inside(self, operation: Operation, request: RecordedRequest) -> Iterator[str]:
        if operation.body is not None:
            try:
                yield from self.faults(operation.body, json.loads(request.body))
            except ValueError as error:
                yield f"body: {error}"
        elif bool(request.body) != operation.raw:
            yield f"body: has {len(request.body)} bytes"

    def _validator(self, schema: Schema) -> Any:
        if id(schema) not in self._validators:
            whole = {"components": self._document["components"], **schema}
            self._validators[id(schema)] = Draft202012Validator(whole, format_checker=FORMATS)
        return self._validators[id(schema)]

    def _branches(self, schema: Schema) -> Iterator[Schema]:
        """Follow references and alternatives to the schemas with content of their own."""
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            yield from self._branches(self._document["components"]["schemas"][name])
        elif "anyOf" in schema:
            for each in schema["anyOf"]:
                yield from self._branches(each)
        else:
            yield schema

    def _declared(self, schema: Schema, path: str) -> Iterator[str]:
        for branch in self._branches(schema):
            yield from (f"{path}={member}" for member in branch.get("enum", ()))
            for step, inner in _members(branch):
                yield path + step
                yield from self._declared(inner, path + step)

    def _used(self, schema: Schema, value: Json, path: str) -> Iterator[str]:
        for branch in self._branches(schema):
            if not self._validator(branch).is_valid(value):
                continue
            yield from (f"{path}={member}" for member in branch.get("enum", ()) if member == value)
            for step, inner in _members(branch):
                for each in _stepped(step, value, branch):
                    yield path + step
                    yield from self._used(inner, each, path + step)


def _members(schema: Schema) -> Iterator[tuple[str, Schema]]:
    for name, inner in schema.get("properties", {}).items():
        yield f" .{name}", inner
    if "items" in schema:
        yield " []", schema["items"]
    if isinstance(schema.get("additionalProperties"), dict):
        yield " *", schema["additionalProperties"]


def _stepped(step: str, value: Json, schema: Schema) -> Iterator[Json]:
    """Yield the values that one step of a path leads to."""
    if step == " []":
        yield from value
    elif step == " *":
        named = schema.get("properties", {})
        yield from (inner for name, inner in value.items() if name not in named)
    elif step[2:] in value:
        yield value[step[2:]]


def _operations(document: Json) -> Iterator[Operation]:
    for path, operations in document["paths"].items():
        for method, spec in operations.items():
            body = schema_of(spec.get("requestBody", {}))
            # The document describes bytes as an object of any media type.
            raw = body == {"type": "object"}
            yield Operation(
                name=f"{method.upper()} {path}",
                path=re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path))),
                parameters={
                    (each["in"], each["name"]): each["schema"]
                    | {"x-required": each.get("required", False)}
                    for each in spec["parameters"]
                },
                body=None if raw else body,
                raw=raw,
                answers={
                    status: None if _is_bytes(schema_of(answer)) else schema_of(answer)
                    for status, answer in spec["responses"].items()
                },
            )


def _is_bytes(schema: Schema | None) -> bool:
    return schema is not None and schema.get("format") == "binary"
