"""What the head starts from: the probabilities of single patches, by the linear start and its correction."""

from dataclasses import dataclass

from ..windows import softmax
from . import correction, linear


@dataclass
class Start:
    """Logits of a patch: those of `linear` and `correction` together."""

    linear: linear.Linear
    correction: correction.Correction

    def logits(self, rows):
        """[.., labels] of rows [.., 50 + kept]."""
        return self.linear.logits(rows) + self.correction.logits(rows)

    def mean(self, rows):
        """The mean over patches of the probabilities, [clips, labels] of rows [clips, patches, …]."""
        return softmax(self.logits(rows)).mean(axis=-2)


def fit(sets, recipe):
    """Fit on `sequences.Clips`, of which some are degraded."""
    first = linear.fit(sets, recipe.tags_penalty, recipe.rest_penalty)
    return Start(first, correction.fit(first, sets, recipe.corrected, recipe.members, recipe.correction_steps))
