"""The documents themselves: valid OpenAPI 3.1, AsyncAPI 3.0 and JSON Schema, and of a form that readers can rely on.

Touch it when docs/api gets another document. GENRECAST_TEST_NODE_MODULES names the folder with AsyncAPI's own schema, from
tests/contract/package.json; without it that part is skipped.
"""

import json
import os
import unittest
from pathlib import Path

from jsonschema import Draft7Validator, Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemas import complaints, walk
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from world import ROOT, Daemon, Folder, config

API = ROOT / "docs/api"
SCHEMAS = {file.stem: json.loads(file.read_text()) for file in sorted((API / "schema").glob("*.json")) if file.stem != "index"}

# Whether a client may say it.
SAID = [
    ({"type": "subscribe"}, True),
    ({"type": "subscribe", "sources": None, "types": None, "min_p": None, "top_k": None, "since": None}, True),
    ({"type": "subscribe", "sources": ["a b"], "types": ["genre.changed", "source.gap"], "min_p": 0.5, "top_k": 2}, True),
    ({"type": "subscribe", "since": "01J9ZK:0"}, True),
    ({"type": "subscribe", "min_p": 0, "top_k": 1000}, True),
    ({"type": "subscribe", "colour": "blue"}, True),
    ({"type": "subscribe", "sources": []}, False),
    ({"type": "subscribe", "sources": [""]}, False),
    ({"type": "subscribe", "sources": "reel"}, False),
    ({"type": "subscribe", "sources": [1]}, False),
    ({"type": "subscribe", "types": []}, False),
    ({"type": "subscribe", "types": ["genre.guess"]}, False),
    ({"type": "subscribe", "min_p": 1.5}, False),
    ({"type": "subscribe", "min_p": -0.1}, False),
    ({"type": "subscribe", "min_p": "0.5"}, False),
    ({"type": "subscribe", "top_k": 0}, False),
    ({"type": "subscribe", "top_k": 2.5}, False),
    ({"type": "subscribe", "since": 7}, False),
    ({"type": "subscribe", "since": "7"}, False),
    ({"type": "subscribe", "since": ":7"}, False),
    ({"type": "subscribe", "since": "E:+7"}, False),
    ({"type": "unsubscribe"}, True),
    ({"type": "ping"}, True),
    ({"type": "ping", "more": 1}, True),
    ({"type": "dance"}, False),
    ({"type": 7}, False),
    ({}, False),
    ([], False),
    (7, False),
]


class Documents(unittest.TestCase):
    def test_openapi_is_valid(self):
        OpenAPIV31SpecValidator(json.loads((API / "openapi.json").read_text())).validate()

    def test_asyncapi_is_valid(self):
        modules = os.environ.get("GENRECAST_TEST_NODE_MODULES")
        if not modules:
            self.skipTest("without npm there is no schema of AsyncAPI")
        schema = json.loads((Path(modules) / "@asyncapi/specs/schemas/3.0.0-without-$id.json").read_text())
        document = json.loads((API / "asyncapi.json").read_text())
        wrong = [error.message[:300] for error in Draft7Validator(schema).iter_errors(document)]
        self.assertEqual(wrong, [])
        document["operations"]["sendEvents"]["action"] = "shout"
        self.assertFalse(Draft7Validator(schema).is_valid(document))

    def test_every_reference_leads_somewhere(self):
        for name in ["openapi.json", "asyncapi.json"]:
            document = json.loads((API / name).read_text())
            for part in walk(document):
                place = document
                for step in str(part.get("$ref", "#/")).split("/")[1:]:
                    place = place[step] if step else place

    def test_schemas_are_valid_and_plain(self):
        for name, schema in SCHEMAS.items():
            Draft202012Validator.check_schema(schema)
            for part in walk(schema):
                described = isinstance(part.get("properties"), dict) and "type" in part
                # A strict copy of an object that is put together of several would refuse what another part describes.
                self.assertFalse(described and {"$ref", "allOf", "anyOf", "oneOf"} & set(part), (name, part))
                self.assertNotIn("additionalProperties", {key for key, value in part.items() if value is False}, name)
                for field, property in part["properties"].items() if described else ():
                    if field != "type":
                        self.assertTrue("description" in property or "const" in property, f"{name}: {field} is not described")
                text = part.get("description")
                if isinstance(text, str):
                    self.assertNotRegex(text, r"\]\(|\[`|::", f"{name}: a link of rustdoc")

    def test_clients_may_say_what_the_schema_says(self):
        daemon = Daemon(self, config({"none": 'uri = "-"'}), Folder(self).path)
        schema = daemon.json("/schema/ClientMessage.json")
        for message, right in SAID:
            self.assertEqual(not complaints(schema, message), right, message)
            self.assertEqual(self.is_taken(daemon, message), right, message)
        daemon.end()

    def is_taken(self, daemon, message):
        with connect(daemon.events) as events:
            try:
                events.send(json.dumps(message))
                events.send(json.dumps({"type": "ping"}))
                while (said := json.loads(events.recv(timeout=30)))["type"] != "pong":
                    if said["type"] == "error" and said["fatal"]:
                        return False
            except ConnectionClosed:
                return False
        return True


if __name__ == "__main__":
    unittest.main()
