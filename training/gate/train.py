"""Fetches, trains, measures and writes the gate: `python -m training.gate.train --data DIR --cache CACHE`.

DIR holds `gtzan_audio/`; CACHE keeps what was fetched and prepared, so that an interrupted command goes on where it was.
Needs ffmpeg, espeak-ng, flite, and Debian's apt-get and dpkg for the packages.
"""

import argparse
from pathlib import Path

import numpy as np

from .. import calibrate, gtzan, mel
from ..manifest import load
from . import bank, decision, export, fit, inaspeech, network, packages, scenes, stream

MODEL = "gate-speech-music"
# Scenes of each label, and the seeds of so many each.
SCENES, SEEDS = 700, {"train": (1, 2, 3), "valid": (4,)}
PENALTY = 0.01
# Added to the log-odds of music, speech, mixed, noise: stations send much more music than anything else.
PRIOR = (1.5, 0.5, 0.0, -2.0)
HOP_SECONDS = 61 * 256 / 16000
PROGRAMMES, PROGRAMME_MINUTES = (1, 2), 15


def confusion(logits, label):
    """{label: {label told: share}}."""
    told = logits.argmax(axis=1)
    return {
        name: {other: float((told[label == i] == j).mean()) for j, other in enumerate(scenes.LABELS)}
        for i, name in enumerate(scenes.LABELS)
    }


def by_source(logits, label, source):
    """The same for each source of pure music and pure speech."""
    out = {}
    for name in sorted(set(source)):
        kind = name.split("-")[0]
        chosen = (source == name) & (label == scenes.LABELS.index(kind))
        out[name] = {other: float((logits[chosen].argmax(axis=1) == j).mean()) for j, other in enumerate(scenes.LABELS)}
    return out


def agreement(weights, sounds, seed=3, count=20):
    """How often the whole CNN says the same by the daemon's features as by its own."""
    whole, rng, same = export.measured_encoder(weights, "logits"), np.random.default_rng(seed), []
    for kind in ("music", "speech"):
        for source in sounds[kind].values():
            sound = scenes.piece(source, rng, count * inaspeech.WINDOW * 8) + 1e-4 * rng.standard_normal(count * inaspeech.WINDOW * 8)
            ours = mel.columns(sound, inaspeech.FEATURES)
            # Added back by the network, which has them for features without.
            theirs = (inaspeech.exact_columns(sound) - inaspeech.emphasis()).astype(np.float32)
            starts = range(0, min(len(ours), len(theirs)) - inaspeech.FRAMES, inaspeech.FRAMES)
            cut = [np.stack([columns[i : i + inaspeech.FRAMES] for i in starts]) for columns in (ours[1:], theirs)]
            same += list(whole(cut[0]).argmax(axis=1) == whole(cut[1]).argmax(axis=1))
    return {"patches": len(same), "agreement": np.mean(same)}


def programme(encoder, sounds, seed):
    """What is needed to judge one programme of the valid clips: the embedding at the end of each hop, and what plays in it."""
    played = stream.programme(sounds, seed, PROGRAMME_MINUTES)
    samples = np.concatenate(played.parts)
    hop_ends, levels = stream.hops(samples, HOP_SECONDS)
    true = [played.at(end - HOP_SECONDS / 2) for end in hop_ends]
    return {"rows": stream.embeddings(encoder, samples, hop_ends), "levels": levels, "true": np.array(true), "seconds": played.seconds}


def judged(played, matrix, bias, temperature):
    """(minutes, the shares of what is told) over programmes."""
    true, told = [], []
    for one in played:
        p = decision.smoothed(one["rows"] @ matrix.T + bias, HOP_SECONDS, temperature)
        told += decision.states(p, one["levels"])
        true += list(one["true"])
    return {"minutes": float(sum(one["seconds"] for one in played)) / 60, "shares": decision.shares(true, told)}


class Steps:
    """Results that are kept below the cache, so that an interrupted command goes on where it was."""

    def __init__(self, cache):
        self.folder = Path(cache) / "steps"
        self.folder.mkdir(parents=True, exist_ok=True)

    def __call__(self, name, make):
        path = self.folder / f"{name}.npz"
        if not path.exists():
            np.savez(path.with_suffix(".part.npz"), **make())
            path.with_suffix(".part.npz").rename(path)
            print(f"{name}: done", flush=True)
        with np.load(path) as file:
            return {key: file[key] for key in file.files}


def prepared(data, cache):
    """Everything that is computed from sound: scenes of both splits, programmes and the comparison of the features."""
    weights, step, sounds = inaspeech.weights(inaspeech.fetch(cache)), Steps(cache), {}
    packages.fetch(cache)
    bank.build(data, cache, gtzan.LABELS)
    encoder = export.measured_encoder(weights)

    def of(split):
        if split not in sounds:
            sounds[split] = {kind: bank.clips(cache, split, kind) for kind in ("music", "speech", "noise")}
        return sounds[split]

    scene = {
        f"{split}-{seed}": step(f"scenes-{split}-{seed}", lambda s=split, n=seed: fit.examples(encoder, of(s), n, SCENES))
        for split, seeds in SEEDS.items()
        for seed in seeds
    }
    played = [step(f"hops-{seed}", lambda n=seed: programme(encoder, of("valid"), n)) for seed in PROGRAMMES]
    same = step("agreement", lambda: agreement(weights, of("valid")))

    def joined(split):
        parts = [part for name, part in scene.items() if name.startswith(split)]
        return [np.concatenate([part[key] for part in parts]) for key in ("x", "label", "source")]

    return weights, joined("train"), joined("valid"), played, {key: float(value) for key, value in same.items()}


def train(data, cache, models):
    """Write models/MODEL, its licence and its report."""
    weights, (x, label, _), (rows, truth, source), played, same = prepared(data, cache)
    matrix, bias = fit.logistic(x, label, PENALTY)
    temperature = round(float(calibrate.temperature(rows @ matrix.T + bias, truth)), 3)
    nll = float(calibrate.nll(rows @ matrix.T + bias, truth, temperature))
    bias = bias + np.array(PRIOR, dtype=np.float32)
    shifted = rows @ matrix.T + bias
    report = {
        "encoder": same, "prior": list(PRIOR), "temperature": temperature,
        "weights": int(sum(w.size + b.size for w, b in weights[0] + weights[1][:1]) + matrix.size + bias.size),
        "programme": judged(played, matrix, bias, temperature),
        "scenes": {"nll": nll, "confusion": confusion(shifted, truth), "sources": by_source(shifted, truth, source)},
    }  # fmt: skip
    path = Path(models) / MODEL
    shares = report["programme"]["shares"]
    scores = {f"{name}_called_{name}": round(shares[name][name], 4) for name in ("music", "speech", "mixed")}
    export.folder(path, weights, matrix, bias, temperature, scores)
    export.licence(cache, models, MODEL)
    export.write_report(path, report)
    export.card(path, load(path), report)
    for name, row in shares.items():
        print(name, {state: round(share, 3) for state, share in row.items()}, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, type=Path, help="the folder with gtzan_audio")
    parser.add_argument("--cache", required=True, type=Path, help="where packages and prepared sounds are kept")
    parser.add_argument("--models", type=Path, default=Path(__file__).resolve().parents[2] / "models")
    options = parser.parse_args()
    train(options.data, options.cache, options.models)


if __name__ == "__main__":
    main()
