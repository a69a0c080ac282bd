"""What stations send: clips encoded once and joined into one loop of bytes. Touch it for another codec, or when stations are to say other titles."""

import bisect
import subprocess
from dataclasses import dataclass

from tools.soaking.station import metadata

SUFFIXES = (".flac", ".wav", ".mp3", ".ogg", ".au", ".opus", ".m4a")
# A clip is cut after so many seconds, so that a folder of albums does not fill the memory.
LONGEST_S = 120
# Codecs that a listener can join anywhere: ffmpeg's format and words, and the media type.
CODECS = {
    "mp3": ("mp3", ["-c:a", "libmp3lame", "-write_xing", "0", "-id3v2_version", "0"], "audio/mpeg"),
    "aac": ("adts", ["-c:a", "aac"], "audio/aac"),
}
# Samples in a frame of AAC-LC, and the rate that everything is encoded at.
AAC_FRAME, RATE = 1024, 44_100


@dataclass
class Loop:
    """Bytes that are sent again and again. They stand there twice, so that a piece that crosses the end needs no joining."""

    twice: memoryview
    length: int
    seconds: float
    media_type: str
    # Where each clip begins, and its title as ICY metadata.
    starts: list[int]
    titles: list[bytes]

    @property
    def rate(self):
        """Bytes a second, on average."""
        return self.length / self.seconds

    def title_at(self, place):
        """ICY metadata of the clip at a place of the loop."""
        return self.titles[bisect.bisect_right(self.starts, place % self.length) - 1]


def choose(folder, most):
    """Clips of a folder, searched whole: so many at most, spread evenly over their order."""
    if not folder.is_dir():
        raise SystemExit(f"stations: expected a folder with clips, and {folder} is none")
    files = sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES)
    if not files:
        raise SystemExit(f"stations: no clip ({', '.join(SUFFIXES)}) in {folder}; name a folder with some")
    return [files[n * len(files) // most] for n in range(most)] if len(files) > most else files


def encode(clip, codec, kilobits):
    """(bytes, seconds) of a clip, without tags, so that any number of them joined is one stream."""
    form, words, _ = CODECS[codec]
    command = ["ffmpeg", "-nostdin", "-v", "error", "-threads", "1", "-i", str(clip), "-vn", "-map_metadata", "-1", "-t", str(LONGEST_S)]
    command += ["-ac", "2", "-ar", str(RATE), "-b:a", f"{kilobits}k", *words, "-f", form, "-"]
    data = subprocess.run(command, check=True, capture_output=True).stdout
    # MP3 is of constant rate; frames of AAC differ in size, so they are counted.
    return data, len(data) / (kilobits * 125) if codec == "mp3" else adts_frames(data) * AAC_FRAME / RATE


def adts_frames(data):
    """How many frames a stream of ADTS has."""
    frames = place = 0
    while place + 7 <= len(data):
        if data[place] != 0xFF or data[place + 1] & 0xF6 != 0xF0:
            raise ValueError(f"expected a frame of ADTS at byte {place} of what ffmpeg made")
        place += (data[place + 3] & 3) << 11 | data[place + 4] << 3 | data[place + 5] >> 5
        frames += 1
    return frames


def joined(clips, codec, kilobits):
    """The loop of these clips."""
    encoded = [(path.stem, *encode(path, codec, kilobits)) for path in clips]
    encoded = [(name, data, seconds) for name, data, seconds in encoded if data]
    if not encoded:
        raise SystemExit("stations: ffmpeg found no sound in any of the clips")
    whole, starts = bytearray(), []
    for _, data, _ in encoded:
        starts.append(len(whole))
        whole += data
    length = len(whole)
    return Loop(
        memoryview(bytes(whole + whole)), length, sum(seconds for _, _, seconds in encoded), CODECS[codec][2],
        starts, [metadata(name) for name, _, _ in encoded],
    )
