"""A copy of the default model whose encoder keeps nothing: `python -m training.musicnn.stateless --model models/ID --out DIR`.

With the weights of the shipped file it computes each patch whole, which is what incremental inference is compared with, in its
answers and in its cost. It is not served: it only costs more.
"""

import argparse
import shutil
import tomllib
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from ..manifest import Refused, sha256, write
from . import encoder
from .weights import Layer


class Shipped:
    """The layers of an encoder that `encoder.write` wrote, as `weights.Weights` has them."""

    def __init__(self, path):
        graph = onnx.load(str(path)).graph
        get = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}.__getitem__
        self.padding = float(get("padding"))
        self.front = [self._front(get, f"front{i}") for i in range(2 + len(encoder.TEMPORAL_REACH))]
        parts = [get("middle1.0"), get(f"middle1.{encoder.timbral(self)}")]
        kernels = [np.concatenate(parts, axis=1), get("middle2.conv.weight"), get("middle3.conv.weight")]
        biases = [get("middle1.bias"), get("middle2.conv.bias"), get("middle3.conv.bias")]
        self.middle = [
            Layer(kernel, bias.ravel(), get(f"middle{i}.gain").ravel(), get(f"middle{i}.shift").ravel())
            for i, (kernel, bias) in enumerate(zip(kernels, biases), start=1)
        ]
        # The normalisation of the dense layer stands in the weights of the two that read it.
        ones = np.ones(encoder.PENULTIMATE, dtype=np.float32)
        self.dense = Layer(get("dense.weight"), get("dense.bias"), ones, 0 * ones)
        self.tags = Layer(get("tags.logits.weight"), get("tags.logits.bias"), None, None)
        self.matrix, self.offset = get("rest.weight"), get("rest.bias")

    @staticmethod
    def _front(get, name):
        sign = get(f"{name}.sign").ravel()
        kernel = get(f"{name}.kernel")[: len(sign)] * sign[:, None, None, None]
        return Layer(kernel, get(f"{name}.bias")[: len(sign)] * sign, get(f"{name}.gain").ravel(), get(f"{name}.shift").ravel())


def copy(model, out):
    """Write the folder `out`: the model, but for its encoder."""
    model, out = Path(model), Path(out)
    manifest = tomllib.loads((model / "manifest.toml").read_text())
    file = manifest.get("encoder", {}).get("file")
    if file is None or manifest["encoder"].pop("state", None) is None:
        raise Refused(f"{model}: it has no encoder that keeps a state")
    out.mkdir(parents=True, exist_ok=True)
    for name in (manifest["head"]["file"], manifest["golden"]["file"]):
        shutil.copyfile(model / name, out / name)
    shipped = Shipped(model / file)
    encoder.write_whole(shipped, out / file, shipped.matrix, shipped.offset)
    manifest["encoder"]["sha256"] = sha256(out / file)
    write(out, manifest)


def main():
    parser = argparse.ArgumentParser(prog="python -m training.musicnn.stateless", description=__doc__)
    parser.add_argument("--model", required=True, type=Path, help="folder of the model")
    parser.add_argument("--out", required=True, type=Path, help="folder to write")
    args = parser.parse_args()
    try:
        copy(args.model, args.out)
    except (Refused, OSError, KeyError) as refusal:
        parser.exit(2, f"stateless: {refusal}\n")


if __name__ == "__main__":
    main()
