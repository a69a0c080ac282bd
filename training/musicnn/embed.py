"""Computes the patches' tags and penultimate layer for the clips that exist as audio: `python -m training.musicnn.embed`.

DIR holds `gtzan_audio/` with its `list.csv`. Each train clip is heard clean and in several randomly degraded versions,
all at levels of their own, for the published tags know no control of the level either; each valid clip is heard as the
daemon hears it. The results go to a cache, a file a version, so that an interrupted run is taken up; a clip and a version
always get the same degradation.
"""

import argparse
import zlib
from pathlib import Path

import numpy as np

from .. import inputs, mel
from ..degrade import apply_random
from ..manifest import Refused, sha256
from ..resample import resample
from ..runner import Embeddings, Network
from . import cache as store
from . import encoder, wheel
from .weights import Weights

CLEAN = "clean"
# A clean clip under the control of its level.
LEVELLED = "levelled"
# Rate of GTZAN's clips in Hz, at which they are degraded.
NATIVE = 22050
# A degraded version starts up to this many columns later, for another position of the patches: half a stride.
LATEST_START = 30
# Patches of a clip; one that starts later holds one less.
PATCHES = 28


def versions(split, degraded):
    """Names of the versions of a split's clips."""
    return [CLEAN] + [f"random-{i}" for i in range(1, degraded + 1)] if split == "train" else [LEVELLED]


def features(version):
    """The features of a version: without the control of the level for all but one."""
    return {k: v for k, v in encoder.FEATURES.items() if k != "level" or version == LEVELLED}


def fingerprint(cache, version):
    """What tells a cached version from one that other settings made."""
    settings = {"features": features(version), "native": NATIVE, "patches": PATCHES, "latest_start": LATEST_START}
    return store.fingerprint(cache, settings, is_degraded(version))


def is_degraded(version):
    return version.startswith("random")


def columns_of(samples, version, name):
    """Mel columns, as the encoder hears them, of a clip at 22050 Hz, degraded as the version says."""
    start = 0
    if is_degraded(version):
        rng = np.random.default_rng([int(version.split("-")[1]), zlib.crc32(name.encode())])
        samples, start = apply_random(samples, NATIVE, rng), int(rng.integers(0, LATEST_START))
    heard = features(version)
    return mel.columns(resample(samples, NATIVE, heard["sample_rate"]), heard)[start:]


def embedded(network, columns, patches):
    """Embeddings [patches, 250] of a clip's successive patches."""
    known = Embeddings(network, {"frames": encoder.FRAMES, "stride": encoder.STRIDE}, columns)
    return np.stack([known[i * encoder.STRIDE] for i in range(patches)])


def embed(data, cache, split, version, network):
    """Write one version of one split to the cache, unless it is there as these settings make it."""
    out, mark = store.path(cache, split, version), fingerprint(cache, version)
    if store.is_current(out, mark):
        return
    names, all_of_them = [], []
    patches = PATCHES - 1 if is_degraded(version) else PATCHES
    audio = Path(data) / "gtzan_audio"
    for row in inputs.listed(audio / "list.csv", split):
        file = next((p for suffix in inputs.SUFFIXES if (p := audio / f"{row['clip']}{suffix}").is_file()), None)
        if file is None:
            raise Refused(f"{audio}: no file {row['clip']} with one of {', '.join(inputs.SUFFIXES)}")
        columns = columns_of(inputs.decode(file, NATIVE), version, row["clip"])
        names.append(row["clip"])
        all_of_them.append(embedded(network, columns, patches))
    store.write(out, mark, names, np.stack(all_of_them))
    print(f"{out.name}: {len(names)} clips", flush=True)


def network_in(cache):
    """The encoder with its penultimate layer as it is, written to the cache."""
    file, weights = Path(cache) / store.ENCODER, Weights(wheel.checkpoint(cache))
    encoder.write(weights, file)
    tables = encoder.tables(file.name, sha256(file), encoder.TAGS + encoder.PENULTIMATE, encoder.state(weights))
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
