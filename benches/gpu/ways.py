"""How else a network could be run on a CUDA device: other searches for convolutions, tensors bound to host or device, CUDA graphs.

  python3 benches/gpu/ways.py FILE.onnx…

Milliseconds of a run by the clock, medians, for growing batches; beside each the first run of that size and the largest difference
from the CPU's answer. Random input. Needs onnxruntime-gpu and numpy; touch it when the daemon is to run networks otherwise.
"""

import sys
import time

import numpy as np
import onnxruntime

SIZES = (1, 2, 4, 8, 16, 32, 64, 128)
BOUND = (1, 16, 64)
# Embeddings of a full window, where the network leaves their number free.
PATCHES = 30


def session(path, **cuda):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # TF32 would differ from the CPU in the third decimal.
    device = [("CUDAExecutionProvider", {"use_tf32": "0", **cuda})] if cuda else []
    return onnxruntime.InferenceSession(path, options, providers=[*device, "CPUExecutionProvider"])


def inputs(of, batch):
    rng = np.random.default_rng(0)
    sizes = lambda shape: [batch if d == "batch" else PATCHES if isinstance(d, str) else d for d in shape]
    return {tensor.name: rng.random(sizes(tensor.shape)).astype(np.float32) for tensor in of.get_inputs()}


def median_ms(run, seconds=0.3):
    times, end = [], time.perf_counter() + seconds
    run()
    while time.perf_counter() < end:
        began = time.perf_counter()
        run()
        times.append(time.perf_counter() - began)
    return np.median(times) * 1e3


def bound(of, given, device):
    """A binding with the inputs where they are told to be; the outputs go to the same place."""
    binding = of.io_binding()
    for name, values in given.items():
        if device == "cuda":
            binding.bind_ortvalue_input(name, onnxruntime.OrtValue.ortvalue_from_numpy(values, "cuda", 0))
        else:
            binding.bind_cpu_input(name, values)
    for output in of.get_outputs():
        binding.bind_output(output.name, device)
    return binding


def main():
    for path in sys.argv[1:]:
        cpu = session(path)
        one = inputs(cpu, 1)
        print(f"{path}: CPU {median_ms(lambda: cpu.run(None, one)):.3f} ms", flush=True)
        for search in ("EXHAUSTIVE", "HEURISTIC"):
            device, row = session(path, cudnn_conv_algo_search=search), []
            for size in SIZES:
                given, began = inputs(device, size), time.perf_counter()
                found = device.run(None, given)
                first = (time.perf_counter() - began) * 1e3
                apart = max(np.abs(a - b).max() for a, b in zip(found, cpu.run(None, given)))
                row.append(f"{size}: {median_ms(lambda: device.run(None, given)):.2f} (first {first:.0f}, {apart:.0e})")
            print(f"  {search.lower()}", "; ".join(row), flush=True)
        for where in ("cpu", "cuda"):
            told = [f"{size}: {median_ms(lambda b=bound(device, inputs(device, size), where): device.run_with_iobinding(b)):.2f}" for size in BOUND]
            print(f"  bound to {where}", "; ".join(told), flush=True)
        told = []
        for size in BOUND:
            # A graph is captured for one size, and its tensors must stay where they are.
            graph = session(path, cudnn_conv_algo_search="HEURISTIC", enable_cuda_graph="1")
            given = inputs(graph, size)
            binding = bound(graph, given, "cuda")
            binding.clear_binding_outputs()
            for output, values in zip(graph.get_outputs(), cpu.run(None, given)):
                binding.bind_ortvalue_output(output.name, onnxruntime.OrtValue.ortvalue_from_numpy(values, "cuda", 0))
            told.append(f"{size}: {median_ms(lambda: graph.run_with_iobinding(binding)):.2f}")
        print("  as a CUDA graph", "; ".join(told), flush=True)


if __name__ == "__main__":
    main()
