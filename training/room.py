"""A synthetic room: an impulse response with early reflections and a decaying tail, and the noise heard in it.

Touch it to change how a microphone in a room is imitated. The tail is noise
that falls by 60 dB in the reverberation time, faster for high tones (Polack's
model); the direct sound is at sample 0, so clips stay aligned.
"""

import numpy as np


def shaped(count, rate, rng, power):
    """Gaussian noise [count] of unit mean power whose density at f Hz goes as power(f)."""
    size = 1 << max(int(count - 1).bit_length(), 8)
    frequency = np.fft.rfftfreq(size, 1.0 / rate)
    spectrum = rng.normal(size=(2, len(frequency)))
    spectrum = (spectrum[0] + 1j * spectrum[1]) * np.sqrt(power(np.maximum(frequency, 20.0)))
    spectrum[0] = 0.0
    noise = np.fft.irfft(spectrum, size)[:count]
    return noise / np.sqrt(np.mean(noise**2) + 1e-30)


def impulse_response(rate, rt60, rng):
    """Impulse response [samples] of a room whose sound falls by 60 dB in `rt60` seconds."""
    length = int(rt60 * rate)
    time = np.arange(length) / rate
    # Walls and air swallow high tones first: above 2 kHz the tail lasts 60 % as long. Both bands start with the same
    # power, so that at 22050 Hz the wider upper one has about 6 dB less density.
    low = shaped(length, rate, rng, lambda f: 1.0 / (1.0 + (f / 2000.0) ** 4))
    high = shaped(length, rate, rng, lambda f: 1.0 / (1.0 + (2000.0 / f) ** 4))
    tail = low * 10.0 ** (-3.0 * time / rt60) + high * 10.0 ** (-3.0 * time / (0.6 * rt60))
    tail *= np.clip((time - 0.005) / 0.03, 0.0, 1.0)
    response = tail / np.sqrt(np.sum(tail**2) + 1e-30)
    for _ in range(12):
        delay = rng.uniform(0.002, 0.05)
        at = min(int(delay * rate), length - 1)
        response[at] += rng.choice([-1.0, 1.0]) * rng.uniform(0.1, 0.4) * 10.0 ** (-3.0 * delay / rt60)
    # Energy of the direct sound against the rest, in dB: one to a few metres away.
    direct = rng.uniform(-3.0, 6.0)
    response *= 10.0 ** (-direct / 20.0) / np.sqrt(np.sum(response**2))
    response[0] = 1.0
    return response


def convolved(samples, response):
    """`samples` through `response`, cut to their length and kept at their root mean square."""
    size = 1 << (len(samples) + len(response) - 2).bit_length()
    out = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(response, size), size)[: len(samples)]
    return out * np.sqrt(np.mean(np.square(samples, dtype=np.float64)) / (np.mean(out**2) + 1e-30))


def _babble(count, rate, rng):
    """Noise of the long-term spectrum of speech, of six voices that swell and fade as syllables do."""
    total = np.zeros(count)
    for _ in range(6):
        voice = shaped(count, rate, rng, lambda f: 1.0 / ((1.0 + (120.0 / f) ** 4) * (1.0 + (f / 500.0) ** 2.5)))
        syllables = shaped(count, rate, rng, lambda f: 1.0 / (1.0 + (f / 20.0) ** 2))
        knots = rng.normal(size=int(count / rate * 4.0) + 3)
        pace = np.interp(np.arange(count) / rate * 4.0, np.arange(len(knots)), knots)
        total += voice * np.maximum(1.0 + 0.7 * pace + 0.1 * syllables, 0.05)
    return total / np.sqrt(np.mean(total**2) + 1e-30)


def noise(count, rate, rng):
    """Room noise [count] of unit mean power: pink, babble and air conditioning in a mix drawn by `rng`."""
    kinds = (
        shaped(count, rate, rng, lambda f: 1.0 / f),
        _babble(count, rate, rng),
        shaped(count, rate, rng, lambda f: 1.0 / (1.0 + (f / 150.0) ** 2)),
    )
    mixed = sum(share * kind for share, kind in zip(np.sqrt(rng.dirichlet([1.0, 1.0, 1.0])), kinds))
    return mixed / np.sqrt(np.mean(mixed**2) + 1e-30)


def with_noise(samples, added, snr):
    """`samples` plus the noise `added`, scaled so that it lies `snr` dB under their mean power."""
    level = np.sqrt(np.mean(np.square(samples, dtype=np.float64)) / (np.mean(np.square(added)) + 1e-30))
    return samples + added * level * 10.0 ** (-snr / 20.0)


def room(samples, rate, rng, rt60, snr):
    """`samples` as a microphone hears them in a room, with noise `snr` dB under the music."""
    heard = convolved(samples, impulse_response(rate, rt60, rng))
    return with_noise(heard, noise(len(samples), rate, rng), snr).astype(np.float32)
