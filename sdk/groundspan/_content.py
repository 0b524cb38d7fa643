"""What a span's texts are made of, kept until the background side writes them: a request pays for references alone."""

from collections.abc import Callable, Iterator, Sequence
from sys import getsizeof
from types import NoneType
from typing import Final, TypeAlias, TypeVar, cast

from groundspan import _capture as capture
from groundspan import attributes as keys
from groundspan._capture import Attributes, Found
from groundspan._chunks import are_chunks
from groundspan._guard import Guard
from groundspan._text import Cutter

T = TypeVar("T")
Read: TypeAlias = Callable[[object, Cutter], Found]

# Nothing that somebody else holds can change them.
_UNCHANGING: Final = frozenset({str, int, float, bool, NoneType})
# A larger value is read at once: the cutter bounds what that costs.
_MOST_ITEMS: Final = 4_000
_DEPTH: Final = 8
_READING: Final = Guard("read a call's texts")


def _as_read(found: object, _cutter: Cutter) -> Found:
    return cast("Found", found)


class _NotCopied(Exception):
    """A value that has more than dicts, lists and what cannot change, or too much of it."""


class Content:
    """The texts of one span.

    A value that is made of strings, numbers, dicts and lists alone is copied without its strings, which cannot change,
    and read later. Any other, a client's response say, may change under the reader: it is read at once, and only
    written out later.
    """

    __slots__ = (
        "_capture",
        "_flat",
        "_items",
        "_known_cutter",
        "_max_chars",
        "embedded",
        "fetched",
        "has_context",
        "size_bytes",
    )

    def __init__(self, max_chars: int, capturing: capture.Capture) -> None:
        self._capture = capturing
        self._max_chars = max_chars
        self._known_cutter: Cutter | None = None
        # Readers and values by turns, in one tuple: most spans have one or two, and a request pays for each object.
        self._flat: tuple[object, ...] = ()
        self._items = 0
        self.size_bytes = 0
        """How much memory the texts take, about."""
        self.embedded: tuple[str, ...] = ()
        """What was embedded: to be counted, never to be sent."""
        self.fetched = False
        """Whether there are chunks that a later answer may stand on."""
        self.has_context = False
        """Whether it says itself what it stands on."""

    def __bool__(self) -> bool:
        return bool(self._flat or self.embedded)

    def take_text(self, read: Read, text: str) -> None:
        """Keep a string, which is a text to *read*."""
        self.size_bytes += getsizeof(text)
        self._flat += (read, text)

    def take(self, read: Read, value: object) -> Attributes:
        """Keep the texts that *read* finds in *value*, which is nothing but text; see read() for what is given."""
        if value is None:
            return {}
        return {} if self._keeps(read, value) else self.read(read, value)

    def take_chunks(self, read: Read, value: object) -> Attributes:
        """Keep the chunks that *read* finds in *value*; see read() for what is given."""
        if self._capture == "no_content" or not are_chunks(value) or not self._keeps(read, value):
            return self.read(read, value)
        self._note(capture.key_of(read))
        return {}

    def read(self, read: Read, value: object) -> Attributes:
        """Keep the texts that *read* finds in *value*; what else it finds is given: counts, names, ids."""
        cutter = self._known_cutter or self._cutter
        before = cutter.taken_chars
        texts: Found = {}
        others: Attributes = {}
        for key, found in read(value, cutter).items():
            if key in capture.CONTENT:
                texts[key] = found
                self._note(key)
            elif not isinstance(found, capture.Unwritten):
                others[key] = found
        if texts:
            self._flat += (_as_read, texts)
        self.size_bytes += cutter.taken_chars - before
        return others

    def take_embedded(self, texts: object) -> None:
        """Keep *texts*, a tuple of them, until they are counted."""
        if isinstance(texts, tuple):
            self.embedded = texts
            self.size_bytes += sum(map(getsizeof, texts))

    def note(self, read: Callable[[T, Cutter], Found], value: T) -> None:
        """Keep attributes that are no texts, and for nobody but the collector."""
        self._flat += (read, value)

    def written(self, more: Callable[[Found], Attributes] | None = None) -> Attributes:
        """Write the texts; of two for one attribute the one that was taken last.

        *more* gives what is to be added: it sees the texts as they were found, and those that are not kept, too.
        """
        found: Found = {}
        cutter = self._cutter
        for read, value in self._taken:
            with _READING:
                found.update(read(value, cutter))
        if cutter.cut_chars:
            found[keys.CUT_CHARS] = cutter.cut_chars
        written = capture.kept(found, self._capture)
        return written if more is None else written | more(found)

    @property
    def _taken(self) -> Iterator[tuple[Read, object]]:
        """What was taken, in its order."""
        each = iter(self._flat)
        return cast("Iterator[tuple[Read, object]]", zip(each, each, strict=True))

    @property
    def _cutter(self) -> Cutter:
        """One for all that is read, so that all its cuts are counted; made when it is needed, off the request path."""
        if self._known_cutter is None:
            self._known_cutter = Cutter(self._max_chars)
        return self._known_cutter

    def _note(self, key: str) -> None:
        self.fetched = self.fetched or key == keys.DOCUMENTS
        self.has_context = self.has_context or key == keys.CONTEXT_DOCUMENTS

    def _keeps(self, read: Read, value: object) -> bool:
        if type(value) is str:
            self.take_text(read, value)
            return True
        size_bytes = self.size_bytes
        try:
            self._flat += (read, self._copy(value))
        except _NotCopied:
            self.size_bytes = size_bytes
            return False
        return True

    def _copy(self, value: object, depth: int = _DEPTH) -> object:
        kind = type(value)
        if kind in _UNCHANGING:
            self.size_bytes += getsizeof(value)
            return value
        if kind is list:
            return self._copied_items(value, depth)  # type: ignore[arg-type] # a list: mypy does not follow type()
        if kind is dict:
            return self._copied_dict(value, depth)  # type: ignore[arg-type] # a dict, as above
        if kind is tuple:
            return tuple(self._copied_items(value, depth))  # type: ignore[arg-type] # a tuple, as above
        raise _NotCopied

    def _copied_items(self, value: Sequence[object], depth: int) -> Sequence[object]:
        self._items += len(value)
        if self._items > _MOST_ITEMS or depth == 0:
            raise _NotCopied
        # Numbers and texts in one step of the interpreter for all of them.
        if value and type(value[0]) in _UNCHANGING and _UNCHANGING.issuperset(map(type, value)):
            self.size_bytes += sum(map(str.__sizeof__, [item for item in value if type(item) is str]))
            return value[:]
        depth -= 1
        return [self._copied_dict(item, depth) if type(item) is dict else self._copy(item, depth) for item in value]

    def _copied_dict(self, value: dict[object, object], depth: int) -> dict[object, object]:
        self._items += len(value)
        if self._items > _MOST_ITEMS or depth == 0:
            raise _NotCopied
        copied = value.copy()
        size_bytes = 0
        for key, item in copied.items():
            if type(item) is str:
                size_bytes += item.__sizeof__()
            elif type(item) not in _UNCHANGING:
                copied[key] = self._copy(item, depth - 1)
        self.size_bytes += size_bytes
        return copied
