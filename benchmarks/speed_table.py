"""The figures of ``speed.py`` with their bounds, as rows and as Markdown."""

import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from speed_runs import KeyCost, Measured, Run
from speed_setup import FRAMES_OF, HAIR, HW, LONG_FRAMES, NUM_FRAMES, PLATE, PREFIX, RATE

_FRAME_BOUNDS_F = {1: 2.5, 3: 4.5}  # of a frame of cyc replace, by the number of references
_KEY_BOUNDS_F = {PLATE: 1.5, HAIR: 5.0}  # of decoding and keying a frame
_ANALYSIS_BOUND_S = {1: None, 3: 120}
_MEMORY_BOUND_MB = 800
_GROWTH_BOUND = 0.1  # of the peak memory, from the short shot to the long one
_PSNR_BOUND_DB = 45


@dataclass(frozen=True)
class Row:
    """A figure: ``value`` in ``unit``, in F if it is a cost a frame, and its bound in the same unit (or in F)."""

    name: str
    value: float
    unit: str
    in_floors: float | None = None
    bound: str = ""
    ok: bool | None = None


def rows_of(m: Measured) -> list[Row]:
    """Every figure, in the order of the table."""
    return [*_floor_rows(m), *_frame_rows(m), *_analysis_rows(m), *_key_rows(m), *_file_rows(m)]


def _cost(name: str, seconds: float, floor_s: float, bound_f: float | None = None) -> Row:
    """A row of a cost a frame."""
    floors = seconds / floor_s
    if bound_f is None:
        return Row(name, 1000 * seconds, "ms/frame", floors)
    return Row(name, 1000 * seconds, "ms/frame", floors, f"<= {bound_f} F", floors <= bound_f)


def _floor_rows(m: Measured) -> Iterator[Row]:
    floors = sorted(f["s_per_frame"] for f in m.bench.floors[PLATE])
    least, most = floors[0], floors[-1]
    yield _cost(f"F: decode + x264 veryfast crf 18, least of {len(floors)}", least, least)
    yield _cost("F, greatest: every run below is held against F just before and after it", most, least)
    yield _cost("FFmpeg chromakey + despill + overlay + veryfast", m.chain["s_per_frame"], m.near_s)
    yield _cost("our reader and writer alone (crf 16)", m.through["s_per_frame"], m.near_s)


def _references(n: int) -> str:
    return f"{n} reference" + "s" * (n > 1)


def _frame_rows(m: Measured) -> Iterator[Row]:
    for n, bound in _FRAME_BOUNDS_F.items():
        run, words = m.shots[n, "all"], _references(n)
        yield _cost(f"{words}: a frame, render stage / frames", run.frame_s, run.floor_s, bound)
        if (n, "prefix") in m.shots:
            short = m.shots[n, "prefix"]
            near, more = (run.floor_s + short.floor_s) / 2, NUM_FRAMES - PREFIX
            less = f"{words}: a frame, 0:{NUM_FRAMES} less 0:{PREFIX}"
            yield _cost(f"{less}, render", (run.frames_s - short.frames_s) / more, near)
            yield _cost(f"{less}, all", (run.cpu_s - short.cpu_s) / more, near)
        if (n, "long") in m.shots:
            long = m.shots[n, "long"]
            near, more = (long.floor_s + run.floor_s) / 2, LONG_FRAMES - NUM_FRAMES
            name = f"{words}: a frame of the {LONG_FRAMES}-frame plate, render stage / frames"
            yield _cost(name, long.frame_s, long.floor_s)
            name = f"{words}: a frame more, analysis included ({LONG_FRAMES} less {NUM_FRAMES} frames)"
            yield _cost(name, (long.cpu_s - run.cpu_s) / more, near)


def _analysis_rows(m: Measured) -> Iterator[Row]:
    for n, bound in _ANALYSIS_BOUND_S.items():
        run, words = m.shots[n, "all"], _references(n)
        by_stage = sum(run.analysis.values())
        rest = run.cpu_s - run.frames_s - m.import_s
        ok = None if bound is None else max(by_stage, rest) <= bound
        limit = "" if bound is None else f"<= {bound}"
        yield Row(f"{words}: analysis, all that is neither frames nor imports", rest, "CPU-s", None, limit, ok)
        stages = ", ".join(f"{s} {spent:.1f}" for s, spent in run.analysis.items())
        yield Row(f"{words}: analysis by stage ({stages})", by_stage, "CPU-s")
        yield from _memory_rows(words, run, m.shots.get((n, "long")), _MEMORY_BOUND_MB)
    yield Row("imports alone", m.import_s, "CPU-s")
    yield Row("imports alone: peak memory", m.import_mb, "MB")


def _memory_rows(words: str, run: Run, long: Run | None, bound_mb: int | None = None) -> Iterator[Row]:
    limit, ok = ("", None) if bound_mb is None else (f"<= {bound_mb}", run.peak_mb <= bound_mb)
    yield Row(f"{words}: peak memory, {NUM_FRAMES} frames", run.peak_mb, "MB", None, limit, ok)
    if long is not None:
        more = long.peak_mb / run.peak_mb - 1
        yield Row(f"{words}: peak memory, {LONG_FRAMES} frames", long.peak_mb, "MB")
        within = f"within {100 * _GROWTH_BOUND:.0f}"
        name = f"{words}: the same, more than at {NUM_FRAMES}"
        yield Row(name, 100 * more, "%", None, within, abs(more) <= _GROWTH_BOUND)


def _key_rows(m: Measured) -> Iterator[Row]:
    for plate, name in ((PLATE, "key"), (HAIR, "key of much hair")):
        yield from _key_cost_rows(name, m.keys[plate], _KEY_BOUNDS_F[plate])
    run, long = m.keyed["all"], m.keyed.get("long")
    yield _cost("cyc key, ProRes 4444 written: a frame, key stage / frames", run.frame_s, run.floor_s)
    if long is not None:
        near, more = (long.floor_s + run.floor_s) / 2, LONG_FRAMES - NUM_FRAMES
        name = f"cyc key, ProRes 4444 written: a frame more ({LONG_FRAMES} less {NUM_FRAMES} frames)"
        yield _cost(name, (long.cpu_s - run.cpu_s) / more, near)
    yield from _memory_rows("cyc key", run, long)


def _key_cost_rows(name: str, cost: KeyCost, bound_f: float) -> Iterator[Row]:
    floors, median = cost.in_floors, statistics.median
    times = f"median of {len(floors)}" if len(floors) > 1 else "once"
    words = f"{name}: a frame, decode and key, {times} ({floors[0]:.2f} to {floors[-1]:.2f} F)"
    in_floors = median(floors)
    ok = in_floors <= bound_f
    yield Row(words, 1000 * median(cost.frame_s), "ms/frame", in_floors, f"<= {bound_f} F", ok)
    yield _cost(f"{name}: of it decoding to linear light", median(cost.decode_s), cost.median_floor_s)
    yield _cost(f"{name}: F of this plate", cost.median_floor_s, cost.median_floor_s)
    yield Row(f"{name}: analysis of the screen, once a shot", median(cost.analyse_s), "CPU-s")


def _file_rows(m: Measured) -> Iterator[Row]:
    psnr = m.through["psnr_db"]
    yield Row("pass-through, luma PSNR", psnr, "dB", None, f">= {_PSNR_BOUND_DB}", psnr >= _PSNR_BOUND_DB)
    held = [(r.held, r.wanted) for r in (*m.shots.values(), *m.keyed.values())]
    held += [(floor, FRAMES_OF[plate]) for plate, floors in m.bench.floors.items() for floor in floors]
    held += [(m.chain, NUM_FRAMES), (m.through, NUM_FRAMES)]
    wrong = sum(h["frames"] != n or abs(h["seconds"] - n / RATE) > 0.5 / RATE for h, n in held)
    yield Row(f"files of wrong length (frames, seconds) among {len(held)}", wrong, "", None, "0", wrong == 0)
    three = m.shots[3, "all"].facts
    full = three["camera"].get("model") == "full" and three["place"]["kind"] == "layers"
    yield Row("three references: camera solved as full motion, place in layers", float(full), "", None, "1", full)


def as_text(result: dict[str, Any]) -> str:
    """The result as ``speed.py`` prints it."""
    about = result["about"]
    tools = ", ".join(f"{k} {about[k]}" for k in ("cyclorama", "python", "numpy", "opencv", "av", "numba"))
    load = " ".join(f"{x:.1f}" for x in about["load"])
    plate = result["plate"]
    lines = [
        f"{about['date']}, {about['cpus']} CPUs ({about['cpu']}), load {load}",
        tools,
        f"plate {HW[1]}x{HW[0]}, {plate['frames']} frames, {plate['mbit_s']:.1f} Mb/s",
        "",
        "| figure | value | in F | bound | |",
        "|---|---|---|---|---|",
    ]
    for row in result["rows"]:
        floors = "" if row["in_floors"] is None else f"{row['in_floors']:.2f}"
        verdict = {None: "", True: "ok", False: "NOT"}[row["ok"]]
        lines.append(f"| {row['name']} | {row['value']:.1f} {row['unit']} | {floors} | {row['bound']} | {verdict} |")
    return "\n".join(lines)
