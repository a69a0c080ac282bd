"""Where the gate's training sounds come from: Debian packages, fetched and unpacked, and which of their files are what.

Touch it to add sounds. A package's speakers stand in one split only: nobody who is heard in training is heard in validation.
"""

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ..manifest import Refused


@dataclass(frozen=True)
class Source:
    """Files of one package that are of one kind."""

    package: str
    pattern: str  # a glob below the unpacked package
    kind: str  # "speech", "music" or "noise"
    split: str  # "train" or "valid"
    minutes: float  # at most so much of it is used
    without: str = ""  # files whose path has this in it are left out


SOURCES = (
    Source("asterisk-core-sounds-es-g722", "**/*.g722", "speech", "train", 4),
    Source("asterisk-core-sounds-fr-g722", "**/*.g722", "speech", "train", 4),
    Source("asterisk-core-sounds-it-g722", "**/*.g722", "speech", "train", 4),
    Source("asterisk-core-sounds-ru-g722", "**/*.g722", "speech", "train", 4),
    Source("asterisk-prompt-es-co", "**/*.gsm", "speech", "train", 3),
    Source("asterisk-prompt-it-menardi-wav", "**/*.wav", "speech", "train", 3),
    Source("flight-of-the-amazon-queen", "**/queen.1c", "speech", "train", 10),
    Source("drascula", "**/*.ALS", "speech", "train", 4),
    Source("festvox-ru", "**/*.wav", "speech", "train", 4),
    Source("tuxpaint-stamps-default", "**/*_desc*.ogg", "speech", "train", 10),
    Source("asterisk-core-sounds-en-g722", "**/*.g722", "speech", "valid", 6),
    Source("asterisk-prompt-fr-armelle", "**/*.gsm", "speech", "valid", 4),
    Source("pocketsphinx-testdata", "**/*.wav", "speech", "valid", 4),
    Source("singularity-music", "**/*.ogg", "music", "train", 5),
    Source("fretsonfire-songs-muldjord", "**/song.ogg", "music", "train", 5),
    Source("fretsonfire-songs-sectoid", "**/song.ogg", "music", "valid", 5),
    Source("tuxpaint-stamps-default", "**/*.ogg", "noise", "train", 4, "_desc"),
    Source("colobot-common-sounds", "**/sounds/*.wav", "noise", "train", 4),
    Source("extremetuxracer-data", "**/*.wav", "noise", "valid", 2),
)

def fetch(cache, packages=None):
    """Fetch and unpack, below `cache`, each package (without `packages` those of SOURCES) that is not there yet.

    Needs Debian's apt-get and dpkg.
    """
    for package in sorted(packages or {source.package for source in SOURCES}):
        folder = Path(cache) / "packages" / package
        if folder.is_dir():
            continue
        with tempfile.TemporaryDirectory() as download:
            done = subprocess.run(["apt-get", "download", package], cwd=download, capture_output=True, text=True)
            found = list(Path(download).glob("*.deb"))
            if done.returncode or not found:
                raise Refused(f"cannot fetch Debian's package {package}: {done.stderr.strip()}")
            subprocess.run(["dpkg", "-x", str(found[0]), str(folder)], check=True)


def files(cache, source):
    """The files of a source, in the order of their paths."""
    found = sorted(Path(cache, "packages", source.package).glob(source.pattern))
    if source.without:
        return [path for path in found if source.without not in str(path)]
    return [path for path in found if path.is_file()]
