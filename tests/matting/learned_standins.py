"""Tiny stand-ins for learned models: real ONNX files, and modules with the face of the packages that are not here."""

import contextlib
import json
import sys
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import ClassVar
from weakref import finalize

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save_file

from cyclorama.core.display import linear_from_code8

MEAN, DEVIATION = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
FLOAT, HALF = TensorProto.FLOAT, TensorProto.FLOAT16


@dataclass
class MadeClip:
    """Frames made when asked for. Counts those alive at once and remembers the order in which they were asked for."""

    codes: np.ndarray
    rate: Fraction = Fraction(24)
    asked: list[int] = field(default_factory=list)
    alive: int = 0
    most_alive: int = 0

    @property
    def num_frames(self):
        return len(self.codes)

    @property
    def hw(self):
        return self.codes.shape[1:3]

    @property
    def timestamps_s(self):
        return tuple(index / self.rate for index in range(self.num_frames))

    def frame(self, index):
        self.asked.append(index)
        frame = linear_from_code8(self.codes[index])
        self.alive += 1
        self.most_alive = max(self.most_alive, self.alive)
        finalize(frame, self._gone)
        return frame

    def _gone(self):
        self.alive -= 1

    def proxy(self, long_side):  # noqa: ARG002  the protocol's
        raise AssertionError("a learned matte is made at the clip's size")


def grey_clip(levels, hw=(12, 20)):
    """Flat frames of these 8-bit grey levels."""
    return MadeClip(np.stack([np.full((*hw, 3), level, np.uint8) for level in levels]))


def noise_clip(num_frames=4, hw=(18, 26), seed=0):
    return MadeClip(np.random.default_rng(seed).integers(0, 256, (num_frames, *hw, 3), np.uint8))


def _save(path, nodes, inputs, outputs, constants):
    graph = helper.make_graph(
        nodes, "stand-in", inputs, outputs, [numpy_helper.from_array(v, n) for n, v in constants.items()]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    return path


def save_birefnet(path, weight, bias, *, side=16, kind=FLOAT, sigmoid=False):
    """logit = weight . rgb + bias of the display-referred 0..1 picture: the normalisation is undone in the weights.

    The first of two outputs is the coarse one of a training export and is nonsense. ``side`` may be a name.
    """
    number = np.float32 if kind == FLOAT else np.float16
    weight = np.asarray(weight, np.float64)
    constants = {
        "w": (weight * DEVIATION).reshape(1, 3, 1, 1).astype(number),
        "b": np.array([bias + float(weight @ MEAN)], number),
    }
    nodes = [helper.make_node("Neg", ["input_image"], ["coarse"])]
    nodes += [helper.make_node("Conv", ["input_image", "w", "b"], ["logit" if sigmoid else "output_image"])]
    nodes += [helper.make_node("Sigmoid", ["logit"], ["output_image"])] if sigmoid else []
    size = [side, side] if isinstance(side, int) else ["height", "width"]
    inputs = [helper.make_tensor_value_info("input_image", kind, [1, 3, *size])]
    outputs = [("coarse", 3), ("output_image", 1)]
    return _save(
        path, nodes, inputs, [helper.make_tensor_value_info(n, kind, [1, c, *size]) for n, c in outputs], constants
    )


def save_rvm(path, *, kind=FLOAT, gain=0.25, source="src"):
    """alpha = gain mean(rgb) + 0.05 n + 0.25 ratio, with n the number of frames seen before: order and memory show."""
    number = np.float32 if kind == FLOAT else np.float16
    constants = {"gain": np.array(gain, number), "one": np.ones((1, 1, 1, 1), number)}
    constants |= {"step": np.array(0.05, number), "quarter": np.array(0.25, number)}
    nodes = [
        helper.make_node("ReduceMean", [source], ["grey"], axes=[1], keepdims=1),
        helper.make_node("Mul", ["grey", "gain"], ["lit"]),
        helper.make_node("Mul", ["r1i", "step"], ["age"]),
        helper.make_node("Cast", ["downsample_ratio"], ["ratio"], to=kind),
        helper.make_node("Mul", ["ratio", "quarter"], ["scale"]),
        helper.make_node("Add", ["lit", "age"], ["sum"]),
        helper.make_node("Add", ["sum", "scale"], ["pha"]),
        helper.make_node("Identity", [source], ["fgr"]),
        helper.make_node("Add", ["r1i", "one"], ["r1o"]),
        *(helper.make_node("Identity", [f"r{i}i"], [f"r{i}o"]) for i in (2, 3, 4)),
    ]
    free = [1, 1, "h", "w"]
    inputs = [helper.make_tensor_value_info(source, kind, [1, 3, "height", "width"])]
    inputs += [helper.make_tensor_value_info(f"r{i}i", kind, [1, f"c{i}", f"h{i}", f"w{i}"]) for i in (1, 2, 3, 4)]
    inputs += [helper.make_tensor_value_info("downsample_ratio", FLOAT, [1])]
    outputs = [helper.make_tensor_value_info("fgr", kind, [1, 3, "h", "w"])]
    outputs += [helper.make_tensor_value_info("pha", kind, free)]
    outputs += [helper.make_tensor_value_info(f"r{i}o", kind, [1, f"c{i}", f"h{i}", f"w{i}"]) for i in (1, 2, 3, 4)]
    return _save(path, nodes, inputs, outputs, constants)


SHAPES = {"mask_encoder.conv1.weight": (2, 4, 3, 3), "pixel_encoder.bias": (5,)}


def save_matanyone2(path: Path, shapes=SHAPES, value=0.5) -> Path:
    save_file({name: np.full(shape, value, np.float32) for name, shape in shapes.items()}, path)
    return path


class Network:
    """After MatAnyone2's own class: its trunks are fetched unless it is told not to, and surplus names pass."""

    def __init__(self, cfg, *, single_object=False):
        assert cfg.mem_every == 5
        assert cfg.model.pretrained_resnet is False
        assert single_object
        self.cfg = cfg
        self.state = {name: np.full(shape, 0.0, np.float32) for name, shape in SHAPES.items()}
        self.placed = []

    def state_dict(self):
        return self.state

    def to(self, device):
        self.placed.append(device)
        return self

    def eval(self):
        self.placed.append("eval")
        return self

    def load_weights(self, state):
        self.state = {name: np.asarray(state.get(name, value)) for name, value in self.state.items()}


class InferenceCore:
    """After MatAnyone2's own class: a mask is memorised, then the first frame is seen again, then the frames follow.

    alpha = mask (1 - 0.1 n), n frames after the mask, plus 0.01 for every time the first frame was seen again: 11.
    """

    made: ClassVar[list["InferenceCore"]] = []

    def __init__(self, network, cfg=None, *, image_feature_store=None, device=None):
        assert cfg is network.cfg
        assert network.placed == [device, "eval"]
        assert image_feature_store is None
        self.network, self.device = network, device
        self.memory, self.warm, self.age = None, 0, 0
        InferenceCore.made.append(self)

    def step(self, image, mask=None, objects=None, *, first_frame_pred=False):
        h, w = image.shape[1:]
        assert image.shape[0] == 3
        assert float(image.min()) >= 0
        assert float(image.max()) <= 1
        if mask is not None:
            assert mask.shape == (h, w)
            assert set(np.unique(mask.cpu().numpy())) <= {0.0, 255.0}
            assert objects == [1]
            self.memory = mask / 255.0
        elif first_frame_pred:
            self.warm += 1
        else:
            self.age += 1
        alpha = (
            self.memory
            * (0.5 + 0.01 * self.warm - 0.1 * self.age)
            * float(self.network.state["pixel_encoder.bias"][0])
            * 2
        )
        return (alpha * 0, alpha)

    def output_prob_to_mask(self, output_prob, matting=True):
        assert matting
        return output_prob[1]


class FakeTensor(np.ndarray):
    def to(self, device):
        assert device == "cpu"
        return self

    def float(self):
        return self.astype(np.float32)

    def cpu(self):
        return self

    def numpy(self):
        return np.asarray(self)


def fake_torch():
    torch = ModuleType("torch")
    torch.from_numpy = lambda array: array.view(FakeTensor)
    torch.inference_mode = contextlib.nullcontext
    torch.cuda = SimpleNamespace(is_available=lambda: False)
    return torch


def install_matanyone2(monkeypatch, torch, folder):
    """Put the stand-in where the user's package would be, with this torch; its settings lie in ``folder``."""
    names = ["matanyone2", "matanyone2.inference", "matanyone2.model"]
    names += ["matanyone2.inference.inference_core", "matanyone2.model.matanyone2", "omegaconf"]
    modules = {name: ModuleType(name) for name in names}
    modules["matanyone2.inference.inference_core"].InferenceCore = InferenceCore
    modules["matanyone2.model.matanyone2"].MatAnyone2 = Network
    modules["matanyone2"].__path__ = [str(folder)]
    (folder / "config" / "model").mkdir(parents=True)
    (folder / "config" / "eval_matanyone_config.yaml").write_text('{"mem_every": 5}')
    (folder / "config" / "model" / "base.yaml").write_text('{"pixel_dim": 256}')
    load = SimpleNamespace(load=lambda path: SimpleNamespace(**json.loads(Path(path).read_text())))
    modules["omegaconf"].OmegaConf = load
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setattr(InferenceCore, "made", [])


def torch_of(kind):
    return fake_torch() if kind == "fake" else pytest.importorskip("torch")
