"""Mattes kept on disk: made once, in order, and never taken for done when they are not."""

import json

import numpy as np
import pytest
from learned_standins import grey_clip, noise_clip, save_rvm

from cyclorama.core.clip import ArrayClip
from cyclorama.core.errors import InputError, MachineError
from cyclorama.matting import GivenKey, keep_mattes, open_learned
from cyclorama.matting.learned import NO_MASKS
from cyclorama.media import Notes, open_matte


class Ramp:
    """A recurrent stand-in: frame i is i / 10 wide of the picture. ``stop``: the frame at which it is interrupted."""

    name = "ramp"

    def __init__(self, fingerprint="1", stop=None):
        self.fingerprint, self.stop, self.runs = fingerprint, stop, 0

    def mattes(self, clip, masks=NO_MASKS):  # noqa: ARG002  the protocol's
        self.runs += 1
        for index in range(clip.num_frames):
            if index == self.stop:
                raise KeyboardInterrupt
            yield np.tile(np.linspace(0, (index + 1) / 10, clip.hw[1], dtype=np.float32), (clip.hw[0], 1))


CLIP = grey_clip([10] * 5)


def test_frames_come_back_in_any_order_to_16_bits(tmp_path):
    seen = []
    kept = keep_mattes(Ramp(), CLIP, tmp_path / "m", source="plate", progress=seen.append)
    truth = list(Ramp().mattes(CLIP))
    assert (kept.num_frames, kept.hw, seen) == (5, CLIP.hw, [0, 1, 2, 3, 4])
    for index in (3, 0, 4, 4, 1):
        alpha = kept.alpha(index)
        assert alpha.dtype == np.float32
        np.testing.assert_allclose(alpha, truth[index], atol=0.5001 / 65535)
    for outside in (-1, 5):
        with pytest.raises(IndexError):
            kept.alpha(outside)


def test_they_are_made_once_and_again_only_when_something_changed(tmp_path):
    model = Ramp()
    mask = {0: np.ones(CLIP.hw, np.float32)}
    for _ in range(3):
        keep_mattes(model, CLIP, tmp_path, source="plate")
    assert model.runs == 1
    changes = [
        (model, CLIP, "other plate", NO_MASKS),
        (model, CLIP, "plate", mask),
        (model, CLIP, "plate", {0: np.zeros(CLIP.hw, np.float32)}),
        (model, grey_clip([10] * 4), "plate", NO_MASKS),
        (model, CLIP, "plate", NO_MASKS),
    ]
    for runs, (its, clip, source, masks) in enumerate(changes, 2):
        keep_mattes(its, clip, tmp_path, source=source, masks=masks)
        assert model.runs == runs
    other = Ramp("2")
    keep_mattes(other, CLIP, tmp_path, source="plate")
    assert other.runs == 1


def test_a_shorter_shot_leaves_no_frames_of_a_longer_one(tmp_path):
    keep_mattes(Ramp(), CLIP, tmp_path, source="long")
    (tmp_path / "000004_painted.png").touch()
    keep_mattes(Ramp(), grey_clip([10] * 2), tmp_path, source="short")
    assert sorted(p.name for p in tmp_path.glob("*.png")) == ["000000.png", "000001.png", "000004_painted.png"]


def test_half_a_run_does_not_count(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        keep_mattes(Ramp(stop=3), CLIP, tmp_path, source="plate")
    model = Ramp()
    keep_mattes(model, CLIP, tmp_path, source="plate")
    assert model.runs == 1


@pytest.mark.parametrize("harm", ["a frame is gone", "the record is damaged", "the record is of a list"])
def test_a_harmed_folder_is_made_anew(tmp_path, harm):
    keep_mattes(Ramp(), CLIP, tmp_path, source="plate")
    record = tmp_path / "mattes.json"
    if harm == "a frame is gone":
        (tmp_path / "000002.png").unlink()
    else:
        record.write_text("[]" if "list" in harm else record.read_text()[:-9])
    model = Ramp()
    keep_mattes(model, CLIP, tmp_path, source="plate")
    assert model.runs == 1
    assert json.loads(record.read_text())["done"] is True


def test_other_peoples_files_are_not_touched(tmp_path):
    (tmp_path / "000000.png").write_text("a picture")
    with pytest.raises(InputError, match="empty folder"):
        keep_mattes(Ramp(), CLIP, tmp_path, source="plate")
    assert (tmp_path / "000000.png").read_text() == "a picture"
    with pytest.raises(InputError, match="a file has that name"):
        keep_mattes(Ramp(), CLIP, tmp_path / "000000.png", source="plate")


def test_masks_that_do_not_fit_cost_no_kept_mattes(tmp_path):
    model = open_learned("rvm", str(save_rvm(tmp_path / "m.onnx")))
    kept = keep_mattes(model, CLIP, tmp_path / "k", source="plate")
    with pytest.raises(InputError, match="takes no mask"):
        keep_mattes(model, CLIP, tmp_path / "k", source="plate", masks={0: np.ones(CLIP.hw, np.float32)})
    assert kept.alpha(4).shape == CLIP.hw
    assert json.loads((tmp_path / "k" / "mattes.json").read_text())["done"] is True


def test_a_damaged_frame_is_told(tmp_path):
    kept = keep_mattes(Ramp(), CLIP, tmp_path, source="plate")
    path = tmp_path / "000001.png"
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(InputError, match=r"000001\.png: must be a 16-bit grey PNG of 20 x 12"):
        kept.alpha(1)


def test_a_full_disk_is_the_machines_fault(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("cyclorama.matting.kept._write_frame", full)
    with pytest.raises(MachineError, match="No space left"):
        keep_mattes(Ramp(), CLIP, tmp_path, source="plate")


def test_a_model_that_stops_early_is_a_bug(tmp_path):
    class Short(Ramp):
        def mattes(self, clip, masks=NO_MASKS):
            return iter(list(super().mattes(clip, masks))[:-1])

    with pytest.raises(ValueError, match="5 mattes, got 4"):
        keep_mattes(Short(), CLIP, tmp_path, source="plate")


def test_the_folder_is_a_matte_that_can_be_given_back(tmp_path):
    kept = keep_mattes(Ramp(), CLIP, tmp_path, source="plate")
    given = open_matte(tmp_path, notes=Notes())
    assert (given.num_frames, given.hw) == (kept.num_frames, kept.hw)
    np.testing.assert_array_equal(given.alpha(3), kept.alpha(3))


def test_a_learned_matte_keys_a_shot_and_its_proxy(tmp_path):
    """The known answer of the recurrent stand-in, read out of order by the key that takes given mattes."""
    made = noise_clip(3, (40, 60))
    clip = ArrayClip(np.stack([made.frame(i) for i in range(3)]))
    model = open_learned("rvm", str(save_rvm(tmp_path / "m.onnx")))
    key = GivenKey(keep_mattes(model, clip, tmp_path / "k", source="plate"))
    for index in (2, 0):
        wanted = 0.25 * made.codes[index].mean(-1) / 255 + 0.05 * index + 0.25
        np.testing.assert_allclose(key.foreground(index, clip.frame(index)).alpha, wanted, atol=1e-4)
    small = clip.proxy(30)
    assert key.foreground(1, small.frame(1)).alpha.shape == small.hw
