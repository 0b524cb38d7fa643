"""A copy of all that is stored, taken while the collector runs. The folder it makes is itself a --data-dir.

Ingest waits only while the engine links its files under another name: they are never written to again, and are copied
from there. What waits in the spool is copied too.
"""

import hashlib
import os
import secrets
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

from fastapi import APIRouter, Request

from groundspan_collector import manifest, spool
from groundspan_collector.errors import RejectedData, StoreUnavailable
from groundspan_collector.manifest import File, Manifest
from groundspan_collector.spool import Spool
from groundspan_collector.store import Store

ROOM_TO_LEAVE_BYTES: Final = 64 * 1024 * 1024
"""On the disk of a copy: it may be the one that the collector writes to."""

_FROZEN: Final = "groundspan_backup"
_BLOCK_BYTES: Final = 1024 * 1024
# Writers put these last, after what is reached through them: linked first, they lead to nothing that is missing.
_LINKED_FIRST: Final = ("answers", "spans_trace_id_ts")


@dataclass(frozen=True, slots=True)
class Piece:
    """A file, and where it goes."""

    source: Path
    name: str
    """Its path in the copy."""
    size_bytes: int
    """So much of its beginning."""


@dataclass(frozen=True, slots=True)
class Copy:
    """What was made."""

    path: Path
    files: int
    size_bytes: int


class Copier:
    """Makes copies, one at a time."""

    def __init__(
        self, store: Store, waiting: Spool, data_dir: Path, spool_folder: Path, clock: Callable[[], datetime]
    ) -> None:
        """Copy *store*, which is in *data_dir*, and *waiting*, which is in *spool_folder*."""
        self._store = store
        self._spool = waiting
        self._spool_folder = spool_folder
        self._data_dir = data_dir
        self._clock = clock
        self._busy = threading.Lock()
        self._closing = False
        self._thaw()

    def copy(self, target: Path) -> Copy:
        """Copy everything that was acknowledged before this call to the folder *target*; back when it is on the disk.

        Raises RejectedData where *target* cannot be used, StoreUnavailable where no copy can be made now.
        """
        if not self._busy.acquire(blocking=False):
            raise StoreUnavailable("another copy is being made: try again when it is done")
        try:
            check_target(target, (self._data_dir, self._spool_folder))
            with _half_made(target) as partial:
                return self._fill(partial, target)
        except OSError as error:
            raise StoreUnavailable(f"the copy to {target} was not made: {error}") from error
        finally:
            self._busy.release()

    def close(self) -> None:
        """Break off what is being copied; back when it is cleared away."""
        self._closing = True
        with self._busy:
            pass

    def _fill(self, partial: Path, target: Path) -> Copy:
        made_at = self._clock().isoformat()
        _write(partial / manifest.NAME, manifest.encode(Manifest(made_at, {}, finished=False)))
        with ExitStack() as until_copied:
            until_copied.callback(self._thaw)
            pieces = self._frozen(until_copied)
            _check_room(partial, pieces)
            files = {piece.name: self._copied(piece, partial) for piece in pieces}
        _write(partial / manifest.NAME, manifest.encode(Manifest(made_at, files)))
        _sync_folders(partial)
        partial.rename(target)
        _sync_folder(target.parent)
        return Copy(target, len(files), sum(file.size_bytes for file in files.values()))

    def _frozen(self, until_copied: ExitStack) -> list[Piece]:
        """All that is there at this moment; it stays until *until_copied* is closed."""
        # No group may be half-way in, nor anything be erased. What leaves the spool is in the store before, so the
        # spool is looked at first.
        with self._store.alone():
            waiting = until_copied.enter_context(self._spool.held())
            tables = self._store.rows(
                "SELECT name, data_paths, metadata_path FROM system.tables WHERE database = currentDatabase() "
                "ORDER BY indexOf({first:Array(String)}, name) = 0, name",
                {"first": list(_LINKED_FIRST)},
            )
            for table in tables:
                if table["data_paths"]:
                    self._store.execute(f"ALTER TABLE {table['name']} FREEZE WITH NAME '{_FROZEN}'")
        return [*self._pieces_of_spool(waiting), *self._pieces_of_store(tables)]

    def _pieces_of_spool(self, waiting: Sequence[tuple[Path, int]]) -> Iterator[Piece]:
        for path, size_bytes in waiting:
            yield Piece(path, f"spool/{path.name}", size_bytes)
        for path in sorted((self._spool_folder / spool.REJECTED).glob("*.seg")):
            yield _piece(path, f"spool/{spool.REJECTED}/{path.name}")

    def _pieces_of_store(self, tables: Sequence[dict[str, object]]) -> Iterator[Piece]:
        root = self._data_dir / "store"
        definitions = [root / str(table["metadata_path"]) for table in tables]
        # Without it the engine takes the folder of a table for one of its first versions.
        versions = [Path(path) / "format_version.txt" for table in tables for path in _paths(table["data_paths"])]
        for path in [*root.glob("metadata/*.sql"), *definitions, *versions]:
            yield _piece(path, f"store/{path.relative_to(root).as_posix()}")
        frozen = self._shadow
        for folder, _, names in os.walk(frozen):
            for path in (Path(folder, name) for name in sorted(names)):
                yield _piece(path, f"store/{path.relative_to(frozen).as_posix()}")

    @property
    def _shadow(self) -> Path:
        return self._data_dir / "store" / "shadow" / _FROZEN

    def _thaw(self) -> None:
        """Let go what was linked, by an earlier process too."""
        shutil.rmtree(self._shadow, ignore_errors=True)

    def _copied(self, piece: Piece, folder: Path) -> File:
        """Copy *piece* into *folder*, and sync it."""
        target, digest, left_bytes = folder / piece.name, hashlib.sha256(), piece.size_bytes
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with piece.source.open("rb") as source, _private(target) as copy:
            while left_bytes:
                if self._closing:
                    raise StoreUnavailable("the collector is shutting down: the copy was not made")
                block = source.read(min(_BLOCK_BYTES, left_bytes))
                if not block:
                    raise OSError(f"{piece.source} is shorter than it was")
                copy.write(block)
                digest.update(block)
                left_bytes -= len(block)
        return File(piece.size_bytes, digest.hexdigest())


def check_target(target: Path, taken: Sequence[Path]) -> None:
    """Raises RejectedData where no copy can be made at *target*; *taken* are folders that the collector writes to."""
    got = f"got {str(target)!r}"
    if not target.is_absolute() or ".." in target.parts or "\0" in str(target):
        raise RejectedData(f"name the folder for the copy by its whole path on the collector's machine, {got}")
    if not target.parent.is_dir():
        raise RejectedData(f"the folder for the copy is made in one that is there already, {got}")
    if target.is_symlink() or (target.exists() and not _is_empty(target)):
        raise RejectedData(f"the folder for the copy must be new, or empty, {got}")
    if target.is_mount():
        raise RejectedData(f"a disk cannot be the folder for the copy: name one on it, {got}")
    place = target.parent.resolve()
    if any(place.is_relative_to(folder.resolve()) for folder in taken):
        raise RejectedData(f"the folder for the copy must lie outside of the collector's own, {got}")


def _check_room(folder: Path, pieces: Sequence[Piece]) -> None:
    needed_bytes = sum(piece.size_bytes for piece in pieces) + ROOM_TO_LEAVE_BYTES
    if (free_bytes := shutil.disk_usage(folder).free) < needed_bytes:
        raise StoreUnavailable(
            f"the disk of {folder.parent} has {free_bytes:,} bytes left, and the copy needs {needed_bytes:,}: "
            "make room, or name another folder"
        )


@contextmanager
def _half_made(target: Path) -> Iterator[Path]:
    """A folder beside *target* to be filled and renamed in the block; gone where that fails."""
    partial = target.with_name(f"{target.name}.partial-{secrets.token_hex(4)}")
    partial.mkdir(mode=0o700)
    try:
        yield partial
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _is_empty(folder: Path) -> bool:
    return folder.is_dir() and not any(folder.iterdir())


def _piece(path: Path, name: str) -> Piece:
    return Piece(path, name, path.stat().st_size)


def _paths(value: object) -> list[str]:
    return [str(path) for path in value] if isinstance(value, list) else []


@contextmanager
def _private(path: Path) -> Iterator[BinaryIO]:
    """A file of this user alone, to be written in the block; synced at its end."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def _write(path: Path, data: bytes) -> None:
    beside = path.with_name(f"{path.name}.new")
    with _private(beside) as file:
        file.write(data)
    beside.replace(path)


def _sync_folders(top: Path) -> None:
    for folder, _, _ in os.walk(top):
        _sync_folder(Path(folder))


def _sync_folder(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def router(copying: Callable[[Request], Copier]) -> APIRouter:
    """POST /api/v1/backup?to=…, for those whom *copying* lets."""
    routes = APIRouter(prefix="/api/v1")

    @routes.post("/backup")
    def post_backup(request: Request, to: str) -> dict[str, str | int]:
        """Copy everything that is stored to a new folder on the collector's machine."""
        made = copying(request).copy(Path(to))
        return {"path": str(made.path), "files": made.files, "bytes": made.size_bytes}

    return routes
