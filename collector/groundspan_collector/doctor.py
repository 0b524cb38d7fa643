"""Look into the store and the spool of a collector that is not running, and say what is there."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from groundspan_collector import manifest, spool
from groundspan_collector.errors import ConfigError
from groundspan_collector.store import Store

TABLES = """
SELECT name, total_rows AS rows, total_bytes AS bytes FROM system.tables
WHERE database = currentDatabase() AND engine LIKE '%MergeTree' ORDER BY name
"""
MOST_FAULTS = 20
"""So many files of a copy are named."""
REPEATED = "SELECT (SELECT count() FROM spans) - (SELECT count() FROM spans_once) AS rows"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    text: str
    sound: bool = True


def run(data_dir: Path, spool_folder: Path, *, memory_bytes: int, output: TextIO) -> int:
    """Print what is found; 0 where all is sound, else 1.

    Raises ConfigError where there is no store, or a collector has it open.
    """
    if not (data_dir / "store").is_dir():
        raise ConfigError(f"there is no store in {data_dir}: name the --data-dir of a collector")
    copy = list(in_copy(data_dir))
    if not all(finding.sound for finding in copy):
        return _told(copy, output)
    store = Store.open(data_dir, memory_bytes=memory_bytes)
    before = Path.cwd()
    try:
        manifest.opened(data_dir)
        # The engine writes its cache of format schemas below the working directory.
        os.chdir(data_dir)
        findings = [*copy, *in_store(store), *in_spool(spool_folder)]
    finally:
        os.chdir(before)
        store.close()
    return _told(findings, output)


def _told(findings: Sequence[Finding], output: TextIO) -> int:
    output.writelines(f"{'ok ' if finding.sound else 'BAD'}  {finding.text}\n" for finding in findings)
    return 0 if all(finding.sound for finding in findings) else 1


def in_copy(data_dir: Path) -> Iterator[Finding]:
    """What is missing in a copy that nobody opened yet, or is not what was copied."""
    copy = manifest.of(data_dir)
    if copy is None:
        return
    faults = list(manifest.faults(data_dir, copy, contents=True))
    yield from (Finding(f"copy: {fault}", sound=False) for fault in faults[:MOST_FAULTS])
    words = f"{len(faults):,} of them are missing or changed" if faults else "all as they were copied"
    yield Finding(f"copy: of {copy.made_at}, with {len(copy.files):,} files, {words}", not faults)


def in_store(store: Store) -> Iterator[Finding]:
    """The schema, each table, and rows that repeat a span."""
    (schema,) = store.rows("SELECT max(number) AS number FROM schema_migrations")
    yield Finding(f"store: schema {schema['number']}")
    for table in store.rows(TABLES):
        sound = store.is_intact(str(table["name"]))
        words = "every part as its checksums say" if sound else "damaged: a part is not what its checksums say"
        yield Finding(f"{table['name']}: {table['rows']:,} rows, {table['bytes']:,} bytes, {words}", sound)
    for part in store.parts_set_aside():
        yield Finding(
            f"{part['table']}: a part is not whole, and rows may be lost; it lies in {part['path']}", sound=False
        )
    (repeated,) = store.rows(REPEATED)
    yield Finding(f"spans: {repeated['rows']:,} rows repeat a span; no report counts them, merges remove them")


def in_spool(folder: Path) -> Iterator[Finding]:
    """Each segment, and what was set aside."""
    paths = spool.segment_paths(folder)
    yield Finding(f"spool: {len(paths)} segments in {folder}" if paths else f"spool: nothing waits in {folder}")
    for path in paths:
        segment, contents, torn_bytes = spool.inspect(path)
        waiting = ", ".join(f"{items:,} of {kind}" for kind, items in sorted(segment.items.items())) or "nothing"
        yield Finding(f"{path.name}: {len(contents.records):,} requests wait to be stored, with {waiting}")
        if torn_bytes:
            # It was never acknowledged.
            yield Finding(f"{path.name}: {torn_bytes:,} bytes at the end are torn; the next start cuts them off")
        if contents.corrupt_bytes:
            yield Finding(f"{path.name}: {contents.corrupt_bytes:,} bytes belong to no whole record", sound=False)
    aside = sorted((folder / spool.REJECTED).glob("*.seg"))
    if aside:
        yield Finding(f"spool: {len(aside)} requests that the store refused lie in {aside[0].parent}", sound=False)
