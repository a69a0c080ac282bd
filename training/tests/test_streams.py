"""What a network of patches hears of its clips, whole and in pieces. Skipped without torch."""

import importlib.util
import unittest
from types import SimpleNamespace

import numpy as np

TRAINS = importlib.util.find_spec("torch")
if TRAINS:
    from training import gtzan, mel, splits, streams

LEVEL = {"target": 1.0, "columns": 129, "most": 1e5}


def network():
    """What `streams` asks of a network."""
    return SimpleNamespace(
        features=gtzan.FEATURES | {"level": LEVEL}, floor_db=-45.0, patch={"frames": 30, "stride": 12, "embedding": 160}, window={"frames": 378}
    )


def clips(count):
    rng = np.random.default_rng(0)
    return splits.Clips(rng.normal(-50.0, 12.0, (count, 387, 128)).astype(np.float32), np.arange(count) % 10, [])


def power(decibels):
    return 10.0 ** (np.asarray(decibels, dtype=np.float64) / 10.0)


@unittest.skipUnless(TRAINS, "torch is missing")
class Streams(unittest.TestCase):
    def test_a_clip_is_heard_as_the_stream_that_it_begins(self):
        rows = clips(3).mel
        heard = streams.heard(network(), rows)
        self.assertEqual((heard.shape, heard.dtype), ((3, 378, 128), np.float32))
        level = mel.Level(**LEVEL)
        expected = np.concatenate([level.brought(power(rows[1, i : i + 1]).astype(np.float32)) for i in range(378)])
        np.testing.assert_allclose(power(heard[1]), expected, rtol=1e-4)

    def test_a_louder_clip_is_heard_as_a_soft_one(self):
        rows = clips(2).mel
        np.testing.assert_allclose(streams.heard(network(), rows + 10.0), streams.heard(network(), rows), atol=1e-3)

    def test_a_piece_goes_on_with_the_clips_beginning(self):
        clip, rng = np.arange(387.0, dtype=np.float32)[:, None] * np.ones((1, 128), np.float32), np.random.default_rng(0)
        seen = set()
        for _ in range(40):
            x = streams.piece(clip, 300, rng)
            step = np.diff(x[:, 64])
            # Most columns follow the one before; the clip's end is followed by its beginning, once at the most.
            self.assertLessEqual((step < 0.0).sum(), 1)
            seen.add(int((step < 0.0).sum()))
        self.assertEqual(seen, {0, 1})

    def test_batches_are_whole_patches_at_their_level(self):
        rng, counts, apart = np.random.default_rng(1), set(), []
        some = clips(16)
        some.mel[:, ::2] += 20.0
        for x, y in (batch for _ in range(6) for batch in streams.augmented(network(), some, rng, 8, 0.5, 0.0)):
            self.assertEqual((len(x), x.shape[2], (x.shape[1] - 30) % 12), (8, 128, 0))
            counts.add((x.shape[1] - 30) // 12 + 1)
            self.assertTrue(bool((y.sum(dim=1) == 1.0).all()))
            self.assertGreaterEqual(float(x.min()), -45.01)
            # A piece whose level has not settled begins at it, as its first column is all that was heard; masks hide some.
            apart.append(float(np.median(np.abs(10.0 * np.log10(power(x[:, 0]).mean(axis=1))))))
        self.assertIn(30, counts)
        self.assertTrue(all(5 <= count <= 10 or count == 30 for count in counts), counts)
        self.assertTrue(min(apart) < 2.0 < max(apart), apart)

    def test_every_clip_comes_once_and_chance_hangs_on_the_seed_only(self):
        def of(seed):
            return [(x.numpy(), y.numpy()) for x, y in streams.augmented(network(), clips(20), np.random.default_rng(seed), 10, 0.9, 0.0)]

        self.assertEqual(np.sum([y.sum(axis=0) for _, y in of(3)], axis=0).tolist(), [2.0] * 10)
        for (x, y), (again, same) in zip(of(3), of(3)):
            np.testing.assert_array_equal(x, again)
            np.testing.assert_array_equal(y, same)
        self.assertFalse(np.array_equal(of(3)[0][1], of(4)[0][1]))


if __name__ == "__main__":
    unittest.main()
