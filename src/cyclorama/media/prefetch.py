"""Work ahead in a background thread."""

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")


def prefetch(items: Iterable[Item], depth: int = 2) -> Iterator[Item]:
    """The same items, made up to ``depth`` ahead by a thread of its own.

    An exception of ``items`` is raised here, after the items before it. When the caller stops early (``break``,
    ``close`` or an exception), the thread finishes the item it is at, closes ``items`` and ends.
    """
    if depth < 1:
        raise ValueError(f"depth must be at least 1, got {depth}")
    return _prefetch(items, depth)


def _prefetch(items: Iterable[Item], depth: int) -> Iterator[Item]:
    ready: deque[tuple[Item | None, BaseException | None, bool]] = deque()
    room, filled, stopped = threading.Semaphore(depth), threading.Semaphore(0), threading.Event()

    def put(item: Item | None, error: BaseException | None, last: bool) -> None:
        ready.append((item, error, last))
        filled.release()

    def work() -> None:
        error: BaseException | None = None
        source = iter(items)
        try:
            for item in source:
                put(item, None, False)
                room.acquire()
                if stopped.is_set():
                    break
        except BaseException as caught:  # handed to the caller below, never kept
            error = caught
        finally:
            close = getattr(source, "close", None)
            if close is not None:
                close()
            put(None, error, True)

    thread = threading.Thread(target=work, name="cyclorama-prefetch", daemon=True)
    thread.start()
    try:
        while filled.acquire():
            item, error, last = ready.popleft()
            if error is not None:
                raise error
            if last:
                return
            yield item  # type: ignore[misc]
            room.release()
    finally:
        stopped.set()
        room.release()
        thread.join()
