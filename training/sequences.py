"""Clips as sequences of an encoder's embeddings, from audio or stored tags, and what the encoder hears across a join.

Touch it when training.changes takes clips in another form.
"""

import numpy as np

from . import inputs
from .manifest import Refused


class Tags:
    """Clips of an .npz file of tags, one row a patch. Patches across a join are not stored: `between` is None."""

    between = None

    def __init__(self, runner, path):
        clips = list(inputs.tag_rows(path))
        self.names, self.genres = [name for name, _, _ in clips], [genre for _, genre, _ in clips]
        self.sequences = [runner.tag_embeddings(rows) for _, _, rows in clips]


class Audio:
    """Listed clips of a folder; what lies across a join is put through the encoder as it would be heard."""

    def __init__(self, runner, folder, listing, split):
        self._runner, self._patch = runner, runner.manifest["patch"]
        self.names, self.genres, self.sequences, self._columns, self._second = [], [], [], [], {}
        for name, genre, path in inputs.files(folder, listing, split):
            columns = inputs.columns(*inputs.read(path), runner.manifest)
            if len(columns) < self._patch["frames"]:
                raise Refused(f"{name}: expected {self._patch['frames']} columns, a patch, or more, found {len(columns)}")
            # The join comes where the first clip's last whole patch ends.
            whole = (len(columns) - self._patch["frames"]) // self._patch["stride"] * self._patch["stride"]
            self.names.append(name)
            self.genres.append(genre)
            self._columns.append(columns[: whole + self._patch["frames"]])
            self.sequences.append(runner.embeddings(self._columns[-1]))

    def between(self, a, b):
        """(embeddings of the patches across the change from clip `a` to clip `b`, those of `b` alone that follow)."""
        frames, stride = self._patch["frames"], self._patch["stride"]
        across = -(-frames // stride) - 1
        after = (across + 1) * stride - frames
        if b not in self._second:
            self._second[b] = self._runner.embeddings(self._columns[b][after:])
        if across == 0:
            return self._second[b][:0], self._second[b]
        heard = [self._columns[a][stride - frames :], self._columns[b][: across * stride]]
        return self._runner.embeddings(np.concatenate(heard))[:across], self._second[b]
