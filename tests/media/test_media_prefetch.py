"""Working ahead in a thread, and stopping."""

import threading
import time
from collections.abc import Iterator

import pytest

from cyclorama.media import prefetch


def counting(closed: list[int], num: int = 100, fail_at: int | None = None) -> Iterator[int]:
    made = 0
    try:
        for made in range(num):
            if made == fail_at:
                raise KeyError("broken")
            yield made
    finally:
        closed.append(made)


def threads() -> int:
    return sum(t.name == "cyclorama-prefetch" for t in threading.enumerate())


@pytest.mark.parametrize("depth", [1, 2, 7])
def test_same_items_in_order(depth: int) -> None:
    closed: list[int] = []
    assert list(prefetch(counting(closed), depth)) == list(range(100))
    assert closed == [99]
    assert threads() == 0


def test_exceptions_come_after_the_items_before_them() -> None:
    got = []
    with pytest.raises(KeyError, match="broken"):
        got.extend(prefetch(counting([], fail_at=3)))
    assert got == [0, 1, 2]
    assert threads() == 0


def test_abandoned_work_stops_and_is_bounded() -> None:
    closed: list[int] = []
    ahead = prefetch(counting(closed), 3)
    assert [next(ahead), next(ahead)] == [0, 1]
    time.sleep(0.05)
    ahead.close()  # type: ignore[attr-defined]
    assert threads() == 0
    assert closed[0] <= 1 + 3 + 1


def test_work_overlaps() -> None:
    def slow() -> Iterator[int]:
        for i in range(5):
            time.sleep(0.02)
            yield i

    start = time.monotonic()
    for _ in prefetch(slow()):
        time.sleep(0.02)
    assert time.monotonic() - start < 0.18


def test_depth_must_be_positive() -> None:
    with pytest.raises(ValueError, match="depth"):
        prefetch([], 0)
