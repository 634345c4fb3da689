"""Learned models that run in torch, through the package that their authors publish: MatAnyone 2."""

import pickle
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
from cyclorama.matting.learned_pictures import finished, planes
from cyclorama.matting.learned_weights import (
    container_of,
    digest,
    read_tensors,
    require,
    require_same_tensors,
    weight_file,
)

_INSTALL_TORCH = "pip install 'cyclorama[mattes-torch]'"
_INSTALL = "pip install git+https://github.com/pq-yang/MatAnyone2 (non-commercial licence)"
_ACTOR = 1
"""The number by which the model knows the one person it follows."""
_WARM_UP = 10
"""How often the first frame is seen again before its matte counts; the authors' own number."""
_CONFIG, _MODEL_CONFIG = "config/eval_matanyone_config.yaml", "config/model/base.yaml"
"""The authors' settings, inside their package."""


def open_matanyone2(weights: str, device: str) -> "MatAnyone2":
    """MatAnyone 2 from its published ``model.safetensors``, or from a ``.pth`` that holds weights alone.

    ``InputError`` for other files, pickled code, and tensors that are missing or of another shape.
    """
    torch = require("torch", of="matanyone2", install=_INSTALL_TORCH)
    core = require("matanyone2.inference.inference_core", of="matanyone2", install=_INSTALL)
    if device == "cuda" and not torch.cuda.is_available():
        raise MachineError("matanyone2: torch finds no CUDA device on this machine; use --device cpu")
    path = weight_file(weights)
    state = _state(torch, path)
    network = _network()
    given, wanted = ({name: tuple(t.shape) for name, t in tensors.items()} for tensors in (state, network.state_dict()))
    require_same_tensors(path, given, wanted, "matanyone2")
    network.load_weights(state)
    return MatAnyone2(torch, core.InferenceCore, network.to(device).eval(), digest(path), device)


def _state(torch: Any, path: Path) -> dict[str, Any]:
    """Tensors by name, on the CPU."""
    kind = container_of(path)
    if kind == "safetensors":
        return {name: torch.from_numpy(values) for name, values in read_tensors(path).items()}
    if kind != "torch":
        raise InputError(f"{path}: matanyone2 is read from safetensors or a .pth of weights; this is neither")
    try:
        state = torch.load(str(path), map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError, ValueError) as error:
        words = (str(error).splitlines() or ["damaged"])[0]
        raise InputError(f"{path}: holds more than weights, or is damaged ({words}); use safetensors") from None
    if not isinstance(state, dict) or not all(hasattr(value, "shape") for value in state.values()):
        raise InputError(f"{path}: must hold tensors by name, got {type(state).__name__}; use safetensors")
    return state


def _network() -> Any:
    """The authors' network, not yet filled.

    Built by hand, since their own loaders first fetch the pickled ImageNet weights of its trunks, which are overwritten
    at once.
    """
    omegaconf = require("omegaconf", of="matanyone2", install=_INSTALL)
    folder = Path(require("matanyone2", of="matanyone2", install=_INSTALL).__path__[0])
    for name in (_CONFIG, _MODEL_CONFIG):
        if not (folder / name).is_file():
            raise MachineError(f"the installed package matanyone2 lacks {name}; install it again: {_INSTALL}")
    config, model = (omegaconf.OmegaConf.load(folder / name) for name in (_CONFIG, _MODEL_CONFIG))
    model.pretrained_resnet = False
    config.model = model
    module = require("matanyone2.model.matanyone2", of="matanyone2", install=_INSTALL)
    return module.MatAnyone2(config, single_object=True)


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
