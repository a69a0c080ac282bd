"""The model card as Markdown, from the manifest and report.json alone. Touch it with what people should read first."""

from . import robustness_table

PICTURES = {
    "confusion": "Confusion matrix", "risk_coverage": "Accuracy against coverage", "curve": "Training",
    "seconds_heard": "Accuracy against seconds heard", "mean_mel": "Mean mel picture of each genre",
}  # fmt: skip

# Fewer clips of a genre than this are pointed out.
FEW = 10


def figures(split):
    """The lines of one split."""
    low, high = split["accuracy_interval_95"]
    sure = next(point["accuracy"] for point in split["risk_coverage"] if point["coverage"] >= 0.7)
    return [
        f"- Accuracy {split['accuracy']:.1%} of {split['n']} clips (95 % interval {low:.1%} to {high:.1%}), macro F1 "
        f"{split['macro_f1']:.3f}; the true genre is among the two likeliest for {split['top_2']:.1%}, the three likeliest "
        f"for {split['top_3']:.1%}; {sure:.1%} of the 70 % of clips it is surest of.",
        f"- Mean negative log-likelihood {split['nll']:.3f}. Expected calibration error over 15 bins {split['ece_15']:.3f}; a "
        f"perfectly calibrated model with the same confidences stays below {split['ece_15_if_calibrated_95']:.3f} in 95 of 100 cases.",
    ]


def genre_table(split):
    lines = ["| genre | clips | precision | recall | F1 |", "|---|---|---|---|---|"]
    for label, g in split["genres"].items():
        lines.append(f"| {label} | {g['clips']} | {g['precision']:.2f} | {g['recall']:.2f} | {g['f1']:.2f} |")
    return lines


def seed_lines(seeds, facts):
    """Mean and deviation over the seeds."""
    if "accuracy" not in seeds:
        return []
    accuracy, nll = seeds["accuracy"], seeds["nll"]
    if accuracy["sd"] is None:
        return ["- One seed only."]
    which = "seeds of the head, before the encoder was adapted" if "adaptation" in facts else "seeds"
    return [
        f"- Over {len(accuracy['each'])} {which}: accuracy {accuracy['mean']:.1%} ± {accuracy['sd'] * 100:.1f} points, negative "
        f"log-likelihood {nll['mean']:.3f} ± {nll['sd']:.3f} (mean ± standard deviation)."
    ]


def chosen(facts):
    """What the valid clips chose."""
    return "the front end and the recipe, no epoch and no seed," if "parts" in facts else "the epoch and the seed"


def part_lines(facts):
    """What each part of a composed network reaches by itself, if that was measured."""
    parts = [f"{name} {p['accuracy']:.1%} and {p['nll']:.3f}" for name, p in facts.get("parts", {}).items()]
    return [f"- Its parts by themselves, accuracy and negative log-likelihood: {'; '.join(parts)}."] if parts else []


def robustness_lines(robustness):
    """The table of training.robustness, if it was measured."""
    if "conditions" not in robustness:
        return []
    return ["", "## Under degraded sound", "", robustness_table.explained(robustness), "", *robustness_table.table(robustness)]


def caution_lines(manifest, split):
    """What a reader must know before the figures are compared with others."""
    lines = []
    few = [label for label, g in split["genres"].items() if g["clips"] < FEW]
    if few:
        lines.append(f"Of {', '.join(few)} there are fewer than {FEW} clips each, so their figures and the macro F1 say little.")
    if manifest.get("pretrained"):
        lines.append("The encoder was trained elsewhere, and may have met artists or songs of these clips there.")
    return lines


def card(manifest, report):
    """The text of CARD.md."""
    splits, facts, calibration = report["splits"], report["facts"], manifest["calibration"]
    origin = [name for name in ("pretrained", "distilled") if manifest.get(name)]
    lines = [
        f"# {manifest['id']}", "", f"{manifest['title']}.", "",
        f"- Labels: {', '.join(manifest['labels'])}.",
        f"- Trained on: {manifest['training_data']}.",
        f"- Origin: {' and '.join(origin) if origin else 'trained from scratch: neither pretrained nor distilled'}.",
    ]  # fmt: skip
    if "parameters" in facts:
        lines.append(f"- {facts['parameters']} weights.")
    lines += [
        f"- Temperature {calibration['temperature']}; a top probability under {calibration['abstain_below']} is told as unknown.",
        "- Weights hold no recordings: the clips themselves are not part of this project.", "",
        "## Fault-filtered split, valid clips", "",
        f"Their artists are not among the {'head' if manifest.get('pretrained') else 'model'}'s train clips. "
        f"The same clips chose {chosen(facts)} and fitted the calibration, so these figures are somewhat kind.",
        *caution_lines(manifest, splits["fault_filtered"]), "",
        *figures(splits["fault_filtered"]), *seed_lines(report["seeds"], facts), *part_lines(facts), "", *genre_table(splits["fault_filtered"]),
    ]  # fmt: skip
    if "random" in splits:
        lines += [
            "", "## Random split", "",
            "80/20 per genre over the train, valid and excluded clips, trained anew. Artists and albums stand "
            "on both sides: the figures say how the model compares with others measured so, not how it does on new music. "
            "The measured fifth chose nothing.", "", *figures(splits["random"]),
        ]  # fmt: skip
    lines += robustness_lines(report.get("robustness", {}))
    drawn = [name for name in PICTURES if _has(report, name)]
    lines += ["", "## Pictures", ""] + [f"![{PICTURES[name]}](pictures/{name}.svg)" for name in drawn]
    lines += [
        "", "## Limits", "",
        "GTZAN is small, old, Western and partly mislabelled; its ten genres are not a taxonomy of music. "
        "The model always names one of them, for speech and noise too: the daemon's gate and its threshold "
        "for unknown are there for that. Settings and all figures: report.json.", "",
        "This file, report.json and the pictures are written by training/report.",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _has(report, name):
    if name == "seconds_heard":
        return bool(report["splits"]["fault_filtered"]["seconds_heard"])
    return bool(report.get(name)) if name in ("curve", "mean_mel") else True
