"""Where results may go, and how they appear."""

from pathlib import Path

import pytest

from cyclorama.core.errors import InputError
from cyclorama.media import check_output_free, publish


def test_outputs_that_are_refused_before_any_work(tmp_path: Path, plate: Path) -> None:
    def refuse(output: Path, words: str, *, overwrite: bool = False, num_frames: int = 2) -> None:
        with pytest.raises(InputError, match=words):
            check_output_free(output, overwrite=overwrite, inputs=[plate, tmp_path / "in"], num_frames=num_frames)

    (tmp_path / "in").mkdir()
    (tmp_path / "there.mp4").write_bytes(b"x")
    (tmp_path / "s.0001.png").write_bytes(b"x")
    (tmp_path / "folder.mp4").mkdir()
    (tmp_path / "link.mp4").symlink_to(plate)
    refuse(tmp_path / "o.gif", r"\.mp4, \.mov, \.mkv, \.webm, %04d\.png, %04d\.exr")
    refuse(tmp_path / "o", "without a suffix")
    refuse(tmp_path / "o.png", "%04d")
    refuse(tmp_path / "no" / "o.mp4", "mkdir -p")
    refuse(tmp_path / "there.mp4", "exists already")
    refuse(tmp_path / "s.%04d.png", r"s\.0001\.png: it exists")
    refuse(tmp_path / "folder.mp4", "folder", overwrite=True)
    refuse(plate, "input", overwrite=True)
    refuse(tmp_path / "link.mp4", "input", overwrite=True)
    refuse(tmp_path / "in" / "%04d.png", "input", overwrite=True)
    check_output_free(tmp_path / "there.mp4", overwrite=True, inputs=[plate])
    check_output_free(tmp_path / "s.%04d.png", overwrite=False, inputs=[], num_frames=1)


def test_publish_is_all_or_nothing(tmp_path: Path) -> None:
    (tmp_path / "new").write_text("new")
    (tmp_path / "old").write_text("old")
    with pytest.raises(InputError, match="appeared"):
        publish(tmp_path / "new", tmp_path / "old", overwrite=False)
    assert (tmp_path / "old").read_text() == "old"
    publish(tmp_path / "new", tmp_path / "old", overwrite=True)
    assert (tmp_path / "old").read_text() == "new"
    assert not (tmp_path / "new").exists()
