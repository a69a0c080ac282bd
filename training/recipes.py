"""How each model is trained: the settings that `training.train` takes by default."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Recipe:
    """Settings of one run; `python -m training.train --help` says what can be set from outside."""

    # Epochs of each cycle of the learning rate; a later cycle starts from the best weights at half the rate.
    epochs: tuple
    rate: float = 3e-3
    decay: float = 2e-2
    batch: int = 8
    # False: whole clips as they are, without what data.augmented does.
    augment: bool = True
    # Share of batches of windows of 5 to 11 s, and of batches with mixup.
    short: float = 0.9
    mix: float = 0.5
    smoothing: float = 0.05
    # Weight of the loss of every output but the first.
    aside: float = 0.5
    # Epochs between validations.
    every: int = 5

    def settings(self):
        return asdict(self)


RECIPES = {
    "ffnn": Recipe(epochs=(20,), rate=1e-3, decay=5e-2, batch=16, augment=False, every=1),
    "cnn": Recipe(epochs=(12,), every=3),
    "crnn": Recipe(epochs=(35,)),
    "pcrnn": Recipe(epochs=(10,), every=3),
}
