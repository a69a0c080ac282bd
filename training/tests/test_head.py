"""The head: its ONNX graph against PyTorch, that it begins as a mean, and that it learns to forget at a change."""

import tempfile
import unittest
from dataclasses import replace
from pathlib import Path

import numpy as np

from training.gtzan import LABELS

try:
    import onnxruntime
    import torch

    from training.head import correction, fit, joins, network, residual, sequences, start
    from training.windows import softmax
except ModuleNotFoundError as missing:
    raise unittest.SkipTest(f"{missing.name} is not installed") from None

KEPT = 8


def clips(version, count, seed, heard=True):
    """Clips of four genres whose tags and residuals are those of the genre with noise."""
    rng = np.random.default_rng(seed)
    names = [f"{LABELS[i % 4]}.{i:05}" for i in range(count)]
    target = np.array([i % 4 for i in range(count)])
    centres = np.random.default_rng(0).normal(-2.0, 1.5, (4, 50 + KEPT))
    x = centres[target][:, None] + rng.normal(0, 1.0, (count, 28, 50 + KEPT))
    rows = np.concatenate([1 / (1 + np.exp(-x[..., :50])), x[..., 50:] if heard else 0 * x[..., 50:]], axis=-1)
    return sequences.Clips(version, names, target, rows.astype(np.float32))


class Head(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        torch.set_num_threads(1)
        cls.sets = [clips(sequences.PUBLISHED, 40, 1, heard=False), clips("clean", 40, 2), clips("random-1", 40, 3)]
        cls.recipe = fit.Recipe(tags_penalty=1e-2, rest_penalty=1e-2, corrected=16, members=2, correction_steps=60)
        cls.start = start.fit(cls.sets, cls.recipe)

    def test_the_start_names_what_it_was_fitted_on(self):
        p = self.start.mean(self.sets[1].rows)
        self.assertGreater((p.argmax(axis=1) == self.sets[1].target).mean(), 0.9)
        self.assertEqual(p.shape, (40, len(LABELS)))

    def test_tags_alone_are_not_corrected(self):
        tags, heard = self.sets[0].rows, self.sets[1].rows
        np.testing.assert_array_equal(self.start.correction.logits(tags), 0.0)
        self.assertGreater(np.abs(self.start.correction.logits(heard)).max(), 1e-3)

    def test_averaged_members_give_the_mean_of_their_logits(self):
        one, two = (correction.fit(self.start.linear, self.sets, 8, n, 20) for n in (1, 2))
        rows, width = self.sets[1].rows, 8
        second = correction.Correction(two.tags[:, width:], two.rest[:, width:], two.bias[width:], 2 * two.out[width:])
        expected = (one.logits(rows) + second.logits(rows)) / 2
        np.testing.assert_allclose(two.logits(rows), expected, atol=1e-9)

    def test_degraded_sound_is_named_better_and_clean_sound_as_before(self):
        # Degraded, the second genre sounds like the first one, but for the residual's size.
        sets = [*self.sets[:2], clips("random-1", 40, 3)]
        spoilt = sets[2].rows[sets[2].target == 1]
        spoilt[..., :50] = sets[2].rows[sets[2].target == 0][..., :50]
        spoilt[..., 50:] *= 3.0
        sets[2].rows[sets[2].target == 1] = spoilt
        recipe = replace(self.recipe, corrected=32, members=1, correction_steps=300)
        found = start.fit(sets, recipe)
        right = lambda p, s: (p.argmax(axis=1) == s.target).mean()
        without = softmax(found.linear.logits(sets[2].rows)).mean(axis=1)
        self.assertGreaterEqual(right(found.mean(sets[2].rows), sets[2]), right(without, sets[2]))
        self.assertGreater(right(found.mean(sets[1].rows), sets[1]), 0.9)

    def test_the_graph_is_the_network(self):
        torch.manual_seed(1)
        head = network.Head(self.start).eval()
        # So that it forgets a good deal.
        torch.nn.init.constant_(head.forget.bias, -0.5)
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / "head.onnx"
            head.graph(50 + KEPT).save(path, "embeddings", [1, "patches", 50 + KEPT], "logits", [1, len(LABELS)])
            session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
            for patches in (1, 2, 9, 28):
                rows = self.sets[1].rows[:1, :patches]
                (found,) = session.run(None, {"embeddings": rows})
                with torch.no_grad():
                    expected = head(torch.from_numpy(rows)).numpy()
                np.testing.assert_allclose(found, expected, atol=1e-4)

    def test_without_forgetting_it_is_the_mean(self):
        head = network.Head(self.start).eval()
        torch.nn.init.constant_(head.forget.bias, -40.0)
        torch.nn.init.zeros_(head.forget.weight)
        with torch.no_grad():
            p = torch.exp(head(torch.from_numpy(self.sets[1].rows))).numpy()
        np.testing.assert_allclose(p, self.start.mean(self.sets[1].rows), atol=1e-5)

    def test_it_learns_to_forget_at_a_change(self):
        recipe = replace(self.recipe, steps=150, folds=2, rate=1e-2, average=0.95)
        head = fit.forgetting(self.start, self.sets, fit.unseen(self.sets, recipe), 1, recipe)
        fresh, old = self.sets[1].rows[1], self.sets[1].rows[0]
        rows = np.concatenate([old[:18], fresh[:10]])[None]
        with torch.no_grad():
            p = torch.exp(head(torch.from_numpy(rows))).numpy()[0]
        self.assertEqual(int(self.start.mean(rows)[0].argmax()), 0, "the plain mean still names the old genre")
        self.assertEqual(int(p.argmax()), 1)

    def test_joined_sequences_hold_both_clips(self):
        rng = np.random.default_rng(4)
        pool = joins.Pool(self.sets, [softmax(self.start.logits(s.rows)) for s in self.sets])
        for _ in range(20):
            rows, p, joint, targets, weights = joins.batch(pool, 4, 1.0, rng)
            self.assertEqual(rows.shape[:2], p.shape[:2])
            self.assertTrue(np.isfinite(rows).all() and (weights >= 0).all() and (weights <= 1).all())
            if rows.shape[1] > joins.ACROSS + 1:
                self.assertTrue((joint.sum(axis=1) == joins.ACROSS + 1).all())
            self.assertEqual(len(targets), 4)


class Residual(unittest.TestCase):
    def test_it_holds_what_the_tags_do_not_tell(self):
        rng = np.random.default_rng(2)
        z = rng.normal(size=(4000, 200)) @ rng.normal(size=(200, 200)) / 14.0 + 3.0
        kernel = rng.normal(size=(50, 200))
        found = residual.fit(z, kernel, 20)
        r = found.of(z)
        np.testing.assert_allclose(r.mean(axis=0), 0.0, atol=1e-9)
        np.testing.assert_allclose(r.std(axis=0), 1.0, atol=1e-6)
        tags = z @ kernel.T
        self.assertLess(np.abs(np.corrcoef(r.T, tags.T)[:20, 20:]).max(), 0.1)


class Folds(unittest.TestCase):
    def test_a_fold_is_a_run_of_a_genres_clips(self):
        names = [f"{genre}.{i:05}" for genre in LABELS for i in range(10)]
        fold = sequences.blocks(names, 5)
        self.assertEqual(np.bincount(fold).tolist(), [20] * 5)
        self.assertEqual(fold[:10].tolist(), [0, 0, 1, 1, 2, 2, 3, 3, 4, 4])


if __name__ == "__main__":
    unittest.main()
