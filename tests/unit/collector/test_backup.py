"""Copies of a store: where they may be made, what belongs to them, and when they are not made."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import otlp
import pytest
import stored
from groundspan_collector import manifest
from groundspan_collector.backup import Copier, check_target
from groundspan_collector.errors import ConfigError, RejectedData, StoreUnavailable
from groundspan_collector.manifest import File, Manifest
from groundspan_collector.spool import Record, Spool
from groundspan_collector.store import Store
from hypothesis import given
from hypothesis import strategies as st

MADE_AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

manifests = st.builds(
    Manifest, st.text(), st.dictionaries(st.text(), st.builds(File, st.integers(0), st.text())), st.booleans()
)


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """A spool with one request."""
    opened = Spool.open(tmp_path / "spool", max_bytes=1000)
    opened.append([Record(1, "traces", "", 1, b"body")], lambda: None)
    return opened


@pytest.fixture
def copier(store: Store, spool: Spool, tmp_path: Path) -> Copier:
    """What copies the store of this process, which has it in its working directory."""
    return Copier(store, spool, Path.cwd(), tmp_path / "spool", lambda: MADE_AT)


def _written(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def _listed(folder: Path, files: dict[str, File], *, finished: bool = True) -> Path:
    return _written(folder, {manifest.NAME: manifest.encode(Manifest("now", files, finished))})


@given(manifests)
def test_list_is_read_as_it_was_written(written: Manifest) -> None:
    """Whatever the files are called."""
    assert manifest.decode(manifest.encode(written)) == written


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"made_at": "", "finished": true, "files": {"a": 1}}', "\xff"])
def test_copy_is_refused_when_its_list_cannot_be_read(tmp_path: Path, text: str) -> None:
    """A sentence, not a traceback."""
    _written(tmp_path, {manifest.NAME: text.encode("latin-1")})

    with pytest.raises(ConfigError, match="cannot be read"):
        manifest.of(tmp_path)


def test_copy_is_refused_when_it_was_not_finished(tmp_path: Path) -> None:
    """The collector was killed in the midst of it."""
    _listed(tmp_path, {}, finished=False)

    with pytest.raises(ConfigError, match="not finished"):
        manifest.check_whole(tmp_path, tmp_path / "spool")


def test_faults_are_what_is_missing_or_changed(tmp_path: Path) -> None:
    """Sizes are always compared, what the files say where it is asked for."""
    _written(tmp_path, {"same": b"", "longer": b"1", "changed": b"1", "other": b"not in the list"})
    files = {"same": File(0, EMPTY_SHA256), "gone": File(0, ""), "longer": File(0, ""), "changed": File(1, "")}

    assert list(manifest.faults(tmp_path, Manifest("now", files), contents=True)) == [
        "gone is missing",
        "longer has 1 bytes, not 0",
        "changed is not what was copied",
    ]
    assert len(list(manifest.faults(tmp_path, Manifest("now", files), contents=False))) == 2


def test_copy_is_refused_when_its_spool_would_not_be_read(tmp_path: Path) -> None:
    """What waits in it was acknowledged."""
    _written(tmp_path, {"spool/1.seg": b""})
    _listed(tmp_path, {"spool/1.seg": File(0, EMPTY_SHA256)})

    with pytest.raises(ConfigError, match="GROUNDSPAN_SPOOL_DIR"):
        manifest.check_whole(tmp_path, tmp_path / "elsewhere")
    manifest.check_whole(tmp_path, tmp_path / "spool")


def test_folder_is_no_copy_when_it_was_opened(tmp_path: Path) -> None:
    """From then on its files change."""
    manifest.opened(_listed(tmp_path, {"gone": File(1, "")}))

    manifest.check_whole(tmp_path, tmp_path / "spool")


@pytest.mark.parametrize("make", [lambda _: None, Path.mkdir], ids=["new", "empty"])
def test_folder_for_a_copy_may_be_new_or_empty(tmp_path: Path, make: Callable[[Path], None]) -> None:
    """And nothing else."""
    make(tmp_path / "copy")

    check_target(tmp_path / "copy", [tmp_path / "data"])


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("missing/copy", "in one that is there"),
        ("file", "new, or empty"),
        ("full", "new, or empty"),
        ("link", "new, or empty"),
        ("full/../copy", "whole path"),
        ("a\0b", "whole path"),
        ("data/copy", "outside of the collector's own"),
        ("around/copy", "outside of the collector's own"),
    ],
)
def test_folder_for_a_copy_is_refused_with_what_is_accepted(tmp_path: Path, name: str, words: str) -> None:
    """Nothing that is there is written over or into, whichever way it is named."""
    _written(tmp_path, {"file": b"", "full/file": b"", "data/file": b""})
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    (tmp_path / "around").symlink_to(tmp_path / "data")

    with pytest.raises(RejectedData, match=words):
        check_target(tmp_path / name, [tmp_path / "data"])


@pytest.mark.parametrize("path", ["copy", "", "/", "/proc"])
def test_folder_for_a_copy_is_refused_when_it_is_no_folder_of_its_own(path: str) -> None:
    """Relative to what?, or a whole disk."""
    with pytest.raises(RejectedData):
        check_target(Path(path), [])


def test_copy_has_what_its_list_says(store: Store, project: str, copier: Copier, tmp_path: Path) -> None:
    """Definitions, parts and the spool, and no link that would keep what is erased later."""
    stored.insert(store, project, otlp.span())

    made = copier.copy(tmp_path / "copy")

    listed = manifest.of(tmp_path / "copy")
    assert listed
    assert (listed.made_at, len(listed.files)) == (MADE_AT.isoformat(), made.files)
    assert list(manifest.faults(made.path, listed, contents=True)) == []
    there = {path.relative_to(made.path).as_posix() for path in made.path.rglob("*") if path.is_file()}
    assert there == {manifest.NAME, *listed.files}
    assert len(list(made.path.glob("spool/*.seg"))) == 1
    assert not (Path("store") / "shadow" / "groundspan_backup").exists()


def test_nothing_is_left_when_a_copy_fails(copier: Copier, tmp_path: Path) -> None:
    """A part of it would be taken for all of it."""
    [segment] = (tmp_path / "spool").glob("*.seg")
    os.truncate(segment, 3)

    with pytest.raises(StoreUnavailable, match="shorter than it was"):
        copier.copy(tmp_path / "copy")

    assert sorted(path.name for path in tmp_path.iterdir()) == ["spool"]
    assert not (Path("store") / "shadow" / "groundspan_backup").exists()


def test_copy_is_broken_off_when_the_collector_stops(copier: Copier, tmp_path: Path) -> None:
    """It stops within seconds, whatever is to be copied."""
    copier.close()

    with pytest.raises(StoreUnavailable, match="shutting down"):
        copier.copy(tmp_path / "copy")
    assert not list(tmp_path.glob("copy*"))


def test_second_copy_is_refused_while_one_is_made(store: Store, spool: Spool, tmp_path: Path) -> None:
    """To be asked for again."""
    refused: list[StoreUnavailable] = []

    def clock() -> datetime:
        with pytest.raises(StoreUnavailable, match="another copy is being made") as caught:
            busy.copy(tmp_path / "second")
        refused.append(caught.value)
        return MADE_AT

    busy = Copier(store, spool, Path.cwd(), tmp_path / "spool", clock)
    busy.copy(tmp_path / "first")

    assert len(refused) == 1
    assert not (tmp_path / "second").exists()


def test_links_of_a_killed_collector_are_let_go_at_the_start(store: Store, spool: Spool, tmp_path: Path) -> None:
    """They would keep what was erased since."""
    left = _written(tmp_path / "data", {"store/shadow/groundspan_backup/store/part/data.bin": b"x"})

    Copier(store, spool, left, tmp_path / "spool", lambda: MADE_AT)

    assert list(left.glob("store/shadow/*")) == []
