"""Codecs come back aligned and lose what their bit rate says; A-law is G.711's."""

import unittest
from unittest import mock

import numpy as np

from training import codec, degrade, manifest
from training.tests.signals import CODECS, RATE, lag, level, needs_ffmpeg, sound


class Codecs(unittest.TestCase):
    @needs_ffmpeg
    def test_the_delay_of_the_codec_is_taken_off(self):
        for rate in (16000, 22050, 44100):
            clip = sound(3.0, rate)
            for name in CODECS:
                with self.subTest(name, rate=rate):
                    self.assertLess(abs(lag(clip, degrade.apply(name, clip, rate, 1), rate)), 1e-3)

    @needs_ffmpeg
    def test_the_last_frames_come_through(self):
        clip = sound()
        for name in CODECS:
            end = degrade.apply(name, clip, RATE, 1)[-400:]
            self.assertGreater(np.corrcoef(end, clip[-400:])[0, 1], 0.5, name)

    @needs_ffmpeg
    def test_fewer_bits_lose_more(self):
        clip = sound()
        lost = {name: np.mean((degrade.apply(name, clip, RATE, 1) - clip) ** 2) for name in ("opus_48", "opus_24")}
        self.assertLess(lost["opus_48"], lost["opus_24"])
        high = [level(codec.mp3(sound(3.0, 44100), 44100, bits), 44100, 13000, 20000) for bits in (128000, 32000)]
        self.assertLess(high[1], 0.01 * high[0])

    def test_sample_rates_inside_an_mp3(self):
        self.assertEqual([codec.mp3_rate(r, 64000) for r in (16000, 22050, 44100, 48000, 96000)], [16000, 22050, 44100, 48000, 48000])
        self.assertEqual([codec.mp3_rate(r, 32000) for r in (16000, 22050, 44100)], [16000, 22050, 22050])
        self.assertEqual(codec.mp3_rate(20000, 64000), 22050)

    def test_a_missing_ffmpeg_is_told(self):
        with mock.patch.dict("os.environ", {"PATH": "/nowhere"}), self.assertRaisesRegex(manifest.Refused, "install"):
            codec.mp3(sound(), RATE, 64000)

    @needs_ffmpeg
    def test_an_encoder_that_fails_is_told(self):
        with self.assertRaisesRegex(manifest.Refused, "ffmpeg: status"):
            codec._through(sound(), RATE, ["-c:a", "no-such-codec"], "mp3")

    def test_a_law_has_256_steps_of_about_2_percent_and_keeps_the_sign(self):
        loud = np.linspace(-1.0, 1.0, 100001).astype(np.float32)
        heard = codec.a_law(loud)
        self.assertEqual(len(np.unique(heard)), 256)
        big = np.abs(loud) > 0.02
        self.assertLess(np.abs(heard[big] / loud[big] - 1.0).max(), 0.04)
        self.assertLess(np.abs(heard - loud).max(), 1.0 / 60.0)
        self.assertTrue((np.diff(heard) >= 0.0).all())

    @needs_ffmpeg
    def test_a_law_is_ffmpegs_but_for_borders(self):
        values = np.arange(-32768, 32768, 16, dtype="<i2") + 8
        ours = codec.a_law(values.astype(np.float32) / 32768.0) * 32768.0
        raw = ["-f", "s16le", "-ar", "8000", "-ac", "1"]
        coded = codec._ffmpeg([*raw, "-i", "pipe:0", "-f", "alaw", "pipe:1"], values.tobytes())
        heard = codec._ffmpeg(["-f", "alaw", "-ar", "8000", "-ac", "1", "-i", "pipe:0", *raw, "pipe:1"], coded)
        theirs = np.frombuffer(heard, "<i2").astype(float)
        # ffmpeg rounds to the nearest value heard, which at a segment's border is not G.711's own decision.
        self.assertLess(np.mean(ours != theirs), 0.01)
        self.assertLess(np.abs(ours - theirs).max(), 1025.0)


if __name__ == "__main__":
    unittest.main()
