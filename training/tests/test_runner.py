"""Encoders that keep state, embeddings that are computed once, and stored tags in place of embeddings."""

import shutil
import tempfile
import unittest
from pathlib import Path

import numpy as np

from training import manifest, mel, synthetic
from training.runner import Embeddings, Runner
from training.windows import softmax

TOY = Path(__file__).resolve().parents[2] / "tests/fixtures/models/toy-encoder"
PATCH = {"frames": 10, "stride": 3}


class Recorder:
    """An encoder whose embedding is the sum of its patch, and whose state counts the runs."""

    def __init__(self, warm_up=None):
        tensor = {"name": "state", "shape": [1]}
        state = {"input": tensor, "output": tensor, "warm_up": warm_up}
        self.table = {} if warm_up is None else {"state": state}
        self.seen, self.states = [], []

    def run(self, x):
        self.seen.append(x[0, :, 0].tolist())
        return x.sum(axis=(0, 1))

    def run_with_state(self, x, state):
        self.states.append(float(state[0]))
        return self.run(x), state + 1


class Encoder(unittest.TestCase):
    columns = np.arange(1.0, 31.0, dtype=np.float32)[:, None]

    def test_a_patch_runs_once(self):
        recorder = Recorder()
        embeddings = Embeddings(recorder, PATCH, self.columns)
        for start in (0, 3, 0, 3, 6):
            self.assertEqual(embeddings[start][0], self.columns[start : start + 10].sum())
        self.assertEqual(len(recorder.seen), 3)

    def test_the_first_patch_warms_up_and_hands_its_state_on(self):
        recorder = Recorder(warm_up=2)
        embeddings = Embeddings(recorder, PATCH, self.columns)
        self.assertEqual(embeddings[0][0], self.columns[:10].sum())
        self.assertEqual(
            recorder.seen,
            [[0] * 6 + [1, 2, 3, 4], [0] * 3 + [1, 2, 3, 4, 5, 6, 7], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]],
        )
        embeddings[3], embeddings[6]
        self.assertEqual(recorder.states, [0, 1, 2, 3, 4])

    def test_a_patch_off_the_grid_warms_up_again(self):
        recorder = Recorder(warm_up=1)
        embeddings = Embeddings(recorder, PATCH, self.columns[:15])
        embeddings[0], embeddings[3], embeddings[5]
        self.assertEqual(recorder.states, [0, 1, 2, 0, 1])
        self.assertEqual(recorder.seen[3], [0, 0, 0, 6, 7, 8, 9, 10, 11, 12])

    def test_warm_up_beyond_the_patch_sees_zeros_only(self):
        recorder = Recorder(warm_up=5)
        Embeddings(recorder, PATCH, self.columns)[0]
        self.assertEqual(recorder.seen[0], [0.0] * 10)
        self.assertEqual(recorder.seen[1], [0.0] * 10)
        self.assertEqual(recorder.seen[2], [0.0] * 9 + [1.0])


class Toy(unittest.TestCase):
    def setUp(self):
        self.runner = Runner(TOY)
        features = self.runner.manifest["features"]
        self.columns = mel.columns(synthetic.sound(16000, 33.0, 3), features)

    def test_a_clip_is_the_mean_of_its_windows_computed_one_by_one(self):
        # 2063 columns: full windows end after 1834, 1895, 1956, 2017 and with the clip.
        ends = [1834, 1895, 1956, 2017, len(self.columns)]
        expected = np.mean([self.runner.probabilities(self.columns[:end]) for end in ends], axis=0)
        np.testing.assert_allclose(self.runner.clip(self.columns), expected, atol=1e-12)

    def test_beginnings_are_the_windows_that_end_nearest(self):
        score, heard = self.runner.clip_and_beginnings(self.columns, (1, 3, 10, 30, 40))
        np.testing.assert_array_equal(score, self.runner.clip(self.columns))
        # 187 + 61 n columns reach 2.992 + 0.976 n s: 2.992, 9.824 and 29.344 s, and the next 30.32 s; 1 and 40 have none.
        self.assertEqual([moment for moment, _ in heard], [3, 10, 30])
        for (_, p), end in zip(heard, (187, 187 + 7 * 61, 187 + 28 * 61)):
            np.testing.assert_allclose(p, self.runner.probabilities(self.columns[:end]), atol=1e-12)


class Tags(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        folder = Path(shutil.copytree(TOY, Path(scratch.name) / "toy"))
        manifest.write(folder, manifest.load(folder) | {"taggram": {"tags": 10}})
        self.runner = Runner(folder)
        self.rows = np.random.default_rng(0).random((30, 10)).astype(np.float32)

    def head(self, rows):
        return softmax(self.runner._head(np.pad(rows, ((0, 0), (0, 6)))), 1.0)

    def test_full_windows_slide_by_one_row(self):
        expected = np.mean([self.head(self.rows[i : i + 28]) for i in range(3)], axis=0)
        np.testing.assert_allclose(self.runner.tags_and_beginnings(self.rows)[0], expected, atol=1e-12)

    def test_few_rows_are_one_window(self):
        score, heard = self.runner.tags_and_beginnings(self.rows[:5], (1, 3, 5, 30))
        np.testing.assert_allclose(score, self.head(self.rows[:5]), atol=1e-12)
        self.assertEqual([moment for moment, _ in heard], [3, 5])
        # The third row reaches 4.944 s.
        np.testing.assert_allclose(heard[1][1], self.head(self.rows[:3]), atol=1e-12)

    def test_other_tags_and_models_without_are_refused(self):
        with self.assertRaisesRegex(manifest.Refused, "expected tags"):
            self.runner.tags_and_beginnings(self.rows[:, :9])
        with self.assertRaisesRegex(manifest.Refused, "takes no stored tags"):
            Runner(TOY).tags_and_beginnings(self.rows)


if __name__ == "__main__":
    unittest.main()
