"""The resampler: tones pass below 0.45 of the lower rate, vanish above its half, and stay where they are in time."""

import unittest

import numpy as np

from training.resample import block_sizes, resample


def tone(hz, rate, seconds=1.0):
    return np.sin(2.0 * np.pi * hz * np.arange(int(rate * seconds)) / rate)


def level(samples):
    """dB of the middle half, 0 for a full-scale sine."""
    middle = samples[len(samples) // 4 : 3 * len(samples) // 4].astype(np.float64)
    return 10.0 * np.log10(2.0 * np.mean(middle**2) + 1e-30)


class Resample(unittest.TestCase):
    RATES = ((22050, 16000), (44100, 22050), (48000, 16000), (16000, 22050))

    def test_the_pass_band_is_flat(self):
        for source, target in self.RATES:
            for share in (0.01, 0.2, 0.4, 0.45):
                with self.subTest(f"{source} to {target} Hz, {share}"):
                    hz = share * min(source, target)
                    self.assertLess(abs(level(resample(tone(hz, source), source, target))), 0.1)

    def test_the_stop_band_is_silent(self):
        for source, target in ((22050, 16000), (44100, 22050), (48000, 16000)):
            for hz in (0.52 * target, 0.6 * target, 0.49 * source):
                with self.subTest(f"{hz} Hz"):
                    self.assertLess(level(resample(tone(hz, source), source, target)), -100.0)

    def test_a_tone_stays_where_it_is(self):
        for source, target in ((22050, 16000), (44100, 22050), (96000, 16000)):
            found, expected = resample(tone(1000.0, source), source, target), tone(1000.0, target)
            middle = slice(target // 4, 3 * target // 4)
            np.testing.assert_allclose(found[middle], expected[middle], atol=1e-6)

    def test_lengths(self):
        self.assertEqual(block_sizes(22050, 16000), (882, 640))
        for length in (1, 881, 882, 883, 22050, 400_000):
            self.assertEqual(len(resample(np.zeros(length), 22050, 16000)), -(-length * 16000 // 22050))
        self.assertEqual(len(resample(np.zeros(0), 22050, 16000)), 0)

    def test_the_same_rate_changes_nothing(self):
        samples = tone(50.0, 8000).astype(np.float32)
        np.testing.assert_array_equal(resample(samples, 8000, 8000), samples)

    def test_a_long_recording_is_one_piece(self):
        # More blocks than are computed at once.
        found = resample(tone(700.0, 22050, 15.0), 22050, 16000)
        np.testing.assert_allclose(found[1000:-1000], tone(700.0, 16000, 15.0)[1000:-1000], atol=1e-6)


if __name__ == "__main__":
    unittest.main()
