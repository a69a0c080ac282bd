"""Temperature and threshold recover what made-up scores were given."""

import unittest

import numpy as np

from training import calibrate, windows


class Calibrate(unittest.TestCase):
    def setUp(self):
        rng = np.random.default_rng(0)
        self.logits = rng.normal(0.0, 2.0, (4000, 5))
        p = windows.softmax(self.logits, 1.0)
        self.target = np.array([rng.choice(5, p=row) for row in p])

    def test_the_temperature_of_sharpened_logits_is_found(self):
        self.assertAlmostEqual(calibrate.temperature(self.logits, self.target), 1.0, delta=0.06)
        self.assertAlmostEqual(calibrate.temperature(self.logits * 2.0, self.target), 2.0, delta=0.12)

    def test_few_enough_and_mostly_wrong_clips_lie_below_the_threshold(self):
        p = windows.softmax(self.logits, 1.0)
        threshold = calibrate.abstain_below(p, self.target)
        below = p.max(axis=1) < threshold
        self.assertGreater(threshold, 0.2)
        self.assertLessEqual(below.mean(), 0.25)
        self.assertLessEqual((p.argmax(axis=1) == self.target)[below].mean(), 0.35)

    def test_scores_that_are_always_right_keep_the_lowest_threshold(self):
        p = windows.softmax(self.logits, 1.0)
        self.assertEqual(calibrate.abstain_below(p, p.argmax(axis=1)), 0.2)


if __name__ == "__main__":
    unittest.main()
