"""Synthetic speech by espeak-ng and flite: other voices and languages than the recordings have.

Touch it to add a voice. A voice stands in one split only.
"""

import random
import subprocess
import tempfile
from pathlib import Path

from .decode import read

ESPEAK = {
    "train": ("en-us+m3", "en-gb+f2", "de+m1", "fr+f4", "es+m7", "pl+f1", "ru+m5", "it+f3", "pt+m2", "sv+m4", "tr+f5", "hi+m6"),
    "valid": ("en-gb+m8", "nl+f1", "cs+m2", "el+f3", "en-us", "en-gb-scotland"),
}
FLITE = {"train": ("awb", "rms"), "valid": ("slt",)}
WORDS = """the of and to in was that it his with for had you not be her on at by which have or from this him but all she they were my are so me
their an said them we who would been will no when there if more out up into do any your what has man could other than our some very time upon
about may its only now like little then can should made did us such great before must two these see know over much down after first good men
weather traffic morning evening news report station listen music tonight minutes degrees wind north south city people government market price
call number today tomorrow special offer kitchen garden family summer winter seven eleven twenty thousand question answer remember together
national international company president morning's coffee programme conversation technology afternoon celebrate wonderful beautiful""".split()


def text(rng, words):
    """Sentences of common words: what is said does not matter, how it sounds does."""
    out = []
    while len(out) < words:
        sentence = [rng.choice(WORDS) for _ in range(rng.randint(4, 16))]
        out += [sentence[0].capitalize(), *sentence[1:-1], sentence[-1] + rng.choice(".,.?!")]
    return " ".join(out)


def clips(split, seed=5):
    """(voice, samples) of each voice of the split, a minute or two each."""
    rng = random.Random(f"{seed} {split}")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "speech.wav"
        for voice in ESPEAK[split]:
            speed, pitch = str(rng.randint(130, 200)), str(rng.randint(25, 75))
            yield _spoken(["espeak-ng", "-v", voice, "-s", speed, "-p", pitch, "-w", out, text(rng, 100)], out)
        for voice in FLITE[split]:
            yield _spoken(["flite", "-voice", voice, "-t", text(rng, 100), "-o", out], out)


def _spoken(command, out):
    subprocess.run([str(part) for part in command], check=True, capture_output=True)
    return read(out)
