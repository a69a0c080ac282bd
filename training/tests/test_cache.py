"""The cache of embeddings: whole files only, and none that other settings made."""

import tempfile
import unittest
from pathlib import Path
from unittest import mock

import numpy as np

from training.manifest import Refused
from training.musicnn import cache, embed


class Cache(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)
        (self.folder / cache.ENCODER).write_bytes(b"an encoder")
        self.file = cache.path(self.folder, "train", "random-1")

    def mark(self, version="random-1"):
        return embed.fingerprint(self.folder, version)

    def test_what_was_written_is_read(self):
        rows = np.arange(12.0).reshape(2, 2, 3)
        cache.write(self.file, self.mark(), ["a.0", "b.0"], rows)
        names, found = cache.read(self.file, self.mark())
        self.assertEqual([str(name) for name in names], ["a.0", "b.0"])
        np.testing.assert_array_equal(found, rows)
        self.assertEqual(list(self.folder.glob("*.partial*")), [])

    def test_another_encoder_features_or_degradations_are_noticed(self):
        cache.write(self.file, self.mark(), ["a.0"], np.zeros((1, 2, 3)))
        clean = self.mark("clean")
        with mock.patch.object(cache, "EDITION", -1):
            self.assertFalse(cache.is_current(self.file, self.mark()))
            self.assertEqual(self.mark("clean"), clean, "clean clips know no degradation")
        with mock.patch.dict(embed.encoder.FEATURES, {"hop": 128}):
            self.assertRaisesRegex(Refused, "other settings", cache.read, self.file, self.mark())
        (self.folder / cache.ENCODER).write_bytes(b"another")
        self.assertRaisesRegex(Refused, "other settings", cache.read, self.file, self.mark())

    def test_files_without_a_mark_and_missing_ones_are_refused(self):
        self.assertRaisesRegex(Refused, "missing", cache.read, self.file, self.mark())
        np.savez(self.file, name=["a.0"], embedding=np.zeros((1, 2, 3)))
        self.assertRaisesRegex(Refused, "run python -m training.musicnn.embed", cache.read, self.file, self.mark())

    def test_only_the_valid_clips_are_heard_at_one_level(self):
        self.assertEqual(embed.versions("valid", 3), ["levelled"])
        self.assertEqual(embed.versions("train", 1), ["clean", "random-1"])
        self.assertIn("level", embed.features("levelled"))
        self.assertNotIn("level", embed.features("clean"))


if __name__ == "__main__":
    unittest.main()
