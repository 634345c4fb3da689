"""A signal that a library swallows still ends the work."""

import signal

import pytest

from cyclorama.interrupt import Terminated, stoppable


@pytest.mark.parametrize(
    ("number", "kind"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Terminated)], ids=["int", "term"]
)
def test_a_swallowed_signal_is_raised_again(number: signal.Signals, kind: type[BaseException]) -> None:
    before = signal.getsignal(number)
    with stoppable() as heed:
        heed()
        with pytest.raises(kind):
            signal.raise_signal(number)
        for _ in range(2):
            with pytest.raises(kind):
                heed()
    assert signal.getsignal(number) is before
