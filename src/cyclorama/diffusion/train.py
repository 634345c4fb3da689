"""Training: flow matching on a recipe's shots, resumed exactly, stopped before a NaN spreads.

A run's folder: ``recipe.json`` (resolved), ``metrics.jsonl``, TensorBoard's ``board/``, ``sheets/``, ``states/`` to go
on from, ``model/`` (the averaged weights). Everything random of a step comes from the seed and the step's number.
"""

import json
import math
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter

from cyclorama.core.errors import InputError, MachineError
from cyclorama.diffusion import flow
from cyclorama.diffusion.autoencoder import Autoencoder
from cyclorama.diffusion.batches import Batch, TextEncoder, made_batch
from cyclorama.diffusion.checkpoints import State, last_state, optimiser_tensors, put_optimiser, save_state
from cyclorama.diffusion.memory import memory_told
from cyclorama.diffusion.model import InContextModel
from cyclorama.diffusion.processes import made_accelerator, own_parts, spread, whole
from cyclorama.diffusion.recipes import Recipe, TrainRecipe, recipe_in, record_of
from cyclorama.diffusion.samples import ShotFile, made_sample, recipe_of_step
from cyclorama.diffusion.weights import made_model, put_tensors, save_model, trained_tensors

_DECAY_TO = 0.02
"""The learning rate ends at this share of its height."""


@dataclass(frozen=True)
class Run:
    """What a training needs beside its recipe. ``shots``: what is learned from; ``show(model, step)`` gives named
    figures and writes sheets; ``progress(stage, done, total)`` may raise to stop."""

    folder: Path
    shots: tuple[ShotFile, ...]
    coders: tuple[Autoencoder, TextEncoder]
    show: Callable[[InContextModel, int], dict[str, float]]
    progress: Callable[[str, int, int], None]


def train(recipe: Recipe, run: Run) -> dict[str, float]:
    """Trains, or goes on where the folder's last state stands, in as many processes as were started. Returns the last
    figures.

    ``MachineError`` when the loss is no number or memory is not enough; the last good state stays.
    """
    learner = _learner(recipe)
    accelerator = learner.accelerator
    done = _take_up(recipe, run, learner)
    main = accelerator.is_main_process  # all know the same; one writes
    with SummaryWriter(str(run.folder / "board"), purge_step=done) if main else nullcontext() as board:
        figures: dict[str, float] = {}
        for step in range(done, recipe.train.steps):
            run.progress("train", step, recipe.train.steps)
            figures = _step(recipe, run, step, learner)
            _average(learner.ema, trained_tensors(learner.plain), recipe.train.ema, step)
            last = step + 1 == recipe.train.steps
            if (step + 1) % recipe.train.sheet_every == 0 or last:
                figures |= _shown(run, learner, step + 1)
            if main:
                _note(run.folder, board, step + 1, figures)
            if (step + 1) % recipe.train.save_every == 0 or last:
                _save(recipe, run, learner, step + 1)
    accelerator.wait_for_everyone()
    return figures


@dataclass(frozen=True)
class _Learner:
    """The model as it is called and as it is, its optimiser and the average of its trained tensors."""

    accelerator: Accelerator
    model: torch.nn.Module
    plain: InContextModel
    optimiser: torch.optim.Optimizer
    ema: dict[str, Tensor]


def _learner(recipe: Recipe) -> _Learner:
    accelerator, plan = made_accelerator(recipe.train), recipe.train
    plain = made_model(recipe.model, plan.seed, plan.precision)
    if plan.checkpointing:
        plain.transformer.enable_gradient_checkpointing()
    with memory_told(recipe.name):
        model = spread(plain, plan, accelerator)
        trained = trained_tensors(plain)
        optimiser = torch.optim.AdamW(trained.values(), lr=plan.rate, betas=plan.betas, weight_decay=plan.decay)
        return _Learner(accelerator, model, plain, optimiser, {name: p.detach().clone() for name, p in trained.items()})


def _take_up(recipe: Recipe, run: Run, learner: _Learner) -> int:
    """Begins the folder or puts its last state back; how many steps are done."""
    note, metrics = run.folder / "recipe.json", run.folder / "metrics.jsonl"
    if note.exists() and recipe_in(note) != recipe:
        raise InputError(f"{run.folder} holds a run of another recipe; name another folder or give the same settings")
    state = last_state(run.folder / "states")
    done = 0 if state is None else state.step
    learner.accelerator.wait_for_everyone()  # all have read before one writes
    if learner.accelerator.is_main_process:
        run.folder.mkdir(parents=True, exist_ok=True)
        note.write_text(json.dumps(record_of(recipe), indent=1))
        if metrics.exists():  # what came after the state was lost with the process and will come again
            lines = [line for line in metrics.read_text().splitlines() if line.endswith("}")]
            metrics.write_text("".join(line + "\n" for line in lines if json.loads(line)["step"] <= done))
    if state is not None:
        trained = trained_tensors(learner.plain)
        put_tensors(trained, state.tensors, str(run.folder))
        put_tensors(learner.ema, state.ema, str(run.folder))
        put_optimiser(learner.optimiser, trained, state.optimiser)
    return done


def _save(recipe: Recipe, run: Run, learner: _Learner, step: int) -> None:
    """The state to go on from and the model, both of whole tensors, whatever number of processes made them."""
    trained = trained_tensors(learner.plain)
    moments = whole(optimiser_tensors(learner.optimiser, list(trained)))
    state = State(step, whole(trained), whole(learner.ema), moments)
    if learner.accelerator.is_main_process:
        save_state(run.folder / "states", state)
        save_model(run.folder / "model", recipe, state.ema)


def batch_of(recipe: Recipe, run: Run, step: int, part: int) -> Batch:
    """The ``part``-th batch of a step."""
    rng = np.random.default_rng([recipe.train.seed, step, part])
    data = recipe_of_step(recipe.data, rng)
    picks = rng.integers(len(run.shots), size=recipe.train.batch)
    samples = tuple(made_sample(run.shots[i], data, rng) for i in picks)
    return made_batch(samples, recipe.model, run.coders, recipe.train.foreground_weight)


def loss_of(model: torch.nn.Module, batch: Batch, recipe: TrainRecipe, seed: int) -> Tensor:
    """The flow-matching loss of a batch, its times and noise from ``seed``."""
    generator = torch.Generator().manual_seed(seed)
    t = flow.drawn_times(len(batch.truth), recipe.times, recipe.shift, generator).to(batch.truth.device)
    noise = torch.randn(batch.truth.shape, generator=generator).to(batch.truth)
    depth = None
    if batch.depth is not None:
        other = torch.randn(batch.truth.shape, generator=generator).to(batch.truth)
        depth = flow.noised(batch.depth, other, t)
    picture, near = model(flow.noised(batch.truth, noise, t), t, batch.given, depth)
    loss = flow.loss(picture, batch.truth, t, recipe.loss_in, batch.weight)
    if near is not None and batch.depth is not None:
        loss = loss + flow.loss(near, batch.depth, t, recipe.loss_in, batch.weight)
    return loss


def _step(recipe: Recipe, run: Run, step: int, learner: _Learner) -> dict[str, float]:
    accelerator, model, plan = learner.accelerator, learner.model, recipe.train
    rate = rate_at(step, plan)
    for group in learner.optimiser.param_groups:
        group["lr"] = rate
    parts = own_parts(plan, accelerator)
    total = 0.0
    model.train()
    with memory_told(recipe.name):
        for part in parts:
            batch = batch_of(recipe, run, step, part).to(accelerator.device)
            seed = int(np.random.SeedSequence([plan.seed, step, part, 1]).generate_state(1)[0])
            with accelerator.no_sync(model) if part != parts[-1] else nullcontext():
                with accelerator.autocast():
                    loss = loss_of(model, batch, plan, seed) / len(parts)
                # All stop where one does, and before the backward pass, which may not outlive a NaN.
                total += _finite(float(accelerator.reduce(loss.detach(), "mean")), "loss", step, run)
                accelerator.backward(loss)
        norm = float(accelerator.clip_grad_norm_(model.parameters(), plan.clip))
    _finite(norm, "gradient", step, run)
    learner.optimiser.step()
    learner.optimiser.zero_grad()
    return {"loss": total, "rate": rate, "norm": norm}


def _finite(value: float, what: str, step: int, run: Run) -> float:
    """The value. ``MachineError`` when it is no number, before it reaches any weight."""
    if not math.isfinite(value):
        raise MachineError(
            f"the {what} is no number at step {step + 1}; the last good state stays in {run.folder / 'states'}: "
            "run in another folder with a smaller rate"
        )
    return value


def rate_at(step: int, recipe: TrainRecipe) -> float:
    """Linear warm-up, then half a cosine down to ``_DECAY_TO``."""
    if step < recipe.warmup:
        return recipe.rate * (step + 1) / recipe.warmup
    x = (step - recipe.warmup) / max(1, recipe.steps - recipe.warmup)
    return recipe.rate * (_DECAY_TO + (1 - _DECAY_TO) * 0.5 * (1 + math.cos(math.pi * x)))


def _average(ema: dict[str, Tensor], now: dict[str, Tensor], rate: float, step: int) -> None:
    """Moves the average; early on it follows faster, so that it forgets the random start."""
    share = 1 - min(rate, (1 + step) / (10 + step))
    with torch.no_grad():
        for name, value in ema.items():
            value.lerp_(now[name], share)


def _shown(run: Run, learner: _Learner, step: int) -> dict[str, float]:
    """The figures of the averaged weights. All processes sample, because none may hold the whole model."""
    current = trained_tensors(learner.plain)
    kept = {name: p.detach().clone() for name, p in current.items()}
    _put(current, learner.ema)
    learner.plain.eval()
    with learner.accelerator.autocast():
        figures = run.show(learner.plain, step)
    _put(current, kept)
    return figures


@torch.no_grad()
def _put(into: dict[str, Tensor], found: dict[str, Tensor]) -> None:
    for name, tensor in into.items():
        tensor.copy_(found[name])


def _note(folder: Path, board: SummaryWriter, step: int, figures: dict[str, float]) -> None:
    with (folder / "metrics.jsonl").open("a") as file:
        file.write(json.dumps({"step": step, **figures}) + "\n")
    for name, value in figures.items():
        board.add_scalar(name, value, step)
