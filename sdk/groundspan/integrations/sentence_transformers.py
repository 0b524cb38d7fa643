"""Sentence Transformers: embeddings, and reranking by a cross-encoder."""

from collections.abc import Mapping
from importlib import import_module
from typing import Final

from groundspan import attributes as keys
from groundspan._capture import Value
from groundspan._parameters import Keywords
from groundspan._shapes import get, items
from groundspan._stages import EMBED, RERANK
from groundspan._text import clean, integer
from groundspan.integrations._calls import Method, Request, Undo, patched

LIBRARY: Final = "sentence_transformers"

# Newer versions say inputs, older ones sentences.
_INPUTS: Final = ("inputs", "sentences")


def instrument() -> Undo:
    """Trace encode(), which the other encoders go through, and rank()."""
    library = import_module(LIBRARY)
    return patched(
        (
            Method(library.SentenceTransformer, "encode", EMBED, embedding, reads_resource=True),
            Method(library.CrossEncoder, "rank", RERANK, ranking, told=ranked, reads_resource=True),
        )
    )


def embedding(model: object, given: Keywords) -> Request:
    """Read which model embeds what."""
    texts = next((given[name] for name in _INPUTS if name in given), None)
    return Request(_named(model), {} if texts is None else {"texts": texts})


def ranking(model: object, given: Keywords) -> Request:
    """Read which model ranks for which query."""
    attributes, top_k = _named(model), integer(given.get("top_k"))
    if top_k is not None:
        attributes[keys.TOP_K] = top_k
    query = given.get("query")
    return Request(attributes, {"query": query} if isinstance(query, str) else {})


def ranked(returned: object, given: Keywords) -> object:
    """Give the documents in their new order, with their scores."""
    documents = items(given.get("documents")) or ()
    places = [(get(each, "corpus_id"), get(each, "score")) for each in items(returned) or ()]
    return [
        _scored(documents[place], score) for place, score in places if isinstance(place, int) and place < len(documents)
    ]


def _scored(document: object, score: object) -> object:
    if isinstance(document, Mapping):
        return {**document, "score": score}
    return {"text": document, "score": score}


def _named(model: object) -> dict[str, Value]:
    """Name a model as it was loaded: by its name on a hub, or the last part of its folder."""
    card = get(model, "model_card_data")
    # Older encoders have no configuration of their own: it is that of their first module.
    configs = get(model, "config"), get(get(get(model, "0"), "auto_model"), "config")
    named = (
        *(get(card, name) for name in ("model_id", "model_name", "base_model")),
        *(get(config, "_name_or_path") for config in configs),
    )
    name = next((each for each in named if isinstance(each, str) and each), type(model).__name__)
    return {keys.REQUEST_MODEL: clean(name.rstrip("/").rpartition("/")[2] if name.startswith(("/", ".")) else name)}
