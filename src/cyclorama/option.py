"""How a setting is asked for."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Option:
    """How a setting is asked for: its help, its flags where they are not ``--its-name``, and how its value is shown.
    ``argument``: it is given by its place, without a flag."""

    help: str
    flags: tuple[str, ...] = ()
    shape: str | None = None
    argument: bool = False
