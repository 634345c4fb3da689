"""Learned models that run in torch, through the package that their authors publish: MatAnyone 2."""

import json
import pickle
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.clip import Clip, iterate
from cyclorama.core.display import code8_from_linear
from cyclorama.core.errors import InputError, MachineError
from cyclorama.matting.learned import NO_MASKS, Masks, require_masks
from cyclorama.matting.learned_pictures import finished, planes
from cyclorama.matting.learned_weights import (
    container_of,
    digest,
    require,
    require_same_tensors,
    tensor_shapes,
    weight_file,
)

_INSTALL_TORCH = "pip install 'cyclorama[mattes-torch]'"
_INSTALL = "pip install git+https://github.com/pq-yang/MatAnyone2 (non-commercial licence)"
_ACTOR = 1
"""The number by which the model knows the one person it follows."""
_WARM_UP = 10
"""How often the first frame is seen again before its matte counts; the authors' own number."""
_SAFETENSORS = "model.safetensors"
"""The name under which the authors' package looks for safetensors, with ``config.json`` beside."""


def open_matanyone2(weights: str, device: str) -> "MatAnyone2":
    """MatAnyone 2 from ``model.safetensors`` (with ``config.json`` beside) or the authors' ``.pth`` of weights alone.

    ``InputError`` for other files, pickled code, and tensors that are missing or of another shape.
    """
    torch = require("torch", of="matanyone2", install=_INSTALL_TORCH)
    core = require("matanyone2.inference.inference_core", of="matanyone2", install=_INSTALL)
    if device == "cuda" and not torch.cuda.is_available():
        raise MachineError("matanyone2: torch finds no CUDA device on this machine; use --device cpu")
    is_hub_safetensors = weights.endswith(_SAFETENSORS)
    path = weight_file(weights, beside=("config.json",) if is_hub_safetensors else ())
    kind = container_of(path)
    if kind == "other":
        raise InputError(f"{path}: matanyone2 is read from {_SAFETENSORS} or a .pth of weights; this is neither")
    network = _from_safetensors(path) if kind == "safetensors" else _from_torch(torch, path, device)
    return MatAnyone2(torch, core.InferenceCore, network, digest(path), device)


def _from_safetensors(path: Path) -> Any:
    given = tensor_shapes(path)
    if path.name != _SAFETENSORS or not (path.parent / "config.json").is_file():
        raise InputError(f"{path}: must be called {_SAFETENSORS} with its config.json beside; download both")
    _require_config(path.parent / "config.json")
    model = require("matanyone2.model.matanyone2", of="matanyone2", install=_INSTALL)
    try:
        with redirect_stdout(sys.stderr):  # the hub's mixin prints
            network = model.MatAnyone2.from_pretrained(str(path.parent))
    except RuntimeError as error:
        raise InputError(f"{path}: does not fit matanyone2 ({str(error).splitlines()[0]})") from None
    require_same_tensors(path, given, _shapes(network.state_dict()), "matanyone2")
    return network


def _require_config(path: Path) -> None:
    try:
        config = json.loads(path.read_bytes())
    except ValueError:
        config = None
    if not isinstance(config, dict) or "cfg" not in config:
        raise InputError(f"{path}: must hold the model's settings under cfg, as JSON; download it again")


def _from_torch(torch: Any, path: Path, device: str) -> Any:
    """The package reads the file again by itself; the weights-only reader has refused code before."""
    try:
        given = torch.load(str(path), map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError, ValueError) as error:
        words = (str(error).splitlines() or ["damaged"])[0]
        raise InputError(f"{path}: holds more than weights, or is damaged ({words}); use {_SAFETENSORS}") from None
    if not isinstance(given, dict) or not all(hasattr(value, "shape") for value in given.values()):
        raise InputError(f"{path}: must hold tensors by name, got {type(given).__name__}; use {_SAFETENSORS}")
    make = require("matanyone2.utils.get_default_model", of="matanyone2", install=_INSTALL)
    try:
        network = make.get_matanyone2_model(str(path), device)
    except (RuntimeError, KeyError) as error:
        raise InputError(f"{path}: does not fit matanyone2 ({str(error).splitlines()[0]})") from None
    require_same_tensors(path, _shapes(given), _shapes(network.state_dict()), "matanyone2")
    return network


def _shapes(state: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in state.items()}


@dataclass(frozen=True)
class MatAnyone2:
    """Yang et al., MatAnyone 2: Scaling Video Matting via a Learned Quality Evaluator, CVPR 2026.

    Frames go in at their own size. At every frame that has a mask the model begins anew from that mask, as its authors
    begin the first frame: the mask is memorised and the frame is then seen again until its matte has settled.
    """

    torch: Any
    inference_core: Any
    network: Any
    weights: str
    device: str

    @property
    def name(self) -> str:
        return "matanyone2"

    @property
    def fingerprint(self) -> str:
        return f"matanyone2 1 {self.weights}"

    def mattes(self, clip: Clip, masks: Masks = NO_MASKS) -> Iterator[Array]:
        """See ``MatteModel``."""
        require_masks(self.name, masks, clip)
        return self._mattes(clip, masks)

    def _mattes(self, clip: Clip, masks: Masks) -> Iterator[Array]:
        core = None
        for index, frame in enumerate(iterate(clip)):
            picture = planes(code8_from_linear(frame), np.zeros(3), np.ones(3))[0]
            if index in masks or core is None:
                core = self.inference_core(self.network, cfg=self.network.cfg, device=self.device)
            yield finished(self._step(core, picture, masks.get(index)), clip.hw, self.name, index)

    def _step(self, core: Any, picture: Array, mask: Array | None) -> Array:
        """The alpha of one frame, h w float32; ``picture``: 3 h w sRGB 0..1."""
        torch = self.torch
        try:
            with torch.inference_mode():
                image = torch.from_numpy(picture).to(self.device)
                if mask is None:
                    seen = core.step(image)
                else:
                    white = np.where(mask > 0.5, np.float32(255.0), np.float32(0.0))
                    core.step(image, torch.from_numpy(white).to(self.device), objects=[_ACTOR])
                    for _ in range(1 + _WARM_UP):
                        seen = core.step(image, first_frame_pred=True)
                alpha: Array = core.output_prob_to_mask(seen).float().cpu().numpy()
        except RuntimeError as error:
            if "memory" not in str(error):
                raise
            raise MachineError("matanyone2: the memory does not suffice for a frame; give a smaller plate") from None
        return alpha
