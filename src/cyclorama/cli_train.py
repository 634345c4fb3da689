"""The command ``cyc train``."""

import os
from typing import TYPE_CHECKING

from cyclorama.cli_run import Debug, Json, Progress, run
from cyclorama.train_settings import TrainSettings

if TYPE_CHECKING:
    from cyclorama.trainjob import TrainReport

TRAIN = """
Train the model of the in-context engine (extra: cyclorama[diffusion]).

\b
  cyc train --recipe mini -o run/
  cyc train --recipe wan-1.3b --data cases/ -o run/ --change train.steps=4000
  torchrun --nproc-per-node 8 -m cyclorama train --recipe wan-14b --data cases/ -o run/
"""


def train(settings: TrainSettings, as_json: Json = False, debug: Debug = False) -> None:
    speaks = os.environ.get("RANK", "0") == "0"  # of many processes one tells how it goes; each says its own error

    def job(progress: Progress) -> "TrainReport":
        from cyclorama.trainjob import train_model

        return train_model(settings, progress if speaks else lambda *_: None)

    def say(report: "TrainReport") -> None:
        figures = (f"{k} {v:.4g}" for k, v in report.facts.items() if isinstance(v, float))
        if speaks:
            print(f"{settings.output}: {', '.join(figures)}")

    run(job, say, as_json=as_json and speaks, debug=debug)
