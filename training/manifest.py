"""The manifest of a model folder: reading it, writing it, and its hashes.

The daemon refuses keys it does not know: a key added here is added there too.
"""

import hashlib
import tomllib
from pathlib import Path


class Refused(Exception):
    """A model or an input that cannot be used; the message says what was expected."""


def sha256(path):
    """Hex SHA-256 of a file."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def load(folder):
    """The manifest of a model folder, its files' hashes checked."""
    path = Path(folder) / "manifest.toml"
    try:
        manifest = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Refused(f"no manifest at {path}: name a model folder such as models/crnn") from None
    except tomllib.TOMLDecodeError as error:
        raise Refused(f"{path} is not TOML: {error}") from None
    if manifest.get("schema") != 1:
        raise Refused(f"{path}: expected schema = 1, found {manifest.get('schema')}")
    for table in ("network", "encoder", "head", "golden"):
        if table in manifest:
            file = Path(folder) / manifest[table]["file"]
            if not file.is_file():
                raise Refused(f"{file} is missing: the manifest's [{table}] names it")
            found = sha256(file)
            if found != manifest[table]["sha256"]:
                raise Refused(f"{file}: expected sha256 {manifest[table]['sha256']}, found {found}")
    return manifest


def network_table(file, source, shape_in, sink, shape_out):
    """The manifest's table of a written network, the name and shape of its input and its output; a 0 is a dynamic axis."""
    tensors = {"input": {"name": source, "shape": shape_in}, "output": {"name": sink, "shape": shape_out}}
    return {"file": Path(file).name, "sha256": sha256(file), **tensors}


def _value(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {_value(v)}" for k, v in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_value(v) for v in value) + "]"
    return repr(value)


def write(folder, manifest):
    """Write manifest.toml: plain keys first, then a table for each dict."""
    lines = [f"{k} = {_value(v)}" for k, v in manifest.items() if not isinstance(v, dict)]
    for name, table in manifest.items():
        if isinstance(table, dict):
            lines += ["", f"[{name}]"] + [f"{k} = {_value(v)}" for k, v in table.items()]
    Path(folder, "manifest.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
