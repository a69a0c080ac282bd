"""Reports: the agreed keys, pictures that are well-formed, and what others stored is kept."""

import json
import tempfile
import unittest
import zlib
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from training import report
from training.report import files, mean_mel, svg

LABELS = ["a", "b"]
P = np.array([[0.9, 0.1], [0.6, 0.4], [0.3, 0.7], [0.8, 0.2]])
TARGET = np.array([0, 0, 1, 1])
HEARD = [[(3.0, [0.4, 0.6]), (5.0, [0.9, 0.1])], [(3.0, [0.6, 0.4])], [], [(3.0, [0.1, 0.9]), (5.0, [0.8, 0.2])]]
MANIFEST = {
    "id": "toy", "title": "Toy", "labels": LABELS, "training_data": "nothing", "pretrained": False, "distilled": True,
    "calibration": {"temperature": 1.5, "abstain_below": 0.25},
}  # fmt: skip


class Measure(unittest.TestCase):
    def test_the_agreed_keys(self):
        figures = report.measure(P, TARGET, LABELS, HEARD)
        self.assertEqual((figures["accuracy"], figures["n"], figures["top_2"]), (0.75, 4, 1.0))
        self.assertEqual(figures["confusion"], {"labels": LABELS, "rows_true_columns_named": [[2, 0], [1, 1]]})
        self.assertEqual(figures["genres"]["b"], {"clips": 2, "precision": 1.0, "recall": 0.5, "f1": 0.666667})
        self.assertEqual(figures["risk_coverage"][-1], {"coverage": 1.0, "accuracy": 0.75})
        for key in ("accuracy_interval_95", "macro_f1", "top_3", "nll", "ece_15", "ece_15_if_calibrated_95"):
            self.assertIn(key, figures)

    def test_seconds_heard_counts_the_clips_that_lasted(self):
        self.assertEqual(
            report.measure(P, TARGET, LABELS, HEARD)["seconds_heard"],
            [{"seconds": 3.0, "accuracy": 0.666667, "n": 3}, {"seconds": 5.0, "accuracy": 0.5, "n": 2}],
        )


class MeanMel(unittest.TestCase):
    def test_blocks_are_averaged_and_bytes_tell_the_level(self):
        columns = np.zeros((3, 64, 128), dtype=np.float32)
        columns[0, :32], columns[1, :32] = -10.0, -30.0
        columns[2, :, :64] = -40.0
        found = mean_mel.mean_mel(columns, np.array([0, 0, 1]), ["a", "b", "none"])
        self.assertEqual((found["low"], found["high"], found["steps"], found["bands"]), (-40.0, 0.0, 32, 64))
        self.assertEqual(set(found["genres"]), {"a", "b"})
        a, b = (mean_mel.picture(found["genres"][label]) for label in "ab")
        self.assertEqual(a.shape, (64, 32))
        # Half way between -40 and 0 in the first half of the time, 0 after it.
        self.assertTrue((a[:, :16] == 128).all() and (a[:, 16:] == 255).all())
        self.assertTrue((b[:32] == 0).all() and (b[32:] == 255).all())


class Pictures(unittest.TestCase):
    def test_png_holds_the_pixels(self):
        values = np.arange(6, dtype=np.uint8).reshape(2, 3)
        data, chunks, at = svg.png(values), {}, 8
        while at < len(data):
            length = int.from_bytes(data[at : at + 4], "big")
            kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
            self.assertEqual(int.from_bytes(data[at + 8 + length : at + 12 + length], "big"), zlib.crc32(kind + body))
            chunks[kind], at = body, at + 12 + length
        self.assertEqual(chunks[b"IHDR"][:8], (3).to_bytes(4, "big") + (2).to_bytes(4, "big"))
        self.assertEqual(zlib.decompress(chunks[b"IDAT"]), b"\0\0\1\2\0\3\4\5")
        self.assertEqual(chunks[b"PLTE"][:3] + chunks[b"PLTE"][-3:], bytes([68, 1, 84, 253, 231, 37]))

    def test_words_are_escaped(self):
        picture = svg.Picture(10, 10, "a < b")
        picture.text(0, 0, "r&b")
        self.assertIn("r&amp;b", "".join(picture.parts))


class Write(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)

    def write(self):
        figures = report.measure(P, TARGET, LABELS, HEARD)
        curve = [{"epoch": 1, "train_loss": 2.0}, {"epoch": 2, "train_loss": 1.5, "valid_accuracy": 0.5, "valid_nll": 1.2}]
        seeds = {"accuracy": files.spread({1: 0.5, 2: 0.7}), "nll": files.spread({1: 1.0, 2: 1.0})}
        picture = mean_mel.mean_mel(np.random.default_rng(0).random((4, 40, 70)), TARGET, LABELS)
        report.write(self.folder, MANIFEST, figures, figures, seeds, curve, picture, {"batch": 8}, {"parameters": 5})
        return json.loads((self.folder / "report.json").read_text(encoding="utf-8"))

    def test_everything_is_written_and_robustness_kept(self):
        self.write()
        path = self.folder / "report.json"
        clean = {"accuracy": 1.0, "difference": 0.0, "lost": 0, "gained": 0, "mcnemar_p": 1.0, "nll": 0.5}
        mp3 = {"accuracy": 0.5, "difference": -0.5, "lost": 2, "gained": 0, "mcnemar_p": 0.5, "nll": 1.5}
        robustness = {"clips": 4, "seed": 1, "conditions": {"clean": clean, "mp3_32": mp3}}
        stored = json.loads(path.read_text(encoding="utf-8")) | {"robustness": robustness}
        path.write_text(json.dumps(stored), encoding="utf-8")
        again = self.write()
        self.assertEqual(again, stored)
        self.assertEqual(again["seeds"]["accuracy"], {"mean": 0.6, "sd": 0.141421, "each": {"1": 0.5, "2": 0.7}})
        card = (self.folder / "CARD.md").read_text(encoding="utf-8")
        for part in ("Accuracy 75.0% of 4 clips", "distilled", "60.0% ± 14.1 points", "| mp3_32 | 50.0% | -50.0 |", "Random split"):
            self.assertIn(part, card)

    def test_pictures_are_well_formed_and_the_card_shows_them_all(self):
        self.write()
        pictures = sorted((self.folder / "pictures").glob("*.svg"))
        self.assertEqual([p.stem for p in pictures], ["confusion", "curve", "mean_mel", "risk_coverage", "seconds_heard"])
        card = (self.folder / "CARD.md").read_text(encoding="utf-8")
        for picture in pictures:
            ElementTree.parse(picture)
            self.assertIn(f"(pictures/{picture.name})", card)

    def test_a_report_of_one_split_is_enough(self):
        report.write(self.folder, MANIFEST, report.measure(P, TARGET, LABELS))
        self.assertEqual([p.stem for p in sorted((self.folder / "pictures").iterdir())], ["confusion", "risk_coverage"])

    def test_compact_json_is_json(self):
        for value in (1, "a", [], {}, [1, [2, {}]], {"a": {"b": [1, 2], "c": [{"d": None}]}}):
            self.assertEqual(json.loads(files.compact(value)), value)


if __name__ == "__main__":
    unittest.main()
