"""The networks that `training.train` can train, each with its ONNX graph. Touch it when one is added.

A network takes normalised windows [batch, frames, mels] and gives logits [batch, labels]; while training it may give a
list of several, each of which is trained on. `graph(frames, mels)` writes it in plain ONNX operators, and `title` is its
line in the manifest. One that has a `patch` takes columns of any number of patches instead, is two graphs, `encoder` and
`head`, and has its own `features`, `window` and `floor_db`. Torch is needed here, but not for evaluation.
"""

from .cnn import Cnn
from .crnn import Crnn
from .crnn_large import CrnnLarge
from .ffnn import Ffnn
from .pcrnn import Pcrnn

NETWORKS = {"ffnn": Ffnn, "cnn": Cnn, "crnn": Crnn, "pcrnn": Pcrnn, "crnn-large": CrnnLarge}
