"""Clips as sequences: a join is heard as the stream hears it, and the command of training.changes takes both forms."""

import contextlib
import io
import json
import shutil
import tempfile
import unittest
from pathlib import Path

import numpy as np
import soundfile

from training import changes, inputs, sequences
from training.runner import Runner
from training.tests.signals import sound

ROOT = Path(__file__).resolve().parents[2]
TOY = ROOT / "tests/fixtures/models/toy-encoder"
TAGS = 10


class Command(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)
        self.model = Path(shutil.copytree(TOY, self.folder / "toy"))
        manifest = self.model / "manifest.toml"
        manifest.write_text(manifest.read_text(encoding="utf-8") + f"\n[taggram]\ntags = {TAGS}\n", encoding="utf-8")
        self.runner = Runner(self.model)

    def audio(self):
        """A list of clips, each of the genre that the toy model hears in it alone."""
        rows = ["clip,genre"]
        for seed in range(6):
            clip = np.tile(sound(3.0, 16000, seed), 11) * np.float32(10.0 ** (-seed / 2))
            soundfile.write(self.folder / f"{seed}.flac", clip, 16000)
            columns = inputs.columns(*inputs.read(self.folder / f"{seed}.flac"), self.runner.manifest)
            p = self.runner.of_embeddings(self.runner.embeddings(columns)[-28:])
            rows.append(f"{seed},{self.runner.labels[int(p.argmax())]}")
        listing = self.folder / "list.csv"
        listing.write_text("\n".join(rows) + "\n", encoding="utf-8")
        return self.folder, listing

    def tags(self):
        """Clips of repeated random tags, named after what the toy model says of them."""
        rng = np.random.default_rng(1)
        rows, names = [], []
        for i in range(12):
            clip = np.tile(rng.normal(0.0, 3.0, TAGS), (28, 1)).astype(np.float32)
            p = self.runner.of_embeddings(self.runner.tag_embeddings(clip))
            rows.append(clip)
            names += [f"{self.runner.labels[int(p.argmax())]}.{i}"] * 28
        np.savez(self.folder / "tags.npz", tags=np.concatenate(rows), name=np.array(names))
        return self.folder / "tags.npz"

    def run_command(self, *arguments, model=None):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = changes.main([str(a) for a in ("--model", model or self.model, *arguments)])
        return status, out.getvalue(), err.getvalue()

    def test_a_join_is_heard_as_the_stream_hears_it(self):
        found = sequences.Audio(self.runner, *self.audio(), None)
        for a, b in ((0, 1), (3, 1), (4, 5)):
            across, second = found.between(a, b)
            joint = self.runner.embeddings(np.concatenate([found._columns[a], found._columns[b]]))
            heard = np.concatenate([found.sequences[a], across, second])
            self.assertEqual((len(found.sequences[a]), len(across)), (31, 3))
            np.testing.assert_allclose(heard[: len(joint)], joint[: len(heard)], atol=1e-6)
            self.assertLessEqual(abs(len(heard) - len(joint)), 1)

    def test_audio_is_measured(self):
        folder, listing = self.audio()
        status, out, err = self.run_command("--audio", folder, "--list", listing, "--pairs", 6, "--json")
        self.assertEqual((status, err), (0, ""))
        told = json.loads(out)
        self.assertEqual((told["id"], told["clips"]), ("toy-encoder", 6))
        self.assertTrue(1 <= told["pairs"] <= 6)
        self.assertAlmostEqual(told["stride_s"], 61 * 256 / 16000)
        soonest = told["model"]["twice_in_a_row"]["lower_quartile"]
        self.assertTrue(soonest is None or soonest >= round(told["stride_s"], 3))

    def test_tags_are_measured(self):
        status, out, err = self.run_command("--taggram", self.tags(), "--json", "--pairs", 20)
        self.assertEqual((status, err), (0, ""))
        told = json.loads(out)
        self.assertEqual(told["clips"], 12)
        # Repeated patches: the window is all new after 28 patches, so every new genre leads at last.
        self.assertEqual(told["model"]["for_good"]["never"], 0.0)
        self.assertGreaterEqual(told["model"]["for_good"]["lower_quartile"], round(told["patch_s"], 3))
        status, out, _ = self.run_command("--taggram", self.tags())
        self.assertEqual(status, 0)
        self.assertIn("mean, first twice in a row: ", out)

    def test_a_model_without_encoder_is_refused(self):
        status, _, err = self.run_command("--taggram", self.tags(), model=ROOT / "models/cnn")
        self.assertEqual(status, 2)
        self.assertIn("expected a model of the kind encoder-head, found window", err)

    def test_genres_of_another_model_are_refused(self):
        np.savez(self.folder / "tags.npz", tags=np.zeros((28, TAGS), dtype=np.float32), name=np.array(["ska.1"] * 28))
        status, _, err = self.run_command("--taggram", self.folder / "tags.npz")
        self.assertEqual(status, 2)
        self.assertIn("ska.1: genre ska is none of the model's", err)


if __name__ == "__main__":
    unittest.main()
