"""Learned mattes: the models that may be used, what each one's licence allows, and one way to open them.

No weights come with this package and nothing of a model is imported before it is opened.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import Protocol

from cyclorama.core.arrays import Array
from cyclorama.core.clip import Clip
from cyclorama.core.errors import InputError

DEVICES = ("cpu", "cuda")

Masks = Mapping[int, Array]
"""Where the actor is, by frame: h w float32 at the clip's size, actor above 0.5."""
NO_MASKS: Masks = MappingProxyType({})


class MatteModel(Protocol):
    """A trained model that turns a clip into mattes, frame by frame and in order."""

    @property
    def name(self) -> str: ...

    @property
    def fingerprint(self) -> str:
        """Changes with the weights and with what is done around them."""
        ...

    def mattes(self, clip: Clip, masks: Masks = NO_MASKS) -> Iterator[Array]:
        """One alpha for each frame of the clip, in order: h w float32 at the clip's size, finite, 0..1.

        One frame is held at a time. Every call begins anew. ``InputError`` at once when the masks are not what the
        model needs, and on the way when what it answers is no matte; ``MachineError`` when memory does not suffice.
        """
        ...


@dataclass(frozen=True)
class ModelCard:
    """What is told of a model before it is used.

    ``licence``: by its SPDX name where it has one. ``terms``: what else must be known of it. ``loader``: a dotted path
    to ``(weights, device) -> MatteModel``.
    """

    what: str
    licence: str
    commercial: bool
    terms: str
    needs_mask: bool
    extra: str
    loader: str


MATTE_MODELS: Mapping[str, ModelCard] = MappingProxyType(
    {
        "birefnet": ModelCard(
            what="BiRefNet (Zheng et al. 2024): the most salient thing, each frame by itself; a square ONNX export",
            licence="MIT",
            commercial=True,
            terms="This is so for the weights that its authors publish; others of the same shape, such as RMBG 2.0, "
            "have licences of their own, and so have the academic pictures that it was trained on.",
            needs_mask=False,
            extra="mattes",
            loader="cyclorama.matting.learned_onnx:open_birefnet",
        ),
        "rvm": ModelCard(
            what="Robust Video Matting (Lin et al. 2022): people, recurrent, so steady in time; its ONNX export",
            licence="GPL-3.0",
            commercial=True,
            terms="Commercial use is allowed; whoever passes the model on must keep to the GPL. Its authors published "
            "the weights beside the GPL code and name no other licence for them.",
            needs_mask=False,
            extra="mattes",
            loader="cyclorama.matting.learned_onnx:open_rvm",
        ),
        "matanyone2": ModelCard(
            what="MatAnyone 2 (Yang et al. 2026): follows the person of a first mask, finest hair; by its own package",
            licence="NTU S-Lab License 1.0",
            commercial=False,
            terms="Non-commercial use only; commercial use needs the authors' written permission.",
            needs_mask=True,
            extra="mattes-torch",
            loader="cyclorama.matting.learned_torch:open_matanyone2",
        ),
    }
)


def licence_notice(name: str) -> str:
    """What must be told before a model is used for the first time; ``InputError`` for an unknown name."""
    card = _card(name)
    use = "commercial use allowed" if card.commercial else "NON-COMMERCIAL use only"
    return f"{name} is licensed {card.licence} ({use}). {card.terms}"


def require_licence(name: str, *, commercial_only: bool) -> None:
    """``InputError`` for an unknown name, and for a non-commercial model where only commercial ones may be used."""
    card = _card(name)
    if commercial_only and not card.commercial:
        free = ", ".join(other for other, its in MATTE_MODELS.items() if its.commercial)
        raise InputError(
            f"{name}: its licence ({card.licence}) is non-commercial and --commercial-only is set; use one of: {free}"
        )


def open_learned(name: str, weights: str, *, commercial_only: bool = False, device: str = "cpu") -> MatteModel:
    """Open a model with the user's weights: a path, or ``owner/name[@revision]:file`` on the Hugging Face hub.

    The licence is judged before anything is read or fetched. ``InputError`` for an unknown name or device, a refused
    licence, or weights that are absent, damaged, unsafe or another model's; ``MachineError`` for a missing extra.
    """
    require_licence(name, commercial_only=commercial_only)
    if device not in DEVICES:
        raise InputError(f"the device must be one of {', '.join(DEVICES)}, got {device!r}")
    module, _, function = MATTE_MODELS[name].loader.partition(":")
    model: MatteModel = getattr(import_module(module), function)(weights, device)
    return model


def require_masks(name: str, masks: Masks, clip: Clip) -> None:
    """``InputError`` unless the masks are what a model takes: none, or one of frame 0 and any of later frames."""
    if not MATTE_MODELS[name].needs_mask:
        if masks:
            raise InputError(f"{name} finds the actor by itself and takes no mask; leave the mask away")
        return
    if 0 not in masks:
        raise InputError(f"{name} needs a mask of the first frame that shows where the actor is; give one")
    for index, mask in masks.items():
        if not 0 <= index < clip.num_frames:
            raise InputError(f"masks must be of frames 0..{clip.num_frames - 1}, got one of frame {index}")
        if mask.shape != clip.hw:
            raise InputError(
                f"the mask of frame {index} must be {clip.hw[1]} x {clip.hw[0]} like the plate, "
                f"got {' x '.join(str(n) for n in mask.shape[::-1])}"
            )
        if not (mask > 0.5).any():
            raise InputError(f"the mask of frame {index} is empty; paint the actor white")


def _card(name: str) -> ModelCard:
    if name not in MATTE_MODELS:
        raise InputError(f"no learned matte is called {name!r}; choose one of: {', '.join(MATTE_MODELS)}")
    return MATTE_MODELS[name]
