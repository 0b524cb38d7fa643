"""The ledger: received + recovered = written + rejected + in flight + spooled, whenever one looks."""

import threading
from collections.abc import Sequence

from groundspan_collector.metrics import Ledger
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest

Step = tuple[str, *tuple[str, ...]]

LIVES: tuple[tuple[Step, ...], ...] = (
    (("accept",), ("write",)),
    (("accept",), ("reject", "undecodable")),
    (("turn_away", "malformed"),),
    (("accept",), ("spool",), ("replay",)),
    (("accept",), ("spool",)),
    (("recover",), ("reject_spooled", "refused_in_replay")),
    (("accept",),),
)
"""What can become of spans, each as far as it goes: methods, and reasons."""


def _live(ledger: Ledger, life: Sequence[Step], count: int) -> None:
    for method, *reasons in life:
        getattr(ledger, method)(count, *reasons)


@given(st.lists(st.tuples(st.sampled_from(LIVES), st.integers(0, 1000))))
def test_every_span_is_somewhere(lives: list[tuple[Sequence[Step], int]]) -> None:
    """Whatever happened, in whatever order."""
    ledger = Ledger("spans")
    for life, count in lives:
        _live(ledger, life, count)

    assert ledger.snapshot().missing == 0


def test_every_span_is_somewhere_while_threads_write() -> None:
    """A snapshot never falls between two halves of a step."""
    ledger = Ledger("spans")

    def write() -> None:
        for life in LIVES * 300:
            _live(ledger, life, 3)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    missing = [ledger.snapshot().missing]
    while any(thread.is_alive() for thread in threads):
        missing.append(ledger.snapshot().missing)
    for thread in threads:
        thread.join()

    assert set(missing) == {0}


def test_ledger_is_exported_with_every_reason() -> None:
    """A counter that appears only with its first event cannot be watched."""
    registry, ledger = CollectorRegistry(), Ledger("spans")
    registry.register(ledger)
    ledger.accept(3)
    ledger.spool(2)

    lines = generate_latest(registry).decode().splitlines()

    assert "groundspan_spans_received_total 3.0" in lines
    assert "groundspan_spans_in_flight 1.0" in lines
    assert "groundspan_spans_spooled 2.0" in lines
    assert 'groundspan_spans_rejected_total{reason="try_again"} 0.0' in lines
