"""Two processes learn what one learns, whole or cut by FSDP, and each goes on from the other's states."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("accelerate")

from test_training_run import losses, run_in  # noqa: E402
from two_processes import recipe_of  # noqa: E402

from cyclorama.core.errors import InputError  # noqa: E402
from cyclorama.diffusion import recipes  # noqa: E402
from cyclorama.diffusion.checkpoints import State, last_state  # noqa: E402
from cyclorama.diffusion.processes import own_parts  # noqa: E402
from cyclorama.diffusion.recipes import Recipe, nano  # noqa: E402
from cyclorama.diffusion.train import train  # noqa: E402

CLOSE = {"rtol": 1e-3, "atol": 1e-5}
"""Sums of two halves round otherwise than sums of the whole."""


def cut_short(folder: Path, asked: Recipe) -> None:
    """A run in one process that was killed after its state of step 2."""
    with pytest.raises(KeyboardInterrupt):
        train(asked, run_in(folder, asked, stop_at=3))


def ended(folder: Path) -> State:
    found = last_state(folder / "states")
    assert found is not None
    assert found.step == 4
    return found


@pytest.fixture(scope="module", params=[pytest.param("copies", marks=pytest.mark.long), "shard"])
def runs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``one``: a whole run of one process; ``from-one``: begun by one, ended by two; ``two``: begun by two."""
    folder, asked = tmp_path_factory.mktemp("runs"), recipe_of(request.param == "shard")
    train(asked, run_in(folder / "one", asked))
    cut_short(folder / "from-one", asked)
    script = Path(__file__).with_name("two_processes.py")
    command = [sys.executable, str(script), str(folder), request.param]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


def test_two_processes_learn_what_one_learns(runs: Path) -> None:
    one, two = losses(runs / "one"), losses(runs / "two")
    assert [step for step, _ in two] == [1, 2, 3]  # written once, not twice
    for (_, a), (_, b) in zip(one, two):
        assert b == pytest.approx(a, rel=1e-4)
    assert len(list((runs / "two" / "board").glob("events*"))) == 1


def test_one_goes_on_from_two_and_two_from_one(runs: Path, tmp_path: Path) -> None:
    shutil.copytree(runs / "two", tmp_path / "run")
    asked = recipes.recipe_of(json.loads((runs / "two" / "recipe.json").read_text()))
    train(asked, run_in(tmp_path / "run", asked))
    whole = ended(runs / "one")
    for folder in (tmp_path / "run", runs / "from-one"):
        found = ended(folder)
        assert [step for step, _ in losses(folder)] == [1, 2, 3, 4]
        for part in ("tensors", "ema", "optimiser"):
            mine, theirs = getattr(found, part), getattr(whole, part)
            assert mine.keys() == theirs.keys()
            assert all(torch.allclose(mine[k].float(), theirs[k].float(), **CLOSE) for k in mine)


def test_batches_that_cannot_be_shared_evenly_are_refused() -> None:
    class Three:
        num_processes, process_index = 3, 1

    plan = replace(nano().train, accumulate=6)
    assert own_parts(plan, Three()) == range(2, 4)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"train\.accumulate=3"):
        own_parts(replace(plan, accumulate=4), Three())  # type: ignore[arg-type]
