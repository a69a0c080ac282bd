"""Everything that a real daemon says while its sources do what sources do, against the contract that it serves itself.

Touch it when the daemon has something new to say: it must occur here. The whole recording is checked, and at the end the
check itself: each message with a field more, and with each field less, must be found wrong.
"""

import copy
import json
import re
import shutil
import struct
import threading
import unittest
import urllib.request

from schemas import Contract, complaints
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from world import ROOT, Daemon, Folder, Station, config, mp3_of_reel, wait_until

EVENTS = {"genre.window", "genre.changed", "track.started", "track.ended", "source.state", "source.gap"}
OPTIONAL = {"segment.corrected"}

QUERIES = {
    "/": [""],
    "/v1/now": ["", "?sources=reel,nobody&top_k=2", "?top_k=0", "?colour=blue"],
    "/v1/sources": ["", "?sources=nobody", "?sources="],
    "/v1/history": [
        "", "?types=genre.changed,track.ended&from=-1h", "?limit=3&top_k=1", "?format=jsonl", "?format=csv", "?format=xml",
        "?from=yesterday", "?cursor=nobody:7", "?source=reel&type=source.state&min_p=0.5",
    ],
    "/v1/history/segments": ["", "?from=-1h&sources=reel", "?format=jsonl", "?format=csv", "?cursor=nobody:7", "?types=x"],
    "/livez": [""],
    "/readyz": [""],
    "/healthz": [""],
    "/metrics": [""],
    "/openapi.json": [""],
    "/asyncapi.json": [""],
    "/v1/events": ["", "?typs=x"],
    "/v1/mel": ["", "?source=a,b"],
    "/v1/models": [""],
}


class Recording:
    """Every text that came, by the way it came."""

    def __init__(self):
        self.websocket, self.sse, self.answers = [], [], []

    def kinds(self):
        return {json.loads(text)["type"] for text in list(self.websocket)}

    def follow(self, address):
        def run():
            try:
                with connect(address, subprotocols=["genrecast.v1.json"]) as events:
                    self.websocket.extend(events)
            except ConnectionClosed:
                pass

        threading.Thread(target=run, daemon=True).start()

    def follow_sse(self, address):
        def run():
            request = urllib.request.Request(address, headers={"Accept": "text/event-stream"})
            try:
                with urllib.request.urlopen(request, timeout=60) as stream:
                    for line in stream:
                        if line.startswith(b"data: "):
                            self.sse.append(line[6:].decode())
            except OSError:
                pass

        threading.Thread(target=run, daemon=True).start()

    def ask(self, daemon, template, path=None, method="GET", headers=None, body=None):
        path = path or template
        status, said, content = daemon.get(path, headers, method, body)
        media = said.get("Content-Type", "")
        self.answers.append((template, method, status, media, content))
        return status, media, content

    def talk(self, daemon, *messages, until):
        """Says these and hears until a message of that type comes, or the connection is closed."""
        with connect(daemon.events) as events:
            for message in messages:
                events.send(message if isinstance(message, (str, bytes)) else json.dumps(message))
            try:
                while json.loads(self.heard(events))["type"] != until:
                    pass
            except ConnectionClosed:
                return

    def heard(self, events):
        text = events.recv(timeout=30)
        self.websocket.append(text)
        return text


@unittest.skipUnless(shutil.which("ffmpeg"), "the station needs ffmpeg")
class Traffic(unittest.TestCase):
    def test_everything_that_is_said_keeps_to_the_contract(self):
        folder = Folder(self).path
        station = Station(self, mp3_of_reel(folder))
        sources = {
            "reel": f'uri = "file:{ROOT}/demo/reel.ogg?speed=6&loop=true"',
            "radio": f'uri = "{station.url}"',
            "silence": 'uri = "exec:head -c 400000 /dev/zero?pcm=s16le&rate=16000&channels=1"\nmodel = "cnn"',
            "page": f'uri = "{station.page}"',
        }
        daemon = Daemon(self, config(sources), folder)
        contract, heard = Contract(daemon), Recording()
        heard.ask(daemon, "/readyz")
        heard.follow(f"{daemon.events}?top_k=10")
        heard.follow_sse(f"http://{daemon.address}/v1/events")
        wait_until(lambda: "track.ended" in heard.kinds(), lambda: f"track.ended, only {heard.kinds()}")
        station.away.set()
        wait_until(lambda: any('"reconnecting"' in text for text in heard.websocket), "the station is away")
        self.ask_everything(daemon, contract, heard)
        station.away.clear()
        wait_until(lambda: EVENTS <= heard.kinds(), lambda: f"{EVENTS - heard.kinds()} of {len(heard.websocket)} messages")
        self.say_everything(daemon, heard)
        self.look_at_mel(daemon, contract)
        epoch = daemon.json("/v1/now")["epoch"]
        daemon.end()

        again = Daemon(self, config({"reel": sources["reel"]}), folder)
        for since in [f"{epoch}:1", "nobody:7", f"{again.json('/v1/now')['epoch']}:999999"]:
            heard.talk(again, {"type": "subscribe", "since": since}, until="error" if "99" in since else "gap")
        again.end()
        self.ask_with_tokens(folder, sources, heard)
        self.check(contract, heard)

    def ask_with_tokens(self, folder, sources, heard):
        tokens = {scopes: scopes.ljust(20, "0") for scopes in ["events", "upload"]}
        file = folder / "tokens"
        file.write_text("".join(f"{name} {name} {token}\n" for name, token in tokens.items()))
        file.chmod(0o600)
        daemon = Daemon(self, config({"reel": sources["reel"]}, f'token_file = "{file}"'), folder)
        for header in [None, "Bearer nothing-of-the-kind", f"Bearer {tokens['upload']}", f"Bearer {tokens['events']}"]:
            heard.ask(daemon, "/v1/now", headers={"Authorization": header} if header else {})
        heard.ask(daemon, "/livez")
        heard.talk(daemon, {"type": "auth", "token": tokens["events"]}, until="hello")
        heard.talk(daemon, {"type": "auth", "token": "nothing-of-the-kind"}, until=None)
        heard.talk(daemon, {"type": "auth", "token": tokens["upload"]}, until=None)
        daemon.end()

    def ask_everything(self, daemon, contract, heard):
        for path, queries in QUERIES.items():
            for query in queries:
                heard.ask(daemon, path, path + query)
        for name in contract.schemas:
            heard.ask(daemon, "/schema/{name}", f"/schema/{name}.json")
        heard.ask(daemon, "/schema/{name}", "/schema/nothing.json")
        for model in daemon.json("/v1/models")["models"]:
            for what in ["report", "card"]:
                heard.ask(daemon, f"/v1/models/{{id}}/{what}", f"/v1/models/{model['id']}/{what}")
        heard.ask(daemon, "/v1/models/{id}/report", "/v1/models/nothing/report")
        self.send_files(daemon, heard)
        heard.ask(daemon, "/metrics", headers={"Accept": "application/openmetrics-text"})
        heard.ask(daemon, "/nothing")
        heard.ask(daemon, "/v1/now", method="DELETE")
        heard.ask(daemon, "/v1/now", headers={"Origin": "http://evil.example"})
        heard.ask(daemon, "/v1/events", headers={"Accept": "text/event-stream", "Last-Event-ID": "x"})
        epoch = daemon.json("/v1/now")["epoch"]
        heard.ask(daemon, "/v1/events", f"/v1/events?since={epoch}:9999999", headers={"Accept": "text/event-stream"})

    def send_files(self, daemon, heard):
        song, ulid = (ROOT / "tests/fixtures/audio/stereo.mp3").read_bytes(), "01J9ZK3NDEKTSV4RRFFQ69G5FA"
        for query, body in [
            (f"?name=song.mp3&mel=1&id={ulid}&top=3", song), ("?model=crnn&model=cnn", song), ("?name=text.mp3", b"no music\n" * 500),
            ("?model=nothing", song), ("?colour=blue", song), ("?id=7", song), ("", b""),
        ]:
            heard.ask(daemon, "/v1/classify", f"/v1/classify{query}", "POST", body=body)
        heard.ask(daemon, "/v1/classify", "/v1/classify", "POST", {"Content-Type": "multipart/form-data; boundary=x"}, song)
        heard.ask(daemon, "/v1/classify")
        heard.ask(daemon, "/v1/classify/{id}", f"/v1/classify/{ulid}")
        heard.ask(daemon, "/v1/classify/{id}", "/v1/classify/nothing")

    def look_at_mel(self, daemon, contract):
        """Text, then columns as the contract has them."""
        with connect(f"ws://{daemon.address}/v1/mel?source=reel", subprotocols=["genrecast.mel.v1"]) as columns:
            head = json.loads(columns.recv(timeout=30))
            self.assertEqual(complaints(contract.strict["MelHead"], head), [])
            for _ in range(5):
                frame = columns.recv(timeout=30)
                _, count, bands = struct.unpack_from("<QHH", frame)
                self.assertEqual((len(frame), bands), (12 + count * bands, head["bands"]))

    def say_everything(self, daemon, heard):
        heard.talk(daemon, {"type": "ping"}, until="pong")
        heard.talk(daemon, {"type": "auth", "token": "x"}, until="auth")
        heard.talk(daemon, {"type": "subscribe"}, until="snapshot")
        heard.talk(daemon, {"type": "subscribe"}, {"type": "unsubscribe"}, until="heartbeat")
        heard.talk(daemon, {"type": "subscribe", "sources": ["nobody"]}, until="error")
        heard.talk(daemon, {"type": "subscribe", "typs": []}, until="error")
        heard.talk(daemon, "no JSON", until=None)
        heard.talk(daemon, b"binary", until=None)
        with connect(f"{daemon.events}?sources=nobody") as events:
            heard.heard(events)

    def check(self, contract, heard):
        texts = heard.websocket + heard.sse
        kinds = {json.loads(text)["type"] for text in texts}
        events = set(contract.asyncapi["components"]["messages"])
        said = {name for name in events if not name.startswith(("client.", "mel"))}
        print(f"{len(heard.websocket)} messages over WebSockets, {len(heard.sse)} over SSE, {len(heard.answers)} answers; "
              f"not met: {sorted(said - kinds) or 'nothing'}")
        self.assertLessEqual(said - kinds, OPTIONAL)
        wrong = [f"{line} in {text[:400]}" for text in texts for line in contract.message(text)]
        self.assertEqual(wrong[:5], [], f"{len(wrong)} violations")
        wrong = [line for answer in heard.answers for line in contract.answer(*answer)]
        self.assertEqual(wrong[:5], [], f"{len(wrong)} violations")
        self.check_csv_and_lines(contract, heard)
        met = {template for template, *_ in heard.answers}
        self.assertEqual(set(contract.openapi["paths"]) - met, set(), "paths that nobody asked")
        self.check_the_check(contract, texts)

    def check_csv_and_lines(self, contract, heard):
        lines = 0
        for template, _, status, media, body in heard.answers:
            if status == 200 and media.startswith("application/x-ndjson"):
                for line in body.decode().splitlines():
                    lines += 1
                    wrong = contract.message(line) if template == "/v1/history" else complaints(contract.strict["Segment"], json.loads(line))
                    self.assertEqual(wrong, [], line)
            if status == 200 and media.startswith("text/csv"):
                described = contract.openapi["paths"][template]["get"]["responses"]["200"]["content"]["text/csv"]["schema"]["description"]
                self.assertIn(re.sub(",", ", ", body.decode().splitlines()[0]), described)
        self.assertGreater(lines, 10)

    def check_the_check(self, contract, texts):
        """A message with a field that is not described, or without one that is required, is found wrong."""
        for kind, text in {json.loads(text)["type"]: text for text in texts}.items():
            message = json.loads(text)
            for place in objects(message):
                more = copy.deepcopy(message)
                at(more, place)["undescribed"] = 1
                self.assertTrue(contract.message(json.dumps(more)), f"{kind}: a field more at {place}")
            for field in contract.schemas[kind]["required"]:
                less = {name: value for name, value in message.items() if name != field}
                self.assertTrue(contract.message(json.dumps(less)), f"{kind}: without {field}")


def objects(value, place=()):
    """The places of all objects in a value."""
    if isinstance(value, dict):
        yield place
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from objects(inner, (*place, key))


def at(value, place):
    for key in place:
        value = value[key]
    return value


if __name__ == "__main__":
    unittest.main()
