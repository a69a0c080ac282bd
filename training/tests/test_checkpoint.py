"""The reader of TensorFlow checkpoints, on a small table written here by the formats' own rules."""

import struct
import tempfile
import unittest
from pathlib import Path

import numpy as np

from training.musicnn.checkpoint import Unreadable, read


def varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def block(entries):
    """A block whose keys are stored as what differs from the one before, with its trailer (no compression)."""
    out, before = b"", b""
    for key, value in entries:
        shared = next((i for i, (a, b) in enumerate(zip(key, before)) if a != b), min(len(key), len(before)))
        out += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        before = key
    return out + struct.pack("<II", 0, 1)


def write(folder, arrays, compression=0):
    data, entries = b"", [(b"", b"\x08\x01")]
    for name in sorted(arrays):
        shape = b"".join(field(2, field(1, size)) for size in arrays[name].shape)
        place = field(4, len(data)) if data else b""
        entries.append((name.encode(), field(1, 1) + field(2, shape) + place + field(5, arrays[name].nbytes) + varint(6 << 3 | 5) + b"\0\0\0\0"))
        data += arrays[name].tobytes()
    trailer = bytes([compression]) + b"\0\0\0\0"
    first = block(entries)
    second = block([(b"z", varint(0) + varint(len(first)))])
    table = first + trailer + second + trailer
    footer = varint(0) + varint(0) + varint(len(first) + 5) + varint(len(second))
    table += footer.ljust(40, b"\0") + struct.pack("<Q", 0xDB4775248B80FB57)
    Path(folder, ".index").write_bytes(table)
    Path(folder, ".data-00000-of-00001").write_bytes(data)


class Checkpoint(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = scratch.name
        rng = np.random.default_rng(1)
        shapes = {"conv2d/bias": (5,), "conv2d/kernel": (7, 38, 1, 5), "conv2d/kernel/Adam": (7, 38, 1, 5), "dense/kernel": (300, 2)}
        self.arrays = {name: rng.normal(size=shape).astype("<f4") for name, shape in shapes.items()}

    def test_variables_are_read_and_the_optimisers_left_out(self):
        write(self.folder, self.arrays)
        found = read(self.folder)
        self.assertEqual(sorted(found), ["conv2d/bias", "conv2d/kernel", "dense/kernel"])
        for name, array in found.items():
            np.testing.assert_array_equal(array, self.arrays[name])

    def test_what_is_no_plain_table_is_refused(self):
        write(self.folder, self.arrays, compression=1)
        with self.assertRaisesRegex(Unreadable, "compressed"):
            read(self.folder)
        Path(self.folder, ".index").write_bytes(b"not a table" * 10)
        with self.assertRaisesRegex(Unreadable, "TensorFlow"):
            read(self.folder)

    def test_a_short_data_file_is_refused(self):
        write(self.folder, self.arrays)
        data = Path(self.folder, ".data-00000-of-00001")
        data.write_bytes(data.read_bytes()[:-4])
        with self.assertRaisesRegex(Unreadable, "dense/kernel"):
            read(self.folder)


if __name__ == "__main__":
    unittest.main()
