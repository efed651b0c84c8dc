"""Plans applied one after another on a real host: what nobody disturbs is never held."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.notes_site import TASKS, Site
from tests.lab import Lab
from tests.lab.fixtures import skip_where_impossible

pytestmark = pytest.mark.lab
REPEATS = 100 if os.environ.get("SOPTI_SOAK") == "1" else 10
TEXT, LINES = "/etc/repeated-text", "/etc/repeated-lines"


@pytest.fixture
def one() -> Iterator[Lab]:
    skip_where_impossible()
    with Lab.up(1) as running:
        yield running


REPEATED = {
    TASKS: f"""\
- name: A template
  ansible.builtin.template: {{src: note.j2, dest: {TEXT}, mode: "0644"}}
  notify: Reload units

- name: Two lines in one file
  ansible.builtin.lineinfile: {{path: {LINES}, line: "{{{{ item }}}} {{{{ notes_text }}}}", create: true, mode: "0644"}}
  loop: [first, second]

- name: Something to read
  ansible.builtin.command: cat {TEXT}
  check_mode: false
  changed_when: false
  failed_when: false
""",
    "roles/notes/handlers/main.yml": """\
- name: Reload units
  ansible.builtin.systemd_service:
    daemon_reload: true
""",
}


def test_apply_repeated_with_and_without_a_change_is_never_held(
    one: Lab, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    site = Site(tmp_path, one, REPEATED)
    for turn in range(REPEATS):
        site.prepare({"notes_text": f"text {turn // 2}"})
        assert site.engine.drift(site.plan, site.sealed) == []
        outcome = site.apply(f"run-{turn}")
        assert (outcome.outcome, outcome.reason) == ("unchanged" if turn % 2 else "changed", "")
    record_property("plans applied one after another without a false hold", REPEATS)
