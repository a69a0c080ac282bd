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
FOLDERS = sorted(path.parent for root in (ROOT / "models", FIXTURES) for path in root.glob("*/manifest.toml"))


def run(*arguments):
    """(exit status, standard output, standard error) of `evaluate`."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = evaluate.main([str(a) for a in arguments])
    return status, out.getvalue(), err.getvalue()


class Folders(unittest.TestCase):
    def test_golden_windows(self):
        for folder in FOLDERS:
            with self.subTest(folder.name):
                runner = Runner(folder)
                shape = runner.manifest["window"]["frames"], runner.manifest["features"]["n_mels"]
                columns = np.fromfile(folder / runner.manifest["golden"]["file"], "<f4").reshape(shape)
                apart = np.abs(runner.probabilities(columns) - runner.manifest["golden"]["p"]).max()
                self.assertLess(apart, runner.manifest["golden"]["tolerance"])

    def test_windows_fit_the_stride(self):
        for folder in FOLDERS:
            window = manifest.load(folder)["window"]
            self.assertEqual((window["frames"] - window["first"]) % window["stride"], 0)

    def test_a_changed_network_is_refused(self):
        for model, file in ((ROOT / "models/cnn", "model.onnx"), (CRNN, "encoder.onnx"), (CRNN, "head.onnx")):
            with self.subTest(file), tempfile.TemporaryDirectory() as scratch:
                folder = Path(shutil.copytree(model, Path(scratch) / "changed"))
                (folder / file).write_bytes((folder / file).read_bytes() + b"\0")
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

    def test_a_clip_listed_twice_is_refused(self):
        arguments = self.clip(22050, 2.0)
        self.list.write_text("clip,genre,split\njazz.1,jazz,valid\njazz.1,jazz,valid\n", encoding="utf-8")
        status, _, err = run("--model", CRNN, *arguments)
        self.assertEqual(status, 2)
        self.assertIn("jazz.1 is there twice", err)

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

    def test_mel_rows_are_heard_at_the_models_level(self):
        # Softer by 40 of 255 steps, which is 12.5 dB, with nothing near the floor.
        rows = np.random.default_rng(0).integers(80, 256, (1, 128, 387)).astype(np.uint8)
        file, found = self.folder / "rows.npz", []
        for steps in (0, 40):
            np.savez(file, mel=rows - np.uint8(steps), name=np.array(["pop.1"]))
            _, out, _ = run("--model", CRNN, "--mel", file, "--json")
            found.append(list(json.loads(out)["per_clip"][0]["p"].values()))
        np.testing.assert_allclose(found[0], found[1], atol=1e-4)
        self.assertIn("level", manifest.load(CRNN)["features"])

    def test_the_report_is_part_of_the_answer(self):
        rows = np.random.default_rng(0).integers(0, 256, (2, 128, 387)).astype(np.uint8)
        np.savez(self.folder / "rows.npz", mel=rows, name=np.array(["pop.1", "rock.2"]))
        _, out, _ = run("--model", CRNN, "--mel", self.folder / "rows.npz", "--json")
        result = json.loads(out)
        for key in ("accuracy_interval_95", "macro_f1", "top_2", "top_3", "nll", "ece_15", "genres", "confusion"):
            self.assertIn(key, result)
        self.assertEqual(result["risk_coverage"][-1]["accuracy"], result["accuracy"])
        self.assertEqual([h["seconds"] for h in result["seconds_heard"]], [3, 6, 9, 12, 18, 24, 30])
        self.assertEqual(sum(g["clips"] for g in result["genres"].values()), 2)

    def test_mel_rows_do_not_feed_a_model_with_other_features(self):
        file = self.folder / "rows.npz"
        np.savez(file, mel=np.zeros((1, 128, 387), dtype=np.uint8), name=np.array(["pop.1"]))
        status, _, err = run("--model", FIXTURES / "toy-encoder", "--mel", file)
        self.assertEqual(status, 2)
        self.assertIn("sample_rate, n_fft, hop", err)

    def test_tag_rows_do_not_feed_a_model_without_tags(self):
        file = self.folder / "tags.npz"
        np.savez(file, tags=np.zeros((3, 50), dtype=np.float32), name=np.array(["pop.1"] * 3))
        for folder in (ROOT / "models/cnn", CRNN, FIXTURES / "toy-encoder"):
            # The genres must be the model's, so that it is the form that is refused.
            genre = manifest.load(folder)["labels"][0]
            np.savez(file, tags=np.zeros((3, 50), dtype=np.float32), name=np.array([f"{genre}.1"] * 3))
            status, _, err = run("--model", folder, "--taggram", file)
            self.assertEqual(status, 2)
            self.assertIn("takes no stored tags", err)

    def test_tag_rows_are_scored_clip_by_clip(self):
        folder = Path(shutil.copytree(FIXTURES / "toy-encoder", self.folder / "toy"))
        manifest.write(folder, manifest.load(folder) | {"taggram": {"tags": 10}})
        file, rows = self.folder / "tags.npz", np.random.default_rng(0).random((31, 10)).astype(np.float32)
        np.savez(file, tags=rows, name=np.array(["a.1"] * 28 + ["b.7"] * 3))
        status, out, _ = run("--model", folder, "--taggram", file, "--json")
        self.assertEqual(status, 0)
        per_clip = json.loads(out)["per_clip"]
        self.assertEqual([(c["name"], c["genre"]) for c in per_clip], [("a.1", "a"), ("b.7", "b")])
        for clip, part in zip(per_clip, (rows[:28], rows[28:])):
            expected = Runner(folder).tags_and_beginnings(part)[0]
            np.testing.assert_allclose(list(clip["p"].values()), expected, atol=1e-9)
        np.savez(file, tags=rows, name=np.array(["a.1", "b.7", "a.1"] + ["c.1"] * 28))
        status, _, err = run("--model", folder, "--taggram", file)
        self.assertEqual(status, 2)
        self.assertIn("do not stand together", err)


if __name__ == "__main__":
    unittest.main()
