"""Resampling of a whole recording, the daemon's way: windowed sinc by FFT in blocks (rubato's `Fft`), in numpy.

Flat to 0.1 dB up to 0.45 of the lower rate, stop band below -100 dB. Touch it only together with the daemon's
`features/resample.rs`: models are measured here and served there.
"""

from math import ceil, gcd

import numpy as np

# Length of a block at the lower rate: a longer one has a steeper filter.
BLOCK_AT_LOWER_RATE = 320
# rubato's fit of the cutoff for a Blackman-Harris window, by 1, 1/n, 1/n² and 1/n³.
CUTOFF = (1.0, 8.041443677716476, 55.9506779343387, 898.0287985384213)
BLOCKS_AT_ONCE = 256


def block_sizes(source, target):
    """(input, output) samples of a block: whole multiples of the rates' ratio."""
    common = gcd(source, target)
    wanted = BLOCK_AT_LOWER_RATE * ceil(source / min(source, target))
    count = ceil(wanted / (source // common))
    return count * source // common, count * target // common


def kernel(size_in, size_out):
    """The low-pass filter, float64 [size_in], with a gain of 1 at 0 Hz."""
    lower = min(size_in, size_out)
    cutoff = np.float32(1.0 / sum(k / lower**i for i, k in enumerate(CUTOFF))) * np.float32(lower / size_in)
    angle = 2.0 * np.pi * np.arange(size_in) / size_in
    window = 0.35875 - 0.48829 * np.cos(angle) + 0.14128 * np.cos(2 * angle) - 0.01168 * np.cos(3 * angle)
    taps = window * np.sinc((np.arange(size_in) - size_in // 2) * float(cutoff))
    return taps / taps.sum()


def resample(samples, source, target):
    """Mono samples at `source` Hz to float32 at `target` Hz, ⌈len · target / source⌉ of them, without delay."""
    samples = np.asarray(samples, dtype=np.float32)
    if source == target or len(samples) == 0:
        return samples
    size_in, size_out = block_sizes(source, target)
    total, delay = -(-len(samples) * target // source), size_out // 2
    count = ceil((total + delay) / size_out)
    padded = np.zeros(max(count, ceil(len(samples) / size_in)) * size_in, dtype=np.float64)
    padded[: len(samples)] = samples
    blocks = padded.reshape(-1, size_in)[:count]
    bins = size_out if size_out < size_in else size_in + 1
    response = np.fft.rfft(kernel(size_in, size_out), 2 * size_in)[:bins] * (size_out / size_in)
    out = np.zeros((count + 1) * size_out)
    for first in range(0, count, BLOCKS_AT_ONCE):
        some = blocks[first : first + BLOCKS_AT_ONCE]
        spectrum = np.zeros((len(some), size_out + 1), dtype=complex)
        spectrum[:, :bins] = np.fft.rfft(some, 2 * size_in, axis=1)[:, :bins] * response
        parts = np.fft.irfft(spectrum, 2 * size_out, axis=1)
        start, end = first * size_out, (first + len(some)) * size_out
        out[start:end] += parts[:, :size_out].ravel()
        out[start + size_out : end + size_out] += parts[:, size_out:].ravel()
    return out[delay : delay + total].astype(np.float32)
