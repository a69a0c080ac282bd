"""The adapted encoder: student against graph, its fast gradient against the plain one, the head of single patches, its batches."""

import tempfile
import unittest
from pathlib import Path
from unittest import mock

import numpy as np

try:
    import onnxruntime
    import torch
    from torch.nn import functional

    from training.adapt import fit, front, smear, sounds, student
    from training.head import network
    from training.musicnn import encoder, weights
except ModuleNotFoundError as missing:
    raise unittest.SkipTest(f"{missing.name} is not installed") from None

from . import test_head
from .test_encoder import run, variables
from .test_head import KEPT

SIZE = 12


def some():
    """Random weights."""
    with mock.patch.object(weights.checkpoint, "read", lambda _: variables()):
        return weights.Weights("")


def projected():
    rng = np.random.default_rng(8)
    return rng.normal(0, 0.1, (SIZE, encoder.PENULTIMATE)), rng.normal(0, 1.0, SIZE)


def patches(count, seed=4):
    return np.random.default_rng(seed).gamma(1.0, 0.8, (count, encoder.FRAMES, encoder.MELS)).astype(np.float32)


class Student(unittest.TestCase):
    def test_it_is_the_graph_as_written_and_after_training(self):
        torch.manual_seed(1)
        torch.set_num_threads(1)
        matrix, offset = projected()
        network_, mel = student.Student(some(), matrix, offset), patches(1)
        with torch.no_grad():
            for parameter in network_.parameters():
                parameter += 0.1 * parameter.std() * torch.randn_like(parameter)
            odds, rest = network_(torch.from_numpy(mel))
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / "encoder.onnx"
            encoder.write(network_.weights(), path, matrix, offset, streaming=False)
            (found,) = run(path, {"mel": mel})
            np.testing.assert_allclose(found[:, : encoder.TAGS], torch.sigmoid(odds).numpy(), atol=1e-5)
            np.testing.assert_allclose(found[:, encoder.TAGS :], rest.numpy(), atol=1e-4)
            # What the frozen end was is found again in the file.
            again, shift = student.projection(scratch, some())
            np.testing.assert_allclose(again, matrix, atol=1e-6)
            np.testing.assert_allclose(shift, offset, atol=1e-5)

    def test_the_fast_gradient_is_the_plain_one(self):
        torch.manual_seed(2)
        picture = torch.rand(3, 20, 24)
        kernel, bias = torch.randn(5, 1, 4, 9, requires_grad=True), torch.randn(5, requires_grad=True)
        price = torch.randn(3, 5, 17)
        gradients = []
        for found in (
            front.Loudest.apply(picture, kernel, bias),
            functional.conv2d(picture[:, None], kernel, bias).amax(dim=3),
        ):
            gradients.append((found.detach(), *torch.autograd.grad((found * price).sum(), (kernel, bias))))
        for fast, plain in zip(*gradients):
            np.testing.assert_allclose(fast.numpy(), plain.numpy(), atol=1e-4)

    def test_training_comes_nearer_to_the_teacher(self):
        matrix, offset = projected()
        with torch.no_grad():
            odds, rest = student.Student(some(), matrix, offset)(torch.from_numpy(patches(4)))
        answers = torch.cat([torch.sigmoid(odds), rest], dim=1).numpy()
        torch.manual_seed(3)
        pupil = student.Student(some(), matrix, offset)
        with torch.no_grad():
            for parameter in pupil.parameters():
                parameter += 0.05 * parameter.std() * torch.randn_like(parameter)
        recipe = fit.Recipe(steps=8, size=4, rate=3e-4, warm_up=2, answer=0.0)
        batch, told = (torch.from_numpy(patches(4)), torch.from_numpy(answers)), []
        answer = lambda odds, rest: torch.zeros(len(odds), 10)
        with tempfile.TemporaryDirectory() as scratch:
            keep = Path(scratch) / "run.pt"
            watch = lambda step, mean, parts: told.append((step, parts["tags"]))
            whole = fit.run(pupil, answer, lambda step: batch, fit.spread(answers), recipe, keep, watch, every=4)
            # What is kept is the end: a second call has nothing to do and gives the same.
            again = fit.run(pupil, answer, lambda step: batch, fit.spread(answers), recipe, keep, watch, every=4)
        self.assertEqual([step for step, _ in told], [4, 8])
        self.assertLess(told[1][1], told[0][1])
        for one, two in zip(whole.parameters(), again.parameters()):
            torch.testing.assert_close(one, two)


class Answers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        test_head.Head.setUpClass.__func__(cls)

    def test_single_patches_are_answered_as_the_head_does(self):
        head, rows = network.Head(self.start).eval(), torch.from_numpy(self.sets[1].rows[:, 0])
        with tempfile.TemporaryDirectory() as scratch:
            head.graph(50 + KEPT).save(Path(scratch) / "head.onnx", "embeddings", [1, "patches", 50 + KEPT], "logits", [1, 10])
            answer = student.PatchHead(scratch)
        odds = torch.log(rows[:, :50]) - torch.log(1 - rows[:, :50])
        with torch.no_grad():
            expected = head.patches(rows)[1]
            torch.testing.assert_close(torch.softmax(answer(odds, rows[:, 50:]), dim=1), expected, atol=1e-4, rtol=0)


class Batches(unittest.TestCase):
    def test_a_step_always_gets_the_same_batch(self):
        rng = np.random.default_rng(1)
        columns = [rng.random((6, sounds.FRAMES, encoder.MELS)).astype(np.float16) for _ in range(3)]
        answers = rng.random((6, sounds.PATCHES, 8)).astype(np.float32)
        recipe, asked = fit.Recipe(steps=10, versions=2, steps_a_version=5, size=40), []
        more = columns[0][:3] + 1, answers[:3] + 1, 2
        draw = fit.Draw(lambda number: asked.append(number) or columns[number], answers, 4, more, recipe)
        one, two = draw(3), draw(3)
        for a, b in zip(one, two):
            torch.testing.assert_close(a, b, atol=0, rtol=0)
        draw(10)
        self.assertEqual(asked, [0, 1, 0, 1, 0, 2])
        self.assertFalse(torch.equal(draw(4)[0], one[0]))

    def test_patches_come_with_the_answers_of_their_place(self):
        # Each column of a patch holds the number of its sound, and each answer too; those of `more` are 100 and over.
        fill = lambda numbers: np.broadcast_to(numbers[:, None, None], (len(numbers), sounds.FRAMES, encoder.MELS))
        first, second = np.arange(6.0, dtype=np.float32), 100 + np.arange(5.0, dtype=np.float32)
        told = lambda numbers: np.broadcast_to(numbers[:, None, None], (len(numbers), sounds.PATCHES, 1))
        recipe = fit.Recipe(steps=10, size=400, clean=0.5, smeared=0.0)
        draw = fit.Draw(lambda number: fill(first + 50 * (number > 0)), told(first), 4, (fill(second), told(second), 3), recipe)
        patches, answers = (array.numpy() for array in draw(1))
        sound, answer = patches[:, 0, 0], answers[:, 0]
        degraded = (sound >= 50) & (sound < 100)
        np.testing.assert_array_equal(np.where(degraded, sound - 50, sound), answer)
        self.assertEqual(set(answer.tolist()), {*first.tolist(), *second.tolist()})
        gtzan = (answer < 4) | ((answer >= 100) & (answer < 103))
        self.assertAlmostEqual(gtzan.mean(), recipe.clips, delta=0.08)
        self.assertAlmostEqual(degraded.mean(), 0.5, delta=0.1)

    def test_a_room_in_the_picture_keeps_the_level_and_bears_silence(self):
        loud = np.log10(1 + 1e4 * np.random.default_rng(2).gamma(0.3, 1.0, (187, 96))).astype(np.float32)
        heard = smear.room(loud, np.random.default_rng(3))
        power = lambda x: (10.0**x - 1).mean()
        self.assertEqual((heard.shape, heard.dtype), (loud.shape, np.float32))
        self.assertAlmostEqual(power(heard) / power(loud), 1.0, places=3)
        self.assertGreater(np.abs(heard - loud).mean(), 0.05)
        np.testing.assert_array_equal(heard, smear.room(loud, np.random.default_rng(3)))
        self.assertTrue(np.isfinite(smear.room(0 * loud, np.random.default_rng(3))).all())

    def test_every_chain_keeps_length_and_is_finite(self):
        samples = np.random.default_rng(4).normal(0, 0.1, 2 * sounds.NATIVE).astype(np.float32)
        for names in {name for _, chain in sounds.CHAINS for name in chain} - {"low_mp3", "low_opus"}:
            with mock.patch.object(sounds, "CHAINS", ((1.0, (names,)),)):
                heard = sounds.degraded(samples, np.random.default_rng(5))
            self.assertEqual((heard.shape, heard.dtype), (samples.shape, np.float32), names)
            self.assertTrue(np.isfinite(heard).all(), names)


if __name__ == "__main__":
    unittest.main()
