"""Qdrant's client: queries for points; sync and async, embedded and remote."""

from importlib import import_module
from typing import Final

from groundspan import attributes as keys
from groundspan._capture import Value
from groundspan._parameters import Keywords
from groundspan._shapes import text
from groundspan._stages import RETRIEVE
from groundspan._text import clean, integer
from groundspan.integrations._calls import Method, Request, Undo, patched

LIBRARY: Final = "qdrant_client"

# query() and search() are older, and not in every version.
_METHODS: Final = ("query_points", "query", "search")
_TEXTS: Final = ("query", "query_text", "query_vector")


def instrument() -> Undo:
    """Trace Qdrant's client."""
    client = import_module(LIBRARY)
    return patched(
        Method(owner, name, RETRIEVE, request, is_async=owner is client.AsyncQdrantClient)
        for owner in (client.QdrantClient, client.AsyncQdrantClient)
        for name in _METHODS
    )


def request(_client: object, given: Keywords) -> Request:
    """Read the collection, how many points are wanted, and the query where it is text: a vector says nothing."""
    attributes: dict[str, Value] = {}
    collection, limit = given.get("collection_name"), integer(given.get("limit"))
    if isinstance(collection, str):
        attributes[keys.DATA_SOURCE] = clean(collection)
    if limit is not None:
        attributes[keys.TOP_K] = limit
    asked = next((found for name in _TEXTS if (found := _said(given.get(name))) is not None), None)
    return Request(attributes, {} if asked is None else {"query": asked})


def _said(query: object) -> str | None:
    """Give a text, or that of a document which the server turns into a vector; a bare text may be a point's id."""
    return text(query, ("text",)) if not isinstance(query, str | list) else None
