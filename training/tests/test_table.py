"""The comparison table is made of the reports, and two evaluations are compared clip by clip."""

import contextlib
import io
import json
import tempfile
import unittest
from pathlib import Path

from training import compare, table

SPLIT = {"accuracy": 0.5, "n": 197, "accuracy_interval_95": [0.431, 0.569], "macro_f1": 0.48, "nll": 1.4}


class Table(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)

    def model(self, name, **report):
        folder = self.folder / name
        folder.mkdir()
        manifest = f'id = "{name}"\ntitle = "A net"\npretrained = {str(name == "b").lower()}\n'
        (folder / "manifest.toml").write_text(manifest, encoding="utf-8")
        (folder / "report.json").write_text(json.dumps(report), encoding="utf-8")

    def test_rows_hold_what_the_reports_say(self):
        accuracy = {"mean": 0.49, "sd": 0.012, "each": {"1": 0.48, "2": 0.5}}
        self.model("b", splits={"fault_filtered": SPLIT})
        self.model("crnn", splits={"fault_filtered": SPLIT, "random": SPLIT | {"n": 143}}, seeds={"accuracy": accuracy}, facts={"parameters": 40564})
        self.model("old", valid={})
        rows = table.table(self.folder)[2:]
        self.assertEqual(len(rows), 2)
        self.assertEqual(
            rows[0],
            "| [`crnn`](crnn/CARD.md) | A net | 40,564 | 0.500 of 197 (0.431–0.569) | 0.480 | 1.400 "
            "| 0.490 ± 0.012 (2) | 0.500 of 143 (0.431–0.569) | 0.670 |",
        )
        self.assertIn("| A net (pretrained) | – |", rows[1])

    def test_only_what_stands_between_the_markers_is_replaced(self):
        readme = self.folder / "README.md"
        readme.write_text(f"before\n{table.BEGIN}\nold\n{table.END}\nafter\n", encoding="utf-8")
        with contextlib.redirect_stderr(io.StringIO()):
            self.assertEqual(table.main(["--models", str(self.folder), "--check"]), 1)
        self.assertEqual(table.main(["--models", str(self.folder)]), 0)
        self.assertEqual(table.main(["--models", str(self.folder), "--check"]), 0)
        text = readme.read_text(encoding="utf-8")
        self.assertTrue(text.startswith("before\n") and text.endswith("\nafter\n") and "old" not in text)
        with self.assertRaisesRegex(SystemExit, "expected the lines"):
            table.replaced("no markers", [])

    def test_the_table_of_this_repository_is_up_to_date(self):
        self.assertEqual(table.main(["--check"]), 0)


class Compare(unittest.TestCase):
    def evaluation(self, folder, name, right):
        clips = [{"name": f"a.{i}", "genre": "a", "p": {"a": 0.6 if r else 0.4, "b": 0.4 if r else 0.6}} for i, r in right.items()]
        path = Path(folder) / name
        path.write_text(json.dumps({"per_clip": clips}), encoding="utf-8")
        return path

    def test_clips_in_common_are_compared(self):
        with tempfile.TemporaryDirectory() as folder:
            a = self.evaluation(folder, "a.json", {i: i != 9 for i in range(10)})
            b = self.evaluation(folder, "b.json", {i: i > 5 for i in range(2, 12)})
            # In common are 2 to 9: a is right of 7, b of 6 to 9; only a 2 to 5, only b 9: 2 (1 + 5) / 32.
            found = compare.compare(a, b)
            apart = found.pop("apart")
            self.assertEqual(found, {"n": 8, "right_a": 7, "right_b": 4, "only_a": 4, "only_b": 1, "p": 0.375})
            self.assertAlmostEqual(apart, 0.2)
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                self.assertEqual(compare.main([str(a), str(b)]), 0)
            self.assertIn("a difference that chance explains", out.getvalue())

    def test_other_files_and_other_clips_are_refused(self):
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(io.StringIO()) as err:
            a = self.evaluation(folder, "a.json", {1: True})
            b = self.evaluation(folder, "b.json", {2: True})
            (Path(folder) / "c.json").write_text("[]", encoding="utf-8")
            self.assertEqual(compare.main([str(a), str(b)]), 2)
            self.assertEqual(compare.main([str(a), str(Path(folder) / "c.json")]), 2)
            self.assertIn("no clip in common", err.getvalue())
            self.assertIn("expected what evaluate --json printed", err.getvalue())


if __name__ == "__main__":
    unittest.main()
