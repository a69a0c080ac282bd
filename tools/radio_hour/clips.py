"""Finds clips of music by genre and clips of speech. Touch it when folders come in another shape."""

from collections import defaultdict

from training import inputs
from training.manifest import Refused

SUFFIXES = (*inputs.SUFFIXES, ".mp3")

# Shorter prompts are single words; a station does not talk so.
SHORTEST_SPEECH_BYTES = 40_000


def by_genre(folder, listing, split, minimum):
    """Paths of the clips of each genre that has at least `minimum`, both in order of their names."""
    found = defaultdict(list)
    if listing:
        for _, genre, path in inputs.files(folder, listing, split):
            found[genre].append(path)
    else:
        for path in sorted(p for p in folder.rglob("*") if p.suffix in SUFFIXES):
            genre = path.name.split(".")[0] if path.name.count(".") > 1 else path.parent.name
            found[genre].append(path)
    kept = {genre: sorted(paths) for genre, paths in sorted(found.items()) if len(paths) >= minimum}
    if len(kept) < 2:
        counts = ", ".join(f"{genre} {len(paths)}" for genre, paths in sorted(found.items())) or "none"
        raise Refused(f"{folder}: expected two genres or more with {minimum} clips each, found {counts}")
    return kept


def speech(folders):
    """Paths of all recordings in these folders that are longer than a word."""
    paths = [p for folder in folders for p in sorted(folder.rglob("*")) if p.suffix in SUFFIXES and p.is_file()]
    # Links to one recording are one recording.
    paths = sorted({p.resolve() for p in paths if p.stat().st_size >= SHORTEST_SPEECH_BYTES})
    if not paths:
        raise Refused(f"{', '.join(map(str, folders))}: expected recordings of speech ({', '.join(SUFFIXES)}), found none")
    return paths
