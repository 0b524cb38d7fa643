"""Which answers a person is asked to label: some of each cell, so that both calls of a judge are seen. Pure."""

from collections.abc import Mapping
from typing import Final

CELLS: Final = ("grounded, surely", "grounded, perhaps", "ungrounded, perhaps", "ungrounded, surely")
"""By the judge's call and its probability; their places are the cells that `rates` counts by."""
CELL_SQL: Final = "toUInt8(if(ungrounded, 2 + (ungrounded_probability >= 0.8), ungrounded_probability >= 0.2))"
"""The cell of a row of `answers`. Its bounds never move: a sample of last month is of the same cells."""
EVENLY: Final = 0.25
"""So much of a sample is spread evenly over the cells, the rest by their sizes: rare cells are seen, and large ones,
in which few errors are many answers, are not starved."""


def allocation(sizes: Mapping[int, int], wanted: int) -> dict[int, int]:
    """How many of *wanted* labels to take of each cell: all of them where there are so many answers."""
    sizes = {cell: size for cell, size in sizes.items() if size > 0}
    total = sum(sizes.values())
    aims = {cell: wanted * ((1 - EVENLY) * size / total + EVENLY / len(sizes)) for cell, size in sorted(sizes.items())}
    taken = dict.fromkeys(aims, 0)
    for _ in range(min(wanted, total)):
        open_cells = [cell for cell in aims if taken[cell] < sizes[cell]]
        # A cell of which nothing was taken comes first.
        most_short = max(open_cells, key=lambda cell: (taken[cell] == 0, aims[cell] - taken[cell]))
        taken[most_short] += 1
    return taken
