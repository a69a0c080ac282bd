"""Every network trains, and its ONNX graph says what PyTorch says. Skipped without torch and onnx."""

import importlib.util
import json
import tempfile
import unittest
from dataclasses import replace
from pathlib import Path

import numpy as np

TRAINS = all(importlib.util.find_spec(name) for name in ("torch", "onnx"))
if TRAINS:
    import onnxruntime
    import torch

    from training import evaluate, fit, gtzan, splits, train
    from training.networks import NETWORKS
    from training.recipes import RECIPES


def clips(count):
    """Two genres that even a small network tells apart: loud low bands, loud high bands."""
    rng = np.random.default_rng(0)
    mel = rng.normal(-50.0, 5.0, (count, 387, 128)).astype(np.float32)
    target = np.arange(count) % 2
    mel[target == 0, :, :64] += 30.0
    mel[target == 1, :, 64:] += 30.0
    return splits.Clips(mel, target, [f"clip.{i}" for i in range(count)])


def settled(name, mean=1.0):
    """A network with statistics and weights of its own; its gains are negative too, which does not commute with pooling."""
    torch.manual_seed(0)
    network = NETWORKS[name](10)
    for _ in range(3):
        network(2.0 * torch.randn(4, 387, 128) + mean)
    for module in network.modules():
        if isinstance(module, (torch.nn.BatchNorm1d, torch.nn.BatchNorm2d)):
            torch.nn.init.normal_(module.weight)
            torch.nn.init.normal_(module.bias)
    return network.eval()


@unittest.skipUnless(TRAINS, "torch and onnx are missing")
class Networks(unittest.TestCase):
    def setUp(self):
        torch.set_num_threads(1)
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)

    def test_graphs_give_the_networks_own_logits(self):
        for name in NETWORKS.keys() - {"crnn"}:
            with self.subTest(name):
                network = settled(name)
                network.graph(387, 128).save(self.folder / "m.onnx", "mel", [1, 387, 128], "logits", [1, 10])
                x = torch.randn(1, 387, 128)
                session = onnxruntime.InferenceSession(str(self.folder / "m.onnx"))
                found = session.run(["logits"], {"mel": x.numpy()})[0]
                with torch.no_grad():
                    np.testing.assert_allclose(found, network(x).numpy(), atol=1e-4)

    def test_a_patch_goes_through_the_encoder_once_and_the_head_reads_any_number(self):
        network = settled("crnn", -20.0)
        patch, size = network.patch, network.patch["embedding"]
        network.encoder(patch["frames"], 128).save(self.folder / "e.onnx", "mel", [1, patch["frames"], 128], "embedding", [1, size])
        network.head().save(self.folder / "h.onnx", "embeddings", [1, "patches", size], "logits", [1, 10])
        encoder, head = (onnxruntime.InferenceSession(str(self.folder / name)) for name in ("e.onnx", "h.onnx"))
        for patches in (1, 2, 7, 30):
            columns = patch["frames"] + (patches - 1) * patch["stride"]
            # Some of it lies below what is heard as silence.
            x = 15.0 * torch.randn(1, columns, 128) - 20.0
            starts = range(0, columns - patch["frames"] + 1, patch["stride"])
            embeddings = [encoder.run(None, {"mel": x[:, i : i + patch["frames"]].numpy()})[0] for i in starts]
            found = head.run(None, {"embeddings": np.stack(embeddings, axis=1)})[0]
            with torch.no_grad():
                np.testing.assert_allclose(found, network(x).numpy(), atol=1e-4)

    def test_a_run_learns_and_is_taken_up_from_where_it_was_kept(self):
        some = clips(16)
        split = splits.Split("toy", some, some, some)
        recipe = replace(RECIPES["cnn"], epochs=(2, 1), every=1, rate=2e-2, batch=4, mix=0.0, short=1.0)
        whole = fit.fit(NETWORKS["cnn"], split, 1, recipe)
        self.assertEqual([row["epoch"] for row in whole.curve], [1, 2, 3])
        self.assertLess(whole.nll, np.log(10.0) - 0.1)

        kept = self.folder / "kept.pt"
        fit.fit(NETWORKS["cnn"], split, 1, recipe, kept)
        state = torch.load(kept)
        # As if it had been interrupted after the first cycle.
        first = fit.fit(NETWORKS["cnn"], split, 1, replace(recipe, epochs=(2,)))
        state |= {"cycles": 1, "state": first.network.state_dict(), "curve": first.curve, "nll": first.nll}
        torch.save(state, kept)
        again = fit.fit(NETWORKS["cnn"], split, 1, recipe, kept)
        self.assertEqual(again.curve, whole.curve)
        for a, b in zip(whole.network.state_dict().values(), again.network.state_dict().values()):
            self.assertTrue(torch.equal(a, b))
        with self.assertRaisesRegex(SystemExit, "other settings"):
            fit.fit(NETWORKS["cnn"], split, 1, replace(recipe, batch=8), kept)

    def rows(self):
        """Stored rows of four clips a genre in each of the three files; the path of the valid ones."""
        data = self.folder / "gtzan_mel"
        data.mkdir()
        rng = np.random.default_rng(1)
        for name, first in (("train", 0), ("valid", 10), ("excluded", 20)):
            names = [f"{genre}.{first + i:05}" for genre in gtzan.LABELS for i in range(4)]
            np.savez(data / f"{name}.npz", mel=rng.integers(0, 256, (40, 128, 387)).astype(np.uint8), name=np.array(names))
        return data / "valid.npz"

    def test_a_whole_folder_is_written(self):
        self.rows()
        recipe = replace(RECIPES["ffnn"], epochs=(1,))
        train.train("ffnn", self.folder, [1, 2], recipe, self.folder / "out", keep=self.folder / "keep")
        written = {str(p.relative_to(self.folder / "out")) for p in (self.folder / "out").rglob("*") if p.is_file()}
        self.assertLessEqual({"manifest.toml", "model.onnx", "golden.f32", "report.json", "CARD.md"}, written)
        self.assertEqual(len(list((self.folder / "keep").iterdir())), 3)

    def test_a_folder_of_encoder_and_head_says_of_rows_what_its_report_says(self):
        valid, out = self.rows(), self.folder / "out"
        train.train("crnn", self.folder, [1], replace(RECIPES["crnn"], epochs=(2,)), out, random_seed=0)
        written = {p.name for p in out.iterdir() if p.is_file()}
        self.assertLessEqual({"manifest.toml", "encoder.onnx", "head.onnx", "golden.f32", "report.json", "CARD.md"}, written)
        self.assertNotIn("model.onnx", written)
        told = json.loads((out / "report.json").read_text(encoding="utf-8"))["splits"]["fault_filtered"]
        found = evaluate.run(out, mel=valid)
        self.assertEqual((told["accuracy"], told["confusion"]), (found["accuracy"], found["confusion"]))
        self.assertAlmostEqual(told["nll"], found["nll"], places=5)


if __name__ == "__main__":
    unittest.main()
