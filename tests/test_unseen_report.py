"""What is told of what no picture shows."""

import numpy as np

from cyclorama.scenery import Unseen
from cyclorama.unseen_report import unseen_facts, unseen_plot, unseen_warnings


def unseen(outside: list[float], hidden: list[float], side: int = 0, first: int = 10) -> Unseen:
    sides = np.zeros((len(outside), 4))
    sides[:, side] = outside
    return Unseen(tuple(range(first, first + len(outside))), np.array(outside), sides, np.array(hidden))


def test_little_is_not_worth_a_word() -> None:
    assert unseen_warnings(unseen([2.9, 0, 1], [0, 2.0, 0])) == []


def test_which_frames_which_side_and_the_remedy() -> None:
    (text,) = unseen_warnings(unseen([0, 5, 14, 6, 0], [0] * 5))
    assert text.startswith("frames 11 to 13 show up to 14 % that no picture shows, on the left;")
    assert "add a reference at @12, or a wider picture" in text
    (text,) = unseen_warnings(unseen([0, 5], [0, 0], side=3))
    assert text.startswith("frame 11 shows up to 5 % that no picture shows, below;")


def test_both_sides_of_a_corner_are_told() -> None:
    both = Unseen((4,), np.array([12.0]), np.array([[0.0, 7, 5, 0]]), np.array([0.0]))
    assert "on the right and above" in unseen_warnings(both)[0]


def test_what_is_hidden_asks_for_a_reference_there() -> None:
    (text,) = unseen_warnings(unseen([0, 0, 0], [0, 4, 9]))
    assert text.startswith("frames 11 to 12 show up to 9 % that is behind nearer things in every picture;")
    assert text.endswith("add a reference at @12")


def test_only_the_two_worst_stretches_are_told_in_their_order() -> None:
    outside = [5.0, 0, 20, 0, 9, 0, 4]
    first, second = unseen_warnings(unseen(outside, [0] * 7, first=0))
    assert first.startswith("frame 2 shows")
    assert second.startswith("frame 4 shows")


def test_figures_and_plot() -> None:
    some = unseen([0.123, 50], [1, 0])
    assert unseen_facts(some) == {"outside_percent": [0.12, 50.0], "hidden_percent": [1.0, 0.0]}
    plot = unseen_plot(some)
    assert plot.startswith("<svg")
    assert "0 to 50; frames 10 to 11" in plot
    assert "nan" not in unseen_plot(unseen([0.0], [0.0]))
