"""Writes the comparison of all models into models/README.md from their reports: `python -m training.table`.

The table stands between two markers; nothing in it is typed by hand but the figures of the user's documents, below.
`--check` changes nothing and exits 1 if the table is not that of the reports.
"""

import argparse
import json
import sys
import tomllib
from pathlib import Path

MODELS = Path(__file__).resolve().parent.parent / "models"
BEGIN, END = "<!-- written by python -m training.table -->", "<!-- end of the table -->"
ORDER = ("ffnn", "cnn", "crnn", "pcrnn", "crnn-large", "musicnn-crnn")
# What the user's documents report, on their own clips.
DOCUMENTS = {"ffnn": "0.100", "cnn": "0.525", "crnn": "0.670", "pcrnn": "0.38 on 50 songs from elsewhere"}
HEAD = [
    "| model | what it is | weights | fault-filtered: valid (95 % interval) | macro F1 | NLL | seeds, mean ± sd | random 80/20 | documents |",
    "|---|---|---|---|---|---|---|---|---|",
]


def share(split):
    low, high = split["accuracy_interval_95"]
    return f"{split['accuracy']:.3f} of {split['n']} ({low:.3f}–{high:.3f})"


def row(manifest, report):
    """One line of the table."""
    name, filtered = manifest["id"], report["splits"]["fault_filtered"]
    origin = [o for o in ("pretrained", "distilled") if manifest.get(o)]
    what = manifest["title"] + (f" ({', '.join(origin)})" if origin else "")
    accuracy = report.get("seeds", {}).get("accuracy")
    seeds = "–"
    if accuracy and accuracy["sd"] is not None:
        seeds = f"{accuracy['mean']:.3f} ± {accuracy['sd']:.3f} ({len(accuracy['each'])})"
    random = share(report["splits"]["random"]) if "random" in report["splits"] else "–"
    weights = report.get("facts", {}).get("parameters")
    cells = [
        f"[`{name}`]({name}/CARD.md)", what, f"{weights:,}" if weights else "–", share(filtered),
        f"{filtered['macro_f1']:.3f}", f"{filtered['nll']:.3f}", seeds, random, DOCUMENTS.get(name, "–"),
    ]  # fmt: skip
    return "| " + " | ".join(cells) + " |"


def table(models):
    """The lines of the table for the model folders under `models` that have a report."""
    rows = {}
    for path in sorted(Path(models).glob("*/report.json")):
        report = json.loads(path.read_text(encoding="utf-8"))
        manifest = tomllib.loads((path.parent / "manifest.toml").read_text(encoding="utf-8"))
        if "splits" in report:
            rows[manifest["id"]] = row(manifest, report)
    order = sorted(rows, key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name))
    return [*HEAD, *(rows[name] for name in order)]


def replaced(text, lines):
    """`text` with `lines` between the two markers."""
    before, _, rest = text.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise SystemExit(f"models/README.md: expected the lines {BEGIN} and {END}")
    return before + "\n".join([BEGIN, *lines, END]) + after


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m training.table", description=__doc__)
    parser.add_argument("--models", type=Path, default=MODELS, help="folder of the model folders and README.md")
    parser.add_argument("--check", action="store_true", help="only say whether the table is up to date")
    args = parser.parse_args(arguments)
    path = args.models / "README.md"
    text = path.read_text(encoding="utf-8")
    new = replaced(text, table(args.models))
    if args.check:
        if new != text:
            print(f"{path}: the table is not that of the reports: run python -m training.table", file=sys.stderr)
        return int(new != text)
    path.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
