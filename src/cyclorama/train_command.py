"""The command ``cyc train``."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import typer

from cyclorama.options import command_of
from cyclorama.train_settings import TrainSettings

if TYPE_CHECKING:
    from cyclorama.trainjob import TrainReport

_TRAIN = """
Train the model of the in-context engine (extra: cyclorama[diffusion]).

\b
  cyc train --recipe mini -o run/
  cyc train --recipe wan-1.3b --data cases/ -o run/ --change train.steps=4000
"""


def add_train(app: typer.Typer, run: Callable[..., None], options: tuple[Any, Any]) -> None:
    """Adds the command. ``run``: runs a job and turns errors into words; ``options``: the types of --json, --debug."""

    def train(settings: TrainSettings, as_json: bool = False, debug: bool = False) -> None:
        def job(progress: Callable[[str, int, int], None]) -> "TrainReport":
            from cyclorama.trainjob import train_model

            return train_model(settings, progress)

        def say(report: "TrainReport") -> None:
            figures = (f"{k} {v:.4g}" for k, v in report.facts.items() if isinstance(v, float))
            print(f"{settings.output}: {', '.join(figures)}")

        run(job, say, as_json=as_json, debug=debug)

    train.__annotations__ |= {"as_json": options[0], "debug": options[1]}
    app.command("train", help=_TRAIN)(command_of(TrainSettings, train))
