"""Results as plain files: JSON for what they are made of, npz for their arrays. Nothing that is read is ever run."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from fractions import Fraction
from importlib import import_module
from typing import Any

import numpy as np

from cyclorama.core.arrays import Array

_OURS = "cyclorama."
_SMALL = 16
"""Elements of an array of float64 that stands in the JSON itself."""


def pack(value: Any, arrays: dict[str, Array]) -> Any:
    """What JSON can hold of ``value``, made of dataclasses of this package, tuples, lists, dicts by text, arrays and
    numbers; ``arrays`` gets the arrays. ``TypeError`` for anything else."""
    if value is None or (isinstance(value, (bool, int, float, str)) and not isinstance(value, np.generic)):
        return value
    if isinstance(value, Fraction):
        return {"fraction": str(value)}
    if isinstance(value, np.generic):
        return {"scalar": pack(np.asarray(value), arrays)}
    if isinstance(value, np.ndarray):
        return _packed_array(value, arrays)
    if isinstance(value, (tuple, list)):
        return {type(value).__name__: [pack(v, arrays) for v in value]}
    if isinstance(value, Mapping) and all(isinstance(k, str) for k in value):
        return {"dict": {k: pack(v, arrays) for k, v in value.items()}}
    kind = type(value)
    if is_dataclass(value) and kind.__module__.startswith(_OURS):
        parts = {f.name: pack(getattr(value, f.name), arrays) for f in fields(value)}
        return {"of": f"{kind.__module__}:{kind.__name__}", "fields": parts}
    raise TypeError(f"a result must be made of plain values, got {kind.__name__}")


def _packed_array(value: Array, arrays: dict[str, Array]) -> Any:
    if value.dtype == np.float64 and value.size <= _SMALL:
        return {"array": value.tolist(), "shape": value.shape}
    if value.dtype.hasobject:
        raise TypeError("an array must hold numbers")
    name = f"a{len(arrays)}"
    arrays[name] = np.ascontiguousarray(value)
    return {"array": name}


def unpack(tree: Any, arrays: Mapping[str, Array]) -> Any:
    """What ``pack`` packed. ``ValueError`` or its kin for what it did not."""
    if not isinstance(tree, dict):
        return tree
    if "fraction" in tree:
        return Fraction(tree["fraction"])
    if "scalar" in tree:
        return unpack(tree["scalar"], arrays)[()]
    if "array" in tree:
        found = tree["array"]
        return arrays[found] if isinstance(found, str) else np.array(found, np.float64).reshape(tree["shape"])
    if "tuple" in tree:
        return tuple(unpack(v, arrays) for v in tree["tuple"])
    if "list" in tree:
        return [unpack(v, arrays) for v in tree["list"]]
    if "dict" in tree:
        return {k: unpack(v, arrays) for k, v in tree["dict"].items()}
    return _kind(tree["of"])(**{k: unpack(v, arrays) for k, v in tree["fields"].items()})


def _kind(name: str) -> Any:
    module, _, cls = name.partition(":")
    kind = getattr(import_module(module), cls, None) if module.startswith(_OURS) else None
    if not isinstance(kind, type) or not is_dataclass(kind):
        raise ValueError(f"a result must be of this package's records, got {name}")
    return kind
