"""The numpy log-mel against the stored values of librosa."""

import json
import unittest
from pathlib import Path

import numpy as np

from training import mel, synthetic
from training.musicnn import encoder

GOLDEN = Path(__file__).resolve().parents[2] / "tests/golden"


class Golden(unittest.TestCase):
    def test_every_case_is_librosa_s(self):
        cases = json.loads((GOLDEN / "golden.json").read_text(encoding="utf-8"))["cases"]
        self.assertGreaterEqual(len(cases), 5)
        for case in cases:
            with self.subTest(case["name"]):
                samples = np.fromfile(GOLDEN / case["samples"], "<f4")
                expected = np.fromfile(GOLDEN / case["columns"], "<f4").reshape(case["shape"])
                found = mel.columns(samples, case["features"])
                self.assertEqual(found.shape, expected.shape)
                self.assertLess(np.abs(found - expected).max(), 1e-3)

    def test_the_level_is_the_same_for_soft_and_loud_sound(self):
        features = encoder.FEATURES
        loud = synthetic.sound(features["sample_rate"], 12.0, 1)
        loud, soft = (mel.columns(samples, features) for samples in (loud, loud * np.float32(0.05)))
        self.assertLess(np.abs(loud - soft).max(), 5e-4)
        power = (10.0**loud - 1.0) / features["log"]["scale"]
        self.assertAlmostEqual(power[-300:].mean() / features["level"]["target"], 1.0, delta=0.5)

    def test_the_level_looks_back_only(self):
        features = encoder.FEATURES | {"level": {"target": 0.3, "columns": 20, "most": 1e4}}
        samples = synthetic.sound(features["sample_rate"], 8.0, 2)
        whole = mel.columns(samples, features)
        for seconds in (1, 5):
            part = mel.columns(samples[: seconds * features["sample_rate"]], features)
            # The last columns of a part are reflected at its end.
            np.testing.assert_array_equal(part[:-2], whole[: len(part) - 2])

    def test_rows_in_db_come_to_the_level_that_sound_comes_to(self):
        features = encoder.FEATURES | {"rounding": "none", "log": {"kind": "db", "amin": 1e-10}}
        expected = mel.columns(synthetic.sound(features["sample_rate"], 12.0, 1), features)
        features_without = {name: value for name, value in features.items() if name != "level"}
        rows = mel.columns(synthetic.sound(features["sample_rate"], 12.0, 1), features_without)
        np.testing.assert_array_equal(mel.levelled(rows, features_without), rows)
        # Many at once, each as if it were alone.
        both = mel.levelled(np.stack([rows, rows[::-1] - 20.0]), features)
        # Digital silence ends at the smallest power, before the level or after it.
        np.testing.assert_allclose(np.maximum(both[0], -60.0), np.maximum(expected, -60.0), atol=1e-3)
        np.testing.assert_array_equal(both[1], mel.levelled(rows[::-1] - 20.0, features))

    def test_no_samples_give_no_columns(self):
        case = json.loads((GOLDEN / "golden.json").read_text(encoding="utf-8"))["cases"][0]
        self.assertEqual(mel.columns(np.zeros(0), case["features"]).shape, (0, 128))


if __name__ == "__main__":
    unittest.main()
