"""Rooms decay as drawn, and their noise has the level asked for."""

import unittest

import numpy as np

from training import degrade, room
from training.tests.signals import RATE, decibels, level, sound


class Rooms(unittest.TestCase):
    def test_the_noise_has_the_level_asked_for(self):
        for name, wanted in (("room_20", 20.0), ("room_10", 10.0)):
            noisy = degrade.apply(name, sound(), RATE, 5).astype(np.float64)
            rng = np.random.default_rng([5, degrade.zlib.crc32(b"room")])
            dry = room.convolved(sound(), room.impulse_response(RATE, rng.uniform(0.3, 0.8), rng))
            self.assertAlmostEqual(decibels(np.mean(dry**2) / np.mean((noisy - dry) ** 2)), wanted, places=2)

    def test_both_conditions_are_one_room(self):
        first, second = (degrade.apply(name, sound(), RATE, 5).astype(np.float64) for name in ("room_20", "room_10"))
        # The same room and noise: what differs is the noise, 10 dB apart in level.
        noise = (second - first) / (1.0 - 10.0 ** (-10.0 / 20.0))
        self.assertAlmostEqual(decibels(np.mean((second - noise) ** 2) / np.mean(noise**2)), 10.0, places=2)

    def test_sound_falls_by_60_db_in_the_reverberation_time(self):
        for rt60 in (0.3, 0.8):
            response = room.impulse_response(RATE, rt60, np.random.default_rng(2))
            fall = decibels(np.cumsum((response**2)[::-1])[::-1])
            # Schroeder's integral from 80 ms on, over the next third of the time: 20 dB, more for the shorter high tones.
            start, end = int(0.08 * RATE), int((0.08 + rt60 / 3.0) * RATE)
            self.assertTrue(18.0 < fall[start] - fall[end] < 32.0, fall[start] - fall[end])

    def test_direct_sound_is_the_first_sample_and_the_largest(self):
        for seed in range(5):
            response = room.impulse_response(RATE, 0.5, np.random.default_rng(seed))
            self.assertEqual(int(np.abs(response).argmax()), 0)
            rest = decibels(1.0 / np.sum(response[1:] ** 2))
            self.assertTrue(-3.1 < rest < 6.1, rest)

    def test_noise_is_heavier_below(self):
        noise = room.noise(5 * RATE, RATE, np.random.default_rng(3))
        self.assertAlmostEqual(float(np.mean(noise**2)), 1.0, places=6)
        self.assertGreater(level(noise, RATE, 50, 500), 3.0 * level(noise, RATE, 4000, 8000))


if __name__ == "__main__":
    unittest.main()
