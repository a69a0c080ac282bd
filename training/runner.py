"""Runs a model folder in ONNX Runtime: columns (or stored tags) of a clip in, probabilities out.

This is the daemon's way a second time: each patch of an encoder runs once, in the stream's order. Touch it only
together with the daemon's `model/`.
"""

from pathlib import Path

import numpy as np
import onnxruntime

from . import windows
from .manifest import Refused, load

# A clip's answer is also told for its beginnings of these lengths, in seconds.
HEARD = (3.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0)


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

    def clip_and_beginnings(self, columns, marks=()):
        """(score, [(mark in seconds, p)]): p of the last window that ends within each mark; a mark without is left out."""
        window, features = self.manifest["window"], self.manifest["features"]
        grid = windows.ends(len(columns), window["first"], window["frames"], window["stride"])
        scored = windows.scored(len(columns), window["first"], window["frames"], window["stride"])
        last = {mark: [e for e in grid[0] + grid[1] if e * features["hop"] <= mark * features["sample_rate"]] for mark in marks}
        ends = sorted({*scored, *(found[-1] for found in last.values() if found)})
        by_end = dict(zip(ends, self._calibrated(self.logits(columns, ends))))
        score = np.mean([by_end[end] for end in scored], axis=0)
        return score, [(mark, by_end[found[-1]]) for mark, found in last.items() if found]

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

    def tags_and_beginnings(self, rows, marks=()):
        """The same as `clip_and_beginnings` from stored tags [patches, tags]."""
        embeddings, patch, features = self.tag_embeddings(rows), self.manifest["patch"], self.manifest["features"]
        count = (self.manifest["window"]["frames"] - patch["frames"]) // patch["stride"] + 1

        def p(end):
            return self._calibrated(self._head(embeddings[max(0, end - count) : end]))

        heard = []
        for mark in marks:
            columns = int(mark * features["sample_rate"] / features["hop"])
            patches = min((columns - patch["frames"]) // patch["stride"] + 1, len(rows))
            if patches > 0:
                heard.append((mark, p(patches)))
        full = range(count, len(rows) + 1) if len(rows) >= count else [len(rows)]
        return np.mean([p(end) for end in full], axis=0), heard
