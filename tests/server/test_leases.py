"""Leases: no place of an item is ever lent twice, by threads, by processes, in a file or in PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from asklearn.server.leases import Lease, Leases

Open = Callable[[], Leases]


def take(
    leases: Leases, items: list[int], who: str, *, most: int = 99, now: float = 0.0, places: int = 1
) -> list:
    return leases.take([(item, places) for item in items], who, until=now + 60, now=now, most=most)


def test_each_place_is_lent_once_until_it_comes_back(place: Path | str) -> None:
    leases = Leases(place)
    assert take(leases, [1, 2, 3], "ann", most=2) == [1, 2]
    assert take(leases, [1, 2, 3], "ben") == [3]
    assert take(leases, [1, 2, 3], "ann") == [1, 2]
    leases.give_back([1], "ben")
    assert take(leases, [1], "ben") == []
    leases.give_back([1], "ann")
    assert take(leases, [1], "ben") == [1]
    assert leases.count() == 3
    assert {(one.item, one.annotator) for one in leases.held(0.0)} == {(1, "ben"), (2, "ann"), (3, "ben")}
    leases.close()


def test_leases_run_out_unless_they_are_renewed(place: Path | str) -> None:
    leases = Leases(place)
    take(leases, [1, "1"], "ann")
    assert leases.renew([1], "ann", until=100.0) == 1
    assert leases.renew([1], "ben", until=500.0) == 0
    assert [one.item for one in leases.held(61.0)] == [1]
    assert take(leases, [1, "1"], "ben", now=61.0) == ["1"]
    assert take(leases, [1, "1"], "cid", now=101.0) == [1]
    leases.close()


def test_a_clock_that_was_set_back_does_not_prolong_them(place: Path | str) -> None:
    leases, day = Leases(place), 86_400.0
    assert take(leases, [1], "ann", now=day) == [1]
    assert leases.held(0.0) == []
    assert take(leases, [1], "ben", now=0.0) == [1]
    leases.close()


def test_several_people_where_several_are_wanted_but_nobody_twice(place: Path | str) -> None:
    leases = Leases(place)
    found = {who: take(leases, [7], who, places=2) for who in ("ann", "ann", "ben", "cid")}
    assert found == {"ann": [7], "ben": [7], "cid": []}
    assert leases.held(0.0) == [Lease(7, 0, "ann", 60.0), Lease(7, 1, "ben", 60.0)]
    leases.close()


def _grab(job: tuple[Path | str, str]) -> list[int]:
    leases = Leases(job[0])
    try:
        return [
            item for start in range(0, 60, 6) for item in take(leases, list(range(start, 60)), job[1], most=6)
        ]
    finally:
        leases.close()


def test_processes_and_threads_never_get_the_same_item(place: Path | str) -> None:
    with get_context("spawn").Pool(2) as processes, ThreadPoolExecutor(4) as threads:
        by_processes = processes.map_async(_grab, [(place, f"p{n}") for n in range(2)])
        found = [*threads.map(_grab, [(place, f"t{n}") for n in range(4)]), *by_processes.get(120)]
    leases = Leases(place)
    held = leases.held(0.0)
    leases.close()
    assert len(held) == len({one.item for one in held}) == 60
    assert {item for some in found for item in some} == set(range(60))
