"""Degradations keep length and alignment, follow their seed, and do to the sound what their name says."""

import shutil
import unittest
from fractions import Fraction

import numpy as np

from training import degrade
from training.tests.signals import CODECS, RATE, decibels, lag, level, needs_ffmpeg, sound

WITHOUT_CODECS = [name for name in degrade.CONDITIONS if name not in CODECS]


class Contract(unittest.TestCase):
    def kept(self, names):
        for name in names:
            for count in (40000, 12345):
                with self.subTest(name, count=count):
                    clip = sound()[:count]
                    once, again = (degrade.apply(name, clip.copy(), RATE, 7) for _ in range(2))
                    self.assertEqual((once.shape, once.dtype), (clip.shape, np.float32))
                    self.assertTrue(np.isfinite(once).all())
                    np.testing.assert_array_equal(once, again)

    def test_length_type_and_sound_are_the_same_each_time(self):
        self.kept(WITHOUT_CODECS)

    @needs_ffmpeg
    def test_codecs_keep_length_and_give_the_same_each_time(self):
        self.kept(CODECS)

    def test_only_rooms_depend_on_the_seed(self):
        for name in WITHOUT_CODECS:
            first, second = (degrade.apply(name, sound(), RATE, seed) for seed in (1, 2))
            self.assertEqual(np.array_equal(first, second), not name.startswith("room"), name)

    def test_input_is_not_changed(self):
        clip = sound()
        before = clip.copy()
        for name in WITHOUT_CODECS:
            degrade.apply(name, clip, RATE, 1)
        np.testing.assert_array_equal(clip, before)

    def test_other_input_is_refused(self):
        with self.assertRaisesRegex(ValueError, "expected one of clean, mp3_64"):
            degrade.apply("mp3", sound(), RATE, 1)
        with self.assertRaisesRegex(ValueError, "expected mono float32"):
            degrade.apply("clean", np.zeros((10, 2), dtype=np.float32), RATE, 1)

    def test_silence_stays_finite(self):
        for name in WITHOUT_CODECS:
            self.assertTrue(np.isfinite(degrade.apply(name, np.zeros(9000, dtype=np.float32), RATE, 1)).all(), name)

    def test_what_keeps_its_speed_stays_aligned(self):
        for name in WITHOUT_CODECS:
            if not name.startswith("speed"):
                self.assertLess(abs(lag(sound(), degrade.apply(name, sound(), RATE, 3), RATE)), 1e-3, name)


class Telephone(unittest.TestCase):
    def test_only_300_to_3400_hz_pass(self):
        white = np.random.default_rng(1).normal(0.0, 0.1, 5 * RATE).astype(np.float32)
        heard = degrade.apply("telephone", white, RATE, 1)
        inside = decibels(level(heard, RATE, 500, 3000) / level(white, RATE, 500, 3000))
        self.assertLess(abs(inside), 0.5)
        for low, high, most in ((20, 150, -30.0), (4100, 11000, -35.0)):
            self.assertLess(decibels(level(heard, RATE, low, high) / level(white, RATE, low, high)), most)

    def test_the_bands_ends_lie_at_3_db(self):
        ends = degrade.telephone_band(np.array([300.0, 3400.0]))
        np.testing.assert_allclose(20.0 * np.log10(ends), -3.0, atol=0.05)


class Levels(unittest.TestCase):
    def test_gain(self):
        for name, wanted in (("gain_minus_6", -6.0), ("gain_minus_20", -20.0)):
            power = np.mean(degrade.apply(name, sound(), RATE, 1) ** 2) / np.mean(sound() ** 2)
            self.assertAlmostEqual(decibels(power), wanted, places=3)

    def test_clipping_cuts_what_is_12_db_under_the_peak(self):
        clip = sound() * np.float32(0.3)
        heard = degrade.apply("clipping", clip, RATE, 1)
        cut = np.abs(clip) > np.abs(clip).max() * 10 ** (-12 / 20)
        self.assertGreater(cut.mean(), 0.01)
        np.testing.assert_allclose(np.abs(heard[cut]), 1.0, atol=1e-6)
        np.testing.assert_allclose(heard[~cut] / clip[~cut], 10 ** (12 / 20) / np.abs(clip).max(), rtol=1e-4)


class Speed(unittest.TestCase):
    def test_pitch_follows_the_speed(self):
        tone = np.sin(2 * np.pi * 1000.0 * np.arange(4 * RATE) / RATE).astype(np.float32)
        for name, wanted in (("speed_up", 1030.0), ("speed_down", 970.0)):
            heard = degrade.apply(name, tone, RATE, 1)[: 3 * RATE]
            peak = np.fft.rfftfreq(3 * RATE, 1.0 / RATE)[np.abs(np.fft.rfft(heard * np.hanning(3 * RATE))).argmax()]
            self.assertAlmostEqual(peak, wanted, delta=0.4)

    def test_a_faster_clip_is_filled_from_its_start(self):
        heard = degrade.apply("speed_up", sound(), RATE, 1)
        played = round(len(heard) * 100 / 103)
        np.testing.assert_array_equal(heard[played:], heard[: len(heard) - played])

    def test_resampling_there_and_back_gives_the_sound_again(self):
        clip = sound(1.0)
        for ratio in (Fraction(2), Fraction(160, 147), Fraction(1030, 1000)):
            back = degrade.resampled(degrade.resampled(clip, ratio), 1 / ratio)
            apart = back[500:-500] - clip[500 : len(back) - 500]
            self.assertLess(np.abs(apart).max(), 2e-3)


class Random(unittest.TestCase):
    @needs_ffmpeg
    def test_a_seed_gives_one_sound_and_another_seed_another(self):
        for seed in range(6):
            first, second = (degrade.apply_random(sound(), RATE, np.random.default_rng(seed)) for _ in range(2))
            np.testing.assert_array_equal(first, second)
            self.assertEqual((first.shape, first.dtype), (sound().shape, np.float32))
            self.assertFalse(np.array_equal(first, sound()))

    def test_chains_are_short_ordered_and_reach_everything(self):
        rng = np.random.default_rng(1)
        chains = [degrade.random_chain(rng) for _ in range(400)]
        self.assertEqual({len(chain) for chain in chains}, {1, 2})
        order = list(degrade.RANDOM)
        self.assertTrue(all(sorted(chain, key=order.index) == chain for chain in chains))
        counts = {name: sum(name in chain for chain in chains) for name in order}
        self.assertGreater(min(counts.values()), 0)
        self.assertLess(counts["telephone"], counts["room"] / 2)

    def test_every_link_keeps_length_and_type(self):
        for name, (_, link) in degrade.RANDOM.items():
            if name not in ("mp3", "opus") or shutil.which("ffmpeg"):
                heard = link(sound(1.0), RATE, np.random.default_rng(1))
                self.assertEqual((heard.shape, heard.dtype), (sound(1.0).shape, np.float32), name)


if __name__ == "__main__":
    unittest.main()
