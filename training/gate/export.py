"""The gate's model folder: networks, manifest, golden window, licence, report and card. Touch it when one of them must tell more."""

import json
import tempfile
import zipfile
from pathlib import Path

from .. import golden
from ..manifest import network_table
from . import inaspeech, network, scenes

STRIDE = 68  # columns from one patch to the next; the daemon runs one at the end of each block
PATCHES = 1  # that the head hears: the newest, so that it follows at once
LICENCE = """The encoder of models/{id} (encoder.onnx) holds weights of inaSpeechSegmenter 0.6.8, https://github.com/ina-foss/inaSpeechSegmenter,
under the MIT licence:

"""


def folder(path, weights, matrix, bias, temperature, scores):
    """Write the networks, the manifest and the golden window."""
    path = Path(path)
    path.mkdir(parents=True, exist_ok=True)
    network.encoder(path / "encoder.onnx", weights)
    network.head(path / "head.onnx", matrix, bias)

    frames, size = inaspeech.FRAMES, network.SIZE
    golden.add(
        path,
        {
            "schema": 1, "id": path.name, "title": "music, speech, both or noise: inaSpeechSegmenter's encoder and a linear head",
            "kind": "encoder-head", "role": "gate", "labels": list(scenes.LABELS), "pretrained": True, "distilled": False,
            "training_data": "encoder: inaSpeechSegmenter 0.6.8 (MIT licence); head: GTZAN's train clips that exist as sound, speech, music and noises of Debian packages, synthetic speech and noise",
            "features": inaspeech.FEATURES,
            "window": {"frames": frames + (PATCHES - 1) * STRIDE, "first": frames, "stride": STRIDE, "normalise": {"kind": "none"}},
            "patch": {"frames": frames, "stride": STRIDE, "embedding": size},
            "encoder": network_table(path / "encoder.onnx", "mel", [1, frames, inaspeech.MELS], "embedding", [1, size]),
            "head": network_table(path / "head.onnx", "embeddings", [1, 0, size], "logits", [1, len(bias)]),
            "calibration": {"temperature": temperature, "abstain_below": 0.0},
            "scores": scores,
        },
    )  # fmt: skip


def licence(cache, models, name):
    """The teacher's licence, from its own wheel, beside the other models' licences."""
    wheel = next(Path(cache).glob(f"{inaspeech.WHEEL}-{inaspeech.VERSION}-*.whl"))
    with zipfile.ZipFile(wheel) as file:
        text = file.read(f"{inaspeech.WHEEL}-{inaspeech.VERSION}.dist-info/LICENSE").decode()
    Path(models, "LICENSES", "inaSpeechSegmenter.txt").write_text(LICENCE.format(id=name) + text.replace("\r\n", "\n").strip() + "\n")


def measured_encoder(weights, out="embedding"):
    """The encoder, for training and measuring."""
    with tempfile.TemporaryDirectory() as place:
        network.encoder(Path(place) / "encoder.onnx", weights, out)
        return network.Encoder(Path(place) / "encoder.onnx")


def _rows(table, columns):
    lines = ["| | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for name, row in table.items():
        lines.append(f"| {name} | " + " | ".join(f"{100 * row[c]:.1f} %" if c in row else "–" for c in columns) + " |")
    return lines


def card(path, manifest, report):
    """CARD.md from the report."""
    columns = [*scenes.LABELS, "silence"]
    text = [
        f"# {manifest['id']}", "", f"{manifest['title']}.", "",
        f"- Labels: {', '.join(manifest['labels'])}. `mixed` is speech over music.",
        f"- Trained on: {manifest['training_data']}.",
        "- Origin: the encoder is the speech/music/noise CNN of inaSpeechSegmenter 0.6.8 (D. Doukhan et al., MIT licence: `models/LICENSES/inaSpeechSegmenter.txt`),",
        "  its convolutions and first dense layer, read without TensorFlow. Its features are computed from this daemon's; what its own frames have",
        f"  by pre-emphasis is added to each band. On {report['encoder']['patches']:.0f} patches of the valid clips its answers agree with those from its exact features in {100 * report['encoder']['agreement']:.1f} % of cases.",
        f"- The head is multinomial logistic regression, fitted on the mean of two embeddings and applied to the newest; its classes' log-odds are shifted by {report['prior']} ({', '.join(scenes.LABELS)}), as stations send more music than anything else.",
        f"- {report['weights']} weights. One run of the encoder at the end of each block of about a second.",
        "- Weights hold no recordings: the clips themselves are not part of this project.", "",
        "## A programme of valid clips", "",
        "GTZAN's valid clips that exist as sound with cross-fades, speech of speakers and packages that trained nothing, talk 3 to 15 dB over music, pauses of 10 s:",
        f"{report['programme']['minutes']:.0f} minutes, a state every 0.976 s, judged by what plays in the middle of that hop. Rows: what plays, columns: what is told.",
        "The shift of the log-odds and the decision were chosen on programmes of the same clips, so these figures are somewhat kind.", "",
        *_rows(report["programme"]["shares"], columns), "",
        "## Scenes", "",
        "Single scenes of 1.4 s of the valid clips, gain −22 to +6 dB, hiss and low-passes in a part of them, speech −5 to 15 dB over music for `mixed`, each label by the likeliest of the mean of two patches:", "",
        *_rows(report["scenes"]["confusion"], scenes.LABELS), "",
        "Speech and music by their source:", "",
        *_rows(report["scenes"]["sources"], scenes.LABELS), "",
    ]  # fmt: skip
    Path(path, "CARD.md").write_text("\n".join(text), encoding="utf-8")


def write_report(path, report):
    Path(path, "report.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
