"""What a copy of a store consists of: a list of its files in backup.json, until someone opens the copy.

From then on the files change, and the list goes. A list without an end stands in a copy that was never finished.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from groundspan_collector.errors import ConfigError

NAME: Final = "backup.json"


@dataclass(frozen=True, slots=True)
class File:
    """One file of a copy, as it was written."""

    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything that belongs to a copy."""

    made_at: str
    files: Mapping[str, File]
    """By their path in the copy, with / between folders."""
    finished: bool = True


def encode(manifest: Manifest) -> bytes:
    """*manifest* as it stands in backup.json."""
    files = {name: [file.size_bytes, file.sha256] for name, file in sorted(manifest.files.items())}
    document = {"made_at": manifest.made_at, "finished": manifest.finished, "files": files}
    return json.dumps(document, indent=0).encode()


def decode(data: bytes) -> Manifest:
    """What encode() was given. Raises ValueError for anything else."""
    try:
        document = json.loads(data)
        files = {str(name): File(int(size), str(digest)) for name, (size, digest) in document["files"].items()}
        return Manifest(str(document["made_at"]), files, bool(document["finished"]))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"it is no list of files: {error!r}") from error


def of(folder: Path) -> Manifest | None:
    """The list of the copy in *folder*; None where that is no copy, or was opened since.

    Raises ConfigError where the copy was not finished, or the list cannot be read.
    """
    path = folder / NAME
    try:
        manifest = decode(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}, the list of what belongs to this copy, cannot be read: {error}") from error
    if not manifest.finished:
        raise ConfigError(f"{folder} is a copy that was not finished: delete it, and take another")
    return manifest


def faults(folder: Path, manifest: Manifest, *, contents: bool) -> Iterator[str]:
    """What is missing in *folder*, or of another size; with *contents*, also what does not say the same."""
    for name, file in manifest.files.items():
        path = folder / name
        size_bytes = path.stat().st_size if path.is_file() else None
        if size_bytes is None:
            yield f"{name} is missing"
        elif size_bytes != file.size_bytes:
            yield f"{name} has {size_bytes:,} bytes, not {file.size_bytes:,}"
        elif contents and _sha256(path) != file.sha256:
            yield f"{name} is not what was copied"


def check_whole(folder: Path, spool_folder: Path) -> None:
    """Raises ConfigError where *folder* holds a copy of which something is missing, or would not be read."""
    manifest = of(folder)
    if manifest is None:
        return
    if fault := next(faults(folder, manifest, contents=False), None):
        raise ConfigError(f"the copy in {folder} is not whole: {fault}; `groundspan doctor` checks all of it")
    if spool_folder != folder / "spool" and any(name.startswith("spool/") for name in manifest.files):
        raise ConfigError(
            f"the copy in {folder} holds requests that wait in its own spool, and GROUNDSPAN_SPOOL_DIR names another "
            "folder: start without that setting"
        )


def opened(folder: Path) -> None:
    """What is in *folder* changes from here on: it is no copy any more."""
    (folder / NAME).unlink(missing_ok=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
