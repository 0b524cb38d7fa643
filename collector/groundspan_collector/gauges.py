"""What /metrics says of the store: found by query in the background, so that a scrape never waits for it."""

from groundspan_collector import metrics
from groundspan_collector.score import Scorer
from groundspan_collector.store import Store

SHARE = 0.01
"""Of the time, for these queries: what they cost grows with the store, and so do the pauses between them."""

# As spans_once defines a span; one thread, since nobody waits for it.
_DUPLICATES = """
SELECT (SELECT count() FROM spans) - (SELECT count() FROM spans_once) AS rows SETTINGS max_threads = 1
"""


def measure(store: Store, scorer: Scorer) -> int:
    """Ask the store once; how many gauges were set."""
    (duplicates,) = store.rows(_DUPLICATES)
    # Two counts, and an insert may come between them.
    metrics.DUPLICATE_ROWS.set(max(0, int(str(duplicates["rows"]))))
    metrics.OLDEST_UNJUDGED_SECONDS.set(scorer.oldest_pending_s())
    return 2
