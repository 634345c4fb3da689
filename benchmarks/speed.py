"""Speed and memory of ``cyc replace`` and ``cyc key`` at 1280x720: ``speed.py [--quick] [--json] [--folder DIR]``.

Every figure is CPU time (user + system, all threads), never wall time, and is also given in F: the CPU time a frame of
decode + x264 veryfast of the same plate in the same run, the least that any tool must spend. What is run sits in
processes of their own (``speed_child.py``), so that each has its own CPU clock and its own peak memory; this one
imports nothing heavy, because a child's peak starts at its parent's size.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from speed_runs import Bench, Measured, Run
from speed_setup import HAIR, LONG, LONG_FRAMES, NUM_FRAMES, PLATE, PREFIX
from speed_table import as_text, rows_of

_KEY_TIMES = 5  # the key alone is keyed so often, and the median told


def measure_all(folder: Path, quick: bool) -> Measured:
    """Makes the plates where they are missing and runs everything."""
    b = Bench(folder)
    b.child("make", str(folder))
    plate = b.ask("measure", folder / PLATE)
    print(f"plate: {plate['frames']} frames, {plate['mbit_s']:.1f} Mb/s; warming up", file=sys.stderr, flush=True)
    _warm_up(b)
    shots = {(n, "all"): b.replace(PLATE, n) for n in (1, 3)}
    if not quick:
        shots |= {(n, "prefix"): b.replace(PLATE, n, f"0:{PREFIX}") for n in (1, 3)}
        shots[3, "long"] = b.replace(LONG, 3)
    keyed = {"all": b.key(PLATE)}
    if not quick:
        keyed["long"] = b.key(LONG)
    keys = {name: b.key_cost(name, 1 if quick else _KEY_TIMES) for name in (PLATE, HAIR)}
    _, import_s, import_mb = b.child("imports")
    before = b.floor()
    chain = b.ask("floor", folder / PLATE, folder / f"place{NUM_FRAMES // 2}.png")
    through = b.ask("passthrough", folder / PLATE)
    near_s = (before + b.floor()) / 2
    return Measured(b, plate, shots, keyed, keys, import_s, import_mb, chain, through, near_s)


def _warm_up(b: Bench) -> None:
    """Compiles the kernels of every path."""
    with tempfile.TemporaryDirectory(dir=b.folder) as work:
        b.replace(PLATE, 3, "0:2", ("--work", work))
        b.replace(PLATE, 1, "0:2", ("--camera", str(Path(work) / "camera.json")))
    b.key(PLATE, "0:2")


def result_of(m: Measured) -> dict[str, Any]:
    """All that was measured, as JSON holds it."""
    about = {
        "date": time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()),
        "cpus": os.cpu_count(),
        "cpu": _cpu_name(),
        "load": os.getloadavg(),
        **m.bench.ask("versions"),
    }
    runs: dict[str, Run] = {f"{n} {what}": run for (n, what), run in m.shots.items()}
    runs |= {f"key {what}": run for what, run in m.keyed.items()}
    return {
        "about": about,
        "plate": m.plate,
        "rows": [asdict(row) for row in rows_of(m)],
        "shots": {name: asdict(run) for name, run in runs.items()},
        "keys": {name: asdict(cost) for name, cost in m.keys.items()},
    }


def _cpu_name() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("out/bench"), help="where plates are made and kept")
    parser.add_argument(
        "--quick",
        action="store_true",
        help=f"leave out the {PREFIX}- and {LONG_FRAMES}-frame runs, and key once where else {_KEY_TIMES} times",
    )
    parser.add_argument("--json", action="store_true", help="print everything measured as JSON")
    words = parser.parse_args()
    result = result_of(measure_all(words.folder.resolve(), words.quick))
    print(json.dumps(result, indent=1) if words.json else as_text(result))


if __name__ == "__main__":
    main()
