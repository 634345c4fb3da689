"""``cyc doctor``: what this machine has of what Cyclorama needs, and how to get the rest."""

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from cyclorama import __version__

State = Literal["ok", "absent", "broken"]
"""``absent``: something optional is not there. ``broken``: the main job cannot run without it."""

_LIBRARIES = ("numpy", "opencv", "av", "numba", "scipy", "typer", "rich", "OpenEXR")
_BUILDS = {
    "opencv": ("opencv-python-headless", "opencv-contrib-python-headless", "opencv-python", "opencv-contrib-python")
}
"""Names under which the same library is installed."""
_CODECS = {
    "libx264": "H.264 in mp4 and mov",
    "libx265": "H.265, 10 bits",
    "prores_ks": "ProRes 422 HQ and 4444, with alpha",
    "ffv1": "FFV1, lossless",
    "libvpx-vp9": "WebM with alpha",
    "aac": "sound that a container cannot copy",
}
_NEEDED_CODEC = "libx264"
_EXTRAS = {
    "mattes": (("onnxruntime", "safetensors", "huggingface_hub"), "learned mattes (cyc replace --matting)"),
    "mattes-torch": (("torch",), "learned mattes that run in torch"),
    "ocio": (("PyOpenColorIO",), "colour spaces of ACES configs (--plate-color ocio:NAME)"),
    "usd": (("pxr",), "USD cameras"),
    "camera-check": (("pycolmap",), "the camera files checked against COLMAP's own reader"),
    "diffusion": (("torch", "diffusers", "peft", "accelerate"), "the in-context engine, cyc train"),
}
_LEAST_PYTHON = (3, 11)
_LITTLE_MEMORY_GB, _LITTLE_DISK_GB = 2.0, 2.0
_GB = 1e9


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. ``remedy``: what to do about it; empty when all is well."""

    group: str
    name: str
    state: State
    detail: str
    remedy: str = ""


@dataclass(frozen=True)
class Diagnosis:
    """Everything that was found."""

    findings: tuple[Finding, ...]

    @property
    def facts(self) -> dict[str, Any]:
        """As ``--json`` prints it."""
        return {"cyclorama": __version__, "ok": not self.broken, "findings": [asdict(f) for f in self.findings]}

    @property
    def remarks(self) -> tuple[str, ...]:
        """Nothing beside the findings themselves."""
        return ()

    @property
    def broken(self) -> tuple[Finding, ...]:
        """What keeps the main job from running."""
        return tuple(f for f in self.findings if f.state == "broken")

    def lines(self) -> Iterator[str]:
        """For a person: a line a finding, its remedy under it."""
        marks, group = {"ok": "ok", "absent": "--", "broken": "NO"}, ""
        yield f"cyclorama {__version__}"
        for finding in self.findings:
            if finding.group != group:
                group = finding.group
                yield f"\n{group}"
            yield f"  {marks[finding.state]}  {finding.name:<24} {finding.detail}"
            if finding.remedy:
                yield f"      {finding.remedy}"

    @property
    def verdict(self) -> str:
        """What is broken, in a sentence; empty when nothing is."""
        names = ", ".join(f.name for f in self.broken)
        return f"this machine cannot run cyc replace for want of {names}; see what to do above" if names else ""


def examine(folder: Path | None = None) -> Diagnosis:
    """Look at the machine. ``folder``: where shots would be written (the current one)."""
    return Diagnosis((*_machine(folder or Path.cwd()), *_libraries(), *_codecs(), *_extras(), _gpu()))


def _machine(folder: Path) -> Iterator[Finding]:
    group = "machine"
    yield Finding(group, "system", "ok", f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores")
    found = platform.python_version()
    new = sys.version_info[:2] >= _LEAST_PYTHON
    yield Finding(group, "python", "ok" if new else "broken", found, "" if new else "install Python 3.11 or newer")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _GB
    less = "" if memory > _LITTLE_MEMORY_GB else "use small plates: 720p wants about 1 GB, UHD several"
    yield Finding(group, "memory", "absent" if less else "ok", f"{memory:.1f} GB", less)
    free = shutil.disk_usage(folder).free / _GB
    less = "" if free > _LITTLE_DISK_GB else "make room, or give -o on another disk"
    yield Finding(group, "disk", "absent" if less else "ok", f"{free:.1f} GB free in {folder}", less)
    yield _writable(group, "work folder", folder, "broken", "run from a folder that may be written to")
    yield _kernels(group)


def _kernels(group: str) -> Finding:
    """Where compiled kernels are kept: without it, every run compiles for a minute."""
    cache = Path(os.environ.get("NUMBA_CACHE_DIR") or Path(__file__).parent / "__pycache__")
    found = _writable(group, "kernel cache", cache, "absent", "set NUMBA_CACHE_DIR to a folder that may be written to")
    if found.state == "ok":
        return found
    # numba falls back to the user's own cache folder where the package's may not be written to
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    other = _writable(group, "kernel cache", home, "absent", found.remedy)
    return other if other.state == "ok" else found


def _writable(group: str, name: str, folder: Path, otherwise: State, remedy: str) -> Finding:
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    try:
        with tempfile.TemporaryFile(dir=there):
            return Finding(group, name, "ok", str(folder))
    except OSError as error:
        return Finding(group, name, otherwise, f"{folder}: {error.strerror}", remedy)


def _libraries() -> Iterator[Finding]:
    for name in _LIBRARIES:
        found = _version(name)
        if found is None:
            yield Finding("libraries", name, "broken", "not installed", "pip install cyclorama")
        else:
            yield Finding("libraries", name, "ok", found)


def _codecs() -> Iterator[Finding]:
    import av

    ffmpeg = ".".join(str(n) for n in av.library_versions["libavcodec"])
    for name, use in _CODECS.items():
        if _encodes(name):
            yield Finding("codecs", name, "ok", use)
        else:
            state: State = "broken" if name == _NEEDED_CODEC else "absent"
            remedy = "pip install --force-reinstall av (its wheels bring FFmpeg with every codec named here)"
            yield Finding("codecs", name, state, f"{use}: not in this FFmpeg (libavcodec {ffmpeg})", remedy)


def _encodes(name: str) -> bool:
    from av.codec.codec import Codec, UnknownCodecError

    try:
        return Codec(name, "w").is_encoder
    except UnknownCodecError:
        return False


def _extras() -> Iterator[Finding]:
    for extra, (modules, use) in _EXTRAS.items():
        missing = [m for m in modules if find_spec(m) is None]
        if missing:
            detail = f"{use}: {', '.join(missing)} not installed"
            yield Finding("extras", extra, "absent", detail, f"pip install 'cyclorama[{extra}]'")
        else:
            yield Finding("extras", extra, "ok", use)


def _gpu() -> Finding:
    """Only learned mattes and engines of generation can use one."""
    group, use = "GPU", "only learned mattes and engines of generation use one"
    if find_spec("torch") is None:
        card = shutil.which("nvidia-smi") is not None
        detail = f"a driver is there, torch is not ({use})" if card else f"none found ({use})"
        remedy = "pip install 'cyclorama[mattes-torch]'" if card else ""
        return Finding(group, "cuda", "absent", detail, remedy)
    torch = import_module("torch")
    if not torch.cuda.is_available():
        return Finding(group, "cuda", "absent", f"torch sees none ({use})")
    free, total = (amount / _GB for amount in torch.cuda.mem_get_info())
    return Finding(group, "cuda", "ok", f"{torch.cuda.get_device_name()}, {free:.1f} of {total:.1f} GB free")


def _version(name: str) -> str | None:
    for build in _BUILDS.get(name, (name,)):
        try:
            return version(build)
        except PackageNotFoundError:
            continue
    return None
