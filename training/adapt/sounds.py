"""The sounds that the encoder is adapted on: half minutes of GTZAN's train clips and of free music, clean and degraded.

The free music comes from Debian packages by apt-get. Nothing here needs a label. A half minute and a version always get the
same degradation. Touch it to add music or degradations.
"""

import functools
import itertools
import zlib
from pathlib import Path

import numpy as np

from .. import degrade, inputs, mel, room
from ..gate import packages
from ..manifest import Refused
from ..musicnn import encoder
from ..resample import resample

# Rate at which sound is degraded, in Hz, that of GTZAN's clips; seconds of a half minute, and of its middle that is used.
NATIVE, SECONDS, USED = 22050, 29.9, 15.0
COUNT = int(USED * NATIVE)
PATCHES = 13
FRAMES = encoder.FRAMES + (PATCHES - 1) * encoder.STRIDE
NOISES = 24
# Counted up when the degradations below change.
EDITION = 1

# (package, pattern of its music, half minutes of each file at the most)
MUSIC = (
    ("drascula-music", "**/*.ogg", 1),
    ("extremetuxracer-data", "**/music/*.ogg", 2),
    ("fretsonfire-songs-muldjord", "**/song.ogg", 6),
    ("fretsonfire-songs-sectoid", "**/song.ogg", 6),
    ("hedgewars-data", "**/Music/*.ogg", 1),
    ("hyperrogue-music", "**/*.ogg", 2),
    ("singularity-music", "**/*.ogg", 2),
    ("wesnoth-1.16-music", "**/*.ogg", 1),
)

# (weight, names of degrade.RANDOM in the order in which sound meets them)
CHAINS = (
    (0.34, ("room",)),
    (0.08, ("equaliser", "room")),
    (0.08, ("room", "mp3")),
    (0.06, ("room", "opus")),
    (0.14, ("low_mp3",)),
    (0.14, ("low_opus",)),
    (0.04, ("equaliser", "low_mp3")),
    (0.04, ("equaliser", "low_opus")),
    (0.04, ("telephone",)),
    (0.02, ("clipping",)),
    (0.02, ("equaliser",)),
)


def _low_mp3(samples, rate, rng):
    return degrade.codec.mp3(samples, rate, int(rng.choice([24, 32, 32, 40, 48])) * 1000)


def _low_opus(samples, rate, rng):
    return degrade.codec.opus(samples, rate, int(rng.integers(16, 33)) * 1000)


@functools.cache
def noises():
    """Room noises of a half minute, at NATIVE Hz: a few, for each takes longer to make than a room."""
    rngs = [np.random.default_rng([EDITION, number]) for number in range(NOISES)]
    return [room.noise(int(SECONDS * NATIVE) + NATIVE, NATIVE, rng).astype(np.float32) for rng in rngs]


def _room(samples, rate, rng):
    """A room as training/room.py has it, with a stretch of one of the noises."""
    heard = room.convolved(samples, room.impulse_response(rate, rng.uniform(0.2, 0.9), rng))
    noise = np.roll(noises()[rng.integers(NOISES)], rng.integers(0, len(samples)))[: len(samples)]
    return room.with_noise(heard, noise, rng.uniform(10.0, 30.0))


MORE = {"room": _room, "low_mp3": _low_mp3, "low_opus": _low_opus}


def degraded(samples, rng):
    """`samples` at NATIVE Hz through one chain drawn by weight."""
    weights = np.array([weight for weight, _ in CHAINS])
    for name in CHAINS[rng.choice(len(CHAINS), p=weights / weights.sum())][1]:
        step = MORE.get(name) or degrade.RANDOM[name][1]
        samples = np.asarray(step(samples, NATIVE, rng), dtype=np.float32)
    return samples


def half_minutes(path, count):
    """Up to `count` stretches of a file [samples at NATIVE Hz], spread over it; a shorter file gives none."""
    import soundfile

    with soundfile.SoundFile(path) as file:
        rate, total = file.samplerate, len(file)
        wanted = int(SECONDS * rate)
        count = min(count, total // wanted)
        for start in np.linspace(0, total - wanted, count + 2)[1:-1].astype(int) if count else ():
            file.seek(int(start))
            yield resample(file.read(wanted, dtype="float32", always_2d=True).mean(axis=1), rate, NATIVE)


def train_clips(data):
    """(name, samples at NATIVE Hz) of the train clips that exist as sound."""
    audio = Path(data) / "gtzan_audio"
    for name, _, path in inputs.files(audio, audio / "list.csv", "train"):
        yield name, inputs.decode(path, NATIVE)


def free_music(cache):
    """(name, samples at NATIVE Hz) of the packages' music, which is fetched unless it is there."""
    packages.fetch(cache, [package for package, _, _ in MUSIC])
    for package, pattern, count in MUSIC:
        folder = Path(cache) / "packages" / package
        found = sorted(path for path in folder.glob(pattern) if path.is_file())
        if not found:
            raise Refused(f"{folder}: expected files {pattern}, found none")
        for path in found:
            for number, samples in enumerate(half_minutes(path, count)):
                yield f"{package}/{path.relative_to(folder)}/{number}", samples


def picture(samples):
    """Columns [FRAMES, mels] as the encoder hears them, or None of too short a clip."""
    columns = mel.columns(resample(samples, NATIVE, encoder.FEATURES["sample_rate"]), encoder.FEATURES)
    return columns[:FRAMES] if len(columns) >= FRAMES else None


def middles(data, cache):
    """(name, samples) of the sounds that are degraded: the middles of half minutes, every second one of the free music."""
    for name, samples in itertools.chain(train_clips(data), itertools.islice(free_music(cache), 0, None, 2)):
        start = max(len(samples) - COUNT, 0) // 2
        yield name, samples[start : start + COUNT]


def ends(data, cache):
    """(name, samples) of the sounds that are heard clean or in a room drawn in the picture: both ends of all half minutes."""
    for name, samples in itertools.chain(train_clips(data), free_music(cache)):
        yield f"{name}|start", samples[:COUNT]
        yield f"{name}|end", samples[max(len(samples) - COUNT, 0) :]


def version(sounds, number=0):
    """(names, columns float16 [sounds, FRAMES, mels]) of sounds in one version; number 0 is the clean one."""
    names, pictures = [], []
    for name, samples in sounds:
        if number:
            samples = degraded(samples, np.random.default_rng([number, EDITION, zlib.crc32(name.encode())]))
        columns = picture(samples)
        if columns is not None:
            names.append(name)
            pictures.append(columns.astype(np.float16))
    return names, np.stack(pictures)
