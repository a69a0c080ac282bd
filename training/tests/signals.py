"""Sounds and measures that the tests of the degradations share."""

import shutil
import unittest

import numpy as np

from training import room, synthetic

RATE = 22050
CODECS = ("mp3_64", "mp3_32", "opus_48", "opus_24")
needs_ffmpeg = unittest.skipUnless(shutil.which("ffmpeg"), "ffmpeg is not installed")


def sound(seconds=4.0, rate=RATE, seed=1):
    """Tones and noise that resemble music enough for a codec, peak about 0.5."""
    rng = np.random.default_rng(seed)
    noise = room.shaped(int(rate * seconds), rate, rng, lambda f: 1.0 / f)
    mixed = synthetic.sound(rate, seconds, seed)[: len(noise)] + 0.1 * noise
    return (0.5 * mixed / np.abs(mixed).max()).astype(np.float32)


def lag(first, second, rate):
    """Seconds by which `second` comes after `first`: the peak of their cross-correlation."""
    size = 1 << (2 * len(first)).bit_length()
    both = np.fft.irfft(np.fft.rfft(first, size).conj() * np.fft.rfft(second, size))
    at = int(both.argmax())
    return (at - size if at > size // 2 else at) / rate


def level(samples, rate, low, high):
    """Power between two frequencies."""
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    frequency = np.fft.rfftfreq(len(samples), 1.0 / rate)
    return power[(frequency >= low) & (frequency < high)].sum() / len(samples)


def decibels(ratio):
    return 10.0 * np.log10(ratio)
