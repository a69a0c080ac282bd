"""librosa's log-mel columns for a manifest's `[features]` table: the reference of the golden values."""

import warnings

import librosa
import numpy as np
from scipy.signal import lfilter


def levelled(power, target, columns, most):
    """Mel power [n_mels, frames] at one level: over its mean so far, after `columns` frames over an exponential mean."""
    own = power.mean(axis=0, dtype=np.float64)
    mean = own.cumsum() / np.arange(1, len(own) + 1)
    if len(own) > columns:
        keep = 1.0 - 1.0 / columns
        mean[columns:], _ = lfilter([1.0 / columns], [1.0, -keep], own[columns:], zi=[keep * mean[columns - 1]])
    return (power * np.minimum(target / np.maximum(mean, 1e-30), most)).astype(np.float32)


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
    if "level" in features:
        power = levelled(power, **features["level"])
    if features["rounding"] == "float16":
        power = power.astype(np.float16).astype(np.float32)
    log = features["log"]
    if log["kind"] == "db":
        out = librosa.power_to_db(power, ref=1.0, amin=log["amin"], top_db=None)
    else:
        out = np.log10(1.0 + np.float32(log["scale"]) * power)
    return np.ascontiguousarray(out.T, dtype=np.float32)
