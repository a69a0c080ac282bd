#!/usr/bin/env bash
# Has the native binary and the one for aarch64, under qemu, classify the same music, and compares every probability of every
# window. Fails where two differ by more than 1e-4, or in what is said.
#
#   tests/package/aarch64.sh NATIVE FOREIGN SYSROOT [CLIP [MODEL…]]     without CLIP the beginning of the demo reel
#
# On tract; on ONNX Runtime where NATIVE_ONNXRUNTIME and FOREIGN_ONNXRUNTIME name its libraries for either.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=tools/packages.sh
. tools/packages.sh
# shellcheck source=tools/cross.sh
. tools/cross.sh
native=$1 foreign=$2 sysroot=$3 clip=${4:-}
models=("${@:5}")
[ ${#models[@]} -gt 0 ] || models=(musicnn-crnn)
runtime=tract
[ -z "${FOREIGN_ONNXRUNTIME:-}" ] || runtime=onnxruntime
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if [ -z "$clip" ]; then
    need_command ffmpeg ffmpeg || die 'ffmpeg is needed to cut the reel'
    clip=$work/reel.wav
    ffmpeg -v error -t 20 -i demo/reel.ogg "$clip"
fi
for model in "${models[@]}"; do
    flags=(classify --json --runtime "$runtime" --models models --model "$model" --top 10 "$clip")
    ORT_DYLIB_PATH=${NATIVE_ONNXRUNTIME:-} "$native" "${flags[@]}" >"$work/native.json"
    began=$SECONDS
    ORT_DYLIB_PATH=${FOREIGN_ONNXRUNTIME:-} run_foreign "$sysroot" "$foreign" "${flags[@]}" >"$work/foreign.json"
    say "$model on aarch64 under qemu: $((SECONDS - began)) s, which says nothing about a real one"
    python3 - "$model on $runtime" "$work/native.json" "$work/foreign.json" <<'PYTHON'
import json, sys

model, *files = sys.argv[1:]
native, foreign = (json.load(open(file, encoding="utf-8")) for file in files)
assert native["windows"], "no window at all"
assert len(native["windows"]) == len(foreign["windows"]), "not as many windows"
assert native["verdict"] == foreign["verdict"], (native["verdict"], foreign["verdict"])
pairs = [*zip(native["windows"], foreign["windows"]), (native, foreign)]
largest = 0.0
for one, other in pairs:
    assert {key: one.get(key) for key in ("start_s", "end_s", "state", "stable")} == {
        key: other.get(key) for key in ("start_s", "end_s", "state", "stable")}, (one, other)
    there = {entry["label"]: entry["p"] for entry in other["top"]}
    largest = max(largest, *(abs(entry["p"] - there[entry["label"]]) for entry in one["top"]))
print(f"{model}: {len(pairs) - 1} windows, the largest difference of a probability is {largest:.2g}")
sys.exit(largest > 1e-4)
PYTHON
done
