"""A real daemon, a radio station that can go away and come back, and the music for both.

Touch it when a test of the contract needs another source, or must see more of the daemon. GENRECAST names the binary.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 300


def wait_until(happened, what, limit_s=PATIENCE_S):
    """Asks again and again; returns what it got once it is true."""
    deadline = time.monotonic() + limit_s
    while not (got := happened()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {limit_s} s: {what() if callable(what) else what}")
        time.sleep(0.05)
    return got


class Folder:
    """A folder of its own, gone with the test."""

    def __init__(self, test):
        self.path = Path(tempfile.mkdtemp(prefix="contract-"))
        test.addCleanup(shutil.rmtree, self.path, ignore_errors=True)


class Daemon:
    """A daemon on a free port; `config` is the text of its file, `state` its folder of state."""

    def __init__(self, test, config, state):
        self.log = []
        file = state / "config.toml"
        file.write_text(config)
        environment = {key: value for key, value in os.environ.items() if not key.startswith("GENRECAST_")}
        if library := os.environ.get("GENRECAST_TEST_ONNXRUNTIME"):
            environment["GENRECAST_MODEL__ONNXRUNTIME"] = library
        self.process = subprocess.Popen(
            [os.environ["GENRECAST"], "run", "--config", file, "--models", ROOT / "models", "--state-dir", state],
            env={**environment, "NO_COLOR": "1"}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )
        test.addCleanup(self.kill)
        threading.Thread(target=self._read_log, daemon=True).start()
        said = wait_until(self._listens, lambda: f"no address in {self.log}", 120)
        self.address = f"127.0.0.1:{said[1]}"
        self.events = f"ws://{self.address}/v1/events"

    def _read_log(self):
        self.log.extend(self.process.stderr)

    def _listens(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the daemon ended: {self.log}")
        return next((found for line in list(self.log) if (found := re.search(r"listening on http://127\.0\.0\.1:(\d+)", line))), None)

    def get(self, path, headers=None, method="GET", body=None):
        """(status, headers, body as bytes) of a request; any status is an answer."""
        request = urllib.request.Request(f"http://{self.address}{path}", headers=headers or {}, method=method, data=body)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as answer:
            with answer:
                return answer.code, answer.headers, answer.read()

    def json(self, path):
        status, _, body = self.get(path)
        assert status == 200, (path, status, body)
        return json.loads(body)

    def end(self):
        """SIGTERM; it must end cleanly."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(30) == 0, self.log

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()


class Station:
    """Broadcasts MP3 in real time, with titles that change; `away` ends every broadcast and refuses new ones. At `page` it has a web page."""

    INTERVAL = 8000
    BYTES_A_SECOND = 8000

    def __init__(self, test, music):
        self.music, self.away = music, threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        place = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.url, self.page = f"{place}/station.mp3", f"{place}/page"
        test.addCleanup(self.listener.close)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._broadcast, args=(connection,), daemon=True).start()

    def _broadcast(self, connection):
        with connection:
            if b"GET /page" in connection.recv(4096):
                connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n<!doctype html><html><title>Radio</title></html>")
                return
            if self.away.is_set():
                connection.sendall(b"HTTP/1.0 503 Service Unavailable\r\n\r\n")
                return
            head = f"HTTP/1.0 200 OK\r\nContent-Type: audio/mpeg\r\nicy-name: Test\r\nicy-metaint: {self.INTERVAL}\r\n\r\n"
            try:
                connection.sendall(head.encode())
                for number in range(10_000):
                    begin = number * self.INTERVAL % len(self.music)
                    piece = (self.music * 2)[begin:begin + self.INTERVAL]
                    title = f"StreamTitle='Somebody - Song {number // 15}';".encode()
                    title += bytes(-len(title) % 16)
                    connection.sendall(piece + bytes([len(title) // 16]) + title)
                    if self.away.wait(self.INTERVAL / self.BYTES_A_SECOND):
                        return
            except OSError:
                return


def mp3_of_reel(folder):
    """The demo reel at 64 kbit/s."""
    file = folder / "reel.mp3"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-i", ROOT / "demo/reel.ogg", "-ac", "1", "-ar", "44100", "-b:a", "64k", "-write_xing", "0", "-id3v2_version", "0", file],
        check=True,
    )
    return file.read_bytes()


def config(sources, server=""):
    """A configuration of the cheapest network that names genres, so that a busy machine keeps up."""
    text = f'[server]\nlisten = "127.0.0.1:0"\nheartbeat_seconds = 1\n{server}\n[model]\nid = "crnn"\n'
    for name, lines in sources.items():
        text += f'[[source]]\nname = "{name}"\n{lines}\n'
    return text
