"""The example clients against a real daemon: each prints genre changes, and goes on where it was after a lost connection.

Touch it when there is another client. The connection goes through a relay that breaks it off; GENRECAST_TEST_NODE_MODULES
names the folder with `ws`, GENRECAST_TEST_SUBSCRIBE the built examples/subscribe.rs. What is missing is skipped.
"""

import functools
import http.server
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import unittest
import urllib.request
from pathlib import Path

from websockets.sync.client import connect
from world import ROOT, Daemon, Folder, config, wait_until

CLIENTS = ROOT / "examples/clients"
WANTED = 3
LIMIT_S = 180


class Relay:
    """Passes bytes to the daemon and back; from `cut` to `mend` there is no connection."""

    def __init__(self, test, address):
        host, port = address.split(":")
        self.target, self.open, self.is_cut, self.met = (host, int(port)), [], False, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        test.addCleanup(self.listener.close)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            if self.is_cut:
                client.close()
                continue
            self.met += 1
            daemon = socket.create_connection(self.target)
            self.open += [client, daemon]
            for source, sink in [(client, daemon), (daemon, client)]:
                threading.Thread(target=self._pass, args=(source, sink), daemon=True).start()

    def _pass(self, source, sink):
        with source:
            try:
                while data := source.recv(65536):
                    sink.sendall(data)
                sink.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut(self):
        self.is_cut = True
        for end in self.open:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.open.clear()

    def mend(self):
        self.is_cut = False


class Clients(unittest.TestCase):
    def setUp(self):
        reel = f'uri = "file:{ROOT}/demo/reel.ogg?speed=8&loop=true"'
        self.daemon = Daemon(self, config({"reel": reel, "other": reel}), Folder(self).path)
        self.relay = Relay(self, self.daemon.address)
        self.address = f"ws://{self.relay.address}/v1/events"

    def changes(self):
        """What a client should have printed: every change of `reel`."""
        events = self.daemon.json("/v1/history?types=genre.changed&sources=reel")["events"]
        return [
            f"{event['to']['start']} reel: {event.get('from', {}).get('label', '(begin)')} -> {event['to']['label']}" for event in events
        ]

    def check(self, command, environment=None):
        client = subprocess.Popen(
            [*command, self.address, "reel"], env={**os.environ, **(environment or {})}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        self.addCleanup(client.stderr.close)
        self.addCleanup(client.stdout.close)
        self.addCleanup(client.kill)
        lines = []
        threading.Thread(target=lambda: lines.extend(line.rstrip("\n") for line in client.stdout), daemon=True).start()
        wait_until(lambda: lines or client.poll() is not None, "no change of genre", LIMIT_S)
        self.assertIsNone(client.poll(), lambda: client.stderr.read())
        seen = len(self.changes())
        # While nobody is connected a change comes; the client must tell it all the same.
        self.relay.cut()
        wait_until(lambda: len(self.changes()) > seen, "a change meanwhile", LIMIT_S)
        self.relay.mend()
        enough = lambda: len(lines) >= max(WANTED, seen + 1)  # noqa: E731
        wait_until(lambda: enough() or client.poll() is not None, lambda: f"only {lines} of {self.changes()}", LIMIT_S)
        self.assertIsNone(client.poll(), lambda: client.stderr.read())
        self.assertGreaterEqual(self.relay.met, 2)
        # What is published is in the history half a second later.
        wait_until(lambda: set(lines) <= set(self.changes()), lambda: f"{lines} in the history", LIMIT_S)
        told, first = self.changes(), self.changes().index(lines[0])
        self.assertEqual(lines, told[first:first + len(lines)], "none is missing, none comes twice")
        client.kill()
        client.wait()

    def test_python(self):
        self.check([sys.executable, CLIENTS / "subscribe.py"])

    def test_node(self):
        node, modules = shutil.which("node"), os.environ.get("GENRECAST_TEST_NODE_MODULES")
        if not node:
            self.skipTest("there is no node")
        if not modules and subprocess.run([node, "-e", "WebSocket"], capture_output=True).returncode != 0:
            self.skipTest("this node has no WebSocket, and there is no package ws")
        place = Folder(self).path
        for name in ["genrecast.mjs", "subscribe.mjs"]:
            shutil.copy(CLIENTS / name, place)
        if modules:
            (place / "node_modules").symlink_to(Path(modules).resolve())
        self.check([node, place / "subscribe.mjs"])

    def test_rust(self):
        program = os.environ.get("GENRECAST_TEST_SUBSCRIBE")
        if not program:
            self.skipTest("examples/subscribe.rs is not built")
        self.check([program])

    def test_websocat(self):
        websocat = shutil.which("websocat", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
        if not websocat:
            self.skipTest("there is no websocat")
        address = f"{self.address}?types=genre.changed&sources=reel"
        client = subprocess.Popen([websocat, "--protocol", "genrecast.v1.json", address], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(client.stdout.close)
        self.addCleanup(client.stdin.close)
        self.addCleanup(client.wait)
        self.addCleanup(client.kill)
        self.assertEqual(json.loads(client.stdout.readline())["type"], "hello")
        self.assertEqual(json.loads(client.stdout.readline())["type"], "snapshot")

    def test_browser(self):
        chromium = shutil.which("chromium") or shutil.which("chromium-browser")
        if not chromium:
            self.skipTest("there is no chromium")
        handler = functools.partial(Quiet, directory=CLIENTS)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = f"http://127.0.0.1:{server.server_address[1]}/browser.html#{self.address}"
        browser = subprocess.Popen(
            [chromium, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={Folder(self).path}", "--remote-debugging-port=0", page],
            stderr=subprocess.PIPE, text=True,
        )
        self.addCleanup(browser.stderr.close)
        self.addCleanup(browser.wait)
        self.addCleanup(browser.kill)
        port = next(found[1] for line in browser.stderr if (found := re.search(r"DevTools listening on ws://127\.0\.0\.1:(\d+)/", line)))
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=30) as answer:
            target = next(of for of in json.load(answer) if of["type"] == "page")["webSocketDebuggerUrl"]
        with connect(target, max_size=None) as tab:
            shown = functools.partial(self.evaluate, tab, "document.getElementById('changes')?.innerText ?? ''")
            wait_until(lambda: " reel: " in shown(), "no change of genre on the page", LIMIT_S)
            before = shown().count("\n")
            self.relay.cut()
            self.relay.mend()
            wait_until(lambda: shown().count("\n") > before, "nothing after the connection was lost", LIMIT_S)
        self.assertGreaterEqual(self.relay.met, 2)

    def evaluate(self, tab, expression):
        tab.send(json.dumps({"id": 1, "method": "Runtime.evaluate", "params": {"expression": expression}}))
        while "id" not in (said := json.loads(tab.recv(timeout=30))):
            pass
        return said["result"]["result"]["value"]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


if __name__ == "__main__":
    unittest.main()
