"""librosa's log-mel columns for a manifest's `[features]` table: the reference of the golden values."""

import warnings

import librosa
import numpy as np


def columns(samples, features):
    """float32 [frames, n_mels] of mono float32 samples, before any normalisation."""
    with warnings.catch_warnings():
        # librosa warns of signals shorter than a frame: these are meant.
        warnings.simplefilter("ignore")
        power = librosa.feature.melspectrogram(
            y=samples,
            sr=features["sample_rate"],
            n_fft=features["n_fft"],
            hop_length=features["hop"],
            window=features["window"],
            center=True,
            pad_mode=features["pad"],
            power=2.0,
            n_mels=features["n_mels"],
            fmin=features["fmin"],
            fmax=features["fmax"],
            htk=features["mel_scale"] == "htk",
            norm=None if features["mel_norm"] == "none" else features["mel_norm"],
        )
    if features["rounding"] == "float16":
        power = power.astype(np.float16).astype(np.float32)
    log = features["log"]
    if log["kind"] == "db":
        out = librosa.power_to_db(power, ref=1.0, amin=log["amin"], top_db=None)
    else:
        out = np.log10(1.0 + np.float32(log["scale"]) * power)
    return np.ascontiguousarray(out.T, dtype=np.float32)
