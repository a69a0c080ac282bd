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


def fit(build, train, valid, seed, args):
    """Train one seed; returns (loss, network, curve) of its best epoch by validation likelihood."""
    torch.manual_seed(seed)
    rng = np.random.Generator(np.random.PCG64(seed))
    network = build(len(data.LABELS))
    mean, best, curve, step = copy.deepcopy(network), None, [], 0
    optimiser = torch.optim.AdamW(network.parameters(), lr=args.rate, weight_decay=args.decay)
    steps = args.epochs * int(np.ceil(len(train[0]) / args.batch))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, args.rate, total_steps=steps + 1, pct_start=0.2)
    for epoch in range(1, args.epochs + 1):
        started, losses = time.monotonic(), []
        network.train()
        for x, y in data.epoch(train[0], train[1], rng, args.batch, args.short):
            loss = torch.nn.functional.cross_entropy(network(x), y, label_smoothing=0.05)
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
            optimiser.step()
            schedule.step()
            step += 1
            average(mean, network, min(0.995, step / (step + 20.0)))
            losses.append(loss.item())
        logits = predict(mean, valid[0])
        fitted = calibrate.temperature(logits, valid[1])
        row = {
            "epoch": epoch,
            "train_loss": round(float(np.mean(losses)), 4),
            "valid_accuracy": round(float((logits.argmax(axis=1) == valid[1]).mean()), 4),
            "valid_nll": round(calibrate.nll(logits, valid[1], fitted), 4),
        }
        curve.append(row)
        print(f"seed {seed}", row, f"{time.monotonic() - started:.1f} s", flush=True)
        if best is None or row["valid_nll"] < best[0]:
            best = (row["valid_nll"], copy.deepcopy(mean))
    return best[0], best[1], curve


def main():
    parser = argparse.ArgumentParser(prog="python -m training.train", description=__doc__)
    parser.add_argument("model", choices=sorted(NETWORKS))
    parser.add_argument("--data", required=True, type=Path, help="folder that holds gtzan_mel/")
    parser.add_argument("--out", type=Path, help="model folder to write (default: models/MODEL)")
    parser.add_argument("--epochs", type=int, default=120)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--decay", type=float, default=2e-2)
    parser.add_argument("--short", type=float, default=0.5, help="share of batches of 10 to 15 s windows")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    train, valid = data.load(args.data, "train"), data.load(args.data, "valid")
    runs = {}
    for seed in args.seeds:
        runs[seed] = fit(NETWORKS[args.model], train, valid, seed, args)
    seed = min(runs, key=lambda s: runs[s][0])
    _, network, curve = runs[seed]
    settings = {k: v for k, v in vars(args).items() if k not in ("data", "out")} | {"chosen_seed": seed}
    others = {str(s): r[0] for s, r in runs.items()}
    out = args.out or Path(__file__).resolve().parent.parent / "models" / args.model
    export(network, out, args.model, valid, predict(network, valid[0]), settings, curve, others)


if __name__ == "__main__":
    main()
