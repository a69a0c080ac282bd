"""All figures of one set of clips, with the names that report.json and `genrecast evaluate --json` share."""

import numpy as np

from .. import metrics


def _r(value):
    return round(float(value), 6)


def measure(p, target, labels, heard=None):
    """The figures as a dict ready for JSON.

    p: calibrated probabilities [clips, labels]; target: true label index [clips]; heard: for each clip
    [(seconds, p [labels])] of its beginnings, if known.
    """
    p, target = np.asarray(p, dtype=np.float64), np.asarray(target)
    counts, right = metrics.confusion(p, target), p.argmax(axis=1) == target
    genres = {}
    for label, (clips, precision, recall, f1) in zip(labels, metrics.per_label(counts)):
        genres[label] = {"clips": clips, "precision": _r(precision), "recall": _r(recall), "f1": _r(f1)}
    return {
        "accuracy": _r(right.mean()),
        "n": len(target),
        "accuracy_interval_95": [_r(v) for v in metrics.wilson(int(right.sum()), len(target))],
        "macro_f1": _r(metrics.macro_f1(counts)),
        "top_2": _r(metrics.top(p, target, 2)),
        "top_3": _r(metrics.top(p, target, 3)),
        "nll": _r(metrics.nll(p, target)),
        "ece_15": _r(metrics.ece(p, target)),
        "ece_15_if_calibrated_95": _r(metrics.ece_if_calibrated(p)),
        "genres": genres,
        "confusion": {"labels": list(labels), "rows_true_columns_named": counts.tolist()},
        "risk_coverage": [{"coverage": _r(c), "accuracy": _r(a)} for c, a in metrics.risk_coverage(p, target)],
        "seconds_heard": seconds_heard(target, heard or []),
    }


def seconds_heard(target, heard):
    """Accuracy against the seconds of each clip that were heard."""
    right = {}
    for truth, beginnings in zip(target, heard):
        for seconds, p in beginnings:
            right.setdefault(seconds, []).append(int(np.argmax(p)) == truth)
    return [{"seconds": s, "accuracy": _r(np.mean(right[s])), "n": len(right[s])} for s in sorted(right)]
