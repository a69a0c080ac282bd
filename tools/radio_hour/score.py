"""How right the segments of a constructed hour are, and when changes were told. Touch it when a figure is added.

A decision is a list of (told_s, start_s, label): what was stable from `start_s` on, and when that was told.
"""

import statistics

import numpy as np

# Seconds of the moving averages that the daemon is compared with.
AVERAGES = (5, 10, 30, 60)

# A window's state is that of its newest hop; near the edge of a pause it holds some of both.
EDGE_S = 0.5


def decided(report):
    """What the daemon decided: its final segments, and when each label became stable."""
    told, last = [], None
    for window in report["windows"]:
        if window["stable"] != last:
            told.append((window["end_s"], window["stable"]))
            last = window["stable"]
    segments = [s for s in report["segments"]]
    decisions, at = [], 0
    for segment in segments:
        while at < len(told) and told[at][1] != segment["label"]:
            at += 1
        decisions.append((told[at][0] if at < len(told) else segment["start_s"], segment["start_s"], segment["label"]))
        at += 1
    return [d for d in decisions if d[2] != "unknown" or d[1] > 0.0]


def averaged(report, seconds):
    """What the label with the highest mean over so many seconds would be; 0 is raw top-1."""
    windows = report["windows"]
    labels = sorted(score["label"] for score in windows[0]["top"])
    p = np.array([[next(s["p"] for s in w["top"] if s["label"] == label) for label in labels] for w in windows])
    ends = [w["end_s"] for w in windows]
    decisions, first, last = [], 0, None
    for at, end in enumerate(ends):
        while ends[first] < end - seconds:
            first += 1
        label = labels[int(p[min(first, at) : at + 1].mean(axis=0).argmax())] if seconds else labels[int(p[at].argmax())]
        if label != last:
            decisions.append((end, end, label))
            last = label
    return decisions


def right(truth, decisions):
    """Part of the music's time in which the label is the block's genre."""
    starts = [start for _, start, _ in decisions]
    ends = [*starts[1:], truth["seconds"]]
    good = sum(
        max(0.0, min(end, block["end"]) - max(start, block["start"]))
        for block in truth["blocks"]
        for (_, start, label), end in zip(decisions, ends)
        if label == block["genre"]
    )
    return good / sum(block["end"] - block["start"] for block in truth["blocks"])


def per_clip(truth, single):
    """Part of the music's time in clips that the model names rightly by themselves."""
    good = whole = 0.0
    for block in truth["blocks"]:
        ends = [*(clip["start"] for clip in block["clips"][1:]), block["end"]]
        for clip, end in zip(block["clips"], ends):
            whole += end - clip["start"]
            good += (end - clip["start"]) * (single[clip["clip"]] == block["genre"])
    return good / whole


def delays(truth, decisions):
    """Seconds from each true change until its genre was told; None where it never was."""
    found = []
    for block in truth["blocks"][1:]:
        before = [label for told, _, label in decisions if told <= block["start"]]
        if before and before[-1] == block["genre"]:
            found.append(0.0)
            continue
        later = [told for told, _, label in decisions if block["start"] < told <= block["end"] and label == block["genre"]]
        found.append(later[0] - block["start"] if later else None)
    return found


def states(truth, report):
    """(part of speech called speech, part of music called music) of the windows that end within, edges left out."""
    speech, music = [], []
    for window in report["windows"]:
        end = window["end_s"]
        within = [p for p in truth["pauses"] if p["start"] - EDGE_S < end < p["end"] + 1.0 + EDGE_S]
        if not within:
            music.append(window["state"] == "music")
        elif within[0]["kind"] == "speech" and within[0]["start"] + 1.0 + EDGE_S <= end <= within[0]["end"]:
            speech.append(window["state"] == "speech")
    return (statistics.fmean(speech) if speech else None), (statistics.fmean(music) if music else None)


def hour(name, truth, report, single):
    """Rows of one hour: the daemon, raw top-1 and the moving averages."""
    speech, music = states(truth, report)
    changes, rows = len(truth["blocks"]) - 1, []
    methods = [("genrecast", decided(report)), ("top-1", averaged(report, 0))]
    methods += [(f"mean of {seconds} s", averaged(report, seconds)) for seconds in AVERAGES]
    for method, decisions in methods:
        rows.append({
            "hour": name, "method": method, "right": right(truth, decisions), "per_clip": per_clip(truth, single),
            "changes": max(len(decisions) - 1, 0) / changes, "delays": delays(truth, decisions),
            "speech": speech if method == "genrecast" else None, "music": music if method == "genrecast" else None,
        })
    return rows


def table(rows):
    """The rows, and their means over all hours, as text."""
    def line(name, part):
        told = [d for row in part for d in row["delays"] if d is not None]
        every = [d if d is not None else float("inf") for row in part for d in row["delays"]]
        mean = lambda key: statistics.fmean(row[key] for row in part)  # noqa: E731
        share = lambda key: f"{mean(key) * 100:7.1f}" if part[0][key] is not None else " " * 7  # noqa: E731
        return (
            f"{name:24} {mean('right') * 100:6.1f} {mean('per_clip') * 100:8.1f} {mean('right') / mean('per_clip') * 100:6.1f}"
            f" {mean('changes'):8.2f} {statistics.median(told) if told else float('nan'):6.1f} {statistics.median(every):7.1f}"
            f" {(1 - len(told) / len(every)) * 100:7.1f} {share('speech')} {share('music')}"
        )

    lines = [f"{'':24} {'right':>6} {'per clip':>8} {'ratio':>6} {'changes':>8} {'told':>6} {'all':>7} {'missed':>7} {'speech':>7} {'music':>7}"]
    for method in dict.fromkeys(row["method"] for row in rows):
        part = [row for row in rows if row["method"] == method]
        lines += [line(f"{method}, {row['hour']}", [row]) for row in part if method == "genrecast"]
        lines.append(line(method, part))
    return "\n".join(lines)
