"""States of a training run from which it goes on exactly: safetensors and a JSON note, whole or not there."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from cyclorama.diffusion.processes import cut_like

_KEPT = 2


@dataclass(frozen=True)
class State:
    """``step`` steps are done; ``tensors`` and ``ema`` by the model's names; ``optimiser`` by ``key/parameter``."""

    step: int
    tensors: dict[str, Tensor]
    ema: dict[str, Tensor]
    optimiser: dict[str, Tensor]


def save_state(folder: Path, state: State) -> Path:
    """Writes ``folder/step-N``; older ones but the last go. A kill leaves the earlier state whole."""
    path, partial = folder / f"step-{state.step:07d}", folder / "step.part"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for name in ("tensors", "ema", "optimiser"):
        values = {k: v.detach().cpu().contiguous().clone() for k, v in getattr(state, name).items()}
        save_file(values, partial / f"{name}.safetensors")
    (partial / "state.json").write_text(json.dumps({"step": state.step}))
    shutil.rmtree(path, ignore_errors=True)
    partial.rename(path)
    for old in _states(folder)[:-_KEPT]:
        shutil.rmtree(old)
    return path


def last_state(folder: Path) -> State | None:
    """The latest whole state of a run, or None."""
    found = _states(folder)
    if not found:
        return None
    parts = {name: load_file(found[-1] / f"{name}.safetensors") for name in ("tensors", "ema", "optimiser")}
    return State(json.loads((found[-1] / "state.json").read_text())["step"], **parts)


def optimiser_tensors(optimiser: torch.optim.Optimizer, names: list[str]) -> dict[str, Tensor]:
    """An AdamW's moments and step counts as ``moment/parameter``; ``names`` of its parameters in order."""
    state = optimiser.state_dict()["state"]
    return {f"{key}/{names[index]}": value for index, part in state.items() for key, value in part.items()}


def put_optimiser(optimiser: torch.optim.Optimizer, named: dict[str, Tensor], found: dict[str, Tensor]) -> None:
    """The inverse of ``optimiser_tensors``; ``named``: the optimiser's parameters, in its order."""
    state: dict[int, dict[str, Tensor]] = {}
    names = list(named)
    for key, value in found.items():
        moment, _, name = key.partition("/")
        state.setdefault(names.index(name), {})[moment] = cut_like(value, named[name])
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})


def _states(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("step-*") if (path / "state.json").is_file())
