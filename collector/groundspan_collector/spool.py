"""What could not be stored yet, on disk, in the order in which it was received.

A folder of segments: files that are only appended to, synced before an append returns, and removed when everything in
them is stored. A record is a magic word, a length, a checksum and its payload; what the power cut left of the last one
is cut off, and what became unreadable in the middle is passed over up to the next whole record.
"""

import logging
import os
import re
import secrets
import shutil
import struct
import threading
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from groundspan_collector import metrics
from groundspan_collector.errors import ConfigError, SpoolFull, StoreUnavailable

SEGMENT_BYTES: Final = 16 * 1024 * 1024
"""A segment is closed above it; a single record may be larger."""
REJECTED: Final = "rejected"
"""The folder for what the store refuses for good."""
HELD: Final = "held"
"""The folder for links to what is being copied."""

_MAGIC: Final = b"GSR1"
_HEAD: Final = struct.Struct("<4sII")
_META: Final = struct.Struct("<QIHB")
_PART: Final = ".part"
_NAME: Final = re.compile(r"(\d{12})-([0-9a-f]{8})\.seg")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Record:
    """One request that was acknowledged and is not stored yet."""

    received_at_ns: int
    kind: str
    """Which insert it belongs to: traces."""
    project: str
    items: int
    """How many spans it holds."""
    body: bytes


@dataclass(frozen=True, slots=True)
class Contents:
    """What the bytes of a segment hold."""

    records: tuple[Record, ...]
    whole_bytes: int
    """Where the last whole record ends; what follows is torn."""
    corrupt_bytes: int
    """How many bytes before that belong to no whole record."""


def encode(record: Record, salt: int) -> bytes:
    """*record* as it stands in a segment with *salt*, which keeps a body from being taken for a record."""
    project, kind = record.project.encode(), record.kind.encode()
    meta = _META.pack(record.received_at_ns, record.items, len(project), len(kind))
    payload = b"".join((meta, project, kind, record.body))
    return _HEAD.pack(_MAGIC, len(payload), zlib.crc32(payload, salt)) + payload


def decode(data: bytes, salt: int) -> Contents:
    """The whole records of a segment, whatever lies between and after them."""
    records: list[Record] = []
    search = whole = corrupt = 0
    while (start := data.find(_MAGIC, search)) >= 0:
        end = _end(data, start)
        record = _record(data[start + _HEAD.size : end], data[start : start + _HEAD.size], salt) if end else None
        if record:
            records.append(record)
            corrupt += start - whole
            search = whole = end
        else:
            search = start + 1
    return Contents(tuple(records), whole, corrupt)


def _end(data: bytes, start: int) -> int:
    """Where the record at *start* says that it ends; 0 where *data* ends before."""
    if start + _HEAD.size > len(data):
        return 0
    end = start + _HEAD.size + int(_HEAD.unpack_from(data, start)[1])
    return end if end <= len(data) else 0


def _record(payload: bytes, head: bytes, salt: int) -> Record | None:
    if len(payload) < _META.size or zlib.crc32(payload, salt) != _HEAD.unpack(head)[2]:
        return None
    received_at_ns, items, project_bytes, kind_bytes = _META.unpack_from(payload)
    project_end = _META.size + project_bytes
    kind_end = project_end + kind_bytes
    project, kind = payload[_META.size : project_end].decode(), payload[project_end:kind_end].decode()
    return Record(received_at_ns, kind, project, items, payload[kind_end:])


@dataclass(slots=True)
class Segment:
    """One file of the spool."""

    path: Path
    number: int
    salt: int
    size_bytes: int = 0
    oldest_ns: int = 0
    items: Counter[str] = field(default_factory=Counter)
    """By kind, how many spans were put into it."""

    def add(self, records: Sequence[Record], size_bytes: int) -> None:
        """Count *records*, which take *size_bytes*."""
        self.size_bytes += size_bytes
        for record in records:
            self.items[record.kind] += record.items
            self.oldest_ns = min(self.oldest_ns or record.received_at_ns, record.received_at_ns)


class Spool:
    """The segments of a folder, which one process has."""

    def __init__(self, folder: Path, segments: Sequence[Segment], max_bytes: int) -> None:
        """Take over *segments*, oldest first."""
        self._folder = folder
        self._segments = list(segments)
        self._max_bytes = max_bytes
        self._next = segments[-1].number + 1 if segments else 0
        self._file: int | None = None
        self._lock = threading.Lock()
        self._count()

    @classmethod
    def open(cls, folder: Path, *, max_bytes: int) -> "Spool":
        """Open or make the spool in *folder*; what a crash left torn is cut off.

        Raises ConfigError where it cannot be read.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            shutil.rmtree(folder / HELD, ignore_errors=True)
            segments = [segment for path in segment_paths(folder) if (segment := _recovered(path))]
        except OSError as error:
            raise ConfigError(f"the spool in {folder} cannot be opened: {error}") from error
        return cls(folder, segments, max_bytes)

    def close(self) -> None:
        """Close the file that is written to."""
        with self._lock:
            self._seal()

    def items(self, kind: str) -> int:
        """How many spans of *kind* wait."""
        with self._lock:
            return sum(segment.items[kind] for segment in self._segments)

    def oldest_ns(self) -> int | None:
        """The earliest receipt of what may not be stored yet."""
        with self._lock:
            return min((segment.oldest_ns for segment in self._segments if segment.size_bytes), default=None)

    def append(self, records: Sequence[Record], then: Callable[[], None]) -> None:
        """Back when *records* are on the disk; *then* is called before anyone can read them.

        Raises SpoolFull where there is no room for them, or they cannot be written.
        """
        with self._lock:
            segment = self._writable()
            data = b"".join(encode(record, segment.salt) for record in records)
            size_bytes = sum(each.size_bytes for each in self._segments)
            if size_bytes + len(data) > self._max_bytes:
                raise SpoolFull(
                    f"the store cannot write now, and the spool is full: {size_bytes} bytes are in it, "
                    f"{self._max_bytes} is the most (GROUNDSPAN_MAX_SPOOL_BYTES)"
                )
            self._write(segment, data)
            segment.add(records, len(data))
            then()
            self._count()
            if segment.size_bytes >= SEGMENT_BYTES:
                self._seal()

    def oldest(self) -> Segment | None:
        """The segment to be replayed next, to which nothing will be added any more."""
        with self._lock:
            filled = [segment for segment in self._segments if segment.size_bytes]
            if filled and filled[0] is self._segments[-1]:
                self._seal()
            return filled[0] if filled else None

    def remove(self, segment: Segment) -> None:
        """Forget *segment*: everything in it is stored, or set aside."""
        with self._lock:
            segment.path.unlink(missing_ok=True)
            _sync_folder(self._folder)
            self._segments.remove(segment)
            self._count()

    @contextmanager
    def held(self) -> Iterator[list[tuple[Path, int]]]:
        """What waits at this moment, as files and how many bytes of each, which stay until the end of the block.

        They are links in a folder of their own: a crash leaves nothing behind that would be replayed.
        """
        folder = self._folder / HELD
        try:
            with self._lock:
                waiting = [segment for segment in self._segments if segment.size_bytes]
                if waiting:
                    folder.mkdir(mode=0o700)
                for segment in waiting:
                    (folder / segment.path.name).hardlink_to(segment.path)
            yield [(folder / segment.path.name, segment.size_bytes) for segment in waiting]
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def set_aside(self, record: Record) -> None:
        """Keep *record*, which the store refuses, where it holds up nothing: as a segment that is not replayed."""
        folder = self._folder / REJECTED
        # Named by its contents: replayed again after a crash, it is the same file.
        salt = zlib.crc32(record.body)
        path = folder / f"{record.received_at_ns:020}-{salt:08x}.seg"
        try:
            folder.mkdir(exist_ok=True, mode=0o700)
            _write_file(path, encode(record, salt))
            _sync_folder(folder)
        except OSError as error:
            raise _unwritable(error) from error

    def rejected(self) -> list[Record]:
        """What was set aside."""
        return [record for path in rejected_paths(self._folder) for record in inspect(path)[1].records]

    def revise_rejected(self, revised: Callable[[Record], Record | None]) -> None:
        """Put what *revised* gives in the place of each record that was set aside; None: remove it.

        Raises StoreUnavailable where that cannot be written.
        """
        try:
            for left_behind in (self._folder / REJECTED).glob(f"*{_PART}"):
                left_behind.unlink()
            for path in rejected_paths(self._folder):
                _revise(path, revised)
        except OSError as error:
            raise StoreUnavailable(f"what was set aside cannot be changed: {error}") from error

    def _writable(self) -> Segment:
        if self._file is None:
            salt = secrets.randbits(32)
            path = self._folder / f"{self._next:012}-{salt:08x}.seg"
            try:
                self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
                _sync_folder(self._folder)
            except OSError as error:
                raise _unwritable(error) from error
            self._segments.append(Segment(path, self._next, salt))
            self._next += 1
        return self._segments[-1]

    def _write(self, segment: Segment, data: bytes) -> None:
        assert self._file is not None  # noqa: S101 - _writable() was called
        try:
            _write_all(self._file, data)
        except OSError as error:
            # After a failed sync nobody knows what is on the disk: the next append begins another file.
            with suppress(OSError):
                os.ftruncate(self._file, segment.size_bytes)
            self._seal()
            raise _unwritable(error) from error

    def _seal(self) -> None:
        """Close the file that is written to; an empty one is removed."""
        if self._file is None:
            return
        os.close(self._file)
        self._file = None
        if not self._segments[-1].size_bytes:
            with suppress(OSError):
                self._segments.pop().path.unlink()

    def _count(self) -> None:
        metrics.SPOOL_BYTES.set(sum(segment.size_bytes for segment in self._segments))


def segment_paths(folder: Path) -> list[Path]:
    """The segments of a spool, oldest first."""
    return sorted(path for path in folder.glob("*.seg") if _NAME.fullmatch(path.name))


def rejected_paths(folder: Path) -> list[Path]:
    """What was set aside, oldest first."""
    return sorted((folder / REJECTED).glob("*.seg"))


def read(segment: Segment) -> Contents:
    """What was put into *segment*, as far as it is still whole."""
    return decode(segment.path.read_bytes()[: segment.size_bytes], segment.salt)


def inspect(path: Path) -> tuple[Segment, Contents, int]:
    """The segment at *path*, what is whole in it, and how many bytes of its end are torn."""
    number, salt = path.stem.split("-")
    segment = Segment(path, int(number), int(salt, 16))
    data = path.read_bytes()
    contents = decode(data, segment.salt)
    segment.add(contents.records, contents.whole_bytes)
    return segment, contents, len(data) - contents.whole_bytes


def _recovered(path: Path) -> Segment | None:
    """What an earlier process left at *path*, without its torn end; None if that is nothing."""
    segment, contents, torn_bytes = inspect(path)
    if torn_bytes:
        _log.warning("%s ends in a record that is not whole: %d bytes cut", path, torn_bytes)
        metrics.SPOOL_TORN_BYTES.inc(torn_bytes)
        os.truncate(path, contents.whole_bytes)
    if contents.corrupt_bytes:
        _log.error("%s is damaged: %d bytes belong to no whole record", path, contents.corrupt_bytes)
        metrics.SPOOL_CORRUPT_BYTES.inc(contents.corrupt_bytes)
    if not contents.records:
        path.unlink()
        return None
    return segment


def _revise(path: Path, revised: Callable[[Record], Record | None]) -> None:
    segment, contents, _ = inspect(path)
    records = [changed for record in contents.records if (changed := revised(record))]
    if records == list(contents.records):
        return
    if records:
        # Beside it and then over it: a crash leaves the one or the other.
        part = path.with_suffix(_PART)
        _write_file(part, b"".join(encode(record, segment.salt) for record in records))
        part.replace(path)
    else:
        path.unlink()
    _sync_folder(path.parent)


def _unwritable(error: OSError) -> SpoolFull:
    return SpoolFull(f"the store cannot write now, and the spool cannot be written: {error}")


def _write_file(path: Path, data: bytes) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        _write_all(file, data)
    finally:
        os.close(file)


def _write_all(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]
    os.fsync(file)


def _sync_folder(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
