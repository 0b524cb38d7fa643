"""Pure: when the pieces of a stream came -> how fast it was."""

from statistics import median

from groundspan import attributes as keys
from groundspan._capture import Attributes

# More gaps than any answer has; a stream without end must not fill the memory.
_MAX_GAPS = 100_000
_NS = 1e9


class Pace:
    """The times at which the pieces of one answer came."""

    __slots__ = ("_first_ns", "_gaps_ns", "_last_ns", "_pieces", "_started_ns")

    def __init__(self, started_ns: int) -> None:
        self._started_ns = started_ns
        self._first_ns: int | None = None
        self._last_ns = started_ns
        self._gaps_ns: list[int] = []
        self._pieces = 0

    def came(self, now_ns: int) -> None:
        """Take the time of a piece that carries some of the answer."""
        self._pieces += 1
        if self._first_ns is None:
            self._first_ns = now_ns
        elif len(self._gaps_ns) < _MAX_GAPS:
            self._gaps_ns.append(now_ns - self._last_ns)
        self._last_ns = now_ns

    def written(self, output_tokens: int | None) -> Attributes:
        """Write the times; *output_tokens* are those that were streamed, None where nobody said."""
        written: Attributes = {keys.STREAM_PIECES: self._pieces}
        if self._first_ns is None:
            return written
        written[keys.TIME_TO_FIRST_CHUNK_S] = (self._first_ns - self._started_ns) / _NS
        if not self._gaps_ns:
            return written
        written[keys.STREAM_GAP_P50_S] = median(self._gaps_ns) / _NS
        written[keys.STREAM_GAP_MAX_S] = max(self._gaps_ns) / _NS
        return written | self._rate(self._last_ns - self._first_ns, output_tokens)

    def _rate(self, streaming_ns: int, output_tokens: int | None) -> Attributes:
        """Count the tokens after the first, in the time that they took."""
        tokens = self._pieces if output_tokens is None else output_tokens
        if streaming_ns <= 0 or tokens < 2:
            return {}
        return {
            keys.STREAM_TOKENS_PER_S: (tokens - 1) * _NS / streaming_ns,
            keys.STREAM_TOKENS_SOURCE: "pieces" if output_tokens is None else "provider",
        }
