"""Small SVG pictures by hand: text, rectangles, lines in axes, and pixels as an embedded PNG."""

import base64
import struct
import zlib
from html import escape

import numpy as np

COLOURS = ("#3b6fb6", "#d1632b", "#3a8f5c", "#8a5bb0")
# A few anchors of matplotlib's viridis, between which colours are mixed.
VIRIDIS = np.array([[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]], dtype=float)


class Picture:
    """Shapes on a white ground, in pixels."""

    def __init__(self, width, height, title):
        self.width, self.height, self.parts = width, height, []
        self.parts.append(f"<title>{escape(title)}</title>")
        self.rectangle(0, 0, width, height, "#ffffff")

    def rectangle(self, x, y, width, height, fill):
        self.parts.append(f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" fill="{fill}"/>')

    def text(self, x, y, words, anchor="start", size=11, fill="#333333", turned=False):
        turn = f' transform="rotate(-90 {x:g} {y:g})"' if turned else ""
        self.parts.append(
            f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" font-size="{size}" fill="{fill}"{turn}>{escape(str(words))}</text>'
        )

    def line(self, points, stroke, width=1.5):
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.parts.append(f'<polyline points="{path}" fill="none" stroke="{stroke}" stroke-width="{width:g}"/>')

    def pixels(self, x, y, width, height, values):
        """uint8 [rows, columns] in viridis, the first row on top."""
        data = base64.b64encode(png(values)).decode()
        self.parts.append(
            f'<image x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" preserveAspectRatio="none" '
            f'href="data:image/png;base64,{data}"/>'
        )

    def save(self, path):
        head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" font-family="sans-serif">'
        path.write_text("\n".join([head, *self.parts, "</svg>"]) + "\n", encoding="utf-8")


def png(values):
    """An 8-bit PNG with viridis as its palette."""
    steps = np.linspace(0.0, len(VIRIDIS) - 1.0, 256)
    palette = np.stack([np.interp(steps, np.arange(len(VIRIDIS)), VIRIDIS[:, c]) for c in range(3)], axis=1)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    height, width = values.shape
    # Each row of pixels begins with its filter: none.
    raw = b"".join(b"\0" + row.tobytes() for row in values)
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = [(b"IHDR", header), (b"PLTE", palette.round().astype(np.uint8).tobytes())]
    parts += [(b"IDAT", zlib.compress(raw, 9)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def plot(title, x_label, y_label, lines, x_range, y_range, y_ticks):
    """A picture of curves: `lines` is {name: [(x, y)]}."""
    picture = Picture(460, 300, title)
    left, top, width, height = 54, 34, 380, 210

    def place(x, y):
        right = (x - x_range[0]) / (x_range[1] - x_range[0])
        up = (y - y_range[0]) / (y_range[1] - y_range[0])
        return left + width * min(max(right, 0.0), 1.0), top + height * (1.0 - min(max(up, 0.0), 1.0))

    picture.text(left, 20, title, size=13)
    for y in y_ticks:
        picture.line([place(x_range[0], y), place(x_range[1], y)], "#dddddd", 1)
        picture.text(left - 6, place(x_range[0], y)[1] + 4, f"{y:g}", "end")
    for x in np.linspace(*x_range, 6):
        picture.text(place(x, y_range[0])[0], top + height + 16, f"{x:g}", "middle")
    picture.line([(left, top), (left, top + height), (left + width, top + height)], "#888888", 1)
    picture.text(left + width / 2, top + height + 34, x_label, "middle")
    picture.text(14, top + height / 2, y_label, "middle", turned=True)
    for i, (name, points) in enumerate(lines.items()):
        colour = COLOURS[i % len(COLOURS)]
        picture.line([place(x, y) for x, y in points], colour)
        picture.text(left + 8 + 130 * i, top + height + 52, f"— {name}", fill=colour)
    return picture
