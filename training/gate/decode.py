"""Sound files, as the packages hold them, to mono float32 at the gate's rate. Touch it for another form of file."""

import io
import random
import struct
import subprocess
from pathlib import Path

import numpy as np
import soundfile

from ..resample import resample

RATE = 16000
# Bytes that stand for so many samples at so many Hz, for headerless forms that ffmpeg decodes.
RAW = {".g722": ("g722", 1, 2, 16000), ".gsm": ("gsm", 33, 160, 8000)}


def mono(samples, rate):
    """[n] or [n, channels] at `rate` to mono at RATE."""
    samples = np.asarray(samples, dtype=np.float32)
    return resample(samples.mean(axis=1) if samples.ndim == 2 else samples, rate, RATE)


def read(file):
    """One file that libsndfile knows."""
    samples, rate = soundfile.read(file, dtype="float32")
    return mono(samples, rate)


def headerless(paths, suffix):
    """G.722 or GSM files: all decoded in one run of ffmpeg, then cut apart again."""
    name, size, samples, rate = RAW[suffix]
    parts = [Path(path).read_bytes() for path in paths]
    parts = [part[: len(part) // size * size] for part in parts]
    command = ["ffmpeg", "-v", "error", "-f", name, "-i", "-", "-f", "f32le", "-ac", "1", "-"]
    out = np.frombuffer(subprocess.run(command, input=b"".join(parts), capture_output=True, check=True).stdout, dtype="<f4")
    start = 0
    for part in parts:
        count = len(part) // size * samples
        yield mono(out[start : start + count], rate)
        start += count


def amazon_queen(path):
    """The spoken lines of ScummVM's rebuilt queen.1c: a table of names, offsets and sizes, then MP3 pieces."""
    data = Path(path).read_bytes()
    count = struct.unpack(">H", data[13:15])[0]
    entries = [data[15 + 21 * i : 36 + 21 * i] for i in range(count)]
    lines = [(e[:12].rstrip(b"\0"), *struct.unpack(">II", e[13:21])) for e in entries]
    for name, offset, size in shuffled([line for line in lines if line[0].endswith(b".SB")]):
        try:
            yield read(io.BytesIO(data[offset : offset + size]))
        except soundfile.LibsndfileError:
            continue


def shuffled(items):
    """In a fixed order that is not the package's, so that a part of it is a sample of it."""
    items = sorted(items)
    random.Random(1).shuffle(items)
    return items


def clips(paths):
    """Each file's, or each contained piece's, samples."""
    paths = shuffled(paths)
    suffix = paths[0].suffix if paths else ""
    if suffix in RAW:
        yield from headerless(paths, suffix)
    elif suffix == ".1c":
        yield from amazon_queen(paths[0])
    else:
        for path in paths:
            if suffix == ".ALS":  # Drascula's: 8 bits without sign at 11025 Hz
                yield mono((np.fromfile(path, dtype=np.uint8).astype(np.float32) - 128.0) / 128.0, 11025)
            else:
                try:
                    yield read(path)
                except soundfile.LibsndfileError:
                    continue
