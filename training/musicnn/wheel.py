"""Fetches musicnn's weights: the PyPI wheel `musicnn` 0.1.0 (ISC licence), by pip, its hash checked."""

import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from ..manifest import Refused, sha256

WHEEL = "musicnn-0.1.0-py3-none-any.whl"
SHA256 = "f38a4890c648c1ddbb141c5d96d2b0a8cfcd36746002d896989f7b88beb65cfa"
# The checkpoint that was trained on the Million Song Dataset's tags.
CHECKPOINT = "musicnn/MSD_musicnn"


def checkpoint(cache):
    """The checkpoint's folder under `cache`, fetched unless it is there."""
    cache = Path(cache)
    folder, wheel = cache / CHECKPOINT, cache / WHEEL
    if (folder / ".index").is_file():
        return folder
    if not wheel.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "-d", str(cache), "musicnn==0.1.0"]
        if subprocess.run(pip).returncode:
            raise Refused(f"pip could not fetch {WHEEL}; its words are above; or put the wheel into {cache}")
    found = sha256(wheel)
    if found != SHA256:
        raise Refused(f"{wheel}: expected sha256 {SHA256}, found {found}")
    # Unpacked elsewhere first: a folder that is there is whole.
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(scratch, [name for name in archive.namelist() if name.startswith(f"{CHECKPOINT}/")])
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        (Path(scratch) / CHECKPOINT).rename(folder)
    return folder
