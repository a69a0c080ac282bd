"""The lists of the splits, and mel rows from a folder of audio."""

import contextlib
import io
import tempfile
import unittest
from pathlib import Path

import numpy as np
import soundfile

from training import gtzan, mel, prepare, splits, synthetic
from training.manifest import Refused


class Lists(unittest.TestCase):
    def test_the_lists_are_disjoint_and_complete(self):
        lists = {split: gtzan.names(split) for split in gtzan.SPLITS}
        self.assertEqual([len(names) for names in lists.values()], [442, 197, 70])
        self.assertEqual(len(set().union(*lists.values())), 709)
        self.assertEqual({gtzan.genre(n) for n in lists["train"]}, set(range(10)))


class Random(unittest.TestCase):
    def test_a_fifth_and_a_tenth_of_each_genre_and_nothing_twice(self):
        target = np.repeat([0, 1, 2], [50, 40, 71])
        parts = splits.shares(target, np.random.default_rng(0))
        self.assertEqual(sorted(np.concatenate(parts)), list(range(161)))
        self.assertEqual([np.bincount(target[part]).tolist() for part in parts], [[35, 28, 50], [5, 4, 7], [10, 8, 14]])

    def test_the_seed_decides(self):
        target = np.repeat([0, 1], 40)
        parts = [splits.shares(target, np.random.default_rng(seed))[2].tolist() for seed in (1, 1, 2)]
        self.assertEqual(parts[0], parts[1])
        self.assertNotEqual(parts[0], parts[2])


class Prepare(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)
        (self.folder / "jazz").mkdir()

    def clip(self, name, rate, seconds):
        soundfile.write(self.folder / "jazz" / name, synthetic.sound(rate, seconds, 1), rate, subtype="FLOAT")

    def test_rows_are_what_training_reads(self):
        self.clip("jazz.00001.wav", 22050, 30.1)
        with contextlib.redirect_stdout(io.StringIO()):
            prepare.prepare(self.folder, self.folder, {"train": ["jazz.00001"]})
        rows, target, names = gtzan.load(self.folder, "train")
        self.assertEqual((rows.shape, target.tolist(), names), ((1, 387, 128), [5], ["jazz.00001"]))
        columns = mel.columns(synthetic.sound(22050, 30.1, 1), gtzan.FEATURES)[:387]
        expected = np.maximum(columns - columns.max(), -80.0)
        # Half a step of 8 bits.
        self.assertLess(np.abs(rows[0] - expected).max(), 0.5 * 80.0 / 255.0 + 1e-3)

    def test_short_and_missing_clips_are_refused(self):
        self.clip("jazz.00001.wav", 22050, 20.0)
        with self.assertRaisesRegex(Refused, "expected at least 387 columns"):
            prepare.row(self.folder / "jazz/jazz.00001.wav")
        with self.assertRaisesRegex(Refused, "no jazz.00002"):
            prepare.find(self.folder, "jazz.00002")

    def test_rows_that_are_missing_say_how_to_make_them(self):
        with self.assertRaisesRegex(Refused, "training.prepare"):
            gtzan.load(self.folder, "valid")


if __name__ == "__main__":
    unittest.main()
