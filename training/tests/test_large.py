"""`crnn-large`: its front end's descriptors, its views, and the training of its parts. Skipped without torch and onnx."""

import importlib.util
import unittest
from dataclasses import replace

import numpy as np

TRAINS = all(importlib.util.find_spec(name) for name in ("torch", "onnx"))
if TRAINS:
    import torch

    from training import large
    from training.networks.crnn_large import Normal
    from training.networks.fine_structure import FineStructure
    from training.tests.test_networks import clips
    from training.views import VIEWS, WHOLE, View, seen


@unittest.skipUnless(TRAINS, "torch and onnx are missing")
class Large(unittest.TestCase):
    def setUp(self):
        torch.set_num_threads(1)

    def test_a_held_tone_persists_and_noise_does_not(self):
        front = FineStructure()
        tone = torch.zeros(1, 387, 128)
        tone[:, :, 20] = 4.0
        noise = torch.randn(1, 387, 128, generator=torch.Generator().manual_seed(0))
        # The last 5 × 16 statistics are the persistence after 1, 2, 4, 8 and 16 columns of each group of eight mels.
        held, lost = (front(x)[0][0, -16:] for x in (tone, noise))
        self.assertGreater(float(held[2]), 0.99)
        self.assertLess(float(lost.abs().max()), 0.2)

    def test_roughness_tells_a_comb_from_a_slope(self):
        front = FineStructure()
        comb, slope = torch.zeros(1, 387, 128), torch.linspace(-2.0, 2.0, 128).expand(1, 387, 128)
        comb[:, :, ::2] = 1.0
        rough, smooth = (front(x)[1][0, 0] for x in (comb, slope))
        # Three sets of 40 cepstral figures come before the 32 bands of roughness.
        self.assertGreater(float(rough[120:152].min()), 1.0)
        self.assertLess(float(smooth[120:152].max()), -6.0)

    def test_a_figure_that_never_varies_stays_small(self):
        normal = Normal(2)
        x = torch.tensor([[1e-8, 1.0], [-1e-8, 3.0], [0.0, 2.0]])
        normal.measure(x)
        self.assertLess(float(normal(x)[:, 0].abs().max()), 1e-5)
        self.assertAlmostEqual(float(normal(x)[:, 1].std()), 1.0, places=5)

    def test_a_whole_view_is_the_clip_from_another_column_on(self):
        mel = torch.from_numpy(clips(1).mel)
        whole = seen(mel, WHOLE, np.random.default_rng(0))[0]
        expected = (mel[0] - mel[0].mean()) / mel[0].std(correction=0)
        self.assertTrue(any(torch.allclose(torch.roll(expected, s, 0), whole, atol=1e-4) for s in range(387)))
        varied = seen(mel, View(filled=1.0, shift=3, gain=0.7, noise=1.0), np.random.default_rng(0))[0]
        self.assertTrue(bool(torch.isfinite(varied).all()))
        self.assertEqual(len(large.LargeRecipe().linear_views), len(VIEWS))

    def test_it_learns_and_two_runs_are_alike(self):
        some, recipe = clips(12), replace(large.LargeRecipe(), epochs=2, batch=6)
        first, curve = large.fit_large(some, [1, 2], recipe)
        self.assertEqual([row["epoch"] for row in curve], [1, 2])
        accuracy, loss = large.figures(first, some)
        self.assertEqual(accuracy, 1.0)
        self.assertLess(loss, 0.7)
        second, _ = large.fit_large(some, [1, 2], recipe)
        for a, b in zip(first.state_dict().values(), second.state_dict().values()):
            self.assertTrue(torch.equal(a, b))
        # One member alone is what the whole would be with it as the only one.
        x = torch.randn(2, 387, 128)
        with torch.no_grad():
            pair = [large.alone(first, i)(x) for i in range(2)]
            torch.testing.assert_close(first(x), torch.stack(pair).mean(dim=0))
        self.assertEqual(set(large.parts_of(first, some)), {"linear", "members"})


if __name__ == "__main__":
    unittest.main()
