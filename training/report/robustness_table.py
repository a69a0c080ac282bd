"""The figures of training.robustness as Markdown, for the card and for the terminal."""


def explained(robustness):
    """What was measured, in a few words."""
    split = f"{robustness['split']} " if robustness.get("split") else ""
    return (
        f"{robustness['clips']} {split}clips with audio, each through training/degrade.py (seed {robustness['seed']}): accuracy, "
        "points from the clean clips, clips that were right only clean and only degraded, McNemar's exact p of that, "
        "negative log-likelihood."
    )


def table(robustness):
    """Lines of a table, one a condition."""
    lines = ["| condition | accuracy | points | lost, gained | p | NLL |", "|---|---|---|---|---|---|"]
    for name, row in robustness["conditions"].items():
        apart = ["–"] * 3
        if name != "clean":
            apart = [f"{100 * row['difference']:+.1f}", f"{row['lost']}, {row['gained']}", f"{row['mcnemar_p']:.3f}"]
        lines.append(f"| {name} | {row['accuracy']:.1%} | {' | '.join(apart)} | {row['nll']:.3f} |")
    return lines
