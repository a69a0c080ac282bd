"""Puts samples through a lossy codec and back, aligned: ffmpeg for MP3 and Opus, G.711 in numpy.

Touch it to add a codec or to change how ffmpeg is called. ffmpeg must be on
the PATH. An MP3 in a pipe does not tell its delay, so LAME's is taken off
here; Ogg tells Opus' own to the decoder.
"""

import subprocess

import numpy as np

from .manifest import Refused

# Sample rates of MPEG-1, -2 and -2.5 layer III, in Hz.
MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
# Up to these bit rates (bit/s) a mono encoder goes down to this sample rate (Hz), as LAME does by itself.
MP3_CEILINGS = ((16000, 11025), (24000, 16000), (40000, 22050), (56000, 32000))

# Samples by which LAME (576) and a decoder (529) delay the sound, at the sample rate inside.
MP3_DELAY = 1105


def _ffmpeg(arguments, data):
    argv = ["ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "error", "-threads", "1", *arguments]
    try:
        done = subprocess.run(argv, input=data, capture_output=True, timeout=300, check=False)
    except FileNotFoundError:
        raise Refused("ffmpeg: expected on the PATH, found none: install the package ffmpeg") from None
    if done.returncode != 0:
        told = done.stderr.decode(errors="replace").strip()
        raise Refused(f"ffmpeg: status {done.returncode} of {' '.join(argv)}: {told}: is it built with this encoder?")
    return done.stdout


def _through(samples, rate, encoder, container, delay=0):
    """`samples` through ffmpeg's encoder and decoder, without the first `delay`, cut or filled with zeros to their length."""
    raw = ["-f", "f32le", "-ar", str(rate), "-ac", "1"]
    sound = np.ascontiguousarray(samples, "<f4").tobytes()
    coded = _ffmpeg([*raw, "-i", "pipe:0", *encoder, "-threads", "1", "-bitexact", "-f", container, "pipe:1"], sound)
    decoded = np.frombuffer(_ffmpeg(["-f", container, "-i", "pipe:0", *raw, "pipe:1"], coded), "<f4")[delay:]
    out = np.zeros(len(samples), dtype=np.float32)
    out[: len(decoded)] = decoded[: len(out)]
    return out


def mp3_rate(rate, bits):
    """The sample rate inside an MP3 of `bits` bit/s made from audio of `rate` Hz: the next one MP3 has, under the ceiling."""
    ceiling = next((limit for most, limit in MP3_CEILINGS if bits <= most), MP3_RATES[-1])
    return min(next((r for r in MP3_RATES if r >= rate), MP3_RATES[-1]), ceiling)


def mp3(samples, rate, bits):
    """MP3 (LAME) of constant bit rate `bits` bit/s."""
    inside = mp3_rate(rate, bits)
    # Zeros at the end push the last frames, which the delay moves back, out of the encoder.
    padded = np.concatenate([samples, np.zeros(rate // 4, dtype=np.float32)])
    encoder = ["-ar", str(inside), "-c:a", "libmp3lame", "-b:a", str(bits), "-write_xing", "0"]
    return _through(padded, rate, encoder, "mp3", round(MP3_DELAY * rate / inside))[: len(samples)]


def opus(samples, rate, bits):
    """Opus (libopus, music) of about `bits` bit/s; it runs at 48 kHz inside."""
    encoder = ["-ar", "48000", "-c:a", "libopus", "-b:a", str(bits), "-application", "audio"]
    return _through(samples, rate, encoder, "ogg")


def a_law(samples):
    """G.711 A-law with 8 bits and back: 13-bit samples, 16 segments of 16 steps (ITU-T G.711, table 1a)."""
    value = np.clip(np.rint(samples * 4096.0 - 0.5), -4096, 4095).astype(np.int64)
    size = np.where(value < 0, -1 - value, value)
    segment = np.maximum(np.floor(np.log2(np.maximum(size, 1))).astype(np.int64) - 4, 1)
    shift = np.where(size < 64, 1, segment)
    middle = (size >> shift << shift) + (1 << (shift - 1))
    return (np.where(value < 0, -middle, middle) / 4096.0).astype(np.float32)
