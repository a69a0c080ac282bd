"""The bank of sounds that the training draws from: mono, 16 kHz, 16 bits, one file a source, made once.

Touch it when clips must be prepared otherwise. Levels are made equal, so that loudness tells nothing.
"""

from pathlib import Path

import numpy as np
import soundfile

from ..resample import resample
from . import decode, noises, packages, voices

RATE = decode.RATE
LEVEL = 0.07  # root mean square of the louder half of a clip
CLIP_SECONDS = 90


def level(samples):
    """`samples` scaled to LEVEL, without the silence at its two ends; empty if there is nothing to hear."""
    frames = samples[: len(samples) // 400 * 400].reshape(-1, 400)
    rms = np.sqrt((frames**2).mean(axis=1)) if len(frames) else np.zeros(1)
    loud = np.flatnonzero(rms > rms.max() * 0.02)
    if rms.max() < 1e-4 or len(loud) < 2:
        return samples[:0]
    rms = rms[loud[0] : loud[-1] + 1]
    louder = np.sort(rms)[len(rms) // 2 :]
    return np.clip(samples[loud[0] * 400 : (loud[-1] + 1) * 400] * (LEVEL / np.sqrt((louder**2).mean())), -1.0, 1.0)


def gtzan(data, split, genre):
    """The recorded clips of a list and a genre."""
    audio = Path(data) / "gtzan_audio"
    for line in (audio / "list.csv").read_text().splitlines()[1:]:
        name, found, where = line.split(",")[:3]
        if (where, found) == (split, genre):
            samples, rate = soundfile.read(next(audio.glob(f"{name}.*")), dtype="float32")
            yield resample(samples, rate, RATE)


def _some(clips, minutes):
    """Levelled clips until `minutes` are full."""
    left = minutes * 60 * RATE
    for clip in clips:
        clip = level(clip[: CLIP_SECONDS * RATE])
        if len(clip):
            left -= len(clip)
            yield clip
        if left <= 0:
            return


def load(path):
    """The clips of one file of the bank."""
    with np.load(path) as file:
        samples, lengths = file["samples"], file["lengths"]
    return np.split(samples.astype(np.float32) / 32768.0, np.cumsum(lengths)[:-1])


def clips(cache, split, kind):
    """{source: clips} of a kind in a split."""
    return {path.stem: load(path) for path in sorted(Path(cache, "bank", split).glob(f"{kind}-*.npz"))}


def build(data, cache, genres):
    """Write, below `cache`, what is not there yet: bank/SPLIT/KIND-SOURCE.npz."""
    for split in ("train", "valid"):
        folder = Path(cache) / "bank" / split
        folder.mkdir(parents=True, exist_ok=True)

        def once(name, make, minutes, path=folder):
            path = path / f"{name}.npz"
            if path.exists():
                return
            found = list(_some(make(), minutes))
            if found:
                samples = np.concatenate(found)
                np.savez(path, samples=np.round(samples * 32767).astype(np.int16), lengths=[len(clip) for clip in found])
                print(f"{path.stem}: {len(samples) / RATE / 60:.1f} minutes, {len(found)} clips", flush=True)

        for source in packages.SOURCES:
            if source.split == split:
                once(f"{source.kind}-{source.package}", lambda s=source: decode.clips(packages.files(cache, s)), source.minutes)
        once("speech-synthetic", lambda: voices.clips(split), 60)
        spoken = [clip for source in clips(cache, split, "speech").values() for clip in source[:60]]
        once("noise-synthetic", lambda: noises.clips(np.random.default_rng(len(split)), spoken), 60)
        for genre in genres:
            once(f"music-gtzan-{genre}", lambda g=genre: gtzan(data, split, g), 60)
