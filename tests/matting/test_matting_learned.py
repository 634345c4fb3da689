"""Learned mattes: one contract for every model, the licence gate, and safe weights."""

import json
import pickle
import subprocess
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from learned_standins import (
    HALF,
    SHAPES,
    InferenceCore,
    MadeClip,
    grey_clip,
    install_matanyone2,
    noise_clip,
    save_birefnet,
    save_matanyone2,
    save_rvm,
    torch_of,
)

from cyclorama.core.errors import InputError, MachineError
from cyclorama.matting import MATTE_MODELS, licence_notice, open_learned
from cyclorama.matting.learned_pictures import resized
from cyclorama.matting.learned_weights import weight_file

KINDS = ["birefnet", "birefnet half", "rvm", "rvm half", "matanyone2 fake", "matanyone2 real"]


def disc(hw):
    y, x = np.mgrid[: hw[0], : hw[1]]
    return (np.hypot(y - hw[0] / 2, x - hw[1] / 2) < min(hw) / 3).astype(np.float32)


@pytest.fixture(params=KINDS)
def opened(request, tmp_path, monkeypatch):
    """(how to open the model, its masks for a clip)."""
    name, _, kind = request.param.partition(" ")
    if name == "matanyone2":
        install_matanyone2(monkeypatch, torch_of(kind), tmp_path / "package")
        weights = save_matanyone2(tmp_path / "m.safetensors")
        return lambda: open_learned(name, str(weights)), lambda clip: {0: disc(clip.hw)}
    half = {"kind": HALF} if kind == "half" else {}
    path = tmp_path / "model.onnx"
    random = np.random.default_rng(3).normal(0, 4, 3)
    weights = save_rvm(path, **half) if name == "rvm" else save_birefnet(path, random, -1.0, **half)
    return lambda: open_learned(name, str(weights)), lambda _: {}


class TestContract:
    @pytest.mark.parametrize("hw", [(18, 26), (31, 17), (1, 40)])
    def test_one_checked_alpha_a_frame(self, opened, hw):
        open_model, masks = opened
        clip = noise_clip(3, hw)
        given_masks = {0: np.ones(hw, np.float32)} if masks(clip) else {}
        alphas = list(open_model().mattes(clip, given_masks))
        assert len(alphas) == 3
        for alpha in alphas:
            assert alpha.shape == hw
            assert alpha.dtype == np.float32
            assert 0 <= alpha.min() <= alpha.max() <= 1
        assert max(alpha.max() for alpha in alphas) > 0

    def test_frames_are_asked_for_in_order_once_and_not_held(self, opened):
        open_model, masks = opened
        clip = noise_clip(6)
        for _ in open_model().mattes(clip, masks(clip)):
            pass
        assert clip.asked == list(range(6))
        assert clip.most_alive <= 2

    def test_every_call_begins_anew(self, opened):
        open_model, masks = opened
        clip, model = noise_clip(3), open_model()
        first, second = (np.stack(list(model.mattes(clip, masks(clip)))) for _ in range(2))
        np.testing.assert_array_equal(first, second)

    def test_fingerprint_is_of_the_weights(self, opened):
        assert opened[0]().fingerprint == opened[0]().fingerprint

    def test_wrong_masks_are_refused_before_a_frame_is_read(self, opened):
        open_model, masks = opened
        clip = noise_clip(2)
        wrong = {} if masks(clip) else {0: disc(clip.hw)}
        with pytest.raises(InputError, match="mask"):
            open_model().mattes(clip, wrong)
        assert not clip.asked


class TestBiRefNet:
    def test_known_answer_in_display_values(self, tmp_path):
        """logit = 8 (grey - 0.5) of sRGB 0..1, not of linear light; the last output, not the first."""
        model = open_learned("birefnet", str(save_birefnet(tmp_path / "m.onnx", [8, 0, 0], -4)))
        levels = [0, 100, 128, 255]
        for level, alpha in zip(levels, model.mattes(grey_clip(levels))):
            np.testing.assert_allclose(alpha, 1 / (1 + np.exp(4 - 8 * level / 255)), atol=1e-5)

    @pytest.mark.parametrize(("channel", "wanted"), [(0, 0.88), (1, 0.12), (2, 0.12)])
    def test_channels_are_red_green_blue(self, tmp_path, channel, wanted):
        model = open_learned("birefnet", str(save_birefnet(tmp_path / "m.onnx", np.eye(3)[channel] * 4, -2)))
        red = MadeClip(np.broadcast_to(np.array([255, 0, 0], np.uint8), (1, 9, 9, 3)))
        np.testing.assert_allclose(next(model.mattes(red)), wanted, atol=0.005)

    def test_the_whole_frame_is_squeezed_and_comes_back_in_place(self, tmp_path):
        """Left third white, on a frame larger than the model on one side and smaller on the other."""
        codes = np.zeros((1, 10, 60, 3), np.uint8)
        codes[:, :, :20] = 255
        model = open_learned("birefnet", str(save_birefnet(tmp_path / "m.onnx", [40, 0, 0], -20, side=30)))
        alpha = next(model.mattes(MadeClip(codes)))
        assert alpha[:, :18].min() > 0.99
        assert alpha[:, 22:].max() < 0.01

    def test_an_export_with_its_sigmoid_gets_no_second_one(self, tmp_path):
        with_it, without = (
            open_learned("birefnet", str(save_birefnet(tmp_path / f"{s}.onnx", [8, 0, 0], -4, sigmoid=s)))
            for s in (True, False)
        )
        clip = noise_clip(2)
        for a, b in zip(with_it.mattes(clip), without.mattes(clip)):
            np.testing.assert_allclose(a, b, atol=1e-5)

    def test_an_open_size_is_the_training_size(self, tmp_path):
        model = open_learned("birefnet", str(save_birefnet(tmp_path / "m.onnx", [8, 0, 0], -4, side="open")))
        assert model.model_hw == (1024, 1024)
        np.testing.assert_allclose(next(model.mattes(grey_clip([255]))), 1 / (1 + np.exp(-4)), atol=1e-5)


class TestRvm:
    @pytest.mark.parametrize(("hw", "ratio"), [((12, 20), 1.0), ((4, 1024), 0.5)])
    def test_known_answer_with_memory_and_scale(self, tmp_path, hw, ratio):
        model = open_learned("rvm", str(save_rvm(tmp_path / "m.onnx")))
        levels = [0, 51, 255, 102]
        for index, alpha in enumerate(model.mattes(grey_clip(levels, hw))):
            np.testing.assert_allclose(alpha, 0.25 * levels[index] / 255 + 0.05 * index + 0.25 * ratio, atol=1e-5)


class TestMatAnyone2:
    @pytest.fixture(params=["fake", "real"])
    def model(self, request, tmp_path, monkeypatch):
        install_matanyone2(monkeypatch, torch_of(request.param), tmp_path / "package")
        return open_learned("matanyone2", str(save_matanyone2(tmp_path / "m.safetensors")))

    def test_the_first_frame_is_seen_eleven_times_then_each_once(self, model):
        clip = noise_clip(4)
        mask = disc(clip.hw)
        for index, alpha in enumerate(model.mattes(clip, {0: mask})):
            np.testing.assert_allclose(alpha, mask * (0.5 + 0.11 - 0.1 * index), atol=1e-5)

    def test_a_later_mask_begins_anew_there(self, model):
        clip = noise_clip(5)
        first, later = disc(clip.hw), 1 - disc(clip.hw)
        wanted = [(first, 0), (first, 1), (first, 2), (later, 0), (later, 1)]
        for (mask, age), alpha in zip(wanted, model.mattes(clip, {0: first, 3: later})):
            np.testing.assert_allclose(alpha, mask * (0.61 - 0.1 * age), atol=1e-5)
        assert len(InferenceCore.made) == 2

    @pytest.mark.parametrize(
        ("masks", "words"),
        [
            ({1: disc((18, 26))}, "first frame"),
            ({0: disc((18, 26)), 9: disc((18, 26))}, "0..3"),
            ({0: disc((18, 20))}, "26 x 18"),
            ({0: np.zeros((18, 26), np.float32)}, "empty"),
        ],
    )
    def test_masks_that_do_not_fit(self, model, masks, words):
        with pytest.raises(InputError, match=words):
            model.mattes(noise_clip(4), masks)


class TestLicences:
    def test_every_model_tells_its_licence(self):
        for name, card in MATTE_MODELS.items():
            assert card.licence in licence_notice(name)
            assert ("NON-COMMERCIAL" in licence_notice(name)) == (not card.commercial)

    def test_a_non_commercial_model_is_refused_before_anything_is_read(self):
        with pytest.raises(InputError, match=r"S-Lab.*--commercial-only.*birefnet"):
            open_learned("matanyone2", "nowhere.safetensors", commercial_only=True)

    @pytest.mark.parametrize("name", [name for name, card in MATTE_MODELS.items() if card.commercial])
    def test_a_commercial_one_is_not(self, name):
        with pytest.raises(InputError, match="no such file"):
            open_learned(name, "nowhere.onnx", commercial_only=True)

    def test_an_unknown_name_or_device_gives_the_list(self):
        with pytest.raises(InputError, match="birefnet, rvm, matanyone2"):
            open_learned("magic", "x.onnx")
        with pytest.raises(InputError, match="cpu, cuda"):
            open_learned("rvm", "x.onnx", device="tpu")


class TestOnnxWeights:
    def refused(self, path, words, name="birefnet"):
        with pytest.raises(InputError, match=words):
            open_learned(name, str(path))

    def test_pickled_and_bare_tensor_files(self, tmp_path):
        (tmp_path / "model.onnx").write_bytes(pickle.dumps({"a": 1}))
        self.refused(tmp_path / "model.onnx", "carry code")
        (tmp_path / "model.pt").write_bytes(b"PK\x03\x04 a torch archive")
        self.refused(tmp_path / "model.pt", "carry code")
        self.refused(save_matanyone2(tmp_path / "m.safetensors"), "ONNX export alone")

    @pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
    def test_truncated(self, tmp_path, share):
        path = save_birefnet(tmp_path / "m.onnx", [1, 2, 3], 0)
        data = path.read_bytes()
        path.write_bytes(data[: int(len(data) * share)])
        self.refused(path, "whole ONNX model")

    def test_another_model(self, tmp_path):
        self.refused(save_rvm(tmp_path / "rvm.onnx"), "one input 1 x 3")
        self.refused(save_birefnet(tmp_path / "b.onnx", [1, 1, 1], 0), "downsample_ratio", "rvm")
        self.refused(save_rvm(tmp_path / "named.onnx", source="source"), "src", "rvm")

    def test_numbers_that_are_not_finite(self, tmp_path):
        model = open_learned("birefnet", str(save_birefnet(tmp_path / "m.onnx", [np.nan] * 3, 0)))
        with pytest.raises(InputError, match=r"not finite at frame 0"):
            next(model.mattes(noise_clip(1)))

    def test_numbers_that_are_no_alpha(self, tmp_path):
        model = open_learned("rvm", str(save_rvm(tmp_path / "m.onnx", gain=3.0)))
        mattes = model.mattes(grey_clip([0, 255]))
        next(mattes)
        with pytest.raises(InputError, match=r"0\.\.1, got .* at frame 1"):
            next(mattes)

    def test_no_cuda_here(self, tmp_path):
        import onnxruntime

        if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
            pytest.skip("this ONNX Runtime has CUDA")
        with pytest.raises(MachineError, match="onnxruntime-gpu"):
            open_learned("rvm", str(save_rvm(tmp_path / "m.onnx")), device="cuda")


class Evil:
    def __reduce__(self):
        return (print, ("code ran",))


class TestMatAnyone2Weights:
    @pytest.fixture
    def torch(self, monkeypatch, tmp_path):
        torch = torch_of("real")
        install_matanyone2(monkeypatch, torch, tmp_path / "package")
        return torch

    @pytest.fixture
    def fake(self, monkeypatch, tmp_path):
        install_matanyone2(monkeypatch, torch_of("fake"), tmp_path / "package")

    def refused(self, path, words):
        with pytest.raises(InputError, match=words):
            open_learned("matanyone2", str(path))

    @pytest.mark.usefixtures("fake")
    def test_safetensors_of_another_model_or_damaged(self, tmp_path):
        lacking = {name: shape for name, shape in SHAPES.items() if "bias" not in name}
        path = tmp_path / "m.safetensors"
        self.refused(save_matanyone2(path, lacking), r"pixel_encoder.bias \(5,\), got none")
        self.refused(save_matanyone2(path, SHAPES | {"pixel_encoder.bias": (6,)}), r"got \(6,\)")
        path.write_bytes(save_matanyone2(path).read_bytes()[:-7])
        self.refused(path, "whole safetensors")
        header = json.dumps({"a": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}).encode()
        path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))
        self.refused(path, "got BF16")
        (tmp_path / "text.pth").write_text("not weights")
        self.refused(tmp_path / "text.pth", "neither")

    @pytest.mark.usefixtures("fake")
    def test_another_package_of_that_name(self, tmp_path):
        (tmp_path / "package" / "config" / "model" / "base.yaml").unlink()
        with pytest.raises(MachineError, match=r"lacks config/model/base\.yaml"):
            open_learned("matanyone2", str(save_matanyone2(tmp_path / "m.safetensors")))

    @pytest.mark.usefixtures("fake")
    def test_damaged_numbers(self, tmp_path):
        model = open_learned("matanyone2", str(save_matanyone2(tmp_path / "w.safetensors", value=np.nan)))
        clip = noise_clip(1)
        with pytest.raises(InputError, match="not finite"):
            next(model.mattes(clip, {0: disc(clip.hw)}))

    def test_a_pth_of_weights_alone(self, torch, tmp_path):
        torch.save({name: torch.full(shape, 0.5) for name, shape in SHAPES.items()}, tmp_path / "m.pth")
        clip = noise_clip(1)
        model = open_learned("matanyone2", str(tmp_path / "m.pth"))
        np.testing.assert_allclose(next(model.mattes(clip, {0: disc(clip.hw)})), disc(clip.hw) * 0.61, atol=1e-5)

    def test_a_pth_with_code_in_it(self, torch, tmp_path, capsys):
        torch.save({"weight": torch.zeros(2), "evil": Evil()}, tmp_path / "zip.pth")
        (tmp_path / "bare.pth").write_bytes(pickle.dumps(Evil()))
        for name in ("zip.pth", "bare.pth"):
            self.refused(tmp_path / name, "more than weights")
        assert "code ran" not in capsys.readouterr().out

    def test_a_pth_that_is_damaged_or_something_else(self, torch, tmp_path):
        path = tmp_path / "m.pth"
        torch.save({name: torch.zeros(shape) for name, shape in SHAPES.items()}, path)
        path.write_bytes(path.read_bytes()[:400])
        self.refused(path, "damaged")
        torch.save([1, 2], path)
        self.refused(path, "tensors by name")
        torch.save({"state_dict": torch.zeros(3)}, path)
        self.refused(path, "got none")
        torch.jit.save(torch.jit.script(torch.nn.ReLU()), str(path))
        self.refused(path, "more than weights")


class TestWhereWeightsComeFrom:
    @pytest.mark.parametrize("weights", ["nowhere.onnx", "/tmp", "owner/name", "owner/name@main"])
    def test_neither_file_nor_hub_id(self, weights):
        with pytest.raises(InputError, match="owner/name@revision:file"):
            weight_file(weights)

    @pytest.mark.parametrize(
        ("module", "name", "line"),
        [
            ("onnxruntime", "birefnet", r"cyclorama\[mattes\]"),
            ("onnxruntime", "rvm", r"cyclorama\[mattes\]"),
            ("torch", "matanyone2", r"cyclorama\[mattes-torch\]"),
            ("matanyone2", "matanyone2", "MatAnyone2"),
            ("huggingface_hub", "birefnet", r"cyclorama\[mattes\]"),
        ],
    )
    def test_a_missing_extra_tells_the_install_line(self, monkeypatch, module, name, line):
        if module == "matanyone2":
            monkeypatch.setitem(sys.modules, "torch", torch_of("fake"))
        for loaded in [m for m in sys.modules if m.partition(".")[0] == module]:
            monkeypatch.delitem(sys.modules, loaded)
        monkeypatch.setitem(sys.modules, module, None)
        with pytest.raises(MachineError, match=f"needs the package {module}; install it: pip install .*{line}"):
            open_learned(name, "owner/name:model.onnx")

    def test_a_hub_id_is_fetched(self, monkeypatch, tmp_path):
        asked = []

        def hf_hub_download(repo, name, *, revision=None):
            asked.append((repo, name, revision))
            return str(tmp_path / name)

        errors = ModuleType("huggingface_hub.errors")
        for kind in (
            "RepositoryNotFoundError",
            "RevisionNotFoundError",
            "RemoteEntryNotFoundError",
            "EntryNotFoundError",
        ):
            setattr(errors, kind, type(kind, (OSError,), {}))
        errors.HFValidationError = type("HFValidationError", (ValueError,), {})
        hub = SimpleNamespace(hf_hub_download=hf_hub_download, __path__=[])
        monkeypatch.setitem(sys.modules, "huggingface_hub", hub)
        monkeypatch.setitem(sys.modules, "huggingface_hub.errors", errors)
        assert weight_file("o/n:onnx/model.onnx") == tmp_path / "onnx/model.onnx"
        assert weight_file("o/n@v1.0:m.safetensors") == tmp_path / "m.safetensors"
        assert asked == [("o/n", "onnx/model.onnx", None), ("o/n", "m.safetensors", "v1.0")]

        def absent(*_, **__):
            raise errors.RemoteEntryNotFoundError("404")

        hub.hf_hub_download = absent
        with pytest.raises(InputError, match="check the id"):
            weight_file("o/n:m.onnx")

    def test_the_real_hub_package_offline(self, monkeypatch, tmp_path):
        constants = pytest.importorskip("huggingface_hub.constants")
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
        with pytest.raises(MachineError, match="give its path"):
            weight_file("owner/name@main:model.onnx")
        with pytest.raises(InputError, match="check the id"):
            weight_file("owner/-name-:model.onnx")

    def test_importing_the_room_loads_no_model_package(self):
        names = "{'torch', 'onnxruntime', 'huggingface_hub', 'safetensors', 'matanyone2'}"
        words = f"import sys, cyclorama.matting as m; m.licence_notice('rvm'); print(*({names} & set(sys.modules)))"
        done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == ""


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 40), st.integers(1, 40), st.floats(0, 1, width=32))
def test_resizing_keeps_a_flat_plane_and_its_range(h, w, new_h, new_w, value):
    out = resized(np.full((h, w), value, np.float32), (new_h, new_w))
    assert out.shape == (new_h, new_w)
    np.testing.assert_allclose(out, value, atol=1e-6)


def test_shrinking_one_side_averages_while_the_other_grows():
    stripes = np.tile(np.array([0, 1], np.float32), (4, 30))
    np.testing.assert_allclose(resized(stripes, (9, 30)), 0.5, atol=1e-6)
