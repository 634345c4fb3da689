"""A decoder that fails in the middle of a shot costs one sentence; what is done is kept, and nothing else is left."""

import os
import signal
from pathlib import Path

import pytest
from test_processes import COMMANDS, goes_on, here, scene, scene_files, solo, told  # noqa: F401  fixtures

from cyclorama.media import children
from cyclorama.media.film import DecodedFrame, FrameReader

pytestmark = pytest.mark.skipif(not children.SEPARATE, reason="this system reads files in the run itself")
FRAME = 7


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (signal.SIGKILL, f"was killed at frame {FRAME}"),
        (signal.SIGABRT, f"crashed (SIGABRT) at frame {FRAME}"),
        (signal.SIGSTOP, f"took more than 1 s at frame {FRAME}"),
    ],
    ids=["killed", "crashed", "stopped"],
)
def test_a_decoder_fails_in_the_middle(
    scene: Path,  # noqa: F811
    number: int,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    command = COMMANDS["ProRes"]
    solo(scene, command)
    ask, struck = FrameReader._asked, []

    def strike(self: FrameReader, frame: int) -> DecodedFrame:
        if frame == FRAME and isinstance(self._reader, children.Child):
            struck.append(self._reader.process)
            os.kill(self._reader.process, number)
        return ask(self, frame)

    with monkeypatch.context() as patch:
        patch.setattr(FrameReader, "_asked", strike)
        patch.setattr(children, "LIMIT_S", 1.0)
        sentence = told(here(scene, *command), 2, "input")
    assert f"good.mp4: its decoder {words}; " in sentence
    assert struck
    assert not any(Path(f"/proc/{process}").exists() for process in struck)
    assert not list((scene / "out").glob("*.mov"))
    goes_on(scene, command)
