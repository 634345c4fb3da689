"""Depth guessed from one picture by a published model, through ``transformers``: Depth Anything, Depth Pro, ZoeDepth.

Nothing of it is imported or fetched before a model is named, weights are read from safetensors alone, and no code that
lies beside them is run.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.depth import DepthPicture
from cyclorama.core.depth_sense import DepthSense
from cyclorama.core.display import code8_from_linear
from cyclorama.core.errors import InputError, MachineError
from cyclorama.matting.learned_weights import require

INSTALL = "pip install 'cyclorama[depth]'"
DEVICES = ("cpu", "cuda")
_SENSES: dict[str, DepthSense] = {
    "depth_pro": "metric",
    "zoedepth": "metric",
    "glpn": "metric",
    "dpt": "inverse",
    "depth_anything": "inverse",
    "prompt_depth_anything": "inverse",
}
"""What each kind of model answers with, where its own settings do not say metric."""
_LONG_SIDE = 1536
"""Pictures are shown to a model no larger: none was trained on more."""


@dataclass(frozen=True)
class DepthModel:
    """A model that was opened; ``sense``: what its values mean."""

    name: str
    sense: DepthSense
    torch: Any
    network: Any
    processor: Any
    device: str

    def depth_of(self, image: Array, label: str) -> DepthPicture:
        """Of a picture, h w 3 float32 scene-linear. ``MachineError`` where the memory does not suffice."""
        scale = min(1.0, _LONG_SIDE / max(image.shape[:2]))
        shown = code8_from_linear(image)
        if scale < 1:
            shown = cv2.resize(shown, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        try:
            with self.torch.inference_mode():
                seen = self.processor(images=shown, return_tensors="pt").to(self.device)
                answer = self.processor.post_process_depth_estimation(
                    self.network(**seen), target_sizes=[shown.shape[:2]]
                )
                values = answer[0]["predicted_depth"].float().cpu().numpy()
        except RuntimeError as error:
            if "memory" not in str(error):
                raise
            raise MachineError(f"{self.name}: the memory does not suffice for a picture; use a smaller model") from None
        values = np.where(np.isfinite(values), values, np.nan).astype(np.float32)
        if values.shape != shown.shape[:2] or not np.nanmax(values, initial=-1) > np.nanmin(values, initial=1e30):
            raise InputError(f"{self.name}: its answer for {label} is no depth; these weights are not its own")
        return DepthPicture(values, self.sense, False, f"the depth of {Path(label).name} by {self.name}")


def open_depth_model(model: str, device: str = "cpu") -> DepthModel:
    """``model``: a folder that ``save_pretrained`` wrote, or ``owner/name`` or ``owner/name@revision`` on the hub.

    ``InputError`` for what is no such model; ``MachineError`` where the extra, the device or the network is missing.
    """
    if device not in DEVICES:
        raise InputError(f"--depth-device must be one of {', '.join(DEVICES)}, got '{device}'")
    transformers = require("transformers", of="a depth model", install=INSTALL)
    torch = require("torch", of="a depth model", install=INSTALL)
    if device == "cuda" and not torch.cuda.is_available():
        raise MachineError("depth model: torch finds no CUDA device on this machine; use --depth-device cpu")
    require("transformers.utils.logging", of="a depth model", install=INSTALL).disable_progress_bar()
    place, at, revision = model.rpartition("@") if not Path(model).exists() else (model, "", "")
    options: dict[str, Any] = {"revision": revision} if at and place else {}
    place = place if options else model
    if Path(place).exists():
        options = {"local_files_only": True}
    elif len(place.strip("/").split("/")) != 2 or place.startswith((".", "/", "~")):
        raise InputError(f"{model}: there is no such folder; give one that transformers saved, or OWNER/NAME of a hub")
    try:
        config = transformers.AutoConfig.from_pretrained(place, trust_remote_code=False, **options)
        sense = _sense(model, config)
        network = transformers.AutoModelForDepthEstimation.from_pretrained(
            place, use_safetensors=True, trust_remote_code=False, **options
        )
        processor = transformers.AutoImageProcessor.from_pretrained(place, trust_remote_code=False, **options)
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        words = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise InputError(
            f"{model}: is no depth model that can be read here ({words}); it must be whole, with config.json, "
            "preprocessor_config.json and safetensors"
        ) from None
    return DepthModel(Path(place).name, sense, torch, network.to(device).eval(), processor, device)


def _sense(model: str, config: Any) -> DepthSense:
    if config.model_type not in _SENSES:
        raise InputError(f"{model}: is a {config.model_type}, not a depth model; known are {', '.join(_SENSES)}")
    if getattr(config, "depth_estimation_type", None) == "metric":
        return "metric"
    return _SENSES[config.model_type]
