"""From the files of shots to training samples, in numpy.

A sample depends on the seed and its number alone, so that a run that is taken up again sees what it would have seen.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.display import display_from_linear, linear_from_code8
from cyclorama.core.errors import InputError
from cyclorama.diffusion.augment import as_proxy, broken, part_of, perturbed, turned_away, window
from cyclorama.diffusion.prompt import NO_PROMPT, Prompt
from cyclorama.diffusion.recipes import DataRecipe

GREEN = np.array([0.0, 240 / 255, 0.0], np.float32)
"""sRGB code of the flat screen behind the foreground, measured in PAI-Studio's figures."""
_GREEN_LINEAR = linear_from_code8(np.array([0, 240, 0], np.uint8))


@dataclass(frozen=True)
class ShotFile:
    """A shot as training keeps it: uint8 sRGB codes.

    ``truth``: t h w 3. ``actor``: t h w 3, premultiplied in linear light. ``alpha``: t h w. ``place``: r h w 3 pictures
    of the place and ``place_frames`` (r,) the frames they show. ``prompt``. Where known, else None: ``inverse_depth``
    t h w float16 1/m; ``px_from_cam`` t 3 3 and ``world_from_camera`` t 4 4.
    """

    truth: Array
    actor: Array
    alpha: Array
    place: Array
    place_frames: Array
    prompt: Prompt
    inverse_depth: Array | None
    px_from_cam: Array | None
    world_from_camera: Array | None


@dataclass(frozen=True)
class Sample:
    """Pictures are sRGB-coded float32, 0..1: ``foreground`` and ``truth`` t h w 3, ``references`` r h w 3 of
    ``reference_frames`` (r,); ``alpha`` t h w; ``proxy`` t h w, 1 where the foreground shows its shape alone; ``cover``
    t h w, 1 where a render of the place is known, for models that are told it; the rest as in ``ShotFile``."""

    foreground: Array
    truth: Array
    references: Array
    reference_frames: Array
    alpha: Array
    proxy: Array
    cover: Array
    prompt: Prompt
    shot: ShotFile


def read_shot(path: Path) -> ShotFile:
    """A shot's ``npz`` file. ``InputError`` when it is none."""
    try:
        with np.load(path, allow_pickle=False) as file:
            found = {name: file[name] for name in file.files}
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is no shot for training: {error}") from error
    if missing := [name for name in ("truth", "actor", "alpha", "place", "words") if name not in found]:
        raise InputError(f"{path} lacks {', '.join(missing)}; delete it and it is made again")
    words = json.loads(str(found.pop("words")))
    found.setdefault("place_frames", np.arange(len(found["place"])))
    optional: dict[str, Any] = {name: found.get(name) for name in ("inverse_depth", "px_from_cam", "world_from_camera")}
    needed = {name: found[name] for name in ("truth", "actor", "alpha", "place", "place_frames")}
    return ShotFile(**needed, **optional, prompt=prompt_of_words(words))


def prompt_of_words(words: dict[str, str]) -> Prompt:
    """The prompt of a made-up shot."""
    if "caption" in words:
        return Prompt(**words)
    person, place, move = words["actor"], words["place"], words["move"].replace("+", " and ")
    return Prompt(
        foreground_content="a person",
        background_content=f"a {place}",
        foreground_motion=f"the person {person}",
        camera_motion_analysis=f"{move} camera",
        camera_angle="Eye-level",
        caption=f"A person {person} in a {place}.",
    )


def over_green(actor: Array, alpha: Array) -> Array:
    """Premultiplied linear actor on the flat screen, sRGB-coded."""
    return np.clip(display_from_linear(actor + (1 - alpha[..., None]) * _GREEN_LINEAR), 0, 1)


def made_sample(shot: ShotFile, recipe: DataRecipe, rng: np.random.Generator) -> Sample:
    """A training sample of a shot, augmented as the recipe says."""
    chance = rng.random()
    if chance < recipe.outpaint + recipe.variation and len(shot.place) == len(shot.truth):
        return _auxiliary(shot, chance < recipe.outpaint, rng)
    actor, alpha = linear_from_code8(shot.actor), shot.alpha.astype(np.float32) / 255
    if rng.random() < recipe.perturb:
        actor = perturbed(actor, alpha, rng)
    seen = alpha
    if rng.random() < recipe.bad_mask:
        actor, seen = broken(actor, alpha, rng)
    proxy = np.zeros_like(alpha)
    if recipe.proxy and rng.random() < recipe.proxy:
        proxy = part_of(alpha, rng)
        actor = as_proxy(actor, proxy)
    chosen = _chosen(shot, recipe, rng)
    prompt = NO_PROMPT if rng.random() < recipe.drop_text else shot.prompt
    return Sample(
        over_green(actor, seen), _coded(shot.truth), _coded(shot.place[chosen]), shot.place_frames[chosen], alpha,
        proxy, _cover(shot, rng.spawn(1)[0]), prompt, shot,
    )  # fmt: skip


def prompts_of(shots: Iterable[ShotFile]) -> tuple[Prompt, ...]:
    """All prompts that samples of the shots can have."""
    own = [shot.prompt for shot in shots]
    return tuple(dict.fromkeys([NO_PROMPT, *own, *map(_of_place, own)]))


def _of_place(prompt: Prompt) -> Prompt:
    return Prompt(caption=prompt.background_content or "a place")


def plain_sample(shot: ShotFile, num_references: int = 3, rng: np.random.Generator | None = None) -> Sample:
    """For judging: nothing augmented, but the light where ``rng`` is given; 3 references: begin, middle, end; 1: the
    middle."""
    actor, alpha = linear_from_code8(shot.actor), shot.alpha.astype(np.float32) / 255
    if rng is not None:
        actor = perturbed(actor, alpha, rng)
    chosen = _spread(len(shot.place), num_references)
    return Sample(
        over_green(actor, alpha), _coded(shot.truth), _coded(shot.place[chosen]), shot.place_frames[chosen], alpha,
        np.zeros_like(alpha), _cover(shot, None), shot.prompt, shot,
    )  # fmt: skip


def _cover(shot: ShotFile, rng: np.random.Generator | None) -> Array:
    """Where a render of the place is known: all but a side that the camera turns to, in training (``rng``); nowhere,
    where the shot has no picture of the place for every frame."""
    if len(shot.place) != len(shot.truth):
        return np.zeros(shot.alpha.shape, np.float32)
    return np.ones(shot.alpha.shape, np.float32) if rng is None else turned_away(shot.alpha.shape, rng)


def _coded(codes: Array) -> Array:
    return codes.astype(np.float32) / 255


def _spread(count: int, wanted: int) -> Array:
    """Begin, middle and end (the middle alone for 1, begin and end for 2) of ``count`` pictures."""
    return np.array({1: (count // 2,), 2: (0, count - 1), 3: (0, count // 2, count - 1)}[min(wanted, count)])


def _chosen(shot: ShotFile, recipe: DataRecipe, rng: np.random.Generator) -> Array:
    count = len(shot.place)
    wanted = min(int(rng.integers(recipe.references[0], recipe.references[1] + 1)), count)
    if wanted > 3 or rng.random() < recipe.random_times:
        return np.sort(rng.choice(count, wanted, replace=False))
    kept = rng.choice(min(3, count), wanted, replace=False)
    return np.sort(_spread(count, 3)[kept])


def _auxiliary(shot: ShotFile, outpaint: bool, rng: np.random.Generator) -> Sample:
    """DynaScene's two tasks on the place alone: outpainting shows it in a box on green, variation not at all."""
    place = _coded(shot.place)
    kept = window(place.shape[1:3], rng) if outpaint else np.zeros(place.shape[1:3], bool)
    foreground = np.where(kept[..., None], place, GREEN).astype(np.float32)
    alpha = np.broadcast_to(kept, place.shape[:3]).astype(np.float32)
    one = np.array([rng.integers(len(place))])
    prompt = _of_place(shot.prompt)
    return Sample(
        foreground,
        place,
        place[one],
        shot.place_frames[one],
        alpha,
        np.zeros_like(alpha),
        np.zeros_like(alpha),
        prompt,
        shot,
    )


def recipe_of_step(recipe: DataRecipe, rng: np.random.Generator) -> DataRecipe:
    """The recipe with one task and one number of references, which the samples of a batch share."""
    chance = rng.random()
    outpaint = chance < recipe.outpaint
    variation = not outpaint and chance < recipe.outpaint + recipe.variation
    count = int(rng.integers(recipe.references[0], recipe.references[1] + 1))
    return replace(recipe, references=(count, count), outpaint=float(outpaint), variation=float(variation))
