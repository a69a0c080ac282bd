"""What the daemon serves as its contract, and whether something keeps to it.

Touch it when documents refer to each other otherwise. `strict` turns a schema, which lets unknown fields pass, into one that
names each field that it does not describe.
"""

import copy
import json

from jsonschema import Draft202012Validator


def walk(schema):
    """Every object of a schema, itself included."""
    if isinstance(schema, dict):
        yield schema
        for value in schema.values():
            yield from walk(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from walk(value)


def strict(schema):
    """The same, in which every described object has no other fields."""
    schema = copy.deepcopy(schema)
    for part in list(walk(schema)):
        if isinstance(part.get("properties"), dict) and "type" in part:
            part["additionalProperties"] = False
    return schema


def complaints(schema, value):
    """What is wrong with a value, a line each; empty if nothing is."""
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in validator.iter_errors(value)]


class Contract:
    """The documents of a running daemon."""

    def __init__(self, daemon):
        self.openapi = daemon.json("/openapi.json")
        self.asyncapi = daemon.json("/asyncapi.json")
        self.schemas = {
            name.removesuffix(".json"): daemon.json(f"/schema/{name}") for name in daemon.json("/schema/index.json")["schemas"]
        }
        self.strict = {name: strict(schema) for name, schema in self.schemas.items()}
        error = self.asyncapi["components"]["messages"]["error"]
        self.message_codes = set(error["x-error-codes"])

    def message(self, text):
        """What is wrong with a message of the daemon."""
        value = json.loads(text)
        kind = value.get("type")
        if kind not in self.strict or kind not in self.asyncapi["components"]["messages"]:
            return [f"no schema for type {kind!r}"]
        wrong = complaints(self.schemas[kind], value) + complaints(self.strict[kind], value)
        if kind == "error" and value.get("code") not in self.message_codes:
            wrong.append(f"the code {value.get('code')!r} is not described")
        return wrong

    def answer(self, path, method, status, media_type, body):
        """What is wrong with an answer of the daemon."""
        methods = self.openapi["paths"].get(path)
        if methods is None:
            responses = {"404": self.openapi["components"]["responses"]["absent"]}
        elif method.lower() in methods:
            responses = methods[method.lower()]["responses"]
        else:
            responses = {"405": next(iter(methods.values()))["responses"]["405"]}
        response = responses.get(str(status))
        if response is None:
            return [f"{method} {path}: status {status} is not described"]
        media = media_type.split(";")[0]
        content = response.get("content", {}).get(media)
        if content is None:
            return [f"{method} {path}: {status} as {media} is not described"] if body else []
        if not media.endswith("json") or media == "application/x-ndjson":
            return []
        value = json.loads(body)
        schema = {**content["schema"], "components": self.openapi["components"]}
        wrong = complaints(schema, value) + complaints(strict(schema), value)
        codes = response.get("x-error-codes")
        if codes is not None and value["error"]["code"] not in codes:
            wrong.append(f"the code {value['error']['code']!r} is not described")
        return [f"{method} {path}: {status}: {line}" for line in wrong]
