"""Group commit: what goes together, and what becomes of each request."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence

import pytest
from groundspan_collector.commit import Committer, Parcel, Waiting, next_group
from groundspan_collector.errors import Overloaded, RejectedData, StoreUnavailable
from groundspan_collector.metrics import Ledger

LIMITS = {"max_in_flight_bytes": 1000, "max_group_bytes": 100}


class Shelf:
    """A way to safety that keeps what it was given, fails on poison, and can be held up."""

    def __init__(self) -> None:
        self.ledger = Ledger("spans")
        self.groups: list[tuple[list[bytes], str]] = []
        self.stored: list[bytes] = []
        self.began = threading.Event()
        self.may_go = threading.Event()
        self.may_go.set()

    def put(self, parcels: Sequence[Parcel]) -> None:
        """Store *parcels*, or fail as the first of them asks."""
        bodies = [parcel.body for parcel in parcels]
        self.groups.append((bodies, parcels[0].project))
        self.began.set()
        assert self.may_go.wait(10)
        for word, error in ((b"poison", RejectedData("bad")), (b"down", StoreUnavailable("down")), (b"bug", OSError())):
            if word in bodies:
                raise error
        self.stored += bodies
        self.ledger.write(sum(parcel.items for parcel in parcels))


def _waiting(loop: asyncio.AbstractEventLoop, *requests: tuple[int, str]) -> list[Waiting]:
    return [Waiting(Parcel(b"x" * size, project, 1), loop.create_future()) for size, project in requests]


def _running(shelf: Shelf, use: Callable[[Committer], Awaitable[None]], **options: int) -> None:
    """Run *use* against a committer, and close it; then every request is accounted for."""

    async def main() -> None:
        committer = Committer(shelf.put, shelf.ledger, **LIMITS | options)
        writing = asyncio.create_task(committer.run())
        await use(committer)
        committer.close()
        await asyncio.wait_for(writing, 10)

    asyncio.run(main())
    counts = shelf.ledger.snapshot()
    assert (counts.missing, counts.in_flight) == (0, 0)


async def _fates(committer: Committer, *bodies: bytes, project: str = "") -> list[type[BaseException] | None]:
    outcomes = await asyncio.gather(*(committer.commit(body, project, 1) for body in bodies), return_exceptions=True)
    return [type(outcome) if isinstance(outcome, BaseException) else None for outcome in outcomes]


@pytest.mark.parametrize(
    ("requests", "most", "count"),
    [
        ([(5, "")], 10, 1),
        ([(50, "")], 10, 1),
        ([(5, ""), (5, "")], 10, 2),
        ([(5, ""), (6, "")], 10, 1),
        ([(50, ""), (1, "")], 10, 1),
        ([(1, "a"), (1, "a"), (1, "b"), (1, "a")], 10, 2),
    ],
)
def test_group_ends_at_its_size_or_at_another_project(requests: list[tuple[int, str]], most: int, count: int) -> None:
    """At least one, however large: a request is never cut."""
    loop = asyncio.new_event_loop()

    assert next_group(_waiting(loop, *requests), most) == count
    loop.close()


def test_requests_share_one_insert_when_they_wait_together() -> None:
    """An insert costs the same however small."""
    shelf = Shelf()

    async def use(committer: Committer) -> None:
        assert await _fates(committer, b"a", b"b", b"c") == [None, None, None]

    _running(shelf, use)

    assert shelf.groups == [([b"a", b"b", b"c"], "")]


def test_projects_never_share_an_insert() -> None:
    """The project of a token is a parameter of the insert."""
    shelf = Shelf()

    async def use(committer: Committer) -> None:
        await asyncio.gather(
            committer.commit(b"a", "one", 1), committer.commit(b"b", "two", 1), committer.commit(b"c", "two", 1)
        )

    _running(shelf, use)

    assert shelf.groups == [([b"a"], "one"), ([b"b", b"c"], "two")]


def test_poison_harms_only_itself() -> None:
    """The others of its group are stored, and told so."""
    shelf = Shelf()

    async def use(committer: Committer) -> None:
        assert await _fates(committer, b"a", b"poison", b"b") == [None, RejectedData, None]

    _running(shelf, use)

    assert shelf.stored == [b"a", b"b"]


@pytest.mark.parametrize("word", [b"down", b"bug"])
def test_group_is_to_be_sent_again_when_the_store_fails(word: bytes) -> None:
    """Nothing is wrong with the data, so it is not tried one by one; and the loop lives on."""
    shelf = Shelf()

    async def use(committer: Committer) -> None:
        assert await _fates(committer, b"a", word) == [StoreUnavailable, StoreUnavailable]
        assert await _fates(committer, b"b") == [None]

    _running(shelf, use)

    assert shelf.stored == [b"b"]


def test_request_is_refused_when_too_much_is_in_flight() -> None:
    """Memory is bounded; and what waits does not suffer."""
    shelf = Shelf()
    shelf.may_go.clear()

    async def use(committer: Committer) -> None:
        first = asyncio.create_task(committer.commit(b"x" * 60, "", 1))
        await asyncio.sleep(0)
        with pytest.raises(Overloaded, match="60 bytes are in flight, 100 is the most"):
            await committer.commit(b"y" * 41, "", 1)
        shelf.may_go.set()
        await first
        await committer.commit(b"y" * 41, "", 1)

    _running(shelf, use, max_in_flight_bytes=100)

    assert shelf.stored == [b"x" * 60, b"y" * 41]


def test_request_larger_than_the_limit_is_taken_when_nothing_else_is_in_flight() -> None:
    """Or it could never be stored."""
    shelf = Shelf()

    async def use(committer: Committer) -> None:
        await committer.commit(b"x" * 200, "", 1)

    _running(shelf, use, max_in_flight_bytes=100)

    assert len(shelf.stored) == 1


def test_waiting_requests_are_answered_when_the_committer_closes() -> None:
    """Shutdown loses nothing that was taken, and takes nothing more."""
    shelf = Shelf()
    shelf.may_go.clear()

    async def use(committer: Committer) -> None:
        first = asyncio.create_task(committer.commit(b"a", "", 1))
        await asyncio.to_thread(shelf.began.wait, 10)
        later = [asyncio.create_task(committer.commit(body, "", 1)) for body in (b"b", b"c")]
        await asyncio.sleep(0)
        committer.close()
        with pytest.raises(StoreUnavailable, match="shutting down"):
            await committer.commit(b"d", "", 1)
        shelf.may_go.set()
        await asyncio.gather(first, *later)

    _running(shelf, use)

    assert shelf.stored == [b"a", b"b", b"c"]


def test_spans_are_stored_when_their_client_hangs_up() -> None:
    """A cancelled request does not stop its group, and frees its bytes."""
    shelf = Shelf()
    shelf.may_go.clear()

    async def use(committer: Committer) -> None:
        gone = asyncio.create_task(committer.commit(b"a" * 90, "", 1))
        await asyncio.to_thread(shelf.began.wait, 10)
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        shelf.may_go.set()
        await _until_taken(committer, b"b" * 90)

    _running(shelf, use, max_in_flight_bytes=100)

    assert shelf.stored == [b"a" * 90, b"b" * 90]


async def _until_taken(committer: Committer, body: bytes) -> None:
    """Commit *body* as soon as there is room for it."""
    async with asyncio.timeout(10):
        while True:
            try:
                return await committer.commit(body, "", 1)
            except Overloaded:
                await asyncio.sleep(0)


def test_ledger_says_what_became_of_each_span() -> None:
    """Stored, refused for good, to be sent again; and what waits is in flight."""
    shelf = Shelf()
    shelf.may_go.clear()

    async def use(committer: Committer) -> None:
        sent = [asyncio.create_task(committer.commit(body, body.decode(), 5)) for body in (b"a", b"poison", b"down")]
        await asyncio.sleep(0)
        assert shelf.ledger.snapshot().in_flight == 15
        shelf.may_go.set()
        await asyncio.gather(*sent, return_exceptions=True)
        with pytest.raises(Overloaded):
            await asyncio.gather(*(committer.commit(b"x" * 60, "", 7) for _ in range(2)))

    _running(shelf, use, max_in_flight_bytes=100)

    counts = shelf.ledger.snapshot()
    assert (counts.received, counts.written) == (29, 12)
    assert {reason: count for reason, count in counts.rejected.items() if count} == {"undecodable": 5, "try_again": 12}


def test_every_waiter_is_told_when_many_come_at_once() -> None:
    """Each request gets its own answer, in whatever groups they went."""
    shelf = Shelf()
    bodies = [b"poison" if number % 7 == 0 else f"body {number}".encode() for number in range(100)]

    async def use(committer: Committer) -> None:
        fates = await _fates(committer, *bodies)
        assert [fate is RejectedData for fate in fates] == [body == b"poison" for body in bodies]

    _running(shelf, use)

    assert sorted(shelf.stored) == sorted(body for body in bodies if body != b"poison")


def test_groups_are_written_side_by_side_when_there_are_two_writers() -> None:
    """While one group is written out the next is decoded; every request is answered once all the same."""
    shelf = Shelf()
    shelf.may_go.clear()

    async def use(committer: Committer) -> None:
        first = asyncio.create_task(committer.commit(b"a", "", 1))
        await asyncio.to_thread(shelf.began.wait, 10)
        shelf.began.clear()
        second = asyncio.create_task(committer.commit(b"b", "", 1))
        await asyncio.to_thread(shelf.began.wait, 10)
        assert shelf.stored == []
        shelf.may_go.set()
        await asyncio.gather(first, second)

    _running(shelf, use, writers=2, worth_a_group_bytes=1)

    assert sorted(shelf.stored) == [b"a", b"b"]


def test_little_is_written_after_another_group_when_it_is_not_worth_one() -> None:
    """Two small groups side by side take longer than one of both."""
    shelf = Shelf()
    shelf.may_go.clear()

    async def use(committer: Committer) -> None:
        first = asyncio.create_task(committer.commit(b"a", "", 1))
        await asyncio.to_thread(shelf.began.wait, 10)
        later = [asyncio.create_task(committer.commit(body, "", 1)) for body in (b"b", b"c")]
        await asyncio.sleep(0)
        shelf.may_go.set()
        await asyncio.gather(first, *later)

    _running(shelf, use, writers=2, worth_a_group_bytes=3)

    assert shelf.groups == [([b"a"], ""), ([b"b", b"c"], "")]


def test_group_waits_for_those_who_were_just_answered() -> None:
    """Clients who send one request after another come back as large a group as they were, not as several small ones."""
    shelf, clients, rounds = Shelf(), 8, 5

    async def client(committer: Committer, number: int) -> None:
        for _ in range(rounds):
            await committer.commit(b"x", "", 1)
            # Each takes a little longer than the one before: the first must not be written alone.
            for _ in range(number):
                await asyncio.sleep(0)

    async def use(committer: Committer) -> None:
        await asyncio.gather(*(client(committer, number) for number in range(clients)))

    _running(shelf, use)

    assert [len(bodies) for bodies, _ in shelf.groups] == [clients] * rounds
