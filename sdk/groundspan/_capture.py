"""Pure: what a stage was given and what it returned -> attributes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

from groundspan import attributes as keys
from groundspan._answers import Answer, Usage, answer, provider, usage
from groundspan._chunks import documents
from groundspan._counts import tokens, vectors
from groundspan._guard import Guard
from groundspan._messages import asked
from groundspan._shapes import get, items, text
from groundspan._text import Cutter, Json, clean, dumps, plain, shown

Value: TypeAlias = str | bool | int | float | Sequence[str]
Attributes: TypeAlias = dict[str, Value]


class Unwritten(NamedTuple):
    """A text that is JSON, not yet put together."""

    json: Json


Found: TypeAlias = dict[str, Value | Unwritten]
Capture: TypeAlias = Literal["full", "no_content"] | Callable[[str, str], str | None]
"""Which texts are kept: all, none, or what a function of an attribute's key and text gives; None leaves it out."""

ERROR_MESSAGE: Final = "exception.message"
ERROR_STACK: Final = "exception.stacktrace"
CONTENT: Final = (
    keys.INPUT_MESSAGES,
    keys.OUTPUT_MESSAGES,
    keys.QUERY,
    keys.DOCUMENTS,
    keys.CONTEXT_DOCUMENTS,
    keys.TOOL_ARGUMENTS,
    keys.TOOL_RESULT,
    ERROR_MESSAGE,
    ERROR_STACK,
)
"""Attributes that are texts; all others are counts, names and ids."""

_DOCUMENTS: Final = (keys.DOCUMENTS, keys.CONTEXT_DOCUMENTS)
_CHOOSING = Guard("choose what is captured; the text is left out")


def is_capture(value: object) -> bool:
    """Tell whether *value* says which texts are kept."""
    return value in ("full", "no_content") if isinstance(value, str) else callable(value)


def kept(found: Mapping[str, Value | Unwritten], capture: Capture) -> Attributes:
    """Write out the content that is to be captured; counts, names and ids stay in any case."""
    if capture == "no_content":
        return {key: _written(_bare(value)) for key, value in found.items() if key not in CONTENT or key in _DOCUMENTS}
    written = {key: dumps(value.json) if isinstance(value, Unwritten) else value for key, value in found.items()}
    if capture == "full":
        return written
    chosen = {key: value for key, value in written.items() if key not in CONTENT}
    for key in CONTENT:
        if key in written:
            with _CHOOSING:
                _keep(chosen, key, capture(key, str(written[key])))
    return chosen


def _written(value: Value | Unwritten) -> Value:
    return dumps(value.json) if isinstance(value, Unwritten) else value


def _bare(value: Value | Unwritten) -> Value | Unwritten:
    """Leave of documents their ids and scores."""
    if not isinstance(value, Unwritten) or not isinstance(value.json, list):
        return value
    documents = [each for each in value.json if isinstance(each, dict)]
    return Unwritten([{key: each[key] for key in ("id", "score") if key in each} for each in documents])


def key_of(read: Callable[[object, Cutter], Found]) -> str:
    """Name the attribute under which a reader of chunks puts them."""
    return keys.CONTEXT_DOCUMENTS if read is context else keys.DOCUMENTS


def nothing(_value: object, _cutter: Cutter) -> Found:
    """Write nothing of what a stage is given."""
    return {}


def question(value: object, cutter: Cutter) -> Found:
    """Write what was asked, as messages."""
    messages = asked(value, cutter.renewed())
    return {} if messages is None else {keys.INPUT_MESSAGES: Unwritten(messages)}


def query(value: object, cutter: Cutter) -> Found:
    """Write what was searched for, as plain text; several queries are its lines."""
    lines = [line for line in items(value) or (value,) if isinstance(line, str)]
    return {keys.QUERY: cutter.renewed().text("\n".join(lines))} if lines else {}


def retrieved(value: object, cutter: Cutter) -> Found:
    """Write the chunks that came back."""
    found = documents(value, cutter.renewed())
    return {} if found is None else {keys.DOCUMENTS: Unwritten(found)}


def context(value: object, cutter: Cutter) -> Found:
    """Write the chunks that the caller says an answer stands on."""
    found = documents(value, cutter.renewed())
    return {} if found is None else {keys.CONTEXT_DOCUMENTS: Unwritten(found)}


def relevant(ids: object) -> Found:
    """Write what the caller says is relevant; nothing where nothing is known."""
    if ids is None or not isinstance(ids, Iterable):
        return {}
    named = [ids] if isinstance(ids, str) else list(ids)
    return {keys.RELEVANT_IDS: [shown(each) for each in named]} if named else {}


def said(value: object, cutter: Cutter) -> Found:
    """Write a pipeline's answer: its text alone, for model and usage belong to the model's own span."""
    read = answer(value, cutter.renewed())
    return {} if read is None else _output(read)


def generated(value: object, cutter: Cutter) -> Found:
    """Write a model's answer, with its model, finish reasons and usage."""
    read = answer(value, cutter.renewed())
    if read is None:
        return used(usage(get(value, "usage")))
    written = _output(read)
    _keep(written, keys.RESPONSE_MODEL, read.model)
    _keep(written, keys.RESPONSE_ID, read.response_id)
    _keep(written, keys.PROVIDER, read.provider)
    if read.finish_reasons:
        written[keys.FINISH_REASONS] = [clean(reason) for reason in read.finish_reasons]
    return written | used(read.usage)


def used(counts: Usage | None) -> Found:
    """Write token counts that a provider gave."""
    if counts is None:
        return {}
    named = {
        keys.INPUT_TOKENS: counts.input_tokens,
        keys.OUTPUT_TOKENS: counts.output_tokens,
        keys.CACHE_READ_TOKENS: counts.cache_read_tokens,
        keys.CACHE_WRITE_TOKENS: counts.cache_write_tokens,
        keys.REASONING_TOKENS: counts.reasoning_tokens,
    }
    known: Found = {key: count for key, count in named.items() if count is not None}
    return known | {keys.TOKENS_SOURCE: "provider"} if known else {}


def tokenized(value: object, _cutter: Cutter) -> Found:
    """Write how many tokens there are."""
    count = tokens(value)
    return {} if count is None else {keys.TOKENS_COUNT: count}


def embedded(value: object, _cutter: Cutter) -> Found:
    """Write how many vectors there are and how long they are, and what they cost in tokens."""
    written: Found = {}
    if type(value) is not list:
        written = used(usage(get(value, "usage")))
        _keep(written, keys.RESPONSE_MODEL, text(value, ("model",)))
        _keep(written, keys.PROVIDER, provider(value))
    measured = vectors(value)
    if measured is None:
        return written
    written[keys.EMBEDDING_COUNT] = measured.count
    if measured.dimension is not None:
        written[keys.EMBEDDING_DIMENSION] = measured.dimension
    return written


def called(arguments: object, cutter: Cutter) -> Found:
    """Write a tool's arguments by name."""
    return {keys.TOOL_ARGUMENTS: Unwritten(plain(arguments, cutter.renewed()))}


def tool_result(value: object, cutter: Cutter) -> Found:
    """Write what a tool gave back: text as it is, anything else as JSON."""
    copied = plain(value, cutter.renewed())
    return {keys.TOOL_RESULT: copied if isinstance(copied, str) else Unwritten(copied)}


def _output(read: Answer) -> Found:
    return {keys.OUTPUT_MESSAGES: Unwritten([*read.messages])}


def _keep(written: Found | Attributes, key: str, found: str | None) -> None:
    if found is not None:
        written[key] = clean(found)
