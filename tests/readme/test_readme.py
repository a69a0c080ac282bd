"""Runs every command and every program that README.md shows, in the order in which they stand there.

Touch it when README.md shows another kind of block; what is put between its commands and the world is in prelude.bash.
GENRECAST names the binary.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import tomllib
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRELUDE = Path(__file__).with_name("prelude.bash")
FIXTURES = ROOT / "tests/fixtures/audio"
LIMIT_S = 420

# Kinds of block in which there is nothing to run.
PICTURES = {"text"}


def blocks():
    """(heading, kind, text) of each fenced block."""
    heading = ""
    text = (ROOT / "README.md").read_text()
    for found in re.finditer(r"^#+ (?P<heading>[^\n]+)$|^```(?P<kind>\w*)\n(?P<text>.*?)^```$", text, re.M | re.S):
        if found["heading"]:
            heading = found["heading"]
        else:
            yield heading, found["kind"], found["text"]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Block:
    """A folder that looks like the repository after a build, with music in it, and a port of its own."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="readme-"))
        self.place = self.folder / "genrecast"
        self.work = self.folder / "work"
        (self.place / "target/release").mkdir(parents=True)
        self.work.mkdir()
        binary = Path(os.environ["GENRECAST"]).resolve()
        (self.place / "target/release/genrecast").symlink_to(binary)
        for name in ["config.toml", "demo", "models", "systemd", "tools"]:
            (self.place / name).symlink_to(ROOT / name)
        for name, fixture in [("song.flac", "stereo.flac"), ("song.mp3", "stereo.mp3"), ("samples.raw", "stereo.wav")]:
            shutil.copy(FIXTURES / fixture, self.place / name)
        for genre, fixture in [("jazz", "mono.flac"), ("rock", "stereo.mp3")]:
            (self.place / "clips" / genre).mkdir(parents=True)
            shutil.copy(FIXTURES / fixture, self.place / "clips" / genre)
        (self.place / "clips.csv").write_text("clip,genre,split\njazz/mono,jazz,valid\nrock/stereo,rock,train\n")
        self.port = free_port()
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("GENRECAST_")},
            # websocat comes with the packages of the tests.
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "ROOT": str(ROOT),
            "GENRECAST": str(binary),
            "PORT": str(self.port),
            "WORK": str(self.work),
            "DESTDIR": str(self.folder / "installed"),
            "HOME": str(self.folder / "home"),
            "XDG_CONFIG_HOME": str(self.folder / "home/.config"),
            "XDG_STATE_HOME": str(self.folder / "home/.local/state"),
            "GENRECAST_SERVER__LISTEN": f"127.0.0.1:{self.port}",
            "GENRECAST_MODEL__FOLDER": str(ROOT / "models"),
            "GENRECAST_CARGO_PROFILE": "dev",
            "CARGO_HOME": os.environ.get("CARGO_HOME", str(Path.home() / ".cargo")),
            "RUSTUP_HOME": os.environ.get("RUSTUP_HOME", str(Path.home() / ".rustup")),
            "CARGO_TARGET_DIR": os.environ.get("CARGO_TARGET_DIR", str(ROOT / "target")),
        }

    def text(self, text):
        return text.replace("8470", str(self.port))

    def bash(self, text, limit=LIMIT_S):
        """Runs it after the prelude; returns exit status and what it printed."""
        script = f". {PRELUDE}\n{self.text(text)}\nend_daemon\n"
        ran = subprocess.run(
            ["bash", "-c", script], cwd=self.place if self.place.exists() else self.folder, env=self.environment, timeout=limit,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        return ran.returncode, ran.stdout

    def failures(self):
        told = self.work / "failures"
        return told.read_text() if told.exists() else ""

    def end(self):
        subprocess.run(["bash", "-c", f". {PRELUDE}; end_daemon"], env=self.environment, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


class Readme(unittest.TestCase):
    def setUp(self):
        self.block = Block()
        self.addCleanup(self.block.end)

    def run_sh(self, text):
        if "./run\n" in text:
            return self.run_newcomer(text)
        if "websocat" in text and not shutil.which("websocat", path=self.block.environment["PATH"]):
            self.skipTest("there is no websocat")
        status, said = self.block.bash(text)
        self.assertEqual(self.block.failures(), "", said)
        self.assertEqual(status, 0, said)
        for word in ["command not found", "No such file", "panicked"]:
            self.assertNotIn(word, said)

    def run_newcomer(self, text):
        """The first commands of all end only when they are told to: what they start must become ready before."""
        block = self.block
        shutil.rmtree(block.place)
        script = f". {PRELUDE}\ncd {block.folder}\n{block.text(text)}"
        running = subprocess.Popen(
            ["bash", "-c", script], env=block.environment, stdin=subprocess.DEVNULL, process_group=0,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        try:
            status, said = block.bash("await_sound && command curl -s --fail http://127.0.0.1:8470/livez")
            self.assertEqual(status, 0, said)
        finally:
            os.killpg(running.pid, 15)
            said = running.communicate(timeout=30)[0]
        self.assertIn("events: ws://", said)

    def run_program(self, command, text, wanted):
        """A program that prints as events come: so many lines of it."""
        status, said = self.block.bash("ensure_daemon; end_daemon() { :; }")
        self.assertEqual((status, self.block.failures()), (0, ""), said)
        file = self.block.work / "program"
        file.write_text(self.block.text(text))
        running = subprocess.Popen([*command, str(file)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            for _ in range(wanted):
                self.assertNotEqual(running.stdout.readline(), "", "the program ended")
        finally:
            running.kill()
            running.communicate()

    def run_python(self, text):
        self.run_program([sys.executable, "-u"], text, 3)

    def run_js(self, text):
        node = shutil.which("node")
        if not node or subprocess.run([node, "-e", "WebSocket"], capture_output=True).returncode != 0:
            self.skipTest("there is no node with a WebSocket of its own (22 or later)")
        self.run_program([node], text, 1)

    def run_json(self, text):
        for value in re.split(r"\n(?=\{)", text.strip()):
            self.assertIn("type", json.loads(value))

    def run_toml(self, text):
        tomllib.loads(text)
        file = self.block.work / "part.toml"
        file.write_text(text)
        _, said = self.block.bash(f'"$GENRECAST" check --config {file}')
        self.assertRegex(said, r"(?m)^ok +configuration", said)


def add_tests():
    for number, (heading, kind, text) in enumerate(blocks(), 1):
        if kind in PICTURES:
            continue
        words = re.sub(r"\W+", "_", heading.lower()).strip("_")

        def test(self, kind=kind, text=text):
            runner = getattr(self, f"run_{kind}", None)
            self.assertIsNotNone(runner, f"nothing here knows how to run a block of {kind!r}")
            runner(text)

        setattr(Readme, f"test_{number:02}_{words}_{kind}", test)


add_tests()
