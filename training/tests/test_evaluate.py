"""Model folders reproduce their golden window, and `evaluate` refuses what it cannot use."""

import contextlib
import io
import json
import shutil
import tempfile
import unittest
from pathlib import Path

import numpy as np
import soundfile

from training import evaluate, manifest, synthetic
from training.resample import resample
from training.runner import Runner

ROOT = Path(__file__).resolve().parents[2]
CRNN = ROOT / "models/crnn"
FIXTURES = ROOT / "tests/fixtures/models"


def run(*arguments):
    """(exit status, standard output, standard error) of `evaluate`."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = evaluate.main([str(a) for a in arguments])
    return status, out.getvalue(), err.getvalue()


class Folders(unittest.TestCase):
    def test_golden_windows(self):
        for folder in (CRNN, FIXTURES / "toy-window", FIXTURES / "toy-encoder"):
            with self.subTest(folder.name):
                runner = Runner(folder)
                shape = runner.manifest["window"]["frames"], runner.manifest["features"]["n_mels"]
                columns = np.fromfile(folder / runner.manifest["golden"]["file"], "<f4").reshape(shape)
                apart = np.abs(runner.probabilities(columns) - runner.manifest["golden"]["p"]).max()
                self.assertLess(apart, runner.manifest["golden"]["tolerance"])

    def test_windows_fit_the_stride(self):
        for folder in (CRNN, FIXTURES / "toy-window", FIXTURES / "toy-encoder"):
            window = manifest.load(folder)["window"]
            self.assertEqual((window["frames"] - window["first"]) % window["stride"], 0)

    def test_a_changed_network_is_refused(self):
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(shutil.copytree(CRNN, Path(scratch) / "crnn"))
            (folder / "model.onnx").write_bytes((folder / "model.onnx").read_bytes() + b"\0")
            with self.assertRaisesRegex(manifest.Refused, "expected sha256"):
                manifest.load(folder)


class Inputs(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)
        self.list = self.folder / "list.csv"

    def clip(self, rate, seconds):
        soundfile.write(self.folder / "jazz.1.wav", synthetic.sound(rate, seconds, 1), rate)
        self.list.write_text("clip,genre,split\njazz.1,jazz,valid\n", encoding="utf-8")
        return "--audio", self.folder, "--list", self.list

    def test_audio_is_scored(self):
        for seconds in (0.01, 2.0, 30.1):
            status, out, _ = run("--model", CRNN, *self.clip(22050, seconds), "--json")
            self.assertEqual(status, 0)
            result = json.loads(out)
            self.assertEqual((result["n"], result["per_clip"][0]["name"]), (1, "jazz.1"))
            self.assertAlmostEqual(sum(result["per_clip"][0]["p"].values()), 1.0, places=6)

    def test_another_rate_is_resampled(self):
        found = []
        for rate in (22050, 44100):
            sound = synthetic.sound(44100, 8.0, 1)
            samples = sound if rate == 44100 else resample(sound, 44100, 22050)
            soundfile.write(self.folder / "jazz.1.wav", samples, rate, subtype="FLOAT")
            self.list.write_text("clip,genre\njazz.1,jazz\n", encoding="utf-8")
            status, out, _ = run("--model", CRNN, "--audio", self.folder, "--list", self.list, "--json")
            self.assertEqual(status, 0)
            found.append(list(json.loads(out)["per_clip"][0]["p"].values()))
        np.testing.assert_allclose(found[0], found[1], atol=1e-6)

    def test_a_split_without_clips_is_refused(self):
        status, _, err = run("--model", CRNN, *self.clip(22050, 2.0), "--split", "train")
        self.assertEqual(status, 2)
        self.assertIn("no clip to evaluate", err)

    def test_a_missing_model_is_refused(self):
        status, _, err = run("--model", self.folder, *self.clip(22050, 2.0))
        self.assertEqual(status, 2)
        self.assertIn("no manifest", err)

    def test_a_missing_clip_is_refused(self):
        arguments = self.clip(22050, 2.0)
        (self.folder / "jazz.1.wav").unlink()
        status, _, err = run("--model", CRNN, *arguments)
        self.assertEqual(status, 2)
        self.assertIn("no file jazz.1", err)

    def test_text_for_audio_is_refused(self):
        arguments = self.clip(22050, 2.0)
        (self.folder / "jazz.1.wav").write_text("no sound", encoding="utf-8")
        status, _, err = run("--model", CRNN, *arguments)
        self.assertEqual(status, 2)
        self.assertIn("cannot be decoded", err)

    def test_mel_rows_are_scored_and_others_refused(self):
        rows = np.random.default_rng(0).integers(0, 256, (2, 128, 387)).astype(np.uint8)
        file = self.folder / "rows.npz"
        np.savez(file, mel=rows, name=np.array(["pop.1", "rock.2"]))
        status, out, _ = run("--model", CRNN, "--mel", file, "--json")
        self.assertEqual((status, json.loads(out)["n"]), (0, 2))
        np.savez(file, mel=rows[:, :64], name=np.array(["pop.1", "rock.2"]))
        status, _, err = run("--model", CRNN, "--mel", file)
        self.assertEqual(status, 2)
        self.assertIn("expected uint8 mel [clips, 128, frames]", err)


if __name__ == "__main__":
    unittest.main()
