"""gs.context(): session, user and segments on what runs beneath it."""

import asyncio

import groundspan as gs
from groundspan import attributes as keys
from opentelemetry.sdk.trace import TracerProvider
from sdk_support import attributes, strict_spans


@gs.retrieve
def retrieve(query: str) -> list[str]:
    """Find one chunk."""
    return [query]


def test_every_span_beneath_carries_session_user_and_segments() -> None:
    """The session goes by both of its names; segments are words."""
    with strict_spans() as spans, gs.context(session="s1", user="u1", region="eu", beta=True, tier=3):
        gs.pipeline(retrieve)("q")

    for span in spans:
        written = attributes(span)
        assert (written[keys.SESSION], written[keys.CONVERSATION], written[keys.USER]) == ("s1", "s1", "u1")
        assert written["groundspan.segment.region"] == "eu"
        assert (written["groundspan.segment.beta"], written["groundspan.segment.tier"]) == ("true", "3")


def test_inner_context_wins_and_ends() -> None:
    """Contexts nest, and an inner one is gone after its block."""
    with strict_spans() as spans, gs.context(user="outer", region="eu"):
        with gs.context(user="inner"):
            retrieve("q")
        retrieve("q")
    with strict_spans() as after:
        retrieve("q")

    assert [attributes(span)[keys.USER] for span in spans] == ["inner", "outer"]
    assert attributes(spans[0])["groundspan.segment.region"] == "eu"
    assert keys.USER not in attributes(after[0])


def test_concurrent_tasks_keep_their_own_context() -> None:
    """A context belongs to the task that entered it."""

    async def serve(user: str, met: asyncio.Barrier) -> None:
        async with gs.context(user=user), met:
            retrieve(user)

    async def both() -> None:
        met = asyncio.Barrier(2)
        await asyncio.gather(serve("a", met), serve("b", met))

    with strict_spans() as spans:
        asyncio.run(both())

    assert all(attributes(span)[keys.USER] == attributes(span)[keys.QUERY] for span in spans)


def test_other_libraries_spans_carry_it_too() -> None:
    """A span that somebody else starts on the same provider is stamped as well."""
    with strict_spans() as spans:
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(spans)
        with gs.context(user="u1"):
            provider.get_tracer("http").start_span("GET").end()

    assert attributes(spans[0])[keys.USER] == "u1"
