"""Training: flow matching on a recipe's shots, resumed exactly, stopped before a NaN spreads.

A run's folder: ``recipe.json`` (resolved), ``metrics.jsonl``, TensorBoard's ``board/``, ``sheets/``, ``states/`` to go
on from, ``model/`` (the averaged weights). Everything random of a step comes from the seed and the step's number.
"""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.utils import DistributedDataParallelKwargs
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter

from cyclorama.core.errors import InputError, MachineError
from cyclorama.diffusion import flow
from cyclorama.diffusion.autoencoder import Autoencoder
from cyclorama.diffusion.batches import Batch, TextEncoder, made_batch
from cyclorama.diffusion.checkpoints import State, last_state, optimiser_tensors, put_optimiser, save_state
from cyclorama.diffusion.memory import memory_told
from cyclorama.diffusion.model import InContextModel
from cyclorama.diffusion.recipes import Recipe, TrainRecipe, record_of
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
    """Trains, or goes on where the folder's last state stands. Returns the last figures.

    ``MachineError`` when the loss is no number or memory is not enough; the last good state stays.
    """
    accelerator = _accelerator(recipe.train)
    model = made_model(recipe.model, recipe.train.seed)
    if recipe.train.checkpointing:
        model.transformer.enable_gradient_checkpointing()
    names = list(trained_tensors(model))
    optimiser = torch.optim.AdamW(
        trained_tensors(model).values(), lr=recipe.train.rate, betas=recipe.train.betas, weight_decay=recipe.train.decay
    )
    model, optimiser = accelerator.prepare(model, optimiser)
    plain = accelerator.unwrap_model(model)
    ema = {name: p.detach().clone() for name, p in trained_tensors(plain).items()}
    with accelerator.main_process_first():
        done = _take_up(recipe, run, plain, (optimiser, names, ema))
    with SummaryWriter(str(run.folder / "board"), purge_step=done) as board:
        figures: dict[str, float] = {}
        for step in range(done, recipe.train.steps):
            run.progress("train", step, recipe.train.steps)
            figures = _step(recipe, run, step, (accelerator, model, optimiser))
            _average(ema, trained_tensors(plain), recipe.train.ema, step)
            last = step + 1 == recipe.train.steps
            if not accelerator.is_main_process:  # all know the same; one writes
                continue
            if (step + 1) % recipe.train.sheet_every == 0 or last:
                figures |= _shown(run, plain, ema, step + 1)
            _note(run.folder, board, step + 1, figures)
            if (step + 1) % recipe.train.save_every == 0 or last:
                moments = optimiser_tensors(optimiser, names)
                save_state(run.folder / "states", State(step + 1, dict(trained_tensors(plain)), ema, moments))
                save_model(run.folder / "model", recipe, ema)
    accelerator.wait_for_everyone()
    return figures


def _accelerator(recipe: TrainRecipe) -> Accelerator:
    if recipe.threads:
        torch.set_num_threads(recipe.threads)
    AcceleratorState._reset_state()  # it is the process's; an earlier run may have asked for another precision
    unused = DistributedDataParallelKwargs(find_unused_parameters=True)  # the mixer stands in for the last layer
    cpu = not torch.cuda.is_available()
    return Accelerator(cpu=cpu, mixed_precision=recipe.precision, kwargs_handlers=[unused])


def _take_up(
    recipe: Recipe, run: Run, model: InContextModel, parts: tuple[torch.optim.Optimizer, list[str], dict[str, Tensor]]
) -> int:
    """Begins the folder or puts its last state back; how many steps are done."""
    run.folder.mkdir(parents=True, exist_ok=True)
    note, resolved = run.folder / "recipe.json", json.dumps(record_of(recipe), indent=1)
    if note.exists() and json.loads(note.read_text()) != json.loads(resolved):
        raise InputError(f"{run.folder} holds a run of another recipe; name another folder or give the same settings")
    note.write_text(resolved)
    state = last_state(run.folder / "states")
    metrics = run.folder / "metrics.jsonl"
    done = 0 if state is None else state.step
    if metrics.exists():  # what came after the state was lost with the process and will come again
        kept = [
            line for line in metrics.read_text().splitlines() if line.endswith("}") and json.loads(line)["step"] <= done
        ]
        metrics.write_text("".join(line + "\n" for line in kept))
    if state is not None:
        optimiser, names, ema = parts
        put_tensors(trained_tensors(model), state.tensors, str(run.folder))
        put_tensors(ema, state.ema, str(run.folder))
        put_optimiser(optimiser, names, state.optimiser)
    return done


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


def _step(
    recipe: Recipe, run: Run, step: int, parts: tuple[Accelerator, torch.nn.Module, torch.optim.Optimizer]
) -> dict[str, float]:
    accelerator, model, optimiser = parts
    plan = recipe.train
    rate = rate_at(step, plan)
    for group in optimiser.param_groups:
        group["lr"] = rate
    total = 0.0
    model.train()
    for k in range(plan.accumulate):
        part = (accelerator.process_index * plan.accumulate) + k
        batch = batch_of(recipe, run, step, part).to(accelerator.device)
        seed = int(np.random.SeedSequence([plan.seed, step, part, 1]).generate_state(1)[0])
        with memory_told(recipe.name):
            with accelerator.autocast():
                loss = loss_of(model, batch, plan, seed) / plan.accumulate
            total += _finite(float(loss.detach()), "loss", step, run)
            accelerator.backward(loss)
    norm = _finite(float(accelerator.clip_grad_norm_(model.parameters(), plan.clip)), "gradient", step, run)
    optimiser.step()
    optimiser.zero_grad()
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


def _shown(run: Run, model: InContextModel, ema: dict[str, Tensor], step: int) -> dict[str, float]:
    """The figures of the averaged weights."""
    current = trained_tensors(model)
    kept = {name: p.detach().clone() for name, p in current.items()}
    put_tensors(current, ema, "the average")
    model.eval()
    figures = run.show(model, step)
    put_tensors(current, kept, "the weights")
    return figures


def _note(folder: Path, board: SummaryWriter, step: int, figures: dict[str, float]) -> None:
    with (folder / "metrics.jsonl").open("a") as file:
        file.write(json.dumps({"step": step, **figures}) + "\n")
    for name, value in figures.items():
        board.add_scalar(name, value, step)
