"""Computes the patches' tags and penultimate layer for the clips that exist as audio: `python -m training.musicnn.embed`.

DIR holds `gtzan_audio/` with its `list.csv`. Each train clip is heard clean and in several randomly degraded versions,
each valid clip clean. The results go to a cache, a file a version, so that an interrupted run is taken up; a clip and
a version always get the same degradation.
"""

import argparse
import zlib
from functools import partial
from pathlib import Path

import numpy as np

from .. import inputs, mel
from ..degrade import apply_random, apply_strong
from ..manifest import Refused, sha256
from ..resample import resample
from ..runner import Embeddings, Network
from . import encoder, wheel

CLEAN = "clean"
# Rate of GTZAN's clips in Hz, at which they are degraded.
NATIVE = 22050
# A degraded version starts up to this many columns later, for another position of the patches: half a stride.
LATEST_START = 30
# Patches of a clip; one that starts later holds one less.
PATCHES = 28


def versions(split, degraded):
    """Names of the versions of a split's clips."""
    return [CLEAN] + [f"random-{i}" for i in range(1, degraded + 1)] if split == "train" else [CLEAN]


def path(cache, split, version):
    return Path(cache) / f"{split}-{version}.npz"


def columns_of(samples, version, name):
    """Mel columns, as the encoder hears them, of a clip at 22050 Hz, degraded as the version says."""
    start = 0
    if version != CLEAN:
        kind, number = version.split("-")
        rng = np.random.default_rng([int(number), zlib.crc32(name.encode())])
        apply = apply_random if kind == "random" else partial(apply_strong, kind)
        samples, start = apply(samples, NATIVE, rng), int(rng.integers(0, LATEST_START))
    return mel.columns(resample(samples, NATIVE, encoder.FEATURES["sample_rate"]), encoder.FEATURES)[start:]


def embedded(network, columns, patches):
    """Embeddings [patches, 250] of a clip's successive patches."""
    known = Embeddings(network, {"frames": encoder.FRAMES, "stride": encoder.STRIDE}, columns)
    return np.stack([known[i * encoder.STRIDE] for i in range(patches)])


def embed(data, cache, split, version, network):
    """Write one version of one split to the cache, unless it is there."""
    out = path(cache, split, version)
    if out.is_file():
        return
    names, all_of_them = [], []
    patches = PATCHES if version == CLEAN else PATCHES - 1
    audio = Path(data) / "gtzan_audio"
    for row in inputs.listed(audio / "list.csv", split):
        file = next((p for suffix in inputs.SUFFIXES if (p := audio / f"{row['clip']}{suffix}").is_file()), None)
        if file is None:
            raise Refused(f"{audio}: no file {row['clip']} with one of {', '.join(inputs.SUFFIXES)}")
        columns = columns_of(inputs.decode(file, NATIVE), version, row["clip"])
        names.append(row["clip"])
        all_of_them.append(embedded(network, columns, patches))
    unfinished = out.with_suffix(".partial.npz")
    np.savez(unfinished, name=names, embedding=np.stack(all_of_them))
    unfinished.rename(out)
    print(f"{out.name}: {len(names)} clips", flush=True)


def network_in(cache):
    """The encoder with its penultimate layer as it is, written to the cache unless it is there."""
    file = Path(cache) / "encoder.onnx"
    checkpoint = wheel.checkpoint(cache)
    if not file.is_file():
        encoder.write(checkpoint, file)
    tables = encoder.tables(file.name, sha256(file), encoder.TAGS + encoder.PENULTIMATE)
    return Network(cache, tables["encoder"])


def main():
    parser = argparse.ArgumentParser(prog="python -m training.musicnn.embed", description=__doc__)
    parser.add_argument("--data", required=True, type=Path, help="folder that holds gtzan_audio/")
    parser.add_argument("--cache", required=True, type=Path, help="folder for the wheel, the encoder and what it computes")
    parser.add_argument("--degraded", type=int, default=4, help="degraded versions of each train clip")
    args = parser.parse_args()
    try:
        network = network_in(args.cache)
        for split in ("valid", "train"):
            for version in versions(split, args.degraded):
                embed(args.data, args.cache, split, version, network)
    except Refused as refusal:
        parser.exit(2, f"embed: {refusal}\n")


if __name__ == "__main__":
    main()
