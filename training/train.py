"""Trains a model, calibrates it and writes its whole folder: `python -m training.train crnn --data DIR`.

DIR holds `gtzan_mel/train.npz` and `valid.npz`. The best epoch of all seeds is
chosen by its likelihood on the valid list, whose artists the train list lacks.
"""

import argparse
import copy
import time
from pathlib import Path

import numpy as np
import torch

from . import calibrate, data
from .crnn import Crnn
from .export import export

NETWORKS = {"crnn": Crnn}


def predict(network, mel):
    """Logits [clips, labels] of whole windows."""
    network.eval()
    with torch.no_grad():
        parts = [network(data.standardised(torch.from_numpy(mel[i : i + 32]))) for i in range(0, len(mel), 32)]
    return torch.cat(parts).numpy()


def average(mean, network, decay):
    """Move `mean` (weights and batch-norm statistics) a step towards `network`."""
    with torch.no_grad():
        for m, n in zip(mean.state_dict().values(), network.state_dict().values()):
            m.lerp_(n, 1.0 - decay) if m.dtype.is_floating_point else m.copy_(n)


def cycle(network, train, valid, seed, number, args, curve):
    """One cycle of the learning rate, up and down; yields (validation row, averaged network) after each epoch.

    A later cycle's peak is half of the one before. Its random numbers hang on
    nothing but the seed and its number, so that a run can be taken up between cycles.
    """
    rng = np.random.Generator(np.random.PCG64([seed, number] if number else seed))
    epochs, rate = args.epochs[number], args.rate * 0.5**number
    mean, step = copy.deepcopy(network), 0
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=args.decay)
    steps = epochs * int(np.ceil(len(train[0]) / args.batch))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps + 1, pct_start=0.08)
    for _ in range(epochs):
        started, losses = time.monotonic(), []
        network.train()
        for x, y in data.epoch(train[0], train[1], rng, args.batch, args.short, args.mix):
            logits, aside = network(x)
            loss = torch.nn.functional.cross_entropy(logits, y, label_smoothing=0.05)
            total = loss + args.aside * torch.nn.functional.cross_entropy(aside, y, label_smoothing=0.05)
            optimiser.zero_grad()
            total.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
            optimiser.step()
            schedule.step()
            step += 1
            average(mean, network, min(0.997, step / (step + 20.0)))
            losses.append(loss.item())
        logits = predict(mean, valid[0])
        fitted = calibrate.temperature(logits, valid[1])
        row = {
            "epoch": len(curve) + 1,
            "train_loss": round(float(np.mean(losses)), 4),
            "valid_accuracy": round(float((logits.argmax(axis=1) == valid[1]).mean()), 4),
            "valid_nll": round(calibrate.nll(logits, valid[1], fitted), 4),
        }
        curve.append(row)
        print(f"seed {seed}", row, f"{time.monotonic() - started:.1f} s", flush=True)
        yield row, mean


def fit(build, train, valid, seed, args):
    """Train one seed; returns (loss, network, curve) of its best epoch by validation likelihood."""
    torch.manual_seed(seed)
    best = {"nll": np.inf, "network": build(len(data.LABELS)), "curve": [], "cycles": 0}
    kept = args.keep / f"seed-{seed}.pt" if args.keep else None
    if kept and kept.is_file():
        best |= torch.load(kept)
        best["network"].load_state_dict(best.pop("state"))
    curve = best["curve"]
    for number in range(best["cycles"], len(args.epochs)):
        if number:
            torch.manual_seed(1000 * number + seed)
        # Each cycle starts from the best averaged weights so far.
        start = copy.deepcopy(best["network"])
        for row, mean in cycle(start, train, valid, seed, number, args, curve):
            if row["valid_nll"] < best["nll"]:
                best["nll"], best["network"] = row["valid_nll"], copy.deepcopy(mean)
        if kept:
            kept.parent.mkdir(parents=True, exist_ok=True)
            state = {"nll": best["nll"], "state": best["network"].state_dict(), "curve": curve, "cycles": number + 1}
            torch.save(state, kept)
    return best["nll"], best["network"], curve


def main():
    parser = argparse.ArgumentParser(prog="python -m training.train", description=__doc__)
    parser.add_argument("model", choices=sorted(NETWORKS))
    parser.add_argument("--data", required=True, type=Path, help="folder that holds gtzan_mel/")
    parser.add_argument("--out", type=Path, help="model folder to write (default: models/MODEL)")
    parser.add_argument("--epochs", type=int, nargs="+", default=[85, 55], help="epochs of each learning-rate cycle")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--decay", type=float, default=2e-2)
    parser.add_argument("--short", type=float, default=0.7, help="share of batches of 6 to 12 s windows")
    parser.add_argument("--mix", type=float, default=0.6, help="share of batches with mixup")
    parser.add_argument("--aside", type=float, default=0.5, help="weight of the loss aside of the LSTM")
    parser.add_argument("--keep", type=Path, help="folder that keeps PyTorch weights after each cycle, and from which a run is taken up")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    train, valid = data.load(args.data, "train"), data.load(args.data, "valid")
    runs = {}
    for seed in args.seeds:
        runs[seed] = fit(NETWORKS[args.model], train, valid, seed, args)
    seed = min(runs, key=lambda s: runs[s][0])
    _, network, curve = runs[seed]
    settings = {k: v for k, v in vars(args).items() if k not in ("data", "out", "keep")} | {"chosen_seed": seed}
    others = {str(s): r[0] for s, r in runs.items()}
    out = args.out or Path(__file__).resolve().parent.parent / "models" / args.model
    export(network, out, args.model, valid, predict(network, valid[0]), settings, curve, others)


if __name__ == "__main__":
    main()
