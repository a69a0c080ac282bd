"""Makes the model of docs/BRING_YOUR_OWN_MODEL.md with the script that the page shows, and has it served.

Touch it with the page. GENRECAST names the binary.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
import wave
from pathlib import Path

import numpy as np

from tests.readme.test_readme import LIMIT_S, Block

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/BRING_YOUR_OWN_MODEL.md").read_text(encoding="utf-8")
LABELS = ["bass", "middle", "treble"]


def block(kind):
    """The only fenced block of this kind."""
    (text,) = re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.M | re.S)
    return text


def tone(path, hertz, seconds=7.0, rate=44100):
    """A WAV file of a tone."""
    t = np.arange(int(seconds * rate)) / rate
    samples = (8000 * np.sin(2 * np.pi * hertz * t)).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())


class OwnModel(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory(prefix="own-model-")
        cls.addClassCleanup(scratch.cleanup)
        cls.folder = Path(scratch.name)
        cls.script = cls.folder / "make_model.py"
        cls.script.write_text(block("python"), encoding="utf-8")
        cls.environment = {key: value for key, value in os.environ.items() if not key.startswith("GENRECAST_")}
        cls.environment |= {"PYTHONPATH": str(ROOT), "XDG_CONFIG_HOME": scratch.name}
        subprocess.run([sys.executable, cls.script, cls.folder], env=cls.environment, check=True, timeout=LIMIT_S)
        cls.tones = {"bass": 220.0, "middle": 1760.0, "treble": 5000.0}
        for label, hertz in cls.tones.items():
            (cls.folder / "clips" / label).mkdir(parents=True)
            tone(cls.folder / "clips" / label / "tone.wav", hertz)

    def command(self, name, *arguments):
        """The command line of genrecast with this model."""
        shared = ["--models", str(self.folder), "--model", "registers"]
        return [str(Path(os.environ["GENRECAST"]).resolve()), name, *shared, *map(str, arguments)]

    def genrecast(self, name, *arguments, **environment):
        """What genrecast prints, which must succeed."""
        ran = subprocess.run(
            self.command(name, *arguments), env=self.environment | environment, capture_output=True, text=True, timeout=LIMIT_S
        )
        self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)
        return ran.stdout

    def test_the_script_is_short(self):
        self.assertLessEqual(len(block("python").splitlines()), 26)

    def test_check_finds_it_right(self):
        clip = self.folder / "clips/bass/tone.wav"
        for runtime in ["tract", "auto"]:
            said = self.genrecast(
                "check", "--runtime", runtime, "--source", f"file:{clip}", "--listen", "127.0.0.1:0"
            )
            self.assertRegex(said, r"(?m)^ok +model: registers \(in use\)")
            self.assertRegex(said, r"(?m)^ok +self-test")
            self.assertNotIn("BAD", said)

    def test_classify_names_its_labels_and_is_right(self):
        for label in LABELS:
            # A bare tone is no music to the gate, and of what is no music no genre is named.
            clip = self.folder / "clips" / label / "tone.wav"
            report = json.loads(self.genrecast("classify", clip, "--json", GENRECAST_GATE__MODEL="off"))
            self.assertEqual(report["model"]["id"], "registers")
            self.assertEqual(sorted(score["label"] for score in report["top"]), LABELS)
            self.assertEqual((report["top"][0]["label"], report["verdict"]["label"]), (label, label))
            # One second until the first window, five until the first full one.
            first_full = next(window for window in report["windows"] if not window["provisional"])
            self.assertAlmostEqual(report["windows"][0]["end_s"], 1.0, delta=0.1)
            self.assertAlmostEqual(first_full["end_s"], 5.0, delta=0.1)

    def test_evaluate_measures_it(self):
        report = json.loads(self.genrecast("evaluate", self.folder / "clips", "--json"))
        self.assertEqual((report["accuracy"], report["n"], list(report["genres"])), (1.0, 3, LABELS))

    def test_the_daemon_serves_it(self):
        clip = self.folder / "clips/treble/tone.wav"
        daemon = subprocess.Popen(
            self.command("run", "--source", f"file:{clip}?speed=20&loop=true", "--listen", "127.0.0.1:0"),
            env=self.environment | {"GENRECAST_LOG__FORMAT": "human"}, stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            address = next(found[1] for line in daemon.stderr if (found := re.search(r"http://(\S+)", line)))
            listen = [os.environ["GENRECAST"], "listen", "--json", f"ws://{address}/v1/events"]
            listener = subprocess.Popen(listen, env=self.environment, stdout=subprocess.PIPE, text=True)
            try:
                events = (json.loads(line) for line in listener.stdout)
                window = next(event for event in events if event["type"] == "genre.window")
            finally:
                listener.kill()
                listener.communicate()
            self.assertEqual(sorted(score["label"] for score in window["top"]), LABELS)
            self.assertEqual((window["top"][0]["label"], window["model"]["id"]), ("treble", "registers"))
        finally:
            daemon.terminate()
            daemon.communicate(timeout=30)
        self.assertEqual(daemon.returncode, 0)

    def test_the_commands_of_the_page(self):
        place = Block()
        self.addCleanup(place.end)
        (place.place / "make_model.py").write_text(block("python"), encoding="utf-8")
        (place.place / "training").symlink_to(ROOT / "training")
        # The packages are those of this Python.
        commands = f'pip() {{ :; }}\npython3() {{ "{sys.executable}" "$@"; }}\n{block("sh")}'
        status, said = place.bash(commands)
        self.assertEqual((status, place.failures()), (0, ""), said)
        for part in ["self-test", "song.flac", "registers on"]:
            self.assertIn(part, said)


if __name__ == "__main__":
    unittest.main()
