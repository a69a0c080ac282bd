"""The gate: the converted network against its layers in numpy, its features, its scenes and its decision."""

import tempfile
import unittest
from pathlib import Path

import numpy as np

from training import mel

try:
    from training.gate import bank, decision, export, inaspeech, network, scenes, stream
except ModuleNotFoundError as missing:
    raise unittest.SkipTest(f"{missing.name} is not installed") from None


def random_weights(rng):
    shapes = [(64, 1, 7, 4), (128, 64, 3, 3), (128, 128, 3, 3), (256, 128, 3, 3)]
    convolutions = [(rng.normal(0, 1 / np.sqrt(np.prod(s[1:])), s), rng.normal(0, 0.1, s[0])) for s in shapes]
    dense = [(rng.normal(0, 1 / 16, (256, 256)), rng.normal(0, 0.1, 256)) for _ in range(4)]
    return convolutions, [*dense, (rng.normal(0, 1 / 16, (3, 256)), rng.normal(0, 0.1, 3))]


def convolved(x, kernel, bias):
    """Valid convolution of [channels, height, width]."""
    patches = np.lib.stride_tricks.sliding_window_view(x, kernel.shape[2:], axis=(1, 2))
    return np.maximum(np.einsum("chwij,ocij->ohw", patches, kernel) + bias[:, None, None], 0.0)


def pooled(x, size):
    """Keras's MaxPooling2D with padding "same" and strides of its size."""
    out = [-(-n // s) for n, s in zip(x.shape[1:], size)]
    pads = [max(0, o * s - n) for o, s, n in zip(out, size, x.shape[1:])]
    x = np.pad(x, [(0, 0), *((p // 2, p - p // 2) for p in pads)], constant_values=-np.inf)
    return x.reshape(len(x), out[0], size[0], out[1], size[1]).max(axis=(2, 4))


def by_hand(weights, columns):
    """The embedding of one patch [68, 24], layer by layer."""
    (c0, c1, c2, c3), dense = weights
    x = columns[:, : inaspeech.BANDS] + inaspeech.emphasis()[: inaspeech.BANDS]
    x = np.maximum(x, x.max() - network.FLOOR_DB)
    x = ((x - x.mean()) / x.std())[None]
    x = pooled(convolved(x, *c0), (4, 2))
    x = pooled(convolved(convolved(x, *c1), *c2), (2, 2))
    x = convolved(x, *c3)[:, :4].max(axis=1).reshape(-1)
    return np.maximum(dense[0][0] @ x + dense[0][1], 0.0)


class Networks(unittest.TestCase):
    def test_the_encoder_is_the_convolutional_network(self):
        rng = np.random.default_rng(1)
        weights, columns = random_weights(rng), rng.normal(-40, 25, (3, 68, 24)).astype(np.float32)
        encode = export.measured_encoder(weights)
        for found, patch in zip(encode(columns), columns):
            np.testing.assert_allclose(found, by_hand(weights, patch.astype(np.float64)), atol=2e-4)

    def test_the_head_is_linear_in_the_mean(self):
        import onnxruntime

        rng = np.random.default_rng(2)
        matrix, bias, embeddings = rng.normal(size=(4, 256)), rng.normal(size=4), rng.normal(size=(1, 2, 256)).astype(np.float32)
        with tempfile.TemporaryDirectory() as folder:
            network.head(Path(folder) / "head.onnx", matrix, bias)
            session = onnxruntime.InferenceSession(str(Path(folder) / "head.onnx"), providers=["CPUExecutionProvider"])
            found = session.run(None, {"embeddings": embeddings})[0][0]
        np.testing.assert_allclose(found, matrix @ embeddings[0].mean(axis=0) + bias, atol=1e-4)


class Features(unittest.TestCase):
    def test_the_daemons_columns_are_its_own_but_for_a_number_a_band(self):
        sound = 0.1 * np.random.default_rng(3).standard_normal(16000)
        ours = mel.columns(sound, inaspeech.FEATURES) + inaspeech.emphasis()
        theirs = inaspeech.exact_columns(sound)
        # Their frames begin where ours have their middle: 200 samples are one hop and a quarter.
        apart = (ours[1 : 1 + len(theirs)] - theirs[: len(ours) - 1]).mean(axis=0)[: inaspeech.BANDS]
        self.assertLess(np.abs(apart - apart.mean()).max(), 1.0)


class Scenes(unittest.TestCase):
    def setUp(self):
        rng = np.random.default_rng(4)
        tone = np.sin(np.arange(64000) * 0.1).astype(np.float32) * 0.1
        words = [rng.standard_normal(n).astype(np.float32) * 0.1 for n in (3000, 9000, 5000)]
        self.bank = {"music": {"music-tone": [tone]}, "speech": {"speech-noise": words}, "noise": {"noise-short": [words[0]]}}

    def test_every_label_has_its_length_and_its_source(self):
        drawn = scenes.many(self.bank, np.random.default_rng(5), 3, 22400)
        self.assertEqual([label for label, *_ in drawn], [0] * 3 + [1] * 3 + [2] * 3 + [3] * 3)
        for label, source, samples in drawn:
            self.assertEqual((len(samples), samples.dtype), (22400, np.float32))
            self.assertEqual(source.split("-")[0], ("music", "speech", "speech", "noise")[label])

    def test_a_bed_is_as_soft_as_it_is_said_to_be(self):
        front, back = np.full(1000, 0.5), np.random.default_rng(6).standard_normal(1000)
        rest = scenes.over(front, back, 12.0) - front
        self.assertAlmostEqual(10 * np.log10(scenes.power(front) / scenes.power(rest)), 12.0, places=6)

    def test_silence_at_the_ends_is_cut_and_the_level_is_one(self):
        loud = np.concatenate([np.zeros(4000), 0.01 * np.sin(np.arange(8000) * 0.3), np.zeros(4000)]).astype(np.float32)
        found = bank.level(loud)
        self.assertEqual(len(found), 8000)
        self.assertAlmostEqual(float(np.sqrt((found**2).mean())), bank.LEVEL, places=2)
        self.assertEqual(len(bank.level(np.zeros(8000, dtype=np.float32))), 0)


class Programme(unittest.TestCase):
    def test_labels_begin_in_the_middle_of_a_fade(self):
        played = stream.Programme()
        played.add("music", np.ones(32000))
        played.add("speech", np.ones(24000), fade=1.0)
        played.add("silence", np.zeros(16000))
        self.assertEqual([played.at(s) for s in (0.0, 1.49, 1.51, 2.49, 2.51)], ["music", "music", "speech", "speech", "silence"])
        self.assertEqual(len(np.concatenate(played.parts)) / 16000, played.seconds)


class Decision(unittest.TestCase):
    def test_level_comes_first(self):
        p = np.array([[0.1, 0.7, 0.1, 0.1], [0.9, 0.1, 0.0, 0.0], [0.9, 0.1, 0.0, 0.0]])
        self.assertEqual(decision.states(p, [-20, -20, -90]), ["speech", "music", "silence"])
        self.assertEqual(decision.shares(["music", "music", "speech"], ["music", "noise", "speech"])["music"], {"music": 0.5, "noise": 0.5})

    def test_smoothing_keeps_a_part_of_the_past(self):
        p = decision.smoothed(np.array([[20.0, 0, 0, 0], [0, 20.0, 0, 0]]), 1.0, 1.0)
        np.testing.assert_allclose(p[1, 0], np.exp(-1.0 / decision.SMOOTHING_SECONDS), atol=1e-6)


if __name__ == "__main__":
    unittest.main()
