"""Shot and backdrop to layers, by an engine that can be chosen."""

from importlib import import_module
from typing import Protocol

from cyclorama.core.errors import InputError
from cyclorama.core.generation import EngineOptions
from cyclorama.core.layers import Layers
from cyclorama.core.place import Place
from cyclorama.core.shot import Shot

ENGINES = {
    "geometry": "cyclorama.engines.geometry:made",
    "in-context": "cyclorama.engines.in_context:made",
}


class Engine(Protocol):
    """``prepare`` once, then ``render``: the layers of frame ``index``. Frames may be asked for in any order, and
    again."""

    def prepare(self, plate_hw: tuple[int, int], num_frames: int) -> tuple[str, ...]:
        """Loads what it needs; what the user is told before it begins. ``MachineError`` when this machine will not
        do."""
        ...

    def render(self, shot: Shot, backdrop: Place, index: int) -> Layers: ...


def make_engine(name: str, options: EngineOptions | None = None) -> Engine:
    """The engine of that name. ``InputError`` with the list when there is none."""
    if name not in ENGINES:
        raise InputError(f"there is no engine '{name}'; choose one of {', '.join(sorted(ENGINES))}")
    module, _, attribute = ENGINES[name].partition(":")
    engine: Engine = getattr(import_module(module), attribute)(options or EngineOptions())
    return engine
