"""musicnn's graph against its layers written out in numpy, and the streaming graph against the whole one."""

import tempfile
import unittest
from pathlib import Path
from unittest import mock

import numpy as np
import onnxruntime

try:
    from training.musicnn import encoder, stateless, weights
except ModuleNotFoundError as missing:
    raise unittest.SkipTest(f"{missing.name} is not installed") from None

KERNELS = {0: (7, 38, 1, 204), 1: (7, 67, 1, 204), 2: (128, 1, 1, 51), 3: (64, 1, 1, 51), 4: (32, 1, 1, 51), 5: (7, 561, 1, 64), 6: (7, 64, 1, 64), 7: (7, 64, 1, 64)}
NORMALISED = {0: 1, 1: 204, 2: 204, 3: 51, 4: 51, 5: 51, 6: 64, 7: 64, 8: 64, 9: 1506, 10: 200}


def variables():
    """Random weights under TensorFlow's names; gains of both signs, and every third channel of the front end is dead."""
    rng, out = np.random.default_rng(3), {}
    suffix = lambda n: f"_{n}" if n else ""
    for n, shape in KERNELS.items():
        out[f"conv2d{suffix(n)}/kernel"] = rng.normal(0, 1 / np.sqrt(np.prod(shape[:3])), shape).astype(np.float32)
        if n < 5:
            out[f"conv2d{suffix(n)}/kernel"][..., ::3] *= 1e-9
        out[f"conv2d{suffix(n)}/bias"] = rng.normal(0, 0.2, shape[3]).astype(np.float32)
    for n, size in NORMALISED.items():
        name = f"batch_normalization{suffix(n)}"
        out[f"{name}/gamma"] = (rng.choice([-1, 1], size) * rng.uniform(0.5, 1.5, size)).astype(np.float32)
        out[f"{name}/beta"], out[f"{name}/moving_mean"] = rng.normal(0, 0.3, (2, size)).astype(np.float32)
        out[f"{name}/moving_variance"] = rng.uniform(0.5, 1.5, size).astype(np.float32)
    for name, shape in (("dense", (1506, 200)), ("dense_1", (200, 50))):
        out[f"{name}/kernel"] = rng.normal(0, 1 / np.sqrt(shape[0]), shape).astype(np.float32)
        out[f"{name}/bias"] = rng.normal(0, 0.2, shape[1]).astype(np.float32)
    return out


def by_hand(v, mel):
    """(tags, penultimate) of one patch [187, 96], layer by layer."""
    v = {name: array.astype(np.float64) for name, array in v.items()}
    suffix = lambda n: f"_{n}" if n else ""

    def norm(x, n):
        name = f"batch_normalization{suffix(n)}"
        scale = v[f"{name}/gamma"] / np.sqrt(v[f"{name}/moving_variance"] + 1e-3)
        return (x - v[f"{name}/moving_mean"]) * scale + v[f"{name}/beta"]

    def conv(x, n, pad):
        kernel = v[f"conv2d{suffix(n)}/kernel"][:, :, 0]
        x = np.pad(x, (pad, (0, 0)))
        views = np.lib.stride_tricks.sliding_window_view(x, kernel.shape[:2])
        return np.maximum(np.tensordot(views, kernel, axes=([2, 3], [0, 1])) + v[f"conv2d{suffix(n)}/bias"], 0)

    x = norm(mel.astype(np.float64)[..., None], 0)[..., 0]
    pads = {0: (3, 3), 1: (3, 3), 2: (63, 64), 3: (31, 32), 4: (15, 16)}
    front = np.concatenate([norm(conv(x, n, pad), n + 1).max(axis=1) for n, pad in pads.items()], axis=1)
    c1 = norm(conv(front, 5, (3, 3))[:, 0], 6)
    c2 = norm(conv(c1, 6, (3, 3))[:, 0], 7) + c1
    c3 = norm(conv(c2, 7, (3, 3))[:, 0], 8) + c2
    every = np.concatenate([front, c1, c2, c3], axis=1)
    pooled = np.stack([every.max(axis=0), every.mean(axis=0)], axis=1).ravel()
    penultimate = norm(np.maximum(norm(pooled, 9) @ v["dense/kernel"] + v["dense/bias"], 0), 10)
    return 1 / (1 + np.exp(-(penultimate @ v["dense_1/kernel"] + v["dense_1/bias"]))), penultimate


def run(path, inputs):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"]).run(None, inputs)


class Encoder(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(scratch.cleanup)
        cls.folder, cls.variables = Path(scratch.name), variables()
        with mock.patch.object(weights.checkpoint, "read", lambda _: cls.variables):
            found = weights.Weights("")
        encoder.write(found, cls.folder / "streaming.onnx")
        encoder.write(found, cls.folder / "whole.onnx", streaming=False)
        cls.state = encoder.state(found)
        rng = np.random.default_rng(5)
        cls.mel = rng.gamma(1.0, 0.8, (encoder.FRAMES + 3 * encoder.STRIDE, encoder.MELS)).astype(np.float32)

    def patch(self, i):
        return self.mel[None, i * encoder.STRIDE : i * encoder.STRIDE + encoder.FRAMES]

    def test_the_graph_computes_the_layers(self):
        tags, penultimate = by_hand(self.variables, self.patch(0)[0])
        (found,) = run(self.folder / "whole.onnx", {"mel": self.patch(0)})
        np.testing.assert_allclose(found[0, : encoder.TAGS], tags, atol=1e-4)
        np.testing.assert_allclose(found[0, encoder.TAGS :], penultimate, atol=1e-3)

    def test_dead_channels_are_left_out(self):
        # Two thirds of 2 · 204 and 2 · 51 channels are left, and 64 of the middle.
        self.assertEqual(self.state, [1, 2 * 136 + 2 * 34 + 64, encoder.KEPT])

    def test_a_stream_gives_what_whole_patches_give(self):
        state = np.zeros(self.state, dtype=np.float32)
        for missing in range(encoder.WARM_UP * encoder.STRIDE, 0, -encoder.STRIDE):
            early = np.zeros_like(self.patch(0))
            early[:, missing:] = self.patch(0)[:, :-missing]
            _, state = run(self.folder / "streaming.onnx", {"mel": early, "columns": state})
        for i in range(4):
            found, state = run(self.folder / "streaming.onnx", {"mel": self.patch(i), "columns": state})
            (expected,) = run(self.folder / "whole.onnx", {"mel": self.patch(i)})
            np.testing.assert_allclose(found, expected, atol=1e-5)

    def test_the_layers_are_found_again_in_a_file(self):
        shipped = stateless.Shipped(self.folder / "streaming.onnx")
        encoder.write_whole(shipped, self.folder / "again.onnx", shipped.matrix, shipped.offset)
        expected, found = (run(self.folder / f"{name}.onnx", {"mel": self.patch(2)})[0] for name in ("whole", "again"))
        np.testing.assert_allclose(found, expected, atol=1e-5)


if __name__ == "__main__":
    unittest.main()
