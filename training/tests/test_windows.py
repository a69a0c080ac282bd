"""The grid of windows, their filling and their normalisation."""

import unittest

import numpy as np

from training import windows


class Grid(unittest.TestCase):
    def test_a_clip_of_30_s_has_two_full_windows(self):
        provisional, full = windows.ends(388, 36, 387, 13)
        self.assertEqual(provisional, list(range(36, 387, 13)))
        self.assertEqual(full, [387, 388])
        self.assertEqual(windows.scored(388, 36, 387, 13), [387, 388])

    def test_a_clip_that_ends_on_the_grid_has_no_extra_window(self):
        self.assertEqual(windows.ends(387, 36, 387, 13)[1], [387])
        self.assertEqual(windows.ends(400, 36, 387, 13)[1], [387, 400])

    def test_a_short_clip_is_scored_by_its_last_window(self):
        self.assertEqual(windows.scored(60, 36, 387, 13), [60])
        self.assertEqual(windows.scored(62, 36, 387, 13), [62])
        self.assertEqual(windows.scored(20, 36, 387, 13), [20])
        self.assertEqual(windows.scored(0, 36, 387, 13), [])


class Filling(unittest.TestCase):
    def test_few_columns_are_repeated_from_the_first(self):
        columns = np.arange(3.0)[:, None]
        self.assertEqual(windows.filled(columns, 7)[:, 0].tolist(), [0, 1, 2, 0, 1, 2, 0])

    def test_of_many_columns_the_last_are_kept(self):
        columns = np.arange(9.0)[:, None]
        self.assertEqual(windows.filled(columns, 4)[:, 0].tolist(), [5, 6, 7, 8])


class Normalisation(unittest.TestCase):
    RULE = {"kind": "standardise", "floor_db": 80.0}

    def test_mean_and_deviation_are_0_and_1(self):
        window = np.random.default_rng(0).normal(-30.0, 9.0, (50, 8)).astype(np.float32)
        out = windows.normalised(window, self.RULE)
        self.assertAlmostEqual(float(out.mean()), 0.0, places=5)
        self.assertAlmostEqual(float(out.std()), 1.0, places=5)

    def test_values_far_below_the_peak_are_lifted_to_the_floor(self):
        window = np.array([[0.0, -100.0], [-20.0, -80.0]], dtype=np.float32)
        out = windows.normalised(window, self.RULE)
        self.assertEqual(out[0, 1], out[1, 1])
        self.assertLess(out[0, 1], out[1, 0])

    def test_a_gain_in_db_changes_nothing(self):
        window = np.random.default_rng(1).normal(-30.0, 9.0, (50, 8)).astype(np.float32)
        apart = windows.normalised(window, self.RULE) - windows.normalised(window - 12.0, self.RULE)
        self.assertLess(np.abs(apart).max(), 1e-5)

    def test_a_constant_window_gives_zeros(self):
        out = windows.normalised(np.full((4, 4), -100.0, dtype=np.float32), self.RULE)
        self.assertEqual(np.abs(out).max(), 0.0)


class PatchStarts(unittest.TestCase):
    PATCH = {"frames": 10, "stride": 4}

    def test_patches_stay_on_the_stream_grid_and_the_newest_are_heard(self):
        self.assertEqual(windows.patch_starts(22, 22, self.PATCH), [0, 4, 8, 12])
        self.assertEqual(windows.patch_starts(30, 22, self.PATCH), [8, 12, 16, 20])

    def test_the_end_of_a_clip_adds_one_overlapping_patch(self):
        self.assertEqual(windows.patch_starts(11, 22, self.PATCH), [0, 1])
        self.assertEqual(windows.patch_starts(25, 22, self.PATCH), [4, 8, 12, 15])


class Calibration(unittest.TestCase):
    def test_softmax_sums_to_1_and_flattens_with_temperature(self):
        cold, warm = windows.softmax([3.0, 1.0], 1.0), windows.softmax([3.0, 1.0], 2.0)
        self.assertAlmostEqual(float(cold.sum()), 1.0)
        self.assertGreater(cold[0], warm[0])


if __name__ == "__main__":
    unittest.main()
