"""Log-mel columns in plain numpy, driven by a manifest's `[features]` table.

The same values as librosa's: periodic Hann window, centred frames with
reflection at the two ends, power spectrum, triangular mel filters, logarithm.
Touch it only together with the daemon's own features and the golden values.
"""

import numpy as np


def hz_to_mel(hz, scale):
    """Mels of frequencies in Hz on the "slaney" or the "htk" scale."""
    hz = np.asarray(hz, dtype=np.float64)
    if scale == "htk":
        return 2595.0 * np.log10(1.0 + hz / 700.0)
    linear = hz / (200.0 / 3.0)
    log = 15.0 + 27.0 * np.log(np.maximum(hz, 1000.0) / 1000.0) / np.log(6.4)
    return np.where(hz >= 1000.0, log, linear)


def mel_to_hz(mel, scale):
    """The inverse of `hz_to_mel`."""
    mel = np.asarray(mel, dtype=np.float64)
    if scale == "htk":
        return 700.0 * (10.0 ** (mel / 2595.0) - 1.0)
    return np.where(mel >= 15.0, 1000.0 * 6.4 ** ((mel - 15.0) / 27.0), mel * (200.0 / 3.0))


def filterbank(features):
    """Mel filters, float32 [n_mels, 1 + n_fft / 2]."""
    rate, n_fft, n_mels = features["sample_rate"], features["n_fft"], features["n_mels"]
    scale = features["mel_scale"]
    low, high = hz_to_mel([features["fmin"], features["fmax"]], scale)
    edges = mel_to_hz(np.linspace(low, high, n_mels + 2), scale)
    bins = np.arange(1 + n_fft // 2) * rate / n_fft
    slopes = edges[:, None] - bins[None, :]
    width = np.diff(edges)
    rising = -slopes[:-2] / width[:-1, None]
    falling = slopes[2:] / width[1:, None]
    weights = np.maximum(0.0, np.minimum(rising, falling))
    if features["mel_norm"] == "slaney":
        weights *= (2.0 / (edges[2:] - edges[:-2]))[:, None]
    if "resampler" in features:
        weights *= response(np.arange(1 + n_fft // 2) / n_fft, features["resampler"]) ** 2
    return weights.astype(np.float32)


def response(frequency, resampler):
    """Amplitude of a windowed-sinc resampler at `frequency` in units of its output's rate.

    Its kernel is rolloff · sinc(rolloff · t) under a Kaiser window (`beta`) that spans `zeros` samples to each side:
    what resampy's filters are (B. McFee, https://resampy.readthedocs.io).
    """
    zeros, steps = resampler["zeros"], 64
    time = np.arange(-zeros * steps, zeros * steps + 1) / steps
    window = np.i0(resampler["beta"] * np.sqrt(np.maximum(0.0, 1.0 - (time / zeros) ** 2))) / np.i0(resampler["beta"])
    kernel = resampler["rolloff"] * np.sinc(resampler["rolloff"] * time) * window
    return np.cos(2.0 * np.pi * np.outer(frequency, time)) @ kernel / steps


def logarithm(power, log):
    """The manifest's `log` of mel power: dB, or log10(1 + scale * S)."""
    if log["kind"] == "db":
        return 10.0 * np.log10(np.maximum(power, np.float32(log["amin"])))
    return np.log10(1.0 + np.float32(log["scale"]) * power)


class Level:
    """The manifest's `level`: brings the mel power to one level by a slow running mean of what has been heard.

    A column's factor is target / mean, `most` at the most; the mean is that over the columns so far, of which the
    earlier ones count less after `columns` of them. In float64, one column after the other, as the daemon has it.
    Several streams of one length, [.., columns, mels], may be brought to it together.
    """

    def __init__(self, target, columns, most):
        self._target, self._columns, self._most = target, columns, most
        self._heard, self._mean = 0, 0.0

    def brought(self, power):
        """Mel power [.., columns, mels] that follows what came before, at that level."""
        factors = np.empty(power.shape[:-1], dtype=np.float32)
        for i, own in enumerate(np.moveaxis(power.mean(axis=-1, dtype=np.float64), -1, 0)):
            self._heard = min(self._heard + 1, self._columns)
            self._mean = self._mean + (own - self._mean) / self._heard
            factors[..., i] = self._target / np.maximum(self._mean, self._target / self._most)
        return power * factors[..., None]


def levelled(decibels, features):
    """Columns in dB [.., columns, mels] of streams that begin with them, at the features' `level` if they have one."""
    if "level" not in features:
        return decibels
    power = np.float32(10.0) ** (decibels * np.float32(0.1))
    return logarithm(Level(**features["level"]).brought(power), features["log"])


def columns(samples, features):
    """Log-mel columns, float32 [1 + len(samples) // hop, n_mels], of mono samples."""
    n_fft, hop = features["n_fft"], features["hop"]
    samples = np.asarray(samples, dtype=np.float32)
    if samples.size == 0:
        return np.zeros((0, features["n_mels"]), dtype=np.float32)
    padded = np.pad(samples, n_fft // 2, mode="reflect")
    # float64 up to the spectrum, as in librosa: a float32 FFT's rounding shows in quiet bands (3e-3 dB).
    window = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(n_fft) / n_fft)
    filters = filterbank(features)
    level = Level(**features["level"]) if "level" in features else None
    frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::hop]
    out = np.empty((len(frames), features["n_mels"]), dtype=np.float32)
    # A block of frames at a time keeps the spectra of a long recording small.
    for start in range(0, len(frames), 512):
        spectrum = np.fft.rfft(frames[start : start + 512] * window, axis=1)
        power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32) @ filters.T
        power = level.brought(power) if level else power
        if features["rounding"] == "float16":
            power = power.astype(np.float16).astype(np.float32)
        out[start : start + 512] = logarithm(power, features["log"])
    return out
