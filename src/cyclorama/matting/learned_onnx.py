"""Learned models that run in ONNX Runtime: BiRefNet, frame by frame, and Robust Video Matting, recurrent."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.clip import Clip, iterate
from cyclorama.core.display import code8_from_linear
from cyclorama.core.errors import InputError, MachineError
from cyclorama.matting.learned import NO_MASKS, Masks, require_masks
from cyclorama.matting.learned_pictures import finished, planes, resized
from cyclorama.matting.learned_weights import container_of, digest, require, weight_file

_INSTALL = "pip install 'cyclorama[mattes]'"
_PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}
_TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16}
_MEAN, _DEVIATION = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
"""Of ImageNet's pictures, by which BiRefNet's input is normalised."""
_SIDE = 1024
"""Side of the square that BiRefNet was trained on, for exports that leave it open."""
_COARSE_SIDE = 512
"""Longer side at which Robust Video Matting looks first; its authors' own rule."""
_STATES = 4
_ERRORS = ("Fail", "InvalidArgument", "InvalidGraph", "InvalidProtobuf", "NotImplemented", "RuntimeException")
"""What ONNX Runtime raises for a file or an input that it cannot use."""


@dataclass(frozen=True)
class _Graph:
    """An ONNX file, opened. ``inputs``, ``outputs``: ONNX Runtime's descriptions by name, in the file's order."""

    path: Path
    session: Any
    errors: tuple[type[Exception], ...]
    inputs: dict[str, Any]
    outputs: dict[str, Any]

    def run(self, model: str, outputs: list[str], feed: dict[str, Array]) -> list[Array]:
        try:
            answer: list[Array] = self.session.run(outputs, feed)
        except self.errors as error:
            words = str(error).splitlines()[0]
            if "allocat" in words or "out of memory" in words.lower():
                raise MachineError(f"{model}: the memory does not suffice for a frame ({words})") from None
            raise InputError(f"{self.path}: does not run as {model} ({words}); export it again") from None
        return answer

    def refuse(self, model: str, wanted: str) -> InputError:
        names = [f"{v.name} {v.shape} {v.type}" for v in (*self.inputs.values(), *self.outputs.values())]
        return InputError(f"{self.path}: {model} must have {wanted}, got {', '.join(names)}; give its ONNX export")


def _open(weights: str, device: str, model: str) -> _Graph:
    runtime = require("onnxruntime", of=model, install=_INSTALL)
    path = weight_file(weights)
    kind = container_of(path)
    if kind != "other":
        danger = "which can carry code" if kind == "torch" else "which holds numbers without the model"
        raise InputError(f"{path}: is a {kind} file, {danger}; {model} is read from its ONNX export alone")
    if _PROVIDERS[device] not in runtime.get_available_providers():
        raise MachineError(f"{model}: this ONNX Runtime has no {device}; pip install onnxruntime-gpu or use the CPU")
    options = runtime.SessionOptions()
    options.log_severity_level = 3  # errors alone: they are raised and told below
    state = runtime.capi.onnxruntime_pybind11_state
    errors = tuple(getattr(state, name) for name in _ERRORS)
    try:
        session = runtime.InferenceSession(str(path), options, providers=[_PROVIDERS[device]])
    except errors as error:
        words = str(error).splitlines()[0]
        raise InputError(f"{path}: is no whole ONNX model ({words}); download it again") from None
    if _PROVIDERS[device] not in session.get_providers():
        raise MachineError(f"{model}: ONNX Runtime could not start {device} on this machine; use --device cpu")
    inputs, outputs = ({v.name: v for v in values} for values in (session.get_inputs(), session.get_outputs()))
    return _Graph(path, session, errors, inputs, outputs)


def open_birefnet(weights: str, device: str) -> "BiRefNet":
    """An ONNX export of BiRefNet: one input 1 3 h w, the last output 1 1 h w. ``InputError`` when it is none."""
    graph = _open(weights, device, "birefnet")
    image, alpha = next(iter(graph.inputs.values())), list(graph.outputs.values())[-1]
    if len(graph.inputs) != 1 or not _is_picture(image, 3) or not _is_picture(alpha, 1):
        raise graph.refuse("birefnet", "one input 1 x 3 x h x w and a last output 1 x 1 x h x w, of float numbers")
    h, w = (n if isinstance(n, int) else _SIDE for n in image.shape[2:])
    return BiRefNet(graph, digest(graph.path), image.name, alpha.name, (h, w))


def _is_picture(value: Any, channels: int) -> bool:
    """Whether an input or output is 1 channels h w float; sizes that the export leaves open are names."""
    shape = value.shape
    return value.type in _TYPES and len(shape) == 4 and (shape[1] == channels or not isinstance(shape[1], int))


@dataclass(frozen=True)
class BiRefNet:
    """Zheng et al., Bilateral Reference for High-Resolution Dichotomous Image Segmentation, 2024.

    The whole frame is squeezed to the model's size, aspect not kept, since it was trained so.
    """

    graph: _Graph
    weights: str
    image: str
    alpha: str
    model_hw: tuple[int, int]

    @property
    def name(self) -> str:
        return "birefnet"

    @property
    def fingerprint(self) -> str:
        return f"birefnet 1 {self.weights}"

    def mattes(self, clip: Clip, masks: Masks = NO_MASKS) -> Iterator[Array]:
        """See ``MatteModel``."""
        require_masks(self.name, masks, clip)
        return self._mattes(clip)

    def _mattes(self, clip: Clip) -> Iterator[Array]:
        """Exports end before or after the sigmoid. Which, is read from the first frame: logits leave 0..1, and a file
        whose first frame stays there must stay there."""
        kind = _TYPES[self.graph.inputs[self.image].type]
        logits = None
        for index, frame in enumerate(iterate(clip)):
            picture = planes(resized(code8_from_linear(frame), self.model_hw), _MEAN, _DEVIATION)
            feed = {self.image: picture.astype(kind, copy=False)}
            answer = self.graph.run(self.name, [self.alpha], feed)[0][0, 0].astype(np.float32)
            if logits is None:
                logits = bool(answer.min() < 0.0 or answer.max() > 1.0)
            # 1 / (1 + exp(-x)) without overflow
            yield finished(0.5 + 0.5 * np.tanh(0.5 * answer) if logits else answer, clip.hw, self.name, index)


def open_rvm(weights: str, device: str) -> "Rvm":
    """Robust Video Matting's ONNX export; ``InputError`` when its inputs and outputs have other names."""
    graph = _open(weights, device, "rvm")
    states = range(1, _STATES + 1)
    inputs, outputs = ("src", *(f"r{i}i" for i in states), "downsample_ratio"), ("pha", *(f"r{i}o" for i in states))
    if set(graph.inputs) != set(inputs) or not set(outputs) <= set(graph.outputs):
        raise graph.refuse("rvm", f"the inputs {', '.join(inputs)} and the outputs {', '.join(outputs)}")
    if not _is_picture(graph.inputs["src"], 3) or not _is_picture(graph.outputs["pha"], 1):
        raise graph.refuse("rvm", "src 1 x 3 x h x w and pha 1 x 1 x h x w of float numbers")
    return Rvm(graph, digest(graph.path))


@dataclass(frozen=True)
class Rvm:
    """Lin et al., Robust High-Resolution Video Matting with Temporal Guidance, WACV 2022.

    Frames go in at their own size; the model looks at them small first and refines at full size by itself.
    """

    graph: _Graph
    weights: str

    @property
    def name(self) -> str:
        return "rvm"

    @property
    def fingerprint(self) -> str:
        return f"rvm 1 {self.weights}"

    def mattes(self, clip: Clip, masks: Masks = NO_MASKS) -> Iterator[Array]:
        """See ``MatteModel``."""
        require_masks(self.name, masks, clip)
        return self._mattes(clip)

    def _mattes(self, clip: Clip) -> Iterator[Array]:
        kind = _TYPES[self.graph.inputs["src"].type]
        ratio = np.array([min(1.0, _COARSE_SIDE / max(clip.hw))], np.float32)
        states = [np.zeros((1, 1, 1, 1), kind)] * _STATES
        outputs = ["pha", *(f"r{i + 1}o" for i in range(_STATES))]
        for index, frame in enumerate(iterate(clip)):
            source = planes(code8_from_linear(frame), np.zeros(3), np.ones(3)).astype(kind, copy=False)
            feed = {"src": source, "downsample_ratio": ratio, **{f"r{i + 1}i": s for i, s in enumerate(states)}}
            alpha, *states = self.graph.run(self.name, outputs, feed)
            yield finished(alpha[0, 0], clip.hw, self.name, index)
