"""Whether the extra that this room is written in is installed; needs none of it."""

from importlib.util import find_spec

from cyclorama.core.errors import InputError

_NEEDED = ("torch", "diffusers", "transformers", "peft", "accelerate", "safetensors")


def require_extra(what: str) -> None:
    """``InputError`` with the install line, where ``what`` needs something that is not there."""
    if missing := [name for name in _NEEDED if find_spec(name) is None]:
        raise InputError(f"{what} needs {', '.join(missing)}; install them with: pip install 'cyclorama[diffusion]'")
