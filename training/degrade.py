"""Degrades a clip as the world does: codecs, telephone, gain, clipping, a room with noise, another speed.

`apply` gives the named conditions of the robustness table, `apply_random` mild
random ones for augmentation. All are deterministic by seed, take and give mono
float32, keep rate and length, and stay aligned with the clip within 1 ms
(another speed excepted). Touch it to add a condition. Needs numpy, and ffmpeg
for the codecs.
"""

import zlib
from fractions import Fraction

import numpy as np

from . import codec
from .room import room


def resampled(samples, ratio):
    """`samples` with round(n·ratio) samples in the same time (band-limited, over the whole clip at once by FFT)."""
    ratio = Fraction(ratio).limit_denominator(2000)
    up, down = ratio.numerator, ratio.denominator
    # 50 ms at least of the mirrored sound on both sides keep the ends from wrapping around.
    margin = min(2048, len(samples) - 1)
    blocks = -(-(len(samples) + 2 * margin) // down)
    padded = np.pad(samples.astype(np.float64), margin, mode="reflect")
    padded = np.pad(padded, (0, blocks * down - len(padded)))
    spectrum = np.fft.rfft(padded)[: blocks * min(up, down) // 2 + 1]
    out = np.fft.irfft(spectrum, blocks * up) * (up / down)
    # The margin is rarely a whole number of new samples: a phase shift moves the rest of it away.
    start = round(margin * ratio)
    shift = float(margin * ratio - start)
    if shift:
        turn = np.exp(2j * np.pi * np.arange(blocks * up // 2 + 1) * shift / (blocks * up))
        out = np.fft.irfft(np.fft.rfft(out) * turn, blocks * up)
    return out[start : start + round(len(samples) * ratio)]


def filtered(samples, rate, gain):
    """`samples` through a filter of no delay whose amplitude at f Hz is gain(f)."""
    size = 1 << (2 * len(samples) - 1).bit_length()
    spectrum = np.fft.rfft(samples, size) * gain(np.fft.rfftfreq(size, 1.0 / rate))
    return np.fft.irfft(spectrum, size)[: len(samples)]


def telephone_band(frequency):
    """Amplitude of the telephone band, 300 to 3400 Hz: 3 dB down at both ends, steep outside."""
    above = 1.0 / np.sqrt(1.0 + (300.0 / np.maximum(frequency, 1.0)) ** 12)
    return above / np.sqrt(1.0 + (frequency / 3400.0) ** 40)


def telephone(samples, rate):
    """A telephone line: 300 to 3400 Hz, 8 kHz, 8-bit A-law."""
    narrow = resampled(filtered(samples, rate, telephone_band), Fraction(8000, rate))
    wide = resampled(codec.a_law(narrow), Fraction(rate, 8000))
    out = np.zeros(len(samples), dtype=np.float32)
    out[: len(wide)] = wide[: len(out)]
    return out


def gain(samples, decibels):
    """Louder or softer by `decibels`."""
    return (samples * 10.0 ** (decibels / 20.0)).astype(np.float32)


def clipping(samples, decibels):
    """The clip's peak driven `decibels` over full scale, cut off hard there."""
    peak = float(np.abs(samples).max(initial=0.0))
    return np.clip(samples * (10.0 ** (decibels / 20.0) / max(peak, 1e-9)), -1.0, 1.0).astype(np.float32)


def speed(samples, factor):
    """Played `factor` times as fast, pitch included; what a faster clip lacks is heard again from its start."""
    played = resampled(samples, 1 / Fraction(factor).limit_denominator(1000))
    return np.resize(played, len(samples)).astype(np.float32)


def equaliser(samples, rate, rng):
    """A random tone control: up to ±6 dB, smooth over the octaves from 60 Hz to 8 kHz."""
    octaves, decibels = np.arange(8), rng.uniform(-6.0, 6.0, 8)

    def amplitude(frequency):
        return 10.0 ** (np.interp(np.log2(np.maximum(frequency, 1.0) / 60.0), octaves, decibels) / 20.0)

    return filtered(samples, rate, amplitude).astype(np.float32)


def _in_a_room(snr):
    return lambda x, rate, rng: room(x, rate, rng, rng.uniform(0.3, 0.8), snr)


# name: (samples, rate, rng) → samples.
CONDITIONS = {
    "clean": lambda x, rate, rng: x,
    "mp3_64": lambda x, rate, rng: codec.mp3(x, rate, 64000),
    "mp3_32": lambda x, rate, rng: codec.mp3(x, rate, 32000),
    "opus_48": lambda x, rate, rng: codec.opus(x, rate, 48000),
    "opus_24": lambda x, rate, rng: codec.opus(x, rate, 24000),
    "telephone": lambda x, rate, rng: telephone(x, rate),
    "gain_minus_6": lambda x, rate, rng: gain(x, -6.0),
    "gain_minus_20": lambda x, rate, rng: gain(x, -20.0),
    "clipping": lambda x, rate, rng: clipping(x, 12.0),
    "room_20": _in_a_room(20.0),
    "room_10": _in_a_room(10.0),
    "speed_up": lambda x, rate, rng: speed(x, Fraction(103, 100)),
    "speed_down": lambda x, rate, rng: speed(x, Fraction(97, 100)),
}

# Counted up when the random degradations change, so that what was made of older ones is made again.
EDITION = 1

# name: (weight, (samples, rate, rng) → samples), in the order in which sound meets them.
RANDOM = {
    "speed": (2.0, lambda x, rate, rng: speed(x, Fraction(int(rng.integers(960, 1041)), 1000))),
    "equaliser": (2.0, equaliser),
    "room": (3.0, lambda x, rate, rng: room(x, rate, rng, rng.uniform(0.2, 0.9), rng.uniform(10.0, 30.0))),
    "gain": (2.0, lambda x, rate, rng: gain(x, rng.uniform(-20.0, 6.0))),
    "clipping": (0.5, lambda x, rate, rng: clipping(x, rng.uniform(0.0, 12.0))),
    "telephone": (0.5, lambda x, rate, rng: telephone(x, rate)),
    "mp3": (2.0, lambda x, rate, rng: codec.mp3(x, rate, int(rng.choice([32, 40, 48, 64, 96])) * 1000)),
    "opus": (2.0, lambda x, rate, rng: codec.opus(x, rate, int(rng.integers(16, 65)) * 1000)),
}


def _checked(samples):
    samples = np.asarray(samples)
    if samples.ndim != 1 or samples.dtype != np.float32 or len(samples) < 2:
        raise ValueError(f"expected mono float32 samples [at least 2], found {samples.dtype} {samples.shape}")
    return samples


def seed_of(name, seed):
    """The seed of a clip's degradations: its own for each clip, whatever the order and the number of processes."""
    return zlib.crc32(f"{seed} {name}".encode())


def apply(name, samples, rate, seed):
    """Mono float32 `samples` of `rate` Hz under the condition `name`, by `seed`."""
    if name not in CONDITIONS:
        raise ValueError(f"condition {name}: expected one of {', '.join(CONDITIONS)}")
    # Both rooms with noise draw the same room, so that the table compares their noise alone.
    kind = name.split("_")[0]
    rng = np.random.default_rng([seed, zlib.crc32(kind.encode())])
    return CONDITIONS[name](_checked(samples), rate, rng)


def random_chain(rng):
    """Names of one or two degradations of RANDOM, drawn by weight, in the order in which they are applied."""
    weights = np.array([weight for weight, _ in RANDOM.values()])
    drawn = rng.choice(len(RANDOM), int(rng.integers(1, 3)), replace=False, p=weights / weights.sum())
    return [list(RANDOM)[i] for i in sorted(drawn)]


def apply_random(samples, rate, rng):
    """Mono float32 `samples` of `rate` Hz through a random chain of mild degradations."""
    samples = _checked(samples)
    for name in random_chain(rng):
        samples = RANDOM[name][1](samples, rate, rng)
    return samples
