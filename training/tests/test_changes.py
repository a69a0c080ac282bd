"""Times of a change: counted from the patch that hears it, never too soon, and the mean's are as arithmetic has them."""

import json
import math
import unittest

import numpy as np

from training import changes

LABELS = ["blues", "jazz", "rock"]
TIMING = changes.Timing(patch=3.0, stride=1.0, patches=8)


def clips(sure=0.8, patches=8):
    """Two clips a genre whose patches are the genre's own probabilities."""
    rest = (1.0 - sure) / 2.0
    one = {genre: [sure if label == genre else rest for label in LABELS] for genre in LABELS}
    genres = [genre for genre in LABELS for _ in range(2)]
    return [np.tile(one[genre], (patches, 1)) for genre in genres], genres


def mean(sequence):
    return sequence.mean(axis=0)


def newest(sequence):
    return sequence[-1]


class Lead(unittest.TestCase):
    ENDS = [3.0, 4.0, 5.0, 6.0, 7.0]

    def lead(self, tops):
        return changes.lead(np.eye(3)[tops], 1, self.ENDS)

    def test_for_good_and_for_the_first_two_hops(self):
        self.assertEqual(self.lead([0, 0, 1, 1, 1]), (5.0, 5.0))
        self.assertEqual(self.lead([1, 1, 0, 1, 1]), (6.0, 3.0))
        self.assertEqual(self.lead([1, 0, 1, 0, 1]), (7.0, math.inf))
        self.assertEqual(self.lead([1, 1, 1, 1, 1]), (3.0, 3.0))

    def test_what_never_leads_is_infinite(self):
        self.assertEqual(self.lead([0, 1, 1, 1, 2]), (math.inf, 4.0))
        self.assertEqual(self.lead([0, 2, 0, 2, 0]), (math.inf, math.inf))

    def test_never_is_a_quartile_but_no_number(self):
        told = changes.summary([3.0, 5.0, math.inf, math.inf])
        self.assertEqual((told["lower_quartile"], told["median"], told["upper_quartile"]), (3.0, 5.0, None))
        self.assertEqual(told["never"], 0.5)


class Pairs(unittest.TestCase):
    def test_pairs_are_of_two_genres_each_once_and_by_seed(self):
        genres = ["blues"] * 3 + ["jazz"] * 2 + ["rock"]
        every = changes.draw(genres, 1000, 1)
        self.assertEqual(len(every), len(set(every)))
        self.assertEqual(len(every), 36 - 9 - 4 - 1)
        self.assertTrue(all(genres[a] != genres[b] for a, b in every))
        self.assertEqual(changes.draw(genres, 5, 1), every[:5])
        self.assertNotEqual(changes.draw(genres, 5, 2), every[:5])


class Measure(unittest.TestCase):
    def measure(self, predict, sequences=None, genres=None, **more):
        if sequences is None:
            sequences, genres = clips()
        return changes.measure(sequences, genres, LABELS, predict, TIMING, pairs=100, **more)

    def test_a_model_that_is_the_mean_needs_as_long_as_the_mean(self):
        told = self.measure(mean)
        self.assertEqual((told["pairs"], told["clips"], told["clips_right"]), (24, 6, 6))
        # Five of eight patches are a majority: the fifth new one is whole 3 + 4 seconds after the change.
        self.assertEqual(told["mean"]["for_good"]["median"], 7.0)
        self.assertEqual(told["model"], told["mean"])

    def test_a_model_that_hears_only_the_newest_patch_leads_with_the_first(self):
        told = self.measure(newest)
        self.assertEqual(told["model"]["for_good"], {"median": 3.0, "lower_quartile": 3.0, "upper_quartile": 3.0, "never": 0.0})
        self.assertEqual(told["mean"]["for_good"]["median"], 7.0)

    def test_clips_that_are_named_wrong_alone_are_left_out(self):
        sequences, genres = clips()
        sequences[0] = sequences[2]
        told = self.measure(mean, sequences, genres)
        self.assertEqual((told["clips_right"], told["pairs"]), (5, 16))

    def test_one_genre_alone_cannot_change(self):
        sequences, genres = clips()
        with self.assertRaisesRegex(ValueError, "expected clips of two genres"):
            self.measure(mean, sequences[:2], genres[:2])

    def test_patches_across_the_change_count_from_one_stride(self):
        sequences, _ = clips()
        told = self.measure(newest, between=lambda a, b: (sequences[b][:2], sequences[b][2:]))
        self.assertEqual(told["model"]["for_good"]["median"], 1.0)
        self.assertEqual(told["mean"]["for_good"]["median"], 5.0)

    def test_the_result_is_json_and_the_same_each_time(self):
        told = self.measure(newest, seed=3)
        self.assertEqual(json.loads(json.dumps(told)), self.measure(newest, seed=3))


if __name__ == "__main__":
    unittest.main()
