"""What a file says of its shot besides its pictures."""

from collections.abc import Mapping
from dataclasses import dataclass

_STRUCTURE = {"major_brand", "minor_version", "compatible_brands", "encoder", "duration", "timecode", "reel_name"}
"""Entries that speak of the file that they are in, or that have a place of their own."""


@dataclass(frozen=True)
class ShotTags:
    """``reel``: the reel's name. ``texts``: (name, value), such as a title or the camera's make."""

    reel: str | None = None
    texts: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, container: Mapping[str, str], *streams: Mapping[str, str]) -> "ShotTags":
        """From a file's and its streams' metadata."""
        texts = tuple((k, v) for k, v in sorted(container.items()) if k.lower() not in _STRUCTURE)
        return cls(stated("reel_name", container, *streams), texts)


def stated(name: str, *metadata: Mapping[str, str]) -> str | None:
    """The first value of that name, in any case: Matroska writes capitals."""
    return next((v for tags in metadata for k, v in tags.items() if k.lower() == name and v), None)
