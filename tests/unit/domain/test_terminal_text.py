"""A recording is shown again without anything that a terminal would answer, keep or put elsewhere."""

import pytest

from sopti_runner.domain.terminal_text import Replay


@pytest.mark.parametrize(
    ("piece", "shown"),
    [
        ("biasa\r\n\ttab\b é", "biasa\r\n\ttab\b é"),
        ("\x1b[1;31mmerah\x1b[0m\x1b[2J\x1b[3;4H\x1b[?25l", "\x1b[1;31mmerah\x1b[0m\x1b[2J\x1b[3;4H\x1b[?25l"),
        ("\x1b]0;judul\x07a\x1b]52;c;cm0gLXJm\x1b\\b", "ab"),
        ("\x1bP+q544e\x1b\\a\x1b_x\x1b\\b\x1b^y\x1b\\c\x1bXz\x1b\\d", "abcd"),
        ("\x1b[6n\x1b[c\x1b[>c\x1b[=c\x1b[5n\x1b[18t\x1b[21t\x1b[0qa", "a"),
        ("\x1b#8\x1bZ\x1b(0\x1bca\x05b\x00c\x7fd\x9be", "abcde"),
        ("\x1b[?1049hlayar\x1b[?1049l", "\x1b[?1049hlayar\x1b[?1049l"),
    ],
)
def test_piece_shows_text_colours_and_moves_alone(piece, shown):
    assert Replay().clean(piece) == shown


@pytest.mark.parametrize(
    "whole", ["a\x1b]52;c;cm0gLXJm\x07b", "a\x1b[31mb", "a\x1b[6nb", "a\x1bP1$r\x1b\\b", "a\x1b(0b"]
)
def test_sequence_torn_anywhere_is_cleaned_as_if_it_were_whole(whole):
    expected = Replay().clean(whole)
    for at in range(len(whole)):
        replay = Replay()
        assert replay.clean(whole[:at]) + replay.clean(whole[at:]) == expected, at


def test_sequence_that_never_ends_is_not_kept_for_ever():
    replay = Replay()
    assert "\x1b" not in "".join(replay.clean(piece) for piece in ["\x1b]52;", *["x" * 1000] * 10, "akhir"])
    assert replay.clean("z") == "z"
