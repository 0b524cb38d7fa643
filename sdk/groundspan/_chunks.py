"""What a retriever or a reranker returned -> documents; each library's results are recognised by shape."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from groundspan._shapes import first, items, listed, text
from groundspan._text import Cutter, Json, number, plain, shown

_TEXTS = ("text", "content", "page_content", "document", "passage", "chunk", "body")
_IDS = ("id", "id_", "_id", "node_id", "chunk_id", "doc_id")
_SCORES = ("score", "relevance_score", "similarity")
_LISTS = ("points", "documents", "chunks", "results", "hits", "matches", "source_nodes", "nodes")
# A dict that is one chunk itself, or a request for one, may hold these; they are no metadata.
_OWN_FIELDS = frozenset((*_TEXTS, *_IDS, *_SCORES, "metadata", "payload"))
_PAIR = 2


class Chunk(NamedTuple):
    """One retrieved passage, as its library described it."""

    content: str
    id: object = None
    score: object = None
    metadata: object = None


def documents(value: object, cutter: Cutter) -> list[Json] | None:
    """List the chunks in *value*, in rank order; None where its shape is unknown."""
    found = chunks(value)
    if found is None:
        return None
    listing = [_identified(chunk, cutter) for chunk in found]
    # Texts come first: where the budget ends, metadata is missed less than what the judge reads.
    for document, chunk in zip(listing, found, strict=True):
        if chunk.metadata:
            document["metadata"] = plain(chunk.metadata, cutter)
    return [*listing]


def are_chunks(value: object) -> bool:
    """Tell at one look whether *value* is a list of chunks of the plainest kinds: strings, or dicts with a text."""
    if type(value) is not list:
        return False
    return not value or type(value[0]) is str or (type(value[0]) is dict and text(value[0], _TEXTS) is not None)


def chunks(value: object) -> list[Chunk] | None:
    """Read chunks out of a list of any known kind, a response that holds such a list, or a single chunk."""
    listing = items(value)
    if listing is None:
        single = _chunk(value)
        if single is not None:
            return [single]
        listing = listed(value, _LISTS)
    elif isinstance(value, tuple):
        listing = _unpaired(listing)
    return None if listing is None else _all(listing)


def _all(listing: Sequence[object]) -> list[Chunk] | None:
    found = [chunk for item in listing if (chunk := _chunk(item)) is not None]
    return found if found or not listing else None


def _unpaired(result: Sequence[object]) -> Sequence[object]:
    """See through ``return hits, took_ms``, and take a lone (document, score) pair for the chunk it is."""
    if result and (inner := items(result[0])) is not None:
        return inner
    return [result] if _is_scored_pair(result) else result


def _is_scored_pair(value: object) -> bool:
    pair = items(value)
    return isinstance(pair, tuple) and len(pair) == _PAIR and number(pair[0]) is None and number(pair[1]) is not None


def _identified(chunk: Chunk, cutter: Cutter) -> dict[str, Json]:
    document: dict[str, Json] = {}
    if chunk.id is not None:
        document["id"] = shown(chunk.id)
    score = number(chunk.score)
    if score is not None:
        document["score"] = score
    document["content"] = cutter.text(chunk.content)
    return document


def _chunk(item: object) -> Chunk | None:
    if isinstance(item, str):
        return Chunk(item)
    if type(item) is dict or isinstance(item, Mapping):
        return _from_mapping(item)
    if isinstance(item, tuple):
        return _from_pair(item)
    return _from_object(item)


def _from_pair(pair: tuple[object, ...]) -> Chunk | None:
    if not _is_scored_pair(pair):
        return None
    chunk = _chunk(pair[0])
    return chunk and Chunk(chunk.content, chunk.id, pair[1], chunk.metadata)


def _from_mapping(item: Mapping[object, object]) -> Chunk | None:
    content = text(item, _TEXTS)
    metadata = item.get("metadata")
    if content is None:
        return _from_payload(item, item.get("payload") or metadata)
    if metadata is None and not item.keys() <= _OWN_FIELDS:
        metadata = {key: kept for key, kept in item.items() if key not in _OWN_FIELDS}
    return Chunk(content, first(item, _IDS), first(item, _SCORES), metadata)


def _from_object(item: object) -> Chunk | None:
    """Read a qdrant point (payload), a LlamaIndex hit (node), a LangChain document, or anything like them."""
    payload = getattr(item, "payload", None)
    if isinstance(payload, Mapping):
        return _from_payload(item, payload)
    node = getattr(item, "node", None)
    if node is not None and hasattr(item, "score"):
        chunk = _from_object(node)
        return chunk and Chunk(chunk.content, chunk.id, first(item, _SCORES), chunk.metadata)
    content = text(item, _TEXTS)
    if content is None:
        content = _spoken(item)
    metadata = getattr(item, "metadata", None)
    if content is None:
        return _from_payload(item, metadata)
    return Chunk(content, first(item, _IDS), first(item, _SCORES), metadata)


def _spoken(item: object) -> str | None:
    """Ask a LlamaIndex node for its text: kinds other than TextNode have no field for it."""
    speak = getattr(item, "get_content", None)
    content = speak() if callable(speak) else None
    return content if isinstance(content, str) else None


def _from_payload(item: object, payload: object) -> Chunk | None:
    """Read a chunk whose text is one of its payload's fields (qdrant, Pinecone)."""
    if not isinstance(payload, Mapping):
        return None
    content = text(payload, _TEXTS)
    if content is None:
        return None
    inner = payload.get("metadata")
    rest = {key: kept for key, kept in payload.items() if kept is not content and key != "metadata"}
    metadata = {**rest, **inner} if isinstance(inner, Mapping) else rest
    return Chunk(content, first(item, _IDS), first(item, _SCORES), metadata)
