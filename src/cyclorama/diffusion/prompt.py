"""The structured prompt of PAI-Studio (arXiv 2606.01399, figure of the data pipeline) and its smallest encoder."""

import hashlib
import json
from dataclasses import asdict, dataclass, fields

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """The paper's eight keys; what is not known is left empty, the caption may not be."""

    foreground_content: str = ""
    background_content: str = ""
    foreground_motion: str = ""
    background_motion: str = ""
    camera_motion_analysis: str = ""
    camera_angle: str = ""
    """For instance ``Eye-level``."""
    focal_length: str = ""
    """For instance ``50mm``."""
    caption: str

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not isinstance(value, str):
                raise InputError(f"the prompt's {name} must be text, got {type(value).__name__}")
        if not self.caption.strip():
            raise InputError("the prompt's caption must not be empty")

    def as_json(self) -> str:
        """As the text encoder reads it: one line, keys in the paper's order."""
        return json.dumps(asdict(self), ensure_ascii=False)


NO_PROMPT = Prompt(caption="-")
"""What a model is told where text is dropped, in training and in guidance."""


def prompt_of(text: str) -> Prompt:
    """A prompt from JSON, or from plain words, which become the caption. ``InputError`` for a key that is none of the
    eight, or a missing caption."""
    if not text.lstrip().startswith("{"):
        return Prompt(caption=text)
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"the prompt begins with a brace but is no JSON: {error}") from error
    known = [f.name for f in fields(Prompt)]
    if extra := sorted(set(values) - set(known)):
        raise InputError(f"a prompt has no key {', '.join(extra)}; its keys are {', '.join(known)}")
    if "caption" not in values:
        raise InputError(f"a prompt must have a caption; its keys are {', '.join(known)}")
    return Prompt(**values)


def hashed_text(prompt: Prompt, dim: int) -> Array:
    """Eight vectors of length 1 or 0, float32 8 x dim: for every key the sum of its words' fixed random directions.

    Stands in for a language model in the members of the family that need no download.
    """
    out = np.zeros((8, dim), np.float32)
    for row, (key, value) in enumerate(asdict(prompt).items()):
        for word in value.lower().split():
            digest = hashlib.blake2b(f"{key} {word.strip('.,;:')}".encode(), digest_size=8).digest()
            out[row] += np.random.default_rng(int.from_bytes(digest, "little")).standard_normal(dim, np.float32)
    lengths = np.linalg.norm(out, axis=1, keepdims=True)
    return np.asarray(out / np.where(lengths > 0, lengths, 1), np.float32)
