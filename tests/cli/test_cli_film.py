"""What a user can say of lens and film, and what is decided of what was measured."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from cli_help import Case, cyc, pictures, refused

from cyclorama.comp import Sharpness
from cyclorama.core.errors import InputError
from cyclorama.film_words import DefocusArgument, FilmSettings
from cyclorama.filmjob import is_read, require_film, softness
from cyclorama.settings import KeySettings, Settings


def asked(**values: object) -> Settings:
    film = FilmSettings(**values)  # type: ignore[arg-type]
    return Settings(plate=Path("a.mp4"), output=Path("b.mp4"), reference=(), film=film)


@pytest.mark.parametrize(
    ("text", "percent", "stop"), [("f/2.8", None, 2.8), ("F/11", None, 11.0), ("1.5", 1.5, None), (" 2% ", 2.0, None)]
)
def test_a_defocus_in_words(text: str, percent: float | None, stop: float | None) -> None:
    assert DefocusArgument.parse(text) == DefocusArgument(percent, stop)


@pytest.mark.parametrize("text", ["", "f/", "f/0", "f/2%", "-1", "wide", "nan"])
def test_no_defocus(text: str) -> None:
    with pytest.raises(InputError, match="f-number"):
        DefocusArgument.parse(text)


@pytest.mark.parametrize(
    ("name", "value"),
    [("wrap", 1.1), ("grain", -0.1), ("shutter", 361), ("vignette", 1.0), ("sharpness", float("nan")), ("grade", 2)],
)
def test_a_strength_out_of_range_is_refused(name: str, value: float) -> None:
    require_film(asked())
    with pytest.raises(InputError, match=f"--{name} must be 0 to "):
        require_film(asked(**{name: value}))


def test_only_a_surely_softer_plate_softens_the_place() -> None:
    sharp, soft = Sharpness(0.5, 0.01), Sharpness(1.3, 0.01)
    assert softness(soft, sharp, 720) == pytest.approx((1.3**2 - 0.6**2) ** 0.5)
    assert softness(sharp, soft, 720) == 0
    assert softness(sharp, Sharpness(0.0, 0.01), 720) == 0
    assert softness(replace(soft, error_px=0.5), sharp, 720) == 0
    assert softness(Sharpness(9.0, 0.01), sharp, 720) == pytest.approx(1.8)
    assert softness(None, sharp, 720) == 0


def test_of_footage_only_what_is_asked_for_is_read() -> None:
    screen = asked()
    footage = replace(screen, key=KeySettings(matte=(Path("m"),)))
    assert [is_read(screen), is_read(screen, 0.0), is_read(screen, 0.5)] == [True, True, True]
    assert [is_read(footage), is_read(footage, 0.0), is_read(footage, 0.5)] == [False, False, True]


def test_off_is_the_picture_without_any_and_on_is_another(case: Case, tmp_path: Path) -> None:
    """No film at all and every strength 0 are the same bytes; lens and film asked for are seen and kept."""
    common = ["replace", case.plate, case.references[1], *case.fixed, "--frames=0:2", "--no-relight"]
    zero = [f"--{n}=0" for n in ("wrap", "sharpness", "shutter", "grain")]
    full = [
        "--wrap=0.5",
        "--shutter=180",
        "--defocus=4",
        "--vignette=0.3",
        "--aberration=1",
        "--grade=0.5",
        "--sharpness=1",
    ]
    for name, words in (("off", ["--no-film"]), ("zero", zero), ("full", full)):
        ran = cyc(*common, *words, "-o", tmp_path / name / "%04d.png", "--work", tmp_path / f"{name}.work")
        assert ran.exit_code == 0, ran.stderr
    off, zeroed, changed = (pictures(tmp_path / n) for n in ("off", "zero", "full"))
    assert (off == zeroed).all()
    assert (off != changed).mean() > 0.5
    found = {n: json.loads((tmp_path / f"{n}.work" / "film.json").read_text()) for n in ("off", "full")}
    assert not any(found["off"]["done"].values())
    assert (found["full"]["done"]["wrap"], found["full"]["done"]["shutter"]) == (0.5, 0.5)


def test_light_alone(case: Case, tmp_path: Path) -> None:
    words = ["light", case.plate, case.references[1], *case.fixed, "-o", tmp_path / "look"]
    ran = cyc(*words)
    assert ran.exit_code == 0, ran.stderr
    assert "plate: grain" in ran.stdout
    assert sorted(p.name for p in (tmp_path / "look").iterdir()) == ["film.json", "light.png"]
    assert "already" in refused(tmp_path, *words[1:], command="light")
    again = cyc(*words, "--relight=0.5", "--overwrite", "--json")
    assert json.loads(again.stdout.splitlines()[-1])["light"]["strength"] == 0.5
    assert (tmp_path / "look" / "lighting.json").exists()


def test_an_f_number_needs_a_scale(case: Case, tmp_path: Path) -> None:
    words = [case.plate, case.references[1], *case.fixed, "--defocus=f/2", "-o", tmp_path / "a.mp4"]
    assert "needs the scale of the place; add --actor-height" in refused(tmp_path, *words)
