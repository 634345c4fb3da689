"""Recipes: what a model is and how it is trained, as plain frozen values.

A recipe is a function that returns a ``Recipe``; a variant is ``dataclasses.replace`` of one. Nothing here needs torch.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from cyclorama.core.errors import InputError

_CHOICES = {
    "predicts": ("clean", "velocity"),
    "loss_in": ("clean", "velocity"),
    "times": ("uniform", "logit-normal"),
    "precision": ("no", "bf16"),
}


_WAN_2_1, _WAN_2_2 = (4, 8, 2, 16), (4, 16, 2, 48)
_MANY: dict[str, Any] = {"accumulate": 8, "shard": True}
"""For one to eight processes."""


@dataclass(frozen=True, kw_only=True)
class ModelRecipe:
    """The transformer over one sequence. The first eight size a Wan transformer where ``weights`` names none."""

    weights: str = ""
    """Hub id or folder of public Wan weights in the layout of diffusers; empty: made at random."""
    width: int = 96
    heads: int = 3
    layers: int = 3
    ffn: int = 256
    patch: int = 8
    """Side of the pixel patch of the models that have no learned autoencoder."""
    text_dim: int = 48
    freq_dim: int = 64
    cells: tuple[int, ...] = ()
    """Of public weights: frames and pixels to a latent, latents along a token's side, channels of a latent."""
    copies: int = 0
    """Heads of the pixel mixer, which copies pixels of the references; 0: no mixer. Patch models only."""
    local_start: bool = False
    """Self-attention begins by looking at its own place and time."""
    text_in_sequence: bool = True
    """Text tokens stand in the sequence too; public weights read text by cross-attention alone."""
    cloned_times: bool = True
    """References carry the temporal position of their time (PAI-Studio); else they count on after the last frame."""
    rays: bool = False
    """Camera as Pluecker rays (DynaScene)."""
    tri_mask: bool = False
    """Keep, keep geometry, generate (Cinematic Compositing)."""
    depth: bool = False
    """Depth is denoised jointly with the picture (Cinematic Compositing)."""
    prior: bool = False
    """A rendered place is given for what is known of the target, with its cover."""
    condition_stride: tuple[int, int] = (1, 1)
    """Foreground tokens kept in time and space; above 1 the cheap variant that PAI-Studio warns of."""
    predicts: str = "clean"
    """``clean`` or ``velocity``: what the network's output means."""
    lora_rank: int = 0
    """0: the whole model is trained."""
    lora_alpha: int = 80
    lora_targets: tuple[str, ...] = ("to_q", "to_k", "to_v", "to_out.0", "ffn.net.0.proj", "ffn.net.2")

    def __post_init__(self) -> None:
        _check_choices(self)
        if self.width % self.heads or (self.width // self.heads) % 2:
            raise InputError(f"width must be an even number for each head, got {self.width} for {self.heads} heads")
        if min(self.layers, self.heads, self.patch, *self.condition_stride) < 1 or self.copies < 0:
            raise InputError("layers, heads, patch and condition_stride must be 1 or more, copies 0 or more")
        if self.copies and self.weights:
            raise InputError("copies needs pixel patches; the public weights work in an autoencoder's latents")


@dataclass(frozen=True, kw_only=True)
class DataRecipe:
    """What is learned from."""

    folder: str = ""
    """Folder of cases (``plate.mp4`` and ``truth.mp4`` or folders of frames, ``alpha/``, ``refs/``); empty: made up."""
    num_frames: int = 5
    hw: tuple[int, int] = (40, 64)
    num_shots: int = 600
    """Made-up shots, drawn once and kept."""
    perturb: float = 1.0
    """Share of samples whose foreground's light is perturbed."""
    bad_mask: float = 0.2
    """Share of samples whose matte has holes, lost limbs or false occluders."""
    references: tuple[int, int] = (1, 3)
    """Fewest and most references."""
    random_times: float = 0.3
    """Share of samples whose references come from random times, not begin, middle and end."""
    drop_text: float = 0.1
    outpaint: float = 0.0
    """Share of samples that restore a picture masked by 60-90 % (DynaScene's background outpainting)."""
    proxy: float = 0.0
    """Share of samples part of whose foreground is a green proxy of its shape, to be given its look (Cinematic
    Compositing); the model is told by ``tri_mask``."""
    variation: float = 0.0
    """Share of samples that make the place's video from its picture alone (DynaScene's scene variation)."""

    def __post_init__(self) -> None:
        if not 1 <= self.references[0] <= self.references[1] <= self.num_frames:
            raise InputError(f"references must be 1 or more and at most num_frames, got {self.references}")
        for name in ("perturb", "bad_mask", "random_times", "drop_text", "outpaint", "variation", "proxy"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"{name} must be 0..1, got {getattr(self, name)}")


@dataclass(frozen=True, kw_only=True)
class TrainRecipe:
    """How it is learned."""

    seed: int = 0
    steps: int = 2000
    batch: int = 4
    accumulate: int = 1
    """Batches that a step learns from, shared by all processes: as many or few as there are, the run is the same."""
    shard: bool = False
    """Weights, gradients and moments are cut over the processes (FSDP); else each of them holds all."""
    rate: float = 1e-3
    warmup: int = 50
    decay: float = 0.01
    betas: tuple[float, float] = (0.9, 0.95)
    clip: float = 1.0
    ema: float = 0.995
    shift: float = 1.0
    times: str = "logit-normal"
    loss_in: str = "clean"
    """Space in which the error is squared: ``clean`` pixels or ``velocity`` (the first divided by t squared)."""
    foreground_weight: float = 1.0
    """Weight of the actor's region in the loss; Cinematic Compositing uses about 10."""
    precision: str = "no"
    """``no`` (float32) or ``bf16``."""
    checkpointing: bool = False
    """Gradient checkpointing: a third more time, far less memory."""
    save_every: int = 200
    sheet_every: int = 500
    sample_steps: int = 4
    threads: int = 0
    """Threads of the CPU; 0: as torch finds them."""

    def __post_init__(self) -> None:
        _check_choices(self)
        for name in ("steps", "batch", "accumulate", "save_every", "sheet_every", "sample_steps"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} must be 1 or more, got {getattr(self, name)}")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A model, its data and its training."""

    name: str
    model: ModelRecipe = field(default_factory=ModelRecipe)
    data: DataRecipe = field(default_factory=DataRecipe)
    train: TrainRecipe = field(default_factory=TrainRecipe)

    def __post_init__(self) -> None:
        if self.data.proxy and not self.model.tri_mask:
            raise InputError("data.proxy needs model.tri_mask=true, which tells the model what is a proxy")


def nano() -> Recipe:
    """For tests: learns nothing worth seeing, runs in a blink."""
    return Recipe(
        name="nano",
        model=ModelRecipe(width=24, heads=2, layers=1, ffn=48, text_dim=16, freq_dim=16, copies=1, local_start=True),
        data=DataRecipe(num_frames=3, hw=(16, 24), num_shots=4),
        train=TrainRecipe(steps=4, batch=2, save_every=2, sheet_every=4, sample_steps=2, warmup=1),
    )


def mini() -> Recipe:
    """The small member that learns on two cores and needs no download."""
    train = TrainRecipe(
        steps=3600, batch=2, rate=1.5e-3, shift=3.0, foreground_weight=2.0, ema=0.998, save_every=300, sheet_every=900,
        sample_steps=1,
    )  # fmt: skip
    data = DataRecipe(num_shots=560)
    return Recipe(name="mini", model=ModelRecipe(copies=3, local_start=True), data=data, train=train)


def _wan(name: str, weights: str, hw: tuple[int, int], train: dict[str, Any], **size: Any) -> Recipe:
    model = ModelRecipe(
        weights=weights, predicts="velocity", text_in_sequence=False, lora_rank=80, text_dim=4096, freq_dim=256, **size
    )
    plan = TrainRecipe(
        steps=8000, batch=1, rate=5e-5, shift=5.0, loss_in="velocity", times="uniform", precision="bf16",
        checkpointing=True, sample_steps=50, ema=0.999, warmup=100, **train,
    )  # fmt: skip
    return Recipe(name=name, model=model, data=DataRecipe(num_frames=49, hw=hw), train=plan)


def wan_1_3b() -> Recipe:
    """Wan2.1-T2V-1.3B with LoRA."""
    hub = "Wan-AI/Wan2.1-T2V-1.3B-Diffusers"
    return _wan("wan-1.3b", hub, (480, 832), {}, width=1536, heads=12, layers=30, ffn=8960, cells=_WAN_2_1)


def wan_5b() -> Recipe:
    """Wan2.2-TI2V-5B with LoRA, as WorldWander trains it: rank 80, rate 5e-5, shift 5, 49 frames of 704 x 1280. Eight
    clips a step and cut weights are our choice."""
    hub = "Wan-AI/Wan2.2-TI2V-5B-Diffusers"
    return _wan("wan-5b", hub, (704, 1280), _MANY, width=3072, heads=24, layers=30, ffn=14336, cells=_WAN_2_2)


def wan_14b() -> Recipe:
    """Wan2.1-T2V-14B with LoRA, for eight GPUs."""
    hub = "Wan-AI/Wan2.1-T2V-14B-Diffusers"
    return _wan("wan-14b", hub, (480, 832), _MANY, width=5120, heads=40, layers=40, ffn=13824, cells=_WAN_2_1)


RECIPES: dict[str, Callable[[], Recipe]] = {
    "nano": nano,
    "mini": mini,
    "wan-1.3b": wan_1_3b,
    "wan-5b": wan_5b,
    "wan-14b": wan_14b,
}


def recipe_named(name: str) -> Recipe:
    """``InputError`` with the list when there is none."""
    if name not in RECIPES:
        raise InputError(f"there is no recipe '{name}'; choose one of {', '.join(RECIPES)}")
    return RECIPES[name]()


def record_of(recipe: Recipe) -> dict[str, Any]:
    """For ``recipe.json``."""
    return asdict(recipe)


def recipe_of(record: dict[str, Any]) -> Recipe:
    """The inverse of ``record_of``. ``InputError`` for a field that no recipe has or a value out of range."""
    parts = {"model": ModelRecipe, "data": DataRecipe, "train": TrainRecipe}
    try:
        made: dict[str, Any] = {key: _made(kind, record[key]) for key, kind in parts.items()}
        return Recipe(name=str(record["name"]), **made)
    except (KeyError, TypeError) as error:
        raise InputError(f"this is no recipe of this version of cyclorama: {error}") from error


def recipe_in(path: Path) -> Recipe:
    """Of a ``recipe.json``. ``InputError`` when it is none."""
    try:
        record = json.loads(path.read_text())
    except ValueError as error:
        raise InputError(f"{path} is no JSON: {error}; it must be a recipe as cyc train writes it") from error
    return recipe_of(record)


def _made(kind: type, values: dict[str, Any]) -> Any:
    known = {f.name for f in fields(kind)}
    if extra := sorted(set(values) - known):
        raise InputError(f"a recipe has no field {', '.join(extra)}; there are {', '.join(sorted(known))}")
    given = {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
    for f in fields(kind):
        if f.name in given and not _like(given[f.name], f.default):
            raise InputError(
                f"{f.name} must be of the kind of {json.dumps(f.default)}, got {json.dumps(given[f.name])}"
            )
    return kind(**given)


def _like(value: Any, default: Any) -> bool:
    """Whether a value is of its default's kind; whole numbers are numbers, true and false are none."""
    if isinstance(default, tuple):
        long = len(value) == len(default) if isinstance(value, tuple) and not _open(default) else True
        return isinstance(value, tuple) and long and all(_like(v, default[0] if default else 0) for v in value)
    if isinstance(default, float):
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return type(value) is type(default)


def _open(default: tuple[Any, ...]) -> bool:
    """Whether the number of a field's values is free."""
    return not default or isinstance(default[0], str)


def _check_choices(recipe: ModelRecipe | TrainRecipe) -> None:
    for name in {f.name for f in fields(recipe)} & set(_CHOICES):
        if getattr(recipe, name) not in _CHOICES[name]:
            raise InputError(f"{name} must be {' or '.join(_CHOICES[name])}, got {getattr(recipe, name)!r}")
