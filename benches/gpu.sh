#!/usr/bin/env bash
# Everything about a CUDA device in one go: the same answers as the CPU's, what a hop takes on each, and that a device which was asked for
# and cannot be had is refused, never replaced in silence. Prints tables in Markdown.
#
#   benches/gpu.sh --genrecast FILE --onnxruntime FILE [--seconds S] SOUND…
#
# --genrecast    the program, of a release build
# --onnxruntime  ONNX Runtime's library with its CUDA provider beside it (the wheel onnxruntime-gpu has both)
# --seconds      how long `genrecast bench` takes for each device (default 60)
# SOUND…         files to compare answers on
#
# Exit status: 0 all as it should be, 1 something is not, 2 wrong arguments, 3 no CUDA device here.
set -euo pipefail

usage() {
    sed -n '5s/^# *//p' "${BASH_SOURCE[0]}" >&2
    exit 2
}
program='' library='' seconds=60 sounds=()
while [ $# -gt 0 ]; do
    case $1 in
    --genrecast | --onnxruntime | --seconds)
        [ $# -gt 1 ] || usage
        case $1 in
        --genrecast) program=$(realpath "$2") ;;
        --onnxruntime) library=$(realpath "$2") ;;
        --seconds) seconds=$2 ;;
        esac
        shift
        ;;
    -h | --help) sed -n '2,12s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" && exit ;;
    -*) usage ;;
    *) sounds+=("$(realpath "$1")") ;;
    esac
    shift
done
if [ ! -x "$program" ] || [ ! -f "$library" ] || [ ${#sounds[@]} -eq 0 ]; then usage; fi
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export ORT_DYLIB_PATH=$library
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=0
bad() {
    echo "**not as it should be**: $*"
    failed=1
}

# classify DEVICE MODEL SOUND
classify() {
    "$program" classify --config /dev/null --models models --runtime onnxruntime --device "$1" --model "$2" --top 10 --json "$3"
}
models=$(cd models && for folder in */; do [ ! -f "$folder/manifest.toml" ] || [ "$folder" = gate-speech-music/ ] || echo "${folder%/}"; done)

echo '## A device that cannot be had'
echo
# Without a visible device CUDA must be refused by name; "auto" may take the CPU, and says so.
if CUDA_VISIBLE_DEVICES='' classify cuda crnn "${sounds[0]}" >"$scratch/out" 2>"$scratch/err"; then
    bad '--device cuda gave an answer while no device was visible'
else
    echo "- \`--device cuda\` without a visible device is refused: $(tail -n 1 "$scratch/err")"
fi
if CUDA_VISIBLE_DEVICES='' classify auto crnn "${sounds[0]}" >"$scratch/out" 2>"$scratch/err" && grep -q '"device": *"cpu"' "$scratch/out"; then
    echo "- \`--device auto\` without a visible device runs on the CPU, and says so in its answer"
else
    bad "--device auto without a visible device: $(tail -n 1 "$scratch/err")"
fi
mkdir "$scratch/alone"
cp -L "$library" "$scratch/alone/"
if ORT_DYLIB_PATH=$scratch/alone/$(basename "$library") classify cuda crnn "${sounds[0]}" >"$scratch/out" 2>"$scratch/err"; then
    bad '--device cuda gave an answer without the provider beside the library'
else
    echo "- \`--device cuda\` without the provider beside the library is refused: $(tail -n 1 "$scratch/err")"
fi
echo
if ! nvidia-smi --query-gpu=name,driver_version --format=csv,noheader 2>"$scratch/err"; then
    echo 'there is no CUDA device here: the rest is left out'
    exit $((failed ? 1 : 3))
fi

echo
echo '## The same answers'
echo
echo '| model | files | windows | largest difference of a probability (bar 1e-3) |'
echo '|---|---|---|---|'
for model in $models; do
    for device in cpu cuda; do
        for index in "${!sounds[@]}"; do
            classify $device "$model" "${sounds[$index]}" >"$scratch/$device.$index.json"
            if [ $device = cuda ] && ! grep -q '"device": *"cuda' "$scratch/cuda.$index.json"; then bad "$model did not run on the device"; fi
        done
    done
    python3 - "$scratch" "$model" ${#sounds[@]} <<'END' || failed=1
import json, sys
scratch, model, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
windows, largest = 0, 0.0
for index in range(count):
    cpu, cuda = (json.load(open(f"{scratch}/{device}.{index}.json"))["windows"] for device in ("cpu", "cuda"))
    assert len(cpu) == len(cuda), (len(cpu), len(cuda))
    for one, other in zip(cpu, cuda):
        windows += 1
        one, other = ({likely["label"]: likely["p"] for likely in window["top"]} for window in (one, other))
        largest = max([largest] + [abs(p - other[genre]) for genre, p in one.items()])
print(f"| {model} | {count} | {windows} | {largest:.1e} |")
sys.exit(largest > 1e-3)
END
done

echo
echo '## Many sources at once'
echo
echo 'Files at ten times their speed; what they say is compared with what the CPU says of each by itself. A network with a fixed'
echo 'batch hears one source after the other, so its files are played at twice their speed.'
echo
echo '| model | sources | windows | ms of a run, p50 / p99 | hops skipped | largest difference of a probability (bar 1e-3) |'
echo '|---|---|---|---|---|---|'
for model in $models; do
    speed=2
    if cat models/"$model"/*.onnx | grep -qaw batch; then speed=10; fi
    python3 benches/gpu/together.py --genrecast "$program" --models models --model "$model" --speed $speed "${sounds[@]}" || failed=1
done

for device in cpu cuda; do
    echo
    echo "## What a hop takes: $device"
    echo
    options=(--config /dev/null --models models --runtime onnxruntime --device "$device" --seconds "$seconds")
    for model in $models; do options+=(--model "$model"); done
    "$program" bench "${options[@]}" || failed=1
done
exit $failed
