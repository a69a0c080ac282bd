"""Tests of tools/radio_hour: the programme, and what is right in it. Touch it together with that folder."""

import tempfile
import unittest
from pathlib import Path

import numpy as np
import soundfile

from tools.radio_hour import clips, programme, score, sweep
from training.manifest import Refused

TRUTH = {
    "seconds": 100.0,
    "blocks": [
        {"genre": "jazz", "start": 0.0, "end": 50.0, "clips": [{"clip": "jazz.1", "start": 0.0}, {"clip": "jazz.2", "start": 20.0}]},
        {"genre": "rock", "start": 60.0, "end": 100.0, "clips": [{"clip": "rock.1", "start": 60.0}]},
    ],
    "pauses": [{"kind": "speech", "start": 50.0, "end": 60.0}],
}


class Programme(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = Path(self.folder.name)
        random = np.random.default_rng(1)
        for genre in ("jazz", "rock"):
            (self.root / "clips" / genre).mkdir(parents=True)
            for number in range(2):
                soundfile.write(self.root / "clips" / genre / f"{number}.wav", random.normal(0, 0.1, 8 * programme.RATE), programme.RATE)
        (self.root / "speech").mkdir()
        soundfile.write(self.root / "speech" / "a.wav", random.normal(0, 0.1, 5 * programme.RATE), programme.RATE)

    def test_blocks_and_pauses_cover_the_hour_in_order(self):
        music = clips.by_genre(self.root / "clips", None, None, 2)
        speech = clips.speech([self.root / "speech"])
        samples, truth = programme.build(music, speech, 300, seed=3)
        again, _ = programme.build(music, speech, 300, seed=3)
        np.testing.assert_array_equal(samples, again)
        self.assertAlmostEqual(len(samples) / programme.RATE, truth["seconds"])
        genres = [block["genre"] for block in truth["blocks"]]
        self.assertTrue(all(a != b for a, b in zip(genres, genres[1:])))
        edges = sorted((part["start"], part["end"]) for part in truth["blocks"] + truth["pauses"])
        for (_, end), (start, _) in zip(edges, edges[1:]):
            self.assertAlmostEqual(end, start, places=3)

    def test_too_few_clips_are_told(self):
        with self.assertRaisesRegex(Refused, "two genres or more with 3 clips each, found jazz 2, rock 2"):
            clips.by_genre(self.root / "clips", None, None, 3)


class Score(unittest.TestCase):
    def test_what_is_right_and_when_it_was_told(self):
        decisions = [(3.0, 0.0, "jazz"), (30.0, 25.0, "blues"), (40.0, 35.0, "jazz"), (72.0, 62.0, "rock")]
        # 40 of the 50 s of jazz and 38 of the 40 s of rock.
        self.assertAlmostEqual(score.right(TRUTH, decisions), 78 / 90)
        self.assertEqual(score.delays(TRUTH, decisions), [12.0])
        self.assertEqual(score.delays(TRUTH, decisions[:3]), [None])
        self.assertAlmostEqual(score.per_clip(TRUTH, {"jazz.1": "jazz", "jazz.2": "blues", "rock.1": "rock"}), 60 / 90)

    def report(self, jazz_until):
        rows = []
        for second in range(1, 101):
            p = 0.99 if second <= jazz_until else 0.01
            rows.append({
                "end_s": float(second), "state": "speech" if 50 < second <= 60 else "music",
                "top": [{"label": "jazz", "p": p}, {"label": "rock", "p": 1.0 - p}],
            })  # fmt: skip
        return {"windows": rows}

    def test_the_markov_model_follows_a_sure_change_and_speech_is_none(self):
        decisions = sweep.markov(self.report(50), 0.4, 180.0, 0.9)
        self.assertEqual([label for _, _, label in decisions], ["jazz", "rock"])
        self.assertEqual(score.states(TRUTH, self.report(50)), (1.0, 1.0))

    def test_a_program_that_fails_is_told(self):
        with self.assertRaisesRegex(Refused, "no such thing"):
            sweep.stable("sh", "-c", ["echo no such thing >&2; exit 3"], [{}])


if __name__ == "__main__":
    unittest.main()
