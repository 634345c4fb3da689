"""Ctrl-C once is enough: a signal ends the work even where the exception that it raises is lost."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Terminated(BaseException):
    """SIGTERM came."""


@contextmanager
def stoppable() -> Iterator[Callable[[], None]]:
    """SIGINT raises ``KeyboardInterrupt`` and SIGTERM ``Terminated``, at once and again at every call of what is
    yielded: libraries that look into Python from C may swallow the first one."""
    came: list[type[BaseException]] = []

    def stop(number: int, _: object) -> None:
        came.append(KeyboardInterrupt if number == signal.SIGINT else Terminated)
        raise came[-1]

    def heed() -> None:
        if came:
            raise came[-1]

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield heed
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
