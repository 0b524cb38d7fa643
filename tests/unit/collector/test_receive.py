"""How a body is read: decompressed, within limits, whatever its pieces."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Callable

import pytest
from groundspan_collector.bodies import Uploads, drop, read_body
from groundspan_collector.errors import BodyTooLarge, Overloaded, RejectedData, UnsupportedContent
from hypothesis import given
from hypothesis import strategies as st

ROOM = 1000


async def _pieces(body: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]
    yield b""


def _read(body: bytes, encoding: str = "", *, most: int = 100, size: int = 7, uploads: Uploads | None = None) -> bytes:
    return asyncio.run(read_body(_pieces(body, size), encoding, most, uploads or Uploads(ROOM)))


@given(st.lists(st.binary(max_size=40), max_size=4), st.integers(1, 50))
def test_gzip_is_read_in_pieces_of_any_size(members: list[bytes], size: int) -> None:
    """Members one after the other, cut anywhere."""
    packed = b"".join(map(gzip.compress, members))

    if members:
        assert _read(packed, "gzip", most=300, size=size) == b"".join(members)


@given(st.binary(min_size=1, max_size=60), st.data())
def test_gzip_that_is_cut_off_is_rejected(plain: bytes, data: st.DataObject) -> None:
    """Never taken for a shorter body."""
    packed = gzip.compress(plain)
    cut = data.draw(st.integers(0, len(packed) - 1))

    with pytest.raises(RejectedData, match="gzip"):
        _read(packed[:cut], "gzip")


@pytest.mark.parametrize("encoding", ["", "identity", "GZIP", " gzip "])
def test_body_of_exactly_the_limit_is_read(encoding: str) -> None:
    """The limit is the most that is taken."""
    body = b"x" * 100

    assert _read(gzip.compress(body) if "gz" in encoding.lower() else body, encoding) == body


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"x" * 101, ""),
        (gzip.compress(b"x" * 101), "gzip"),
        (gzip.compress(b"x" * 60) * 2, "gzip"),
        (gzip.compress(b"") * 10, "gzip"),
    ],
    ids=["plain", "gzip", "members", "members of nothing"],
)
def test_body_above_the_limit_is_refused(body: bytes, encoding: str) -> None:
    """In whatever form it travels; gzip of nothing has a length as well."""
    with pytest.raises(BodyTooLarge, match="more than 100 bytes"):
        _read(body, encoding)


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip"])
def test_encoding_other_than_gzip_and_deflate_is_refused(encoding: str) -> None:
    """With what was got."""
    with pytest.raises(UnsupportedContent, match=encoding):
        _read(b"", encoding)


def _raw(body: bytes) -> bytes:
    return zlib.compress(body, wbits=-15)


@pytest.mark.parametrize("pack", [zlib.compress, _raw], ids=["wrapped", "raw"])
@pytest.mark.parametrize("size", [1, 2, 50])
def test_deflate_is_read_with_and_without_its_wrapping(pack: Callable[[bytes], bytes], size: int) -> None:
    """The standard says zlib's format; some clients send the bare one."""
    assert _read(pack(b"hello" * 10), "deflate", size=size) == b"hello" * 10


@pytest.mark.parametrize("pack", [zlib.compress, _raw], ids=["wrapped", "raw"])
def test_deflate_that_is_cut_off_longer_or_too_large_is_refused(pack: Callable[[bytes], bytes]) -> None:
    """As gzip is."""
    packed = pack(b"hello" * 10)

    for cut in range(len(packed)):
        with pytest.raises(RejectedData, match="deflate"):
            _read(packed[:cut], "deflate")
    with pytest.raises(RejectedData, match="behind the end"):
        _read(packed + b"x", "deflate")
    with pytest.raises(BodyTooLarge):
        _read(pack(b"x" * 101), "deflate")


def test_deflate_is_no_gzip() -> None:
    """Though it is the same compression."""
    with pytest.raises(RejectedData, match="gzip"):
        _read(zlib.compress(b"x"), "gzip")


def test_body_is_refused_for_now_when_many_are_being_read() -> None:
    """And its room is free again, whether it was read or refused."""
    uploads = Uploads(150)

    async def read_two() -> list[bytes | BaseException]:
        bodies = (read_body(_slowly(b"x" * 100), "", 100, uploads) for _ in range(2))
        return await asyncio.gather(*bodies, return_exceptions=True)

    outcomes = asyncio.run(read_two())

    assert {type(outcome) for outcome in outcomes} == {bytes, Overloaded}
    assert len(_read(b"x" * 100, uploads=uploads)) == 100
    with pytest.raises(BodyTooLarge):
        _read(b"x" * 101, uploads=uploads)
    assert len(_read(b"x" * 100, uploads=uploads)) == 100


async def _slowly(body: bytes) -> AsyncIterator[bytes]:
    for byte in body:
        yield bytes([byte])
        await asyncio.sleep(0)


def test_rest_of_a_body_is_dropped_up_to_a_limit() -> None:
    """A client that is cut off reads no answer; one that never ends is."""

    async def left_of(body: bytes) -> int:
        pieces = _pieces(body, 10)
        await drop(pieces, 50)
        return sum([len(piece) async for piece in pieces])

    assert asyncio.run(left_of(b"x" * 50)) == 0
    assert asyncio.run(left_of(b"x" * 100)) == 40
