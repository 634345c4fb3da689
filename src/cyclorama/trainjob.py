"""The job of ``cyc train``: a recipe and shots in, a run's folder out."""

import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.errors import InputError, MachineError
from cyclorama.diffusion.cost import coder_bytes, cost_of, in_words
from cyclorama.diffusion.extra import require_extra
from cyclorama.diffusion.public_sizes import sized
from cyclorama.diffusion.recipes import Recipe, recipe_named, recipe_of, record_of
from cyclorama.diffusion.samples import plain_sample, prompts_of, read_shot
from cyclorama.job import Progress
from cyclorama.train_settings import TrainSettings
from cyclorama.training_folders import folder_shots
from cyclorama.training_shots import UNSEEN, draw_shots

if TYPE_CHECKING:
    from cyclorama.diffusion.autoencoder import Autoencoder
    from cyclorama.diffusion.batches import TextEncoder
    from cyclorama.diffusion.model import InContextModel
    from cyclorama.diffusion.samples import Sample

_IN_SHEET = 6
_AT_ONCE = 8


@dataclass(frozen=True)
class TrainReport:
    """The last figures of a run."""

    facts: dict[str, Any]
    remarks: tuple[str, ...] = ()


def train_model(settings: TrainSettings, progress: Progress = lambda *_: None) -> TrainReport:
    """Draws or reads the shots, then trains. ``InputError`` and its kin say what is wrong and what to do."""
    recipe = resolved(settings)
    require_extra("cyc train")
    from cyclorama.diffusion.processes import made_accelerator
    from cyclorama.diffusion.text import made_text
    from cyclorama.diffusion.train import Run, train
    from cyclorama.diffusion.weights import made_autoencoder

    accelerator = made_accelerator(recipe.train)
    words = _memory(recipe, accelerator.num_processes)
    if accelerator.is_main_process:
        print(f"note: {words}", file=sys.stderr, flush=True)
    with accelerator.main_process_first():  # the others find the shots made
        files, unseen = _shots(settings, recipe, progress)
    shots = tuple(read_shot(f) for f in files)
    text = made_text(recipe.model, prompts_of([*shots, *map(read_shot, unseen)]))
    coders = made_autoencoder(recipe.model), text
    judge = Judge(recipe, unseen, coders, settings.output / "sheets" if accelerator.is_main_process else None)
    figures = train(recipe, Run(settings.output, shots, coders, judge, progress))
    return TrainReport({"run": str(settings.output), "recipe": recipe.name, **figures})


def _memory(recipe: Recipe, processes: int) -> str:
    """What a training step takes, told before. ``MachineError`` where there is less."""
    from cyclorama.diffusion.device import best_device, memory_of
    from cyclorama.diffusion.memory import smaller

    device, data = best_device(), recipe.data
    cost = cost_of(recipe, data.num_frames, data.hw, data.references[1])
    need = cost.train_bytes(processes if recipe.train.shard else 1) + coder_bytes(recipe, data.hw, tiles=False)[0]
    have = memory_of(device) / (1 if device.type == "cuda" else processes)  # CPUs share one memory
    words = f"{recipe.name}: about {in_words(need)} of memory for a training step" + (
        f" in each of {processes} processes" if processes > 1 else ""
    )
    if need > have:
        more = "start more processes, or " if recipe.train.shard and device.type == "cuda" else ""
        raise MachineError(f"{words}, and there are {in_words(have)}: {more}{smaller(recipe.name)}")
    return words


def _shots(settings: TrainSettings, recipe: Recipe, progress: Progress) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Files of the shots that are learned from and of the unseen ones, made where they are not there yet."""
    keep = settings.shots or settings.output / "shots"
    size = (recipe.data.num_frames, *recipe.data.hw)
    if recipe.data.folder:
        files = folder_shots(Path(recipe.data.folder), keep, size, progress)
    else:
        files = draw_shots(keep, range(recipe.data.num_shots), size[0], recipe.data.hw, progress)
    return files, draw_shots(keep, range(UNSEEN, UNSEEN + settings.unseen), size[0], recipe.data.hw, progress)


def resolved(settings: TrainSettings) -> Recipe:
    """The named recipe with what was changed. ``InputError`` for a field that it does not have."""
    record = record_of(recipe_named(settings.recipe))
    if settings.weights is not None:
        record["model"]["weights"] = settings.weights
    if settings.data is not None:
        record["data"]["folder"] = str(settings.data)
    for change in settings.change:
        name, equals, value = change.partition("=")
        part, _, field = name.partition(".")
        if not equals or part not in ("model", "data", "train") or field not in record[part]:
            raise InputError(f"--change must be model.FIELD=VALUE, or data. or train., got {change!r}")
        try:
            record[part][field] = json.loads(value)
        except json.JSONDecodeError:
            record[part][field] = value
    recipe = recipe_of(record)
    return replace(recipe, model=sized(recipe.model))


@dataclass(frozen=True)
class Judge:
    """Samples unseen shots in one and in few steps, with the actor as shot and with its light perturbed; figures and,
    where ``sheets`` is a folder, a sheet of (foreground, sampled, truth) rows."""

    recipe: Recipe
    files: tuple[Path, ...]
    coders: "tuple[Autoencoder, TextEncoder]"
    sheets: Path | None

    def __call__(self, model: "InContextModel", step: int) -> dict[str, float]:
        from cyclorama.diffusion.judge import score

        figures: dict[str, float] = {}
        for name, num_steps, lit in (("one_step", 1, False), ("sampled", self.recipe.train.sample_steps, False), (
            "perturbed", self.recipe.train.sample_steps, True)):  # fmt: skip
            samples = tuple(
                plain_sample(read_shot(file), rng=np.random.default_rng([9, k]) if lit else None)
                for k, file in enumerate(self.files)
            )
            clips = self.sampled(model, samples, num_steps)
            found = score(samples, clips)
            figures |= {f"{name}/{key}": value for key, value in vars(found).items()}
        if self.sheets is not None:
            self._write(self.sheets / f"{step:07d}.png", samples[:_IN_SHEET], clips)
        return figures

    def sampled(self, model: "InContextModel", samples: "tuple[Sample, ...]", num_steps: int) -> tuple[Array, ...]:
        from cyclorama.diffusion.judge import sampled

        parts = range(0, len(samples), _AT_ONCE)
        return tuple(
            clip for at in parts for clip in sampled(model, samples[at : at + _AT_ONCE], self.coders, num_steps, at)
        )

    def _write(self, path: Path, samples: "tuple[Sample, ...]", clips: tuple[Array, ...]) -> None:
        rows = [np.hstack(list(clip)) for s, c in zip(samples, clips) for clip in (s.foreground, c, s.truth)]
        sheet = np.ascontiguousarray(np.round(np.vstack(rows) * 255).astype(np.uint8)[..., ::-1])
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), sheet)
