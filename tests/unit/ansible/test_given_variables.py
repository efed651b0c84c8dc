"""Variables as people write them: one plain value each, and no trick that grows when it is read."""

from __future__ import annotations

import pytest

from sopti_runner.adapters.ansible.given_variables import read_variables
from sopti_runner.errors import ContentError, UsageError, VariableError

BOMB = "a: &a [x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(20)
)


def test_words_override_the_file_and_are_yaml() -> None:
    found = read_variables(["port=22", "names=[a, b]", "text=", "mark='#'"], "v.yml", b"port: 80\nzone: WIB\n")
    assert found == {"port": 22, "zone": "WIB", "names": ["a", "b"], "text": "", "mark": "#"}


@pytest.mark.parametrize("value", ["#", "# x", "22\n---\n23", "---\na\n---\nb\n"])
def test_word_that_holds_no_value_or_several_is_refused(value: str) -> None:
    with pytest.raises(VariableError) as caught:
        read_variables([f"a={value}"])
    assert caught.value.on == "--var a"


@pytest.mark.parametrize("text", ["&a {b: *a}", "&a [*a]", BOMB, "a: &x 1\n"])
def test_anchors_and_aliases_are_refused_at_once(text: str) -> None:
    with pytest.raises(ContentError):
        read_variables([], "v.yml", text.encode())
    with pytest.raises(ContentError):
        read_variables([f"a={text}"])


@pytest.mark.parametrize("text", ["", "[1]", "a: 1\n---\nb: 2\n", "[" * 5000, "{a: " * 5000, "\ud800"])
def test_file_that_is_no_single_mapping_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        read_variables([], "v.yml", text.encode("utf-8", "surrogatepass"))
