"""The body of a request: decompressed while it is read, within limits."""

import zlib
from collections.abc import AsyncIterator

from groundspan_collector.errors import BodyTooLarge, Overloaded, RejectedData, UnsupportedContent

_GZIP_MAGIC = b"\x1f\x8b"
_ZLIB_MAGIC = 0x78
_GZIP_BITS = 31
_ZLIB_BITS = 15
_RAW_BITS = -15


class Uploads:
    """The bodies that are being read: many at a time must not outgrow the memory."""

    def __init__(self, most_bytes: int) -> None:
        """Hold at most *most_bytes* of all of them together."""
        self._most_bytes = most_bytes
        self._held_bytes = 0

    def grow(self, size_bytes: int) -> None:
        """Count *size_bytes* more; raises Overloaded where there is no room for them."""
        if self._held_bytes + size_bytes > self._most_bytes:
            raise Overloaded(f"{self._held_bytes} bytes are being received, {self._most_bytes} is the most: try again")
        self._held_bytes += size_bytes

    def release(self, size_bytes: int) -> None:
        """Count *size_bytes* less."""
        self._held_bytes -= size_bytes


async def read_body(pieces: AsyncIterator[bytes], encoding: str, max_bytes: int, uploads: Uploads) -> bytes:
    """The body, decompressed, never holding more than *max_bytes* of it.

    Raises BodyTooLarge, UnsupportedContent for another encoding than gzip and deflate, RejectedData for bytes that are
    not what the encoding says, Overloaded where *uploads* has no room.
    """
    inflate = _inflate(encoding.strip().lower())
    body: list[bytes] = []
    size_bytes = travelled_bytes = 0
    try:
        async for piece in pieces:
            travelled_bytes += len(piece)
            plain = inflate.more(piece, max_bytes - size_bytes + 1) if inflate else piece
            # Gzip of nothing has a length too, and could go on for ever.
            if max(size_bytes + len(plain), travelled_bytes) > max_bytes:
                raise too_large(max_bytes)
            uploads.grow(len(plain))
            size_bytes += len(plain)
            body.append(plain)
    finally:
        uploads.release(size_bytes)
    if inflate:
        inflate.end()
    return b"".join(body)


def is_packed(body: bytes) -> bool:
    """Whether *body* begins as gzip or zlib do; no OTLP request in protobuf does."""
    return body[:2] == _GZIP_MAGIC or (len(body) > 1 and body[0] == _ZLIB_MAGIC and _is_zlib(body))


def unpacked(packed: bytes, max_bytes: int) -> bytes:
    """*packed* without its gzip or deflate, which is told from its first bytes; raises as read_body() does."""
    inflate = Inflate("gzip" if packed[:2] == _GZIP_MAGIC else "deflate")
    plain = inflate.more(packed, max_bytes + 1)
    if len(plain) > max_bytes:
        raise too_large(max_bytes)
    inflate.end()
    return plain


def too_large(max_bytes: int) -> BodyTooLarge:
    """What is said to a client of which the request is over the limit."""
    return BodyTooLarge(f"the body has more than {max_bytes} bytes after decompression: send smaller batches")


async def drop(pieces: AsyncIterator[bytes], most_bytes: int) -> None:
    """Let a client send the rest of a body that is not wanted: one that is cut off reads no answer, and tries again."""
    async for piece in pieces:
        most_bytes -= len(piece)
        if most_bytes < 0:
            return


def _inflate(encoding: str) -> "Inflate | None":
    match encoding:
        case "" | "identity":
            return None
        case "gzip" | "deflate":
            return Inflate(encoding)
        case _:
            raise UnsupportedContent(f"Content-Encoding must be gzip, deflate or absent, got {encoding!r}")


class Inflate:
    """Gzip (one or more members) or deflate that never gives more than it is asked for: a small body may be a bomb."""

    def __init__(self, encoding: str) -> None:
        """Expect *encoding*: gzip, or deflate, with zlib's wrapping or without: clients differ."""
        self._encoding = encoding
        self._head = b""
        self._stream = zlib.decompressobj(_GZIP_BITS) if encoding == "gzip" else None

    def more(self, piece: bytes, most: int) -> bytes:
        """What *piece* holds, up to *most* bytes; what is beyond them is lost."""
        if self._stream is None:
            piece, self._head = self._head + piece, b""
            if len(piece) < 2:
                self._head = piece
                return b""
            self._stream = zlib.decompressobj(_ZLIB_BITS if _is_zlib(piece) else _RAW_BITS)
        try:
            return self._decompressed(self._stream, piece, most)
        except zlib.error as error:
            raise RejectedData(f"Content-Encoding says {self._encoding}, the body is not: {error}") from error

    def end(self) -> None:
        """Raise RejectedData unless the stream is complete."""
        if self._stream is None or not self._stream.eof:
            raise RejectedData(f"the body ends in the middle of its {self._encoding} stream")

    def _decompressed(self, stream: "zlib._Decompress", piece: bytes, most: int) -> bytes:
        out = bytearray()
        while piece and len(out) < most:
            if stream.eof:
                if self._encoding != "gzip":
                    raise RejectedData("there are bytes behind the end of the deflate stream")
                stream = self._stream = zlib.decompressobj(_GZIP_BITS)
            out += stream.decompress(piece, most - len(out))
            piece = stream.unused_data or stream.unconsumed_tail
        return bytes(out)


def _is_zlib(head: bytes) -> bool:
    """Whether a deflate stream begins with zlib's header (RFC 1950, 2.2)."""
    return head[0] & 0x0F == 8 and (head[0] << 8 | head[1]) % 31 == 0
