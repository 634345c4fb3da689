"""Imports point one way. Read from the source alone, so that nothing has to be installed or run."""

import ast
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "cyclorama"

LAYERS = (
    {"core"},
    {"media", "matting", "matchmove", "scenery", "comp", "diffusion", "synthetic"},
    {"engines", "dataset"},
    {"evaluation"},
)
TOP = len(LAYERS)
DIFFUSION = {"diffusers", "transformers", "peft", "accelerate", "safetensors", "tensorboard"}
"""Of the extra that diffusion is written in; no module of another room imports diffusion when it is imported itself."""
OPTIONAL = {*DIFFUSION, "onnxruntime", "huggingface_hub", "matanyone2", "omegaconf"}


def layer_of(room: str) -> int:
    """Everything that is no room named above belongs to the top: project, settings, folder, report, demo, cli ..."""
    return next((level for level, rooms in enumerate(LAYERS) if room in rooms), TOP)


def room_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else path.stem


def imported(path: Path, package: Path = PACKAGE) -> list[tuple[int, str]]:
    """(line, dotted name) of every import anywhere in a file, also inside functions; relative ones made absolute."""
    here = ("cyclorama", *path.relative_to(package).with_suffix("").parts)
    found = []
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = ".".join([*here[: len(here) - node.level], *([node.module] if node.module else [])])
            found += [(node.lineno, f"{base}.{alias.name}") for alias in node.names]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("cyclorama."):
            found.append((node.lineno, node.value.replace(":", ".")))  # a dotted path handed to import_module
    return found


def refusal(room: str, name: str) -> str | None:
    """Why ``room`` may not import ``name``; None when it may."""
    parts = name.split(".")
    if parts[0] == "torch":
        return None if room == "diffusion" else "torch belongs in diffusion alone"
    if parts[0] == "pxr":
        return "pxr is optional and is opened by matchmove.usd alone"
    if parts[0] in DIFFUSION and room == "diffusion":
        return None
    if parts[0] in OPTIONAL:
        return f"{parts[0]} is optional and is opened by matting.learned_weights.require alone"
    if parts[0] != "cyclorama" or len(parts) < 2 or parts[1] == "__version__":
        return None
    other = parts[1]
    if other == room:
        return None
    mine, theirs = layer_of(room), layer_of(other)
    if theirs > mine:
        return f"{room} lies below {other}"
    if theirs == mine and mine != TOP:
        return f"{room} and {other} do not know each other"
    return None


def sources() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def test_imports_point_one_way() -> None:
    assert len(sources()) > 50
    offences = [
        f"{path.relative_to(ROOT)}:{line}: imports {name} ({why})"
        for path in sources()
        if path.parent != PACKAGE or path.stem not in ("__init__", "__main__")
        for line, name in imported(path)
        if (why := refusal(room_of(path), name))
    ]
    assert not offences, "\n".join(offences)


def test_core_needs_numpy_alone() -> None:
    """cv2 inside a function (a proxy of a clip in memory) and numba kernels of the display curve are the exceptions."""
    allowed = {"numpy", "numba", "cyclorama", *sys.stdlib_module_names}
    offences = [
        f"{path.name}: {name}"
        for path in (PACKAGE / "core").glob("*.py")
        for node in ast.parse(path.read_text()).body
        for name in (
            [a.name for a in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
        if name.partition(".")[0] not in allowed
    ]
    assert not offences, offences


@pytest.mark.parametrize(
    ("room", "name", "refused"),
    [
        ("core", "cyclorama.media.open_clip", True),
        ("media", "cyclorama.core.clip.Clip", False),
        ("media", "cyclorama.matting.GivenKey", True),
        ("scenery", "cyclorama.matchmove.find_camera", True),
        ("engines", "cyclorama.scenery.draw", False),
        ("engines", "cyclorama.project.replace_background", True),
        ("engines", "cyclorama.dataset", True),
        ("project", "cyclorama.engines.make_engine", False),
        ("cli", "cyclorama.project.replace_background", False),
        ("comp", "torch", True),
        ("diffusion", "torch.nn", False),
        ("diffusion", "safetensors.torch", False),
        ("comp", "diffusers", True),
        ("matting", "onnxruntime.capi", True),
        ("matchmove", "pxr.Usd", True),
        ("media", "cyclorama.__version__", False),
    ],
)
def test_the_rule_itself(room: str, name: str, refused: bool) -> None:
    assert (refusal(room, name) is not None) == refused


def test_every_way_of_importing_is_seen(tmp_path: Path) -> None:
    file = tmp_path / "comp" / "made_up.py"
    file.parent.mkdir()
    file.write_text(
        "import cyclorama.media as m\nfrom cyclorama import matting\nfrom ..scenery import draw\nfrom . import over\n"
        "def f():\n    from cyclorama.cli import app\nENGINE = 'cyclorama.engines.geometry:GeometryEngine'\n"
    )
    assert [name for _, name in sorted(imported(file, tmp_path))] == [
        "cyclorama.media",
        "cyclorama.matting",
        "cyclorama.scenery.draw",
        "cyclorama.comp.over",
        "cyclorama.cli.app",
        "cyclorama.engines.geometry.GeometryEngine",
    ]


@pytest.mark.parametrize("words", ["import cyclorama", "import cyclorama.cli, sys; sys.argv = ['cyc', '--help']"])
def test_asking_for_help_loads_nothing_heavy(words: str) -> None:
    run = (
        "\ntry:\n    cyclorama.cli.main()\nexcept SystemExit as end:\n    assert not end.code" if "cli" in words else ""
    )
    heavy = "print('loaded:', *sorted({'numpy', 'numba', 'cv2', 'av', 'scipy', 'torch', 'OpenEXR'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; {words}{run}\n{heavy}"], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1].strip() == "loaded:"
    assert ("cli" in words) == ("replace" in done.stdout)


def test_names_of_test_files_are_unique() -> None:
    """There are no packages among the tests, so pytest tells modules apart by their names alone."""
    assert not list((ROOT / "tests").rglob("__init__.py"))
    names = Counter(p.name for p in (ROOT / "tests").rglob("*.py") if p.name != "conftest.py")
    assert not [name for name, count in names.items() if count > 1]
