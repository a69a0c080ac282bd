"""Writes report.json, the pictures and CARD.md into a model folder. Touch it when a report holds another thing."""

import json
from pathlib import Path

import numpy as np

from .card import card
from .pictures import draw


def spread(each):
    """{"mean", "sd", "each"} of a figure by seed; the deviation is that of a sample."""
    values = np.array(list(each.values()), dtype=float)
    sd = float(values.std(ddof=1)) if len(values) > 1 else None
    each = {str(seed): round(float(v), 6) for seed, v in each.items()}
    return {"mean": round(float(values.mean()), 6), "sd": sd if sd is None else round(sd, 6), "each": each}


def write(folder, manifest, fault_filtered, random=None, seeds=None, curve=None, mean_mel=None, settings=None, facts=None):
    """Write what is known of a model; everything is plain data for JSON.

    manifest: as written to manifest.toml. fault_filtered: `measure` on the valid clips; random: on the fifth that the
    random split held back. seeds: {"accuracy": spread, "nll": spread} over the seeds of the fault-filtered split.
    curve: [{"epoch", "train_loss", "valid_accuracy", "valid_nll"}] of the chosen seed. mean_mel: `mean_mel.mean_mel`.
    settings: how it was trained. facts: {"parameters", "torch", …}. What training.robustness put into the folder's
    report.json as "robustness" is kept.
    """
    path = Path(folder) / "report.json"
    splits = {"fault_filtered": fault_filtered} | ({"random": random} if random else {})
    report = {
        "model": manifest["id"], "facts": facts or {}, "training": settings or {}, "calibration": manifest["calibration"],
        "splits": splits, "seeds": seeds or {}, "curve": curve or [], "mean_mel": mean_mel or {},
    }  # fmt: skip
    before = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    if "robustness" in before:
        report["robustness"] = before["robustness"]
    path.write_text(compact(report) + "\n", encoding="utf-8")
    draw(folder, report)
    Path(folder, "CARD.md").write_text(card(manifest, report), encoding="utf-8")


def redraw(folder, manifest):
    """Pictures and card anew from the folder's report.json."""
    report = json.loads(Path(folder, "report.json").read_text(encoding="utf-8"))
    draw(folder, report)
    Path(folder, "CARD.md").write_text(card(manifest, report), encoding="utf-8")


def compact(value, indent=0):
    """JSON with an entry a line down to lists and dicts of plain values, which stand on one line."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    if not any(isinstance(v, (dict, list)) for v in inner):
        return json.dumps(value)
    space = "\n" + " " * (indent + 1)
    if isinstance(value, dict):
        parts = [f"{json.dumps(k)}: {compact(v, indent + 1)}" for k, v in value.items()]
        return "{" + space + ("," + space).join(parts) + "\n" + " " * indent + "}"
    return "[" + space + ("," + space).join(compact(v, indent + 1) for v in value) + "\n" + " " * indent + "]"
