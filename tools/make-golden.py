#!/usr/bin/env python3
"""Writes tests/golden/: a synthetic test signal and librosa's log-mel values of it.

Made with Python 3.11.7, numpy 2.4.6, scipy 1.17.1 and librosa 0.11.0; the
versions that really ran are recorded in golden.json. All arrays are raw
little-endian float32; columns are stored one frame after another.
Run it from anywhere: tools/make-golden.py
"""

import json
import platform
import sys
from pathlib import Path

import librosa
import numpy as np
import scipy

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "tests/golden"
sys.path[:0] = [str(ROOT), str(FOLDER)]

from librosa_reference import columns  # noqa: E402

from training import mel  # noqa: E402

SLANEY_22K = {
    "sample_rate": 22050, "n_fft": 2048, "hop": 1708, "window": "hann", "pad": "reflect",
    "n_mels": 128, "mel_scale": "slaney", "mel_norm": "slaney", "fmin": 0.0, "fmax": 11025.0,
    "rounding": "none", "log": {"kind": "db", "amin": 1e-10},
}  # fmt: skip
LOG10_16K = {
    "sample_rate": 16000, "n_fft": 512, "hop": 256, "window": "hann", "pad": "reflect",
    "n_mels": 96, "mel_scale": "slaney", "mel_norm": "slaney", "fmin": 0.0, "fmax": 8000.0,
    "rounding": "none", "log": {"kind": "log10", "scale": 10000.0},
}  # fmt: skip

# The gate's: frames of another length than a power of two, HTK mels that begin above 0 Hz.
GATE_16K = {
    "sample_rate": 16000, "n_fft": 400, "hop": 160, "window": "hann", "pad": "reflect",
    "n_mels": 24, "mel_scale": "htk", "mel_norm": "slaney", "fmin": 100.0, "fmax": 8000.0,
    "rounding": "none", "log": {"kind": "db", "amin": 1e-12},
}  # fmt: skip


def signal(rate, seconds=2.4):
    """A rising chirp, noise, digital silence and single impulses; float32, mono."""
    n = int(rate * seconds)
    t = np.arange(n) / rate
    noise = np.random.Generator(np.random.PCG64(rate)).standard_normal(n)
    chirp = np.sin(2.0 * np.pi * (50.0 * t + (0.47 * rate - 50.0) * t * t / (2.0 * seconds)))
    # The noise stays under the chirp throughout: without it, the bands far from
    # the chirp would hold nothing but the rounding errors of librosa's FFT.
    out = 0.4 * chirp + 0.01 * noise
    part = n // 8
    out[4 * part : 5 * part] = 0.2 * noise[4 * part : 5 * part]
    out[5 * part : 7 * part] = 0.0
    out[5 * part + part // 2] = 1.0
    out[6 * part + part // 3] = -0.5
    return out.astype(np.float32)


def quiet_bands(rate, seconds=0.5):
    """Loud tones over a noise of 16-bit rounding: high bands where a float32 FFT is off by over 1e-3 dB."""
    t = np.arange(int(rate * seconds)) / rate
    noise = np.random.Generator(np.random.PCG64(rate + 1)).standard_normal(len(t))
    return (0.5 * np.sin(2 * np.pi * 331.7 * t) + 0.4 * np.sin(2 * np.pi * 97.3 * t) + 1e-5 * noise).astype(np.float32)


def main():
    for old in FOLDER.glob("*.f32"):
        old.unlink()
    clips = {
        "signal-22050": (signal(22050), SLANEY_22K),
        "signal-16000": (signal(16000), LOG10_16K),
        "quiet-22050": (quiet_bands(22050), SLANEY_22K),
    }
    cases = [
        ("slaney-22050-hop1708", "signal-22050", SLANEY_22K),
        ("slaney-22050-hop512", "signal-22050", SLANEY_22K | {"hop": 512}),
        ("htk-22050-hop1708", "signal-22050", SLANEY_22K | {"mel_scale": "htk", "mel_norm": "none"}),
        ("quiet-22050-hop1708", "quiet-22050", SLANEY_22K),
        ("log10-16000-hop256", "signal-16000", LOG10_16K),
        ("log10-16000-hop256-f16", "signal-16000", LOG10_16K | {"rounding": "float16"}),
        ("gate-16000-hop160", "signal-16000", GATE_16K),
        ("log10-16000-hop256-level", "signal-16000", LOG10_16K | {"level": {"target": 0.3, "columns": 40, "most": 1e4}}),
    ]
    # Shorter than half a frame, about a frame, and on both sides of a hop.
    for name, lengths in (("22050", (1, 2, 300, 1024, 1025, 1707, 1708, 2049)), ("16000", (1, 100, 256, 257, 513))):
        samples, features = clips[f"signal-{name}"]
        for length in lengths:
            clips[f"short-{name}-{length}"] = (samples[2000 : 2000 + length], features)
            cases.append((f"short-{name}-{length}.mel", f"short-{name}-{length}", features))
    for name, (samples, _) in clips.items():
        samples.astype("<f4").tofile(FOLDER / f"{name}.f32")
    described = []
    for name, clip, features in cases:
        samples = clips[clip][0]
        values = columns(samples, features)
        values.astype("<f4").tofile(FOLDER / f"{name}.f32")
        exact = float(np.abs(mel.columns(samples, features) - values).max())
        print(f"{name}: {values.shape}, numpy differs by {exact:.1e}")
        described.append({
            "name": name, "samples": f"{clip}.f32", "sample_count": len(samples),
            "columns": f"{name}.f32", "shape": list(values.shape), "features": features,
        })  # fmt: skip
    versions = {
        "python": platform.python_version(), "numpy": np.__version__,
        "scipy": scipy.__version__, "librosa": librosa.__version__,
    }  # fmt: skip
    lines = ",\n  ".join(json.dumps(d) for d in described)
    text = f'{{"versions": {json.dumps(versions)},\n "cases": [\n  {lines}\n]}}\n'
    (FOLDER / "golden.json").write_text(text, encoding="utf-8")
    total = sum(f.stat().st_size for f in FOLDER.iterdir() if f.is_file())
    print(f"{len(described)} cases, {total} bytes in {FOLDER.name}/")


if __name__ == "__main__":
    main()
