"""Stores of each kind in one process: embedded, on a server, on a cluster. They share the engine that decodes."""

from collections.abc import Callable
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import fronts
from groundspan_collector.server import Server
from groundspan_collector.server_address import parse_server
from groundspan_collector.settings import USUAL_CLOCK
from groundspan_collector.store import Store

EMBEDDED, SERVER, CLUSTER = "embedded", "server", "cluster"
KINDS = (EMBEDDED, SERVER, CLUSTER)
CLIENTS = 8


def opener(folder: Path, until: ExitStack) -> Callable[[str], Store]:
    """What opens a store of a kind, once, in *folder*; *until* closes them all."""

    @cache
    def opened(kind: str) -> Store:
        if kind == EMBEDDED:
            store = Store.open(folder, memory_bytes=2 << 30)
        else:
            place = folder / kind
            place.mkdir()
            front = until.enter_context(fronts.front(place, cluster=fronts.CLUSTER if kind == CLUSTER else ""))
            store = on_server(opened(EMBEDDED), front, first_lane=100 * KINDS.index(kind))
        until.callback(store.close)
        return store

    return opened


def on_server(beside: Store, front: fronts.FrontProcess, *, first_lane: int) -> Store:
    """A store on *front* that decodes in the engine of the store *beside*."""
    address = parse_server(front.url, front.cluster, {})
    assert address
    return Store.on(beside._engine, Server(address, clients=CLIENTS), USUAL_CLOCK, first_lane=first_lane)
