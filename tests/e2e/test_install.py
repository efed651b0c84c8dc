"""`make install` on a fresh Debian host, and the README's first real court, command by command as printed."""

import os
import pty
import select
import shlex
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.architecture.repository import ROOT
from tests.e2e.fences import blocks
from tests.e2e.installing import HERE, SOURCE, Walk, run
from tests.lab import Host

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def walked(installable: None, court: tuple[Host, Host]) -> Walk:
    """Every block of the README that names this file, in order."""
    walk = Walk(court)
    for block in blocks(ROOT / "README.md", run_by=HERE):
        walk.follow(block.info["at"], block.commands, block.info.get("answer", ""))
    return walk


@pytest.fixture(scope="module")
def installed(walked: Walk) -> tuple[Host, Host]:
    """Both hosts after that."""
    return walked.court


def test_first_court_change_is_carried_out_and_traced(walked):
    assert "table inet sopti" in walked.rules[-1]
    said = walked.said("sopti apply")
    for name in ("Budi Contoh", "Dewi Contoh", "Sari Contoh", "srv01"):
        assert name in said
    assert "Dewi Contoh" in walked.said("cat enrol.txt")


def test_first_court_plan_is_made_and_printed(walked):
    ours, _server = walked.court
    assert "srv01" in walked.said("sopti plan")
    assert run(ours, "head -c 5 /srv/sopti/lembar-persetujuan.pdf") == "%PDF-"
    assert set(walked.rules[:-1]) == {""}, "only what was approved changes anything"


def test_first_court_fits_the_hardware_the_readme_asks_for(walked, record_property):
    ours, _ = walked.court
    sizes = run(ours, "du -sm /opt/sopti /var/lib/sopti")
    programs, state = (int(line.split()[0]) for line in sizes.splitlines())
    record_property("programs_mb", programs)
    record_property("state_mb_after_first_change", state)
    assert programs < 600
    assert state < 50


def test_first_court_ledger_is_sound(walked):
    ours, _ = walked.court
    assert "BAD" not in run(ours, "SOPTI_LANG=en sopti doctor", cwd="/srv/sopti", user="budi")


def test_install_owns_what_it_should(installed):
    ours, _ = installed
    owners = run(ours, "stat -c '%n %U:%G %a' /var/lib/sopti /srv/sopti /etc/sopti/sopti.toml /opt/sopti")
    assert owners.splitlines() == [
        "/var/lib/sopti sopti:sopti 700",
        "/srv/sopti sopti:sopti-operator 2770",
        "/etc/sopti/sopti.toml root:sopti 640",
        "/opt/sopti root:root 755",
    ]
    assert run(ours, "find /opt/sopti ! -user root -o -perm /o+w ! -type l | head") == ""


def test_install_settings_are_accepted(installed):
    ours, _ = installed
    code = (
        "import os, pathlib; from sopti_runner.settings import Settings; "
        "print(Settings.load(os.environ, lambda name: pathlib.Path(name).read_bytes()).state_dir)"
    )
    assert run(ours, f"/opt/sopti/venv/bin/python -c {shlex.quote(code)}") == "/var/lib/sopti\n"


def test_install_timer_runs_and_is_safe(installed):
    ours, _ = installed
    assert run(ours, "systemctl is-enabled sopti-checkpoint.timer; systemctl is-active sopti-checkpoint.timer") == (
        "enabled\nactive\n"
    )
    exposure = run(ours, "systemd-analyze security --no-pager sopti-checkpoint.service | tail -1")
    assert float(exposure.split()[-3]) < 3.0, exposure


def test_install_completion_knows_the_commands(installed):
    ours, _ = installed
    ask = "_SOPTI_COMPLETE=complete_bash COMP_WORDS='sopti led' COMP_CWORD=1 sopti"
    assert run(
        ours, f"test -s /usr/share/bash-completion/completions/sopti && {ask}", user="budi", cwd="/home/budi"
    ) == ("ledger\n")


def test_daily_service_sends_a_checkpoint_off_the_machine(installed):
    ours, _ = installed
    run(
        ours,
        "install -d -o sopti /mnt/banding; sed -i 's|^sinks = .*|sinks = [\"/mnt/banding\"]|' /etc/sopti/sopti.toml;"
        "systemctl start sopti-checkpoint.service",
    )
    sent = run(ours, "find /mnt/banding -type f | head -1 | xargs cat")
    assert sent.splitlines()[0] == "sopti.pn-contoh.example/ledger"
    assert run(ours, "systemctl is-failed sopti-checkpoint.service || true") == "inactive\n"


def test_install_again_changes_nothing_of_the_courts(installed):
    ours, _ = installed
    run(ours, "echo '# ours' >> /etc/sopti/sopti.toml; echo kept > /var/lib/sopti/marker")
    look = (
        "find /var/lib/sopti /etc/sopti /srv/sopti /opt/sopti -not -name '*.pyc' -not -name __pycache__"
        " -printf '%p %y %m %U %s %l\\n' | sort; sha256sum /etc/sopti/sopti.toml /var/lib/sopti/ssh/*"
    )
    before = run(ours, look)
    assert "is already here" in run(ours, "make install")
    assert run(ours, look) == before


def test_demo_on_a_courts_machine_is_refused(installed):
    ours, _ = installed
    done = ours.ssh(f"cd {SOURCE} && make demo 2>&1; ls -d .venv", check=False)
    assert "refused. /var/lib/sopti exists" in done.stdout
    assert "Virtual environment" not in done.stdout


SIGNER_STUB = """
import os, pathlib
from sopti_runner.adapters.signer_exchange import ExchangeSigner
signer = ExchangeSigner(pathlib.Path(os.environ["SOPTI_SIGNER"]))
signatures = [signer.sign(statement).count("SIGNATURE") for statement in (b"x" * 100_000, b"two")]
print(os.geteuid() != 0, os.access("/root/.ssh/ours", os.R_OK), signatures, os.getcwd())
"""


TERMINAL_STUB = """
import os, pathlib
from sopti_runner.adapters.signer_exchange import ExchangeSigner
signed = ExchangeSigner(pathlib.Path(os.environ["SOPTI_SIGNER"])).sign(b"one").count("SIGNATURE")
with open("/dev/tty") as terminal:
    print("signed", signed, os.geteuid() != 0, os.isatty(0), flush=True)
    print("read", terminal.readline().strip().upper(), flush=True)
"""


@pytest.fixture
def stub() -> str:
    return SIGNER_STUB


@pytest.fixture
def stubbed(installed: tuple[Host, Host], stub: str) -> Iterator[Host]:
    """The machine with a program in sopti's place that only has two statements signed."""
    ours, _ = installed
    program = f"#!/bin/sh\nexec /opt/sopti/venv/bin/python -c {shlex.quote(stub)}\n"
    run(
        ours,
        f"cp -a /opt/sopti/venv/bin/sopti /root/kept; printf %s {shlex.quote(program)} > /opt/sopti/venv/bin/sopti",
    )
    yield ours
    run(ours, "mv /root/kept /opt/sopti/venv/bin/sopti")


def test_command_signs_with_a_key_that_sopti_cannot_read(stubbed):
    run(stubbed, "mkdir -p -m 700 /root/.ssh; ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/ours <<< y")
    assert run(stubbed, "sopti --key .ssh/ours", cwd="/root", timeout=30) == "True False [2, 2] /srv/sopti\n"
    assert run(stubbed, "ls -A /run/sopti; pgrep -f /usr/local/bin/sopti || true") == ""


def test_command_of_an_operator_signs_and_of_a_guest_is_refused(stubbed):
    assert run(stubbed, "sopti", cwd="/home/budi", user="budi", timeout=30) == "True False [2, 2] /srv/sopti\n"
    run(stubbed, "useradd -m tamu")
    refused = stubbed.ssh("runuser -l tamu -c sopti 2>&1", check=False)
    assert (refused.returncode, "is not an operator" in refused.stdout) == (2, True)


@pytest.mark.parametrize(("lang", "named"), [("id", "tanda tangan Anda"), ("en", "your signature")])
def test_interrupt_at_the_passphrase_ends_the_command_that_named_the_key(stubbed, lang, named):
    key = "/home/budi/.ssh/bersandi"
    run(stubbed, f"test -e {key} || ssh-keygen -q -t ed25519 -N rahasia -f {key}", user="budi", cwd="/home/budi")
    said = _at_the_passphrase(stubbed, f"SOPTI_LANG={lang} sopti request list --key {key}", "\x03", "ended with 130")
    assert named in said
    assert key in said.split("passphrase")[0]
    assert run(stubbed, "ls -A /run/sopti; pgrep -f /usr/local/bin/sopti || true") == ""


@pytest.mark.parametrize("stub", [TERMINAL_STUB])
def test_work_by_hand_asks_for_the_passphrase_first_and_then_has_the_terminal(stubbed):
    key = "/home/budi/.ssh/bersandi"
    run(stubbed, f"test -e {key} || ssh-keygen -q -t ed25519 -N rahasia -f {key}", user="budi", cwd="/home/budi")
    typed = f"sopti session open REG-2026-0001 --host web1 --key {key}"
    said = _at_the_passphrase(stubbed, typed, "rahasia\n", "ended with 0", then=("signed 2 True True", "halo\n"))
    assert "read HALO" in said
    assert run(stubbed, "ls -A /run/sopti; pgrep -f /usr/local/bin/sopti || pgrep -u budi ssh-agent || true") == ""


def test_wrong_passphrase_ends_the_command_with_a_clear_error(installed):
    ours, _ = installed
    key = "/home/budi/.ssh/terkunci"
    copy = f"cp -p ~/.ssh/id_ed25519 {key}; cp ~/.ssh/id_ed25519.pub {key}.pub"
    run(ours, f"{copy}; ssh-keygen -q -p -P '' -N rahasia -f {key}", user="budi", cwd="/home/budi")
    typed = f"SOPTI_LANG=en sopti request add --what Tanpa-sandi --unit PTSP --key {key}"
    said = _at_the_passphrase(ours, typed, "keliru\n", "ended with 2")
    assert "The key does not sign" in said
    assert "check the passphrase" in said
    assert "Tanpa-sandi" not in run(ours, "sopti request list", user="budi", cwd="/srv/sopti")
    assert run(ours, "ls -A /run/sopti; pgrep -f /usr/local/bin/sopti || true") == ""


def _at_the_passphrase(host: Host, command: str, keys: str, wanted: str, then: tuple[str, str] | None = None) -> str:
    """Run a command at Budi's terminal, type at the passphrase, and give what was shown until it ended as wanted.

    Args:
        then: What is shown after that, and what is typed then.
    """
    words = host.ssh_command()
    ours, theirs = pty.openpty()
    typed = f"su --pty -l budi -c {shlex.quote(f'{command}; echo ended with $?')}"
    with subprocess.Popen(
        [words[0], "-tt", *words[1:], typed], stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    ) as shell:
        os.close(theirs)
        try:
            said = _until(ours, "passphrase")
            os.write(ours, keys.encode())
            if then:
                said += _until(ours, then[0])
                os.write(ours, then[1].encode())
            said += _until(ours, wanted)
        finally:
            shell.terminate()
            os.close(ours)
    return said


def _until(terminal: int, wanted: str, within_s: float = 20) -> str:
    """Read from a terminal until it shows something; fails when it does not in time."""
    shown, end = "", time.monotonic() + within_s
    while wanted not in shown:
        ready, _, _ = select.select([terminal], [], [], max(0, end - time.monotonic()))
        assert ready, f"{wanted!r} was not shown: {shown}"
        shown += os.read(terminal, 4096).decode(errors="replace")
    return shown


def test_uninstall_keeps_the_state(installed):
    ours, _ = installed
    run(ours, "make uninstall")
    assert run(ours, "ls -d /opt/sopti /usr/local/bin/sopti 2>/dev/null || true") == ""
    assert run(ours, "cat /var/lib/sopti/marker; ls /etc/sopti") == "kept\ninventory\nsopti.toml\n"
    assert "is not in the list" not in run(ours, "systemctl list-timers --all --no-pager sopti*")
    run(ours, "make install")
    assert run(ours, "cat /var/lib/sopti/marker") == "kept\n"


def follow(walk: Walk, page: str, replaced: dict[str, str], *, upto: int | None = None) -> None:
    """Type a runbook's blocks that name this file, in order, with what only this place knows put in."""
    for block in blocks(ROOT / "docs/runbooks" / page, run_by=HERE)[:upto]:
        commands = block.commands
        for printed, meant in replaced.items():
            commands = commands.replace(printed, meant)
        walk.follow(block.info["at"], commands, block.info.get("answer", ""))


@pytest.fixture(scope="module")
def backed(walked: Walk) -> tuple[Walk, str]:
    """The court with its backup set up by the runbook, an old copy of that kept aside; gives the kit's password."""
    ours, _ = walked.court
    run(
        ours,
        "install -d -o sopti /mnt/banding; sed -i 's|^sinks = .*|sinks = [\"/mnt/banding\"]|' /etc/sopti/sopti.toml",
    )
    follow(walked, "set-up-backup.md", {})
    run(ours, "cp -a /mnt/cadangan/sopti /mnt/cadangan/lama")
    walked.follow(
        "operator", 'sopti request add --what "Buka akses baru" --unit "PTSP"\nsopti ledger trust trust.json', ""
    )
    run(ours, "systemctl start sopti-backup.service; mv /srv/sopti/trust.json /root/")
    return walked, run(ours, "cat /var/lib/sopti/backup.password").strip()


def test_backup_timer_runs_and_its_service_is_safe(backed):
    ours, _ = backed[0].court
    assert run(ours, "systemctl is-enabled sopti-backup.timer") == "enabled\n"
    assert run(ours, "systemctl is-failed sopti-backup.service || true") == "inactive\n"
    exposure = run(ours, "systemd-analyze security --no-pager sopti-backup.service | tail -1")
    assert float(exposure.split()[-3]) < 3.0, exposure


STOP = "systemctl stop sopti-backup.timer sopti-checkpoint.timer"
ALL = "make uninstall" if os.environ.get("SOPTI_SOAK") else STOP
"""The programs go as well when there is time to build them again; another test does that alone."""


def destroy(ours: Host, other: str, how: str) -> None:
    """Leave of the machine only what lay elsewhere; the number of its system user goes to another one."""
    run(ours, f"{how}; rm -rf /var/lib/sopti /etc/sopti /srv/sopti; userdel sopti; useradd --system -M {other}")


CHANGE = """
sopti request dispose NOMOR --by Sari
sopti request examine NOMOR --by Sari
sopti request classify NOMOR --category network --change-type normal
sopti request verify NOMOR --by Sari
sopti request prioritise NOMOR --impact section --urgency medium --by Sari
sopti plan NOMOR configure-firewall --limit srv01 --var "host_firewall_management_sources=[192.0.2.10,192.0.2.77]"
sopti consider NOMOR --advice approve --by Dewi
sopti approve NOMOR --by Sari --export lagi.json
"""


def test_destroyed_machine_is_rebuilt_by_the_runbook_and_goes_on(backed):
    walk, password = backed
    ours, server = walk.court
    destroy(ours, "lain", STOP)
    old = {"PASSWORD-OF-THE-KIT": password, "/mnt/cadangan/sopti": "/mnt/cadangan/lama"}
    follow(walk, "machine-lost.md", old, upto=4)
    refused = run(ours, "sopti self resume --lang en 2>&1 || test $? -eq 10", user="budi", cwd="/srv/sopti")
    assert "older than what left the machine" in refused
    assert "are missing" in refused
    destroy(ours, "lain2", ALL)
    follow(walk, "machine-lost.md", {"PASSWORD-OF-THE-KIT": password})
    assert "BAD" not in run(ours, "SOPTI_LANG=en sopti doctor", cwd="/srv/sopti", user="budi")
    run(ours, "install -m 644 /root/trust.json /srv/sopti/trust.json")
    said = run(ours, "sopti ledger verify --trust trust.json --lang en", cwd="/srv/sopti", user="budi")
    assert "VERIFIED" in said
    number = f"REG-{datetime.now(UTC).year}-0002"
    walk.follow("operator", CHANGE.replace("NOMOR", number), "")
    walk.follow("official", "ssh-keygen -Y sign -n act@sopti -f ~/sopti_key lagi.json", "")
    walk.follow("operator", f"sopti approve --import lagi.json.sig\nsopti apply {number}", "")
    assert "192.0.2.77" in server.ssh("nft list ruleset").stdout


def test_password_in_an_encrypted_credential_serves_the_timer_alone(backed):
    walk, _ = backed
    ours, _ = walk.court
    follow(walk, "rotate-secrets.md", {})
    assert run(ours, "ls /var/lib/sopti/backup.password 2>/dev/null || true") == ""
    assert run(ours, "systemctl is-failed sopti-backup.service || true") == "inactive\n"
    found = run(ours, "SOPTI_LANG=en sopti doctor --json", cwd="/srv/sopti", user="budi")
    assert "0 hours old" in found
    denied = run(ours, "sopti self backup 2>&1 || test $? -eq 13", cwd="/srv/sopti", user="budi")
    assert "backup.password" in denied
