"""The numpy log-mel against the stored values of librosa."""

import json
import unittest
from pathlib import Path

import numpy as np

from training import mel

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

    def test_no_samples_give_no_columns(self):
        case = json.loads((GOLDEN / "golden.json").read_text(encoding="utf-8"))["cases"][0]
        self.assertEqual(mel.columns(np.zeros(0), case["features"]).shape, (0, 128))


if __name__ == "__main__":
    unittest.main()
