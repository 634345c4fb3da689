"""Weights of learned models: found by path or hub id, and never run as code.

A pickle, and so most files that torch writes, can carry code that runs when it is read. Three kinds of file are read:
ONNX (a graph of tensor operators), safetensors (numbers alone), and torch files through its weights-only reader.
"""

import hashlib
import re
from importlib import import_module
from pathlib import Path
from typing import Any

from cyclorama.core.arrays import Array
from cyclorama.core.errors import InputError, MachineError

_HUB = re.compile(r"(?P<repo>[\w.-]+/[\w.-]+)(?:@(?P<revision>[\w./-]+))?:(?P<file>[^:]+)")
_HINT = "give a file, or owner/name@revision:file for one on the Hugging Face hub"
_ZIP, _PICKLE = b"PK\x03\x04", b"\x80"
_HEADER_BYTES = 8
"""safetensors begins with the length of its JSON header as 8 bytes, little-endian, then ``{``."""
_NUMBERS = ("F64", "F32", "F16", "I64", "I32", "U8", "BOOL")
"""Types of tensors, as safetensors calls them, that are read."""


def require(module: str, *, of: str, install: str) -> Any:
    """An optional package, imported only now; ``MachineError`` with the install line when it is absent.

    The one place of this room that loads such a package.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != module.partition(".")[0]:
            raise
        raise MachineError(f"{of} needs the package {module.partition('.')[0]}; install it: {install}") from None


def weight_file(weights: str) -> Path:
    """The file that ``weights`` names, fetched from the hub when it is no path.

    ``InputError`` when there is no such file, ``MachineError`` when the hub cannot be reached or its package is absent.
    """
    path = Path(weights).expanduser()
    if path.is_file():
        return path
    hub = _HUB.fullmatch(weights)
    if path.exists() or hub is None:
        words = "is a folder" if path.is_dir() else "there is no such file"
        raise InputError(f"{weights}: {words}; {_HINT}")
    return _from_hub(weights, hub["repo"], hub["revision"], hub["file"])


def _from_hub(weights: str, repo: str, revision: str | None, name: str) -> Path:
    install = "pip install 'cyclorama[mattes]'"
    hub = require("huggingface_hub", of=f"fetching {weights}", install=f"{install}, or download the file and give it")
    errors = require("huggingface_hub.errors", of=weights, install=install)
    try:
        return Path(hub.hf_hub_download(repo, name, revision=revision))
    except (
        errors.RepositoryNotFoundError,
        errors.RevisionNotFoundError,
        errors.RemoteEntryNotFoundError,
        errors.HFValidationError,
    ) as error:
        raise InputError(f"{weights}: the hub has no {name} there ({_first_line(error)}); check the id") from None
    except (OSError, errors.EntryNotFoundError) as error:
        raise MachineError(
            f"{weights}: cannot be fetched ({_first_line(error)}); download it and give its path"
        ) from None


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def container_of(path: Path) -> str:
    """``torch`` (a zip archive or a bare pickle), ``safetensors`` or ``other``, from the first bytes."""
    with path.open("rb") as file:
        head = file.read(_HEADER_BYTES + 1)
    if head.startswith((_ZIP, _PICKLE)):
        return "torch"
    return "safetensors" if head[_HEADER_BYTES:] == b"{" else "other"


def read_tensors(path: Path) -> dict[str, Array]:
    """What a safetensors file holds, by name; ``InputError`` when it is damaged or of a type that numpy lacks."""
    safetensors = require("safetensors", of=path.name, install="pip install 'cyclorama[mattes]'")
    try:
        with safetensors.safe_open(str(path), "np") as file:
            for name in file.keys():  # noqa: SIM118  it is no mapping
                kind = file.get_slice(name).get_dtype()
                if kind not in _NUMBERS:
                    raise InputError(f"{path}: tensors must be {', '.join(_NUMBERS)}, got {kind}; use unpacked weights")
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except safetensors.SafetensorError as error:
        raise InputError(f"{path}: is no whole safetensors file ({_first_line(error)}); download it again") from None


def require_same_tensors(
    path: Path, given: dict[str, tuple[int, ...]], wanted: dict[str, tuple[int, ...]], model: str
) -> None:
    """``InputError`` naming the first tensor that a model has and the weights lack, or have in another shape."""
    for name, shape in wanted.items():
        if given.get(name) != shape:
            came = "none" if name not in given else f"{given[name]}"
            raise InputError(
                f"{path}: {model} needs the tensor {name} {shape}, got {came}; these weights are not its own"
            )


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
