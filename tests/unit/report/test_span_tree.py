"""Spans in any order become a tree, whatever is missing."""

from groundspan_collector.span_tree import Span, own_ns, placed


def tree(*spans: tuple[str, str]) -> list[tuple[str, int, bool]]:
    """Place spans (id, parent), each started after the one before it."""
    made = [Span(span_id, parent, i, 1) for i, (span_id, parent) in enumerate(spans)]
    return [(place.span.span_id, place.depth, place.is_orphan) for place in placed(reversed(made))]


def test_children_follow_their_parent_in_order() -> None:
    """Depth first, siblings by their start."""
    got = tree(("root", ""), ("a", "root"), ("b", "root"), ("a1", "a"))

    assert got == [("root", 0, False), ("a", 1, False), ("a1", 2, False), ("b", 1, False)]


def test_an_orphan_hangs_under_the_root() -> None:
    """A span whose parent was never received is shown where it belongs in time."""
    got = tree(("root", ""), ("lost", "gone"), ("below", "lost"), ("late", "root"))

    assert got == [("root", 0, False), ("lost", 1, True), ("below", 2, False), ("late", 1, False)]


def test_without_a_root_orphans_are_the_roots() -> None:
    """The root was sent elsewhere: what it called stands side by side."""
    assert tree(("a", "gone"), ("b", "gone")) == [("a", 0, False), ("b", 0, False)]


def test_a_cycle_is_cut_where_it_began() -> None:
    """Spans that are each other's parents appear once each, under the root."""
    got = tree(("root", ""), ("a", "b"), ("b", "a"), ("self", "self"))

    assert got == [("root", 0, False), ("a", 1, True), ("b", 2, False), ("self", 1, True)]


def test_nothing_but_a_cycle_is_a_tree_too() -> None:
    """The first span stands for the root that there is not."""
    assert tree(("a", "b"), ("b", "a")) == [("a", 0, False), ("b", 1, False)]


def test_no_depth_is_too_deep() -> None:
    """Ten thousand spans in one line neither recurse nor hang."""
    spans = [(str(i), str(i - 1) if i else "") for i in range(10_000)]

    assert tree(*spans)[-1] == ("9999", 9999, False)


def test_no_spans_are_no_tree() -> None:
    """Nothing in, nothing out."""
    assert tree() == []


def test_own_time_leaves_out_the_union_of_children() -> None:
    """Overlaps count once; what runs past the parent, or before it, does not count."""
    parent = Span("a", "", 100, 100)
    children = [Span("b", "a", 90, 20), Span("c", "a", 150, 30), Span("d", "a", 160, 30), Span("e", "a", 190, 90)]

    # 100–110, 150–190 and 190–200 are covered.
    assert own_ns(parent, children) == 40
    assert own_ns(parent, [Span("f", "a", 300, 5), Span("g", "a", 0, 50)]) == 100
