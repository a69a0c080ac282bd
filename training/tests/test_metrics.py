"""Metrics against values worked out by hand."""

import unittest

import numpy as np

from training import metrics

# Four clips of labels 0, 0, 1, 2: named 0, 1, 1, 0.
P = np.array([[0.7, 0.2, 0.1], [0.3, 0.6, 0.1], [0.1, 0.8, 0.1], [0.5, 0.1, 0.4]])
TARGET = np.array([0, 0, 1, 2])


class Figures(unittest.TestCase):
    def test_wilson(self):
        # 8 of 10: (0.8 + 1.92073 / 10 ± 1.959964 √(0.016 + 0.0096036)) / 1.384146
        np.testing.assert_allclose(metrics.wilson(8, 10), [0.490162, 0.943318], atol=1e-5)
        low, high = metrics.wilson(0, 10)
        self.assertAlmostEqual(low, 0.0)
        self.assertAlmostEqual(high, 0.277533, places=5)

    def test_confusion_and_what_follows_from_it(self):
        counts = metrics.confusion(P, TARGET)
        self.assertEqual(counts.tolist(), [[1, 1, 0], [0, 1, 0], [1, 0, 0]])
        zero, one, two = metrics.per_label(counts)
        self.assertEqual(zero, (2, 0.5, 0.5, 0.5))
        self.assertEqual(one[:3], (1, 0.5, 1.0))
        self.assertAlmostEqual(one[3], 2 / 3)
        self.assertEqual(two, (1, 0.0, 0.0, 0.0))
        self.assertAlmostEqual(metrics.macro_f1(counts), (0.5 + 2 / 3 + 0.0) / 3)

    def test_labels_without_clips_count_as_0_in_macro_f1(self):
        self.assertAlmostEqual(metrics.macro_f1(metrics.confusion(P[:1], TARGET[:1])), 1.0 / 3.0)

    def test_top_k(self):
        self.assertEqual([metrics.top(P, TARGET, k) for k in (1, 2, 3)], [0.5, 1.0, 1.0])

    def test_nll(self):
        self.assertAlmostEqual(metrics.nll(P, TARGET), -np.log([0.7, 0.3, 0.8, 0.4]).mean())

    def test_ece(self):
        # Top p 0.7, 0.6, 0.8, 0.5 in four bins of 15; right, wrong, right, wrong.
        self.assertAlmostEqual(metrics.ece(P, TARGET), (0.3 + 0.6 + 0.2 + 0.5) / 4)
        # In one bin: mean confidence 0.65, share right 0.5.
        self.assertAlmostEqual(metrics.ece(P, TARGET, bins=1), 0.15)

    def test_a_top_probability_of_1_is_in_the_last_bin(self):
        self.assertEqual(metrics.ece(np.array([[1.0, 0.0]]), np.array([0])), 0.0)

    def test_risk_coverage(self):
        points = metrics.risk_coverage(P, TARGET, steps=4)
        self.assertEqual([c for c, _ in points], [0.25, 0.5, 0.75, 1.0])
        np.testing.assert_allclose([a for _, a in points], [1.0, 1.0, 2 / 3, 0.5])
        # Three steps of four clips: 1.33, 2.67 and 4 clips, rounded up.
        np.testing.assert_allclose([a for _, a in metrics.risk_coverage(P, TARGET, steps=3)], [1.0, 2 / 3, 0.5])


class Simulation(unittest.TestCase):
    def test_one_clip_in_one_bin(self):
        # Right with 0.9 (ECE 0.1), wrong with 0.1 (ECE 0.9): the median is 0.1, the 95th percentile 0.9.
        p = np.array([[0.9, 0.1]])
        self.assertAlmostEqual(metrics.ece_if_calibrated(p, 0.5), 0.1)
        self.assertAlmostEqual(metrics.ece_if_calibrated(p, 0.95), 0.9)

    def test_a_calibrated_model_is_mostly_below_and_a_sharpened_one_above(self):
        rng = np.random.default_rng(0)
        logits = rng.normal(0.0, 1.5, (300, 5))
        p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        below = 0
        for _ in range(40):
            target = (rng.random((300, 1)) > p.cumsum(axis=1)).sum(axis=1)
            below += metrics.ece(p, target) <= metrics.ece_if_calibrated(p, draws=400)
        self.assertGreaterEqual(below, 34)
        sharp = p**3 / (p**3).sum(axis=1, keepdims=True)
        self.assertGreater(metrics.ece(sharp, target), metrics.ece_if_calibrated(sharp, draws=400))


class McNemar(unittest.TestCase):
    def test_exact(self):
        a = np.array([1, 1, 1, 1, 1, 1, 0, 1], dtype=bool)
        b = np.array([0, 0, 0, 0, 0, 1, 1, 1], dtype=bool)
        # 5 against 1: 2 (1 + 6) / 64.
        self.assertEqual(metrics.mcnemar(a, b), (5, 1, 14 / 64))

    def test_no_difference(self):
        a = np.array([True, False, True])
        self.assertEqual(metrics.mcnemar(a, a), (0, 0, 1.0))
        self.assertEqual(metrics.mcnemar([True, False], [False, True]), (1, 1, 1.0))


if __name__ == "__main__":
    unittest.main()
