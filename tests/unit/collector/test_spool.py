"""The spool: what was put into it comes out, in order, whatever a power cut or a bad disk left of it."""

import logging
import os
import stat
from pathlib import Path

import pytest
from groundspan_collector.errors import ConfigError, SpoolFull
from groundspan_collector.spool import REJECTED, Record, Spool, decode, encode, inspect, read, segment_paths
from hypothesis import given
from hypothesis import strategies as st

SALT = 0xC0FFEE

records = st.builds(
    Record, st.integers(0, 2**63), st.sampled_from(["traces", ""]), st.text(max_size=5), st.integers(0, 2**31),
    st.binary(max_size=40) | st.just(b"GSR1GSR1"),
)  # fmt: skip


def _record(body: bytes = b"body", received_at_ns: int = 1, items: int = 1) -> Record:
    return Record(received_at_ns, "traces", "", items, body)


def _nothing() -> None:
    pass


def _bodies(spool: Spool) -> list[bytes]:
    """Everything in *spool*, taken out of it."""
    bodies = []
    while segment := spool.oldest():
        bodies += [record.body for record in read(segment).records]
        spool.remove(segment)
    return bodies


def _last_segment(folder: Path) -> Path:
    return segment_paths(folder)[-1]


@given(st.lists(records, max_size=5))
def test_records_come_back_from_their_bytes(given_records: list[Record]) -> None:
    """Any project, any body, the magic word in it included."""
    contents = decode(b"".join(encode(record, SALT) for record in given_records), SALT)

    assert list(contents.records) == given_records
    assert contents.corrupt_bytes == 0


@given(st.lists(records, min_size=1, max_size=4), st.data())
def test_whole_records_come_back_when_the_end_is_torn(given_records: list[Record], data: st.DataObject) -> None:
    """Cut anywhere: those before the cut are there, of the one that was cut nothing."""
    encoded = [encode(record, SALT) for record in given_records]
    written = b"".join(encoded)
    cut = data.draw(st.integers(0, len(written)))
    whole = [record for number, record in enumerate(given_records) if len(b"".join(encoded[: number + 1])) <= cut]

    contents = decode(written[:cut], SALT)

    assert list(contents.records) == whole
    assert contents.whole_bytes == len(b"".join(encoded[: len(whole)]))


@given(st.lists(records, min_size=3, max_size=4), st.data())
def test_other_records_come_back_when_one_is_damaged(given_records: list[Record], data: st.DataObject) -> None:
    """One byte changed in the middle: that record is passed over, and counted."""
    encoded = [bytearray(encode(record, SALT)) for record in given_records]
    position = data.draw(st.integers(0, len(encoded[1]) - 1))
    encoded[1][position] ^= data.draw(st.integers(1, 255))

    contents = decode(b"".join(encoded), SALT)

    assert list(contents.records) == [given_records[0], *given_records[2:]]
    assert contents.corrupt_bytes == len(encoded[1])


def test_body_is_never_taken_for_a_record() -> None:
    """A request that holds a record cannot bring it in when its own is torn."""
    forged = encode(_record(b"forged"), salt=0)
    torn = encode(_record(forged + b"x" * 9), SALT)[:-1]

    assert decode(torn, SALT).records == ()


def test_records_are_replayed_in_order_after_a_restart(tmp_path: Path) -> None:
    """Across files, of this process and the one before."""
    first = Spool.open(tmp_path, max_bytes=1000)
    first.append([_record(b"a"), _record(b"b")], _nothing)
    first.append([_record(b"c")], _nothing)
    first.close()

    second = Spool.open(tmp_path, max_bytes=1000)
    second.append([_record(b"d", items=5)], _nothing)

    assert second.items("traces") == 8
    assert _bodies(second) == [b"a", b"b", b"c", b"d"]
    assert segment_paths(tmp_path) == []
    second.close()


def test_records_are_there_when_the_process_never_closed_the_spool(tmp_path: Path) -> None:
    """An append is complete when it returns."""
    crashed = Spool.open(tmp_path, max_bytes=1000)
    crashed.append([_record(b"a")], _nothing)

    assert _bodies(Spool.open(tmp_path, max_bytes=1000)) == [b"a"]
    crashed.close()


def test_torn_end_is_cut_and_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is no reason not to start."""
    spool = Spool.open(tmp_path, max_bytes=1000)
    spool.append([_record(b"whole"), _record(b"torn")], _nothing)
    spool.close()
    path = _last_segment(tmp_path)
    os.truncate(path, path.stat().st_size - 2)

    with caplog.at_level(logging.WARNING):
        reopened = Spool.open(tmp_path, max_bytes=1000)

    assert "not whole" in caplog.text
    assert inspect(path)[2] == 0
    assert _bodies(reopened) == [b"whole"]


def test_segment_of_which_nothing_is_whole_is_removed(tmp_path: Path) -> None:
    """The machine stopped while the first record was written."""
    spool = Spool.open(tmp_path, max_bytes=1000)
    spool.append([_record(b"torn")], _nothing)
    spool.close()
    os.truncate(_last_segment(tmp_path), 5)

    assert Spool.open(tmp_path, max_bytes=1000).oldest() is None
    assert segment_paths(tmp_path) == []


def test_append_is_refused_when_the_spool_is_full(tmp_path: Path) -> None:
    """With the setting that changes it; and there is room again when something was taken out."""
    spool = Spool.open(tmp_path, max_bytes=300)
    spool.append([_record(b"x" * 200)], _nothing)
    with pytest.raises(SpoolFull, match="300 is the most"):
        spool.append([_record(b"y" * 200)], _nothing)

    assert _bodies(spool) == [b"x" * 200]
    spool.append([_record(b"y" * 200)], _nothing)
    assert _bodies(spool) == [b"y" * 200]


def test_append_is_refused_when_the_folder_is_gone(tmp_path: Path) -> None:
    """To be sent again; and taken when it is back."""
    spool = Spool.open(tmp_path / "spool", max_bytes=1000)
    (tmp_path / "spool").rmdir()
    with pytest.raises(SpoolFull, match="cannot be written"):
        spool.append([_record(b"a")], _nothing)
    (tmp_path / "spool").mkdir()

    spool.append([_record(b"b")], _nothing)
    assert _bodies(spool) == [b"b"]


def test_spool_is_refused_when_its_folder_cannot_be_made(tmp_path: Path) -> None:
    """Before a port opens."""
    (tmp_path / "file").touch()

    with pytest.raises(ConfigError, match="the spool in"):
        Spool.open(tmp_path / "file" / "spool", max_bytes=1000)


def test_oldest_receipt_is_known_while_it_waits(tmp_path: Path) -> None:
    """What is not stored yet must not be called settled."""
    spool = Spool.open(tmp_path, max_bytes=1000)
    assert spool.oldest_ns() is None
    spool.append([_record(received_at_ns=7), _record(received_at_ns=5)], _nothing)

    assert spool.oldest_ns() == 5
    _bodies(spool)
    assert spool.oldest_ns() is None


def test_files_stay_while_they_are_held(tmp_path: Path) -> None:
    """Someone copies them: what they hold can be read although it was stored meanwhile, and then goes."""
    spool = Spool.open(tmp_path, max_bytes=1000)
    spool.append([_record(b"a")], _nothing)

    with spool.held() as waiting:
        spool.append([_record(b"b")], _nothing)
        assert _bodies(spool) == [b"a", b"b"]
        assert spool.oldest() is None
        [(path, size_bytes)] = waiting
        assert decode(path.read_bytes()[:size_bytes], inspect(path)[0].salt).records == (_record(b"a"),)
    assert list(tmp_path.iterdir()) == []


def test_what_was_held_is_not_replayed_after_a_crash(tmp_path: Path) -> None:
    """It may have been erased since."""
    spool = Spool.open(tmp_path, max_bytes=1000)
    spool.append([_record(b"a")], _nothing)
    with spool.held() as [(path, _)]:
        (tmp_path / "copy.seg").hardlink_to(path)
        _bodies(spool)
    path.parent.mkdir()
    (tmp_path / "copy.seg").rename(path)

    assert _bodies(Spool.open(tmp_path, max_bytes=1000)) == []
    assert list(tmp_path.iterdir()) == []


def test_what_is_added_while_a_segment_is_replayed_goes_into_the_next(tmp_path: Path) -> None:
    """One that was read is complete."""
    spool = Spool.open(tmp_path, max_bytes=1000)
    spool.append([_record(b"a")], _nothing)
    segment = spool.oldest()
    spool.append([_record(b"b")], _nothing)

    assert segment
    assert [record.body for record in read(segment).records] == [b"a"]
    spool.remove(segment)
    assert _bodies(spool) == [b"b"]


def test_record_that_is_set_aside_is_kept_once(tmp_path: Path) -> None:
    """Also when it is replayed again after a crash; and it is not replayed any more."""
    spool = Spool.open(tmp_path, max_bytes=1000)
    for _ in range(2):
        spool.set_aside(_record(b"poison"))

    (path,) = (tmp_path / REJECTED).iterdir()
    assert decode(path.read_bytes(), int(path.stem.split("-")[1], 16)).records == (_record(b"poison"),)
    assert Spool.open(tmp_path, max_bytes=1000).oldest() is None


def test_segments_are_for_this_user_alone(tmp_path: Path) -> None:
    """Requests hold prompts."""
    spool = Spool.open(tmp_path / "spool", max_bytes=1000)
    spool.append([_record()], _nothing)

    assert stat.S_IMODE(_last_segment(tmp_path / "spool").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "spool").stat().st_mode) == 0o700
    spool.close()
