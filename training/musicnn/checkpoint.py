"""Reads the variables of a TensorFlow checkpoint without TensorFlow.

A checkpoint in TensorFlow's second format is a table of sorted keys in the
manner of LevelDB (`.index`), whose values are protocol buffers that say where
in the data file each tensor lies. Both formats are public: LevelDB's
`table_format.md` and TensorFlow's `tensor_bundle.proto`. Only what plain,
uncompressed float32 variables need is read here; all else is refused.
"""

import struct
from pathlib import Path

import numpy as np

from ..manifest import Refused

_MAGIC = 0xDB4775248B80FB57
_FOOTER = 48
_FLOAT32 = 1


class Unreadable(Refused):
    """A file that is not the checkpoint expected."""


def _varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _fields(data):
    """(field number, value) of a protocol buffer: int, or bytes for a nested one."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(data, at)
        elif kind == 2:
            length, at = _varint(data, at)
            value, at = data[at : at + length], at + length
        elif kind == 5:
            value, at = data[at : at + 4], at + 4
        else:
            raise Unreadable(f"a protocol buffer has wire type {kind}, expected 0, 2 or 5")
        yield key >> 3, value


def _entries(table, offset, size):
    """(key, value) of one block of the table; keys are stored as what differs from the one before."""
    if table[offset + size] != 0:
        raise Unreadable("a block of the index is compressed, expected plain ones")
    block = table[offset : offset + size]
    restarts = struct.unpack_from("<I", block, size - 4)[0]
    end, at, key = size - 4 - 4 * restarts, 0, b""
    while at < end:
        shared, at = _varint(block, at)
        fresh, at = _varint(block, at)
        length, at = _varint(block, at)
        key = key[:shared] + block[at : at + fresh]
        at += fresh
        yield key.decode(), block[at : at + length]
        at += length


def _handle(value):
    offset, at = _varint(value, 0)
    size, _ = _varint(value, at)
    return offset, size


def _shape(value):
    """Dimensions of a TensorShapeProto."""
    return [dict(_fields(dim)).get(1, 0) for number, dim in _fields(value) if number == 2]


def read(folder):
    """{name: float32 array} of the checkpoint in `folder`, optimiser's slots left out."""
    folder = Path(folder)
    table = (folder / ".index").read_bytes()
    if len(table) < _FOOTER or struct.unpack_from("<Q", table, len(table) - 8)[0] != _MAGIC:
        raise Unreadable(f"{folder / '.index'}: expected the table of a TensorFlow checkpoint")
    footer = table[-_FOOTER:]
    _, at = _varint(footer, 0)
    _, at = _varint(footer, at)
    data = (folder / ".data-00000-of-00001").read_bytes()
    variables = {}
    for _, handle in _entries(table, *_handle(footer[at:])):
        for name, value in _entries(table, *_handle(handle)):
            # The empty key holds the header; optimisers keep their moments beside each variable.
            if not name or "Adam" in name or name.startswith("beta"):
                continue
            entry = dict(_fields(value))
            if entry.get(1) != _FLOAT32:
                continue
            shape, offset, size = _shape(entry.get(2, b"")), entry.get(4, 0), entry.get(5, 0)
            if size != 4 * int(np.prod(shape, dtype=np.int64)) or offset + size > len(data):
                raise Unreadable(f"{folder}: variable {name} of shape {shape} has {size} bytes")
            variables[name] = np.frombuffer(data, "<f4", size // 4, offset).reshape(shape).copy()
    return variables
