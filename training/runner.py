"""Runs a model folder in ONNX Runtime: normalised windows in, probabilities out."""

from pathlib import Path

import numpy as np
import onnxruntime

from . import windows
from .manifest import load


def _session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


class Runner:
    """A loaded model folder."""

    def __init__(self, folder):
        self.manifest = load(folder)
        self.labels = self.manifest["labels"]
        names = ["network"] if self.manifest["kind"] == "window" else ["encoder", "head"]
        self._sessions = {n: _session(Path(folder) / self.manifest[n]["file"]) for n in names}

    def _run(self, name, x):
        table = self.manifest[name]
        return self._sessions[name].run([table["output"]["name"]], {table["input"]["name"]: x})[0]

    def logits(self, columns):
        """Logits [labels] of the last window of `columns` [heard, mels], filled if it is not full."""
        window = self.manifest["window"]
        if self.manifest["kind"] == "window":
            filled = windows.filled(columns, window["frames"])
            return self._run("network", windows.normalised(filled, window["normalise"])[None])[0]
        patch = self.manifest["patch"]
        columns = windows.filled(columns, max(len(columns), patch["frames"]))
        starts = windows.patch_starts(len(columns), window["frames"], patch)
        codes = [self._run("encoder", columns[None, s : s + patch["frames"]]) for s in starts]
        return self._run("head", np.stack(codes, axis=1))[0]

    def probabilities(self, columns):
        """Calibrated probabilities [labels] of the last window of `columns`."""
        return windows.softmax(self.logits(columns), self.manifest["calibration"]["temperature"])

    def clip(self, columns):
        """A clip's score: the mean of p over its full windows, else its last provisional one."""
        window = self.manifest["window"]
        ends = windows.scored(len(columns), window["first"], window["frames"], window["stride"])
        return np.mean([self.probabilities(columns[:end]) for end in ends], axis=0)
