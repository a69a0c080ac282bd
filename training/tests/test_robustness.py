"""The robustness table: its figures, its independence of order and processes, and what it refuses."""

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import numpy as np
import soundfile

from training import degrade, inputs, manifest, report, robustness
from training.runner import Runner
from training.tests.signals import RATE, needs_ffmpeg, sound

ROOT = Path(__file__).resolve().parents[2]
CRNN = ROOT / "models/crnn"


class Figures(unittest.TestCase):
    def test_figures_of_answers_known_beforehand(self):
        clean, worse = [[0.8, 0.2], [0.6, 0.4], [0.1, 0.9]], [[0.3, 0.7], [0.6, 0.4], [0.5, 0.5]]
        p = np.stack([clean, worse], axis=1)
        told = robustness.measure(p, [0, 0, 1], ["clean", "telephone"])
        self.assertEqual((told["clean"]["accuracy"], told["clean"]["difference"]), (1.0, 0.0))
        self.assertAlmostEqual(told["clean"]["nll"], -np.log([0.8, 0.6, 0.9]).mean(), places=4)
        self.assertEqual(told["telephone"]["accuracy"], 0.3333)
        self.assertEqual((told["telephone"]["lost"], told["telephone"]["gained"]), (2, 0))
        self.assertEqual(told["telephone"]["mcnemar_p"], 0.5)
        table = robustness.robustness_table.table({"conditions": told})
        self.assertEqual(table[2], "| clean | 100.0% | – | – | – | 0.280 |")
        self.assertEqual(table[3], "| telephone | 33.3% | -66.7 | 2, 0 | 0.500 | 0.803 |")

    def test_each_clip_has_a_seed_of_its_own(self):
        self.assertEqual(degrade.seed_of("jazz.1", 1), degrade.seed_of("jazz.1", 1))
        self.assertEqual(len({degrade.seed_of(name, seed) for name in ("jazz.1", "jazz.2") for seed in (1, 2)}), 4)


class Command(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)
        rows = ["clip,genre,split"]
        for i, genre in enumerate(("jazz", "rock", "pop")):
            soundfile.write(self.folder / f"{genre}.{i}.flac", sound(3.0, seed=i), RATE)
            rows.append(f"{genre}.{i},{genre},{'valid' if i < 2 else 'train'}")
        self.list = self.folder / "list.csv"
        self.list.write_text("\n".join(rows) + "\n", encoding="utf-8")

    def arguments(self, *more, model=CRNN):
        return [str(a) for a in ("--model", model, "--audio", self.folder, "--list", self.list, *more)]

    def run_command(self, *arguments):
        """(exit status, standard output, standard error)."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = robustness.main(self.arguments(*arguments))
        return status, out.getvalue(), err.getvalue()

    CHEAP = ("--condition", "telephone", "--condition", "room_10")

    def test_the_scores_are_the_models_on_the_degraded_clip(self):
        clip = ("jazz.0", "jazz", self.folder / "jazz.0.flac")
        p = robustness.scores([CRNN, CRNN], [clip], ["room_10"], 4, 1)
        samples, _ = soundfile.read(clip[2], dtype="float32")
        heard = degrade.apply("room_10", samples, RATE, degrade.seed_of("jazz.0", 4))
        runner = Runner(CRNN)
        expected = runner.clip(inputs.columns(heard, RATE, runner.manifest))
        np.testing.assert_allclose(p[0][0], [expected, expected], rtol=1e-6)

    def test_more_processes_tell_the_same(self):
        one, two = (self.run_command(*self.CHEAP, "--json", "--jobs", jobs) for jobs in (1, 2))
        self.assertEqual((one[0], one[2]), (0, ""))
        self.assertEqual(json.loads(one[1]), json.loads(two[1]))
        conditions = json.loads(one[1])["crnn"]["conditions"]
        self.assertEqual(list(conditions), ["clean", "telephone", "room_10"])
        self.assertEqual(json.loads(one[1])["crnn"]["clips"], 3)

    def test_the_table_names_model_split_and_conditions(self):
        status, out, _ = self.run_command(*self.CHEAP, "--split", "valid")
        self.assertEqual(status, 0)
        self.assertIn("crnn: 2 valid clips with audio", out)
        self.assertEqual(sum(line.startswith("| ") for line in out.splitlines()), 4)

    def test_figures_are_kept_in_the_report(self):
        model = Path(shutil.copytree(CRNN, self.folder / "model"))
        labels = manifest.load(model)["labels"]
        p = np.full((4, len(labels)), 1.0 / len(labels))
        report.write(model, manifest.load(model), report.measure(p, np.arange(4), labels))
        before = json.loads((model / "report.json").read_text(encoding="utf-8"))
        with mock.patch.object(degrade, "CONDITIONS", {name: degrade.CONDITIONS[name] for name in ("clean", "telephone")}):
            with contextlib.redirect_stdout(io.StringIO()):
                self.assertEqual(robustness.main(self.arguments("--split", "valid", "--write", model=model)), 0)
        after = json.loads((model / "report.json").read_text(encoding="utf-8"))
        kept = after.pop("robustness")
        before.pop("robustness", None)
        self.assertEqual(after, before)
        self.assertEqual((kept["split"], kept["clips"], list(kept["conditions"])), ("valid", 2, ["clean", "telephone"]))
        card = (model / "CARD.md").read_text(encoding="utf-8")
        self.assertIn("2 valid clips with audio", card)
        self.assertTrue(any(line.startswith("| telephone | ") and line.count("|") == 7 for line in card.splitlines()))

    def test_part_of_the_table_is_not_kept(self):
        with self.assertRaises(SystemExit), contextlib.redirect_stderr(io.StringIO()) as err:
            robustness.main(self.arguments("--write", "--condition", "telephone"))
        self.assertIn("--write stores the whole table", err.getvalue())

    def test_a_model_without_report_and_a_model_given_twice_are_refused(self):
        model = Path(shutil.copytree(CRNN, self.folder / "model"))
        status, _, err = self.run_command(*self.CHEAP, "--model", model)
        self.assertEqual(status, 2)
        self.assertIn("expected each model once, found crnn, crnn", err)
        (model / "report.json").write_text("{}", encoding="utf-8")
        with contextlib.redirect_stderr(io.StringIO()) as err:
            self.assertEqual(robustness.main(self.arguments("--write", model=model)), 2)
        self.assertIn("expected a report of training/report", err.getvalue())

    def test_an_unknown_genre_is_refused(self):
        self.list.write_text("clip,genre\njazz.0,ska\n", encoding="utf-8")
        status, _, err = self.run_command()
        self.assertEqual(status, 2)
        self.assertIn("jazz.0: genre ska is none of crnn's", err)

    def test_a_split_without_clips_is_refused(self):
        status, _, err = self.run_command("--split", "test")
        self.assertEqual(status, 2)
        self.assertIn("no clip", err)

    def test_degraded_clips_are_written_by_genre(self):
        out = self.folder / "out"
        argv = [sys.executable, str(ROOT / "tools/degrade-clips"), "--audio", self.folder, "--list", self.list]
        done = subprocess.run([*argv, "--split", "valid", *self.CHEAP, out], capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        found = sorted(str(path.relative_to(out)) for path in out.rglob("*.wav"))
        self.assertEqual(found, [f"{c}/{g}/{g}.{i}.wav" for c in ("room_10", "telephone") for i, g in enumerate(("jazz", "rock"))])
        written, rate = soundfile.read(out / "room_10/jazz/jazz.0.wav", dtype="float32")
        clip, _ = soundfile.read(self.folder / "jazz.0.flac", dtype="float32")
        self.assertEqual(rate, RATE)
        np.testing.assert_array_equal(written, degrade.apply("room_10", clip, RATE, degrade.seed_of("jazz.0", 1)))

    @needs_ffmpeg
    def test_codecs_are_part_of_it(self):
        status, out, _ = self.run_command("--condition", "opus_24", "--json")
        self.assertEqual((status, list(json.loads(out)["crnn"]["conditions"])), (0, ["clean", "opus_24"]))

    def test_a_missing_ffmpeg_is_told(self):
        with mock.patch.dict(os.environ, {"PATH": "/nowhere"}):
            status, _, err = self.run_command("--condition", "mp3_64")
        self.assertEqual(status, 2)
        self.assertIn("ffmpeg: expected on the PATH", err)


if __name__ == "__main__":
    unittest.main()
