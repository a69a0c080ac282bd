"""Hears a file as someone would in Python: decoding and resampling, log-mel columns, the same ONNX encoder once per patch, the head once per hop.

  hear.py WAY MODEL FILE

WAY is librosa (librosa.load, librosa's columns), torch (soundfile, soxr and torch.stft) or essentia (MonoLoader and
TensorflowInputMusiCNN, which has musicnn's columns built in, so it does for models with those). One thread each. Prints
JSON: CPU seconds of each step, without the imports and the loading of the networks, and the mean probabilities.
"""

import json
import sys
import time
import tomllib
from pathlib import Path

import numpy as np
import onnxruntime

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/golden"))
sys.path.insert(0, str(Path(__file__).resolve().parent))


def with_librosa(path, features):
    import librosa
    from librosa_reference import columns

    def load():
        return librosa.load(path, sr=features["sample_rate"], mono=True)[0]

    # The first call compiles and fills caches.
    columns(np.zeros(4 * features["n_fft"], np.float32), features)
    return load, lambda samples: columns(samples, features)


def with_torch(path, features):
    import soundfile
    import soxr
    from features import torch_columns
    from librosa_reference import levelled

    def load():
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
        return soxr.resample(samples.mean(axis=1), rate, features["sample_rate"])

    def columns(samples):
        return torch_columns(samples, features, levelled)()

    columns(np.zeros(4 * features["n_fft"], np.float32))
    return load, columns


def with_essentia(path, features):
    import essentia
    import essentia.standard as standard

    essentia.log.infoActive = essentia.log.warningActive = False
    wanted = {"sample_rate": 16000, "n_fft": 512, "hop": 256, "n_mels": 96}
    if any(features[key] != value for key, value in wanted.items()):
        sys.exit("essentia has musicnn's columns only, and this model wants others")
    mel = standard.TensorflowInputMusiCNN()

    def load():
        return standard.MonoLoader(filename=path, sampleRate=features["sample_rate"])()

    def columns(samples):
        frames = standard.FrameGenerator(samples, frameSize=512, hopSize=256)
        return np.stack([mel(frame) for frame in frames])

    columns(np.zeros(4096, np.float32))
    return load, columns


WAYS = {"librosa": with_librosa, "torch": with_torch, "essentia": with_essentia}


def session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


class Model:
    """An encoder, which may keep a state from patch to patch, and the head over its newest embeddings."""

    def __init__(self, folder):
        self.manifest = manifest = tomllib.loads((folder / "manifest.toml").read_text())
        self.encoder, self.head = (session(folder / manifest[part]["file"]) for part in ("encoder", "head"))
        self.encoder_input, self.head_input = manifest["encoder"]["input"]["name"], manifest["head"]["input"]["name"]
        self.state = manifest["encoder"].get("state")
        window, self.patch = manifest["window"], manifest["patch"]
        self.most = 1 + (window["frames"] - self.patch["frames"]) // self.patch["stride"]

    def encode(self, patch, kept):
        feed = {self.encoder_input: patch[None]}
        if not self.state:
            return self.encoder.run(None, feed)[0], None
        names = [self.manifest["encoder"]["output"]["name"], self.state["output"]["name"]]
        return self.encoder.run(names, {**feed, self.state["input"]["name"]: kept})

    def embeddings(self, columns):
        frames, stride = self.patch["frames"], self.patch["stride"]
        kept, found = None, []
        if self.state:
            kept = np.zeros(self.state["input"]["shape"], np.float32)
            for missing in range(self.state["warm_up"] * stride, 0, -stride):
                early = np.zeros_like(columns[:frames])
                early[missing:] = columns[: frames - missing]
                kept = self.encode(early, kept)[1]
        for start in range(0, len(columns) - frames + 1, stride):
            embedding, kept = self.encode(columns[start : start + frames], kept)
            found.append(embedding[0])
        return np.stack(found)

    def probabilities(self, embeddings):
        p = []
        for last in range(1, len(embeddings) + 1):
            heard = embeddings[max(0, last - self.most) : last]
            logits = self.head.run(None, {self.head_input: heard[None]})[0][0] / self.manifest["calibration"]["temperature"]
            e = np.exp(logits - logits.max())
            p.append(e / e.sum())
        return np.mean(p, axis=0)


def main():
    way, folder, path = sys.argv[1:]
    model = Model(Path(folder))
    load, columns = WAYS[way](path, model.manifest["features"])
    steps, value = {}, None
    for name, step in {
        "decode": lambda _: load(), "columns": columns, "encoder": model.embeddings, "head": model.probabilities,
    }.items():  # fmt: skip
        begun = time.process_time()
        value = step(value)
        steps[name] = time.process_time() - begun
    print(json.dumps({"cpu_s": steps, "p": dict(zip(model.manifest["labels"], value.tolist()))}))


if __name__ == "__main__":
    main()
