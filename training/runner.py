"""Runs a model folder in ONNX Runtime: columns (or stored tags) of a clip in, probabilities out.

This is the daemon's way a second time: each patch of an encoder runs once, in the stream's order. Touch it only
together with the daemon's `model/`.
"""

from pathlib import Path

import numpy as np
import onnxruntime

from . import windows
from .manifest import Refused, load

# Moments, in seconds since a clip began, at which its answer is told too, and how far from one the window that stands
# for it may end.
MOMENTS = (3, 6, 9, 12, 18, 24, 30)
NEAR = 1.0


class Network:
    """One ONNX file of a model, by its table of the manifest."""

    def __init__(self, folder, table):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        path = str(Path(folder) / table["file"])
        self.table = table
        self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def run(self, x):
        """The output without its batch axis, for an input with one."""
        return self._session.run([self.table["output"]["name"]], {self.table["input"]["name"]: x})[0][0]

    def run_with_state(self, x, state):
        """(output, next state) of an encoder that has one."""
        tensors = self.table["state"]
        outputs = [self.table["output"]["name"], tensors["output"]["name"]]
        inputs = {self.table["input"]["name"]: x, tensors["input"]["name"]: state}
        output, state = self._session.run(outputs, inputs)
        return output[0], state


class Embeddings:
    """The embeddings of one clip's patches by their first column; each is computed once."""

    def __init__(self, encoder, patch, columns):
        self._encoder, self._patch = encoder, patch
        # A clip that is shorter than a patch is repeated until it fills one.
        self._columns = windows.filled(columns, max(len(columns), patch["frames"]))
        self._known, self._state, self._next = {}, None, None

    def __getitem__(self, start):
        if start not in self._known:
            x = self._columns[None, start : start + self._patch["frames"]]
            self._known[start] = self._stateful(x, start) if "state" in self._encoder.table else self._encoder.run(x)
        return self._known[start]

    def _stateful(self, x, start):
        """State is handed on to the next patch of the grid; every other patch warms up a state of its own."""
        tensors, frames, stride = self._encoder.table["state"], self._patch["frames"], self._patch["stride"]
        if start != self._next:
            self._state = np.zeros(tensors["input"]["shape"], dtype=np.float32)
            for missing in range(tensors["warm_up"] * stride, 0, -stride):
                early = np.zeros_like(x)
                early[:, min(missing, frames) :] = x[:, : max(frames - missing, 0)]
                _, self._state = self._encoder.run_with_state(early, self._state)
        output, self._state = self._encoder.run_with_state(x, self._state)
        self._next = start + stride
        return output


class Runner:
    """A loaded model folder. Probabilities are calibrated and in the order of `labels`."""

    def __init__(self, folder):
        self.manifest = load(folder)
        self.labels = self.manifest["labels"]
        names = ["network"] if self.manifest["kind"] == "window" else ["encoder", "head"]
        self._networks = {n: Network(folder, self.manifest[n]) for n in names}

    def logits(self, columns, ends=None):
        """Logits [ends, labels] of the windows that end after so many columns; without `ends` [labels] of the last."""
        if ends is None:
            return self.logits(columns, [len(columns)])[0]
        window = self.manifest["window"]
        if self.manifest["kind"] == "window":
            filled = [windows.filled(columns[:end], window["frames"]) for end in ends]
            run = self._networks["network"].run
            return np.stack([run(windows.normalised(x, window["normalise"])[None]) for x in filled])
        patch, out = self.manifest["patch"], []
        embeddings = Embeddings(self._networks["encoder"], patch, columns)
        for end in ends:
            starts = windows.patch_starts(max(end, patch["frames"]), window["frames"], patch)
            out.append(self._head([embeddings[start] for start in starts]))
        return np.stack(out)

    def _head(self, embeddings):
        return self._networks["head"].run(np.stack(embeddings)[None].astype(np.float32))

    def _calibrated(self, logits):
        return windows.softmax(logits, self.manifest["calibration"]["temperature"])

    def embeddings(self, columns):
        """[patches, size]: the encoder's output for the whole patches of `columns` on the stream's grid."""
        patch, known = self.manifest["patch"], Embeddings(self._networks["encoder"], self.manifest["patch"], columns)
        return np.stack([known[start] for start in range(0, max(len(columns) - patch["frames"], 0) + 1, patch["stride"])])

    def of_embeddings(self, embeddings):
        """Probabilities [labels] for successive embeddings [patches, size], at most a window of them."""
        return self._calibrated(self._head(embeddings))

    def probabilities(self, columns):
        """[labels] of the last window of `columns`, filled if it is not full."""
        return self._calibrated(self.logits(columns))

    def clip(self, columns):
        """A clip's score: the mean of p over its full windows, else its last provisional one."""
        return self.clip_and_beginnings(columns)[0]

    def _moments(self, ends, moments):
        """{moment: the end, in columns, of the window that ends nearest to it}; of two equally near the earlier."""
        features = self.manifest["features"]
        reach = {end: ((end - 1) * features["hop"] + features["n_fft"] / 2) / features["sample_rate"] for end in ends}
        nearest = {moment: min(ends, key=lambda end: abs(reach[end] - moment)) for moment in moments}
        return {moment: end for moment, end in nearest.items() if abs(reach[end] - moment) <= NEAR}

    def clip_and_beginnings(self, columns, moments=()):
        """(score, [(moment in seconds, p)]): p of the windows that end nearest to the moments, if any ends near."""
        window = self.manifest["window"]
        provisional, full = windows.ends(len(columns), window["first"], window["frames"], window["stride"])
        scored, heard = full or provisional[-1:], self._moments(provisional + full, moments)
        ends = sorted({*scored, *heard.values()})
        by_end = dict(zip(ends, self._calibrated(self.logits(columns, ends))))
        return np.mean([by_end[end] for end in scored], axis=0), [(moment, by_end[end]) for moment, end in heard.items()]

    def tag_embeddings(self, rows):
        """[patches, size]: stored tags [patches, tags] of a clip's successive patches in the place of embeddings."""
        tags = self.manifest.get("taggram", {}).get("tags")
        if not tags:
            raise Refused(f"{self.manifest['id']} takes no stored tags: its manifest has no [taggram]; give --audio")
        if rows.ndim != 2 or rows.shape[1] != tags:
            raise Refused(f"expected tags [rows, {tags}], found {list(rows.shape)}")
        embeddings = np.zeros((len(rows), self.manifest["patch"]["embedding"]), dtype=np.float32)
        embeddings[:, :tags] = rows
        return embeddings

    def tags_and_beginnings(self, rows, moments=()):
        """The same as `clip_and_beginnings` from stored tags [patches, tags]."""
        embeddings, patch, total = self.tag_embeddings(rows), self.manifest["patch"], len(rows)
        count = (self.manifest["window"]["frames"] - patch["frames"]) // patch["stride"] + 1

        def p(patches):
            return self._calibrated(self._head(embeddings[max(0, patches - count) : patches]))

        ends = {patch["frames"] + n * patch["stride"]: n + 1 for n in range(total)}
        heard = [(moment, p(ends[end])) for moment, end in self._moments(list(ends), moments).items()]
        full = range(count, total + 1) if total >= count else [total]
        return np.mean([p(patches) for patches in full], axis=0), heard
