"""A command in a terminal of its own: shown, recorded first, and ended in time; on real pseudo-terminals."""

import os
import pty
import select
import threading
import time

import pytest

from sopti_runner.adapters.recordings import DirectoryRecordings
from sopti_runner.adapters.terminal_pty import PtyTerminal
from sopti_runner.domain.hand_work import CUT, LEFT, STOPPED, TIME, UNRECORDED
from sopti_runner.errors import LedgerError, UsageError
from sopti_runner.ports.hand_work import Ended, Notices

NOTICES = Notices("mulai", "sebentar lagi", "habis")


class Person:
    """Somebody at a terminal: types, and sees what is shown."""

    def __init__(self):
        self.ours, slave = pty.openpty()
        self.path, self._slave, self.seen = os.ttyname(slave), slave, b""

    def type(self, text):
        os.write(self.ours, text.encode())

    def sees(self, text, within_s=20):
        end = time.monotonic() + within_s
        while text.encode() not in self.seen:
            assert time.monotonic() < end, self.seen
            if select.select([self.ours], [], [], 0.05)[0]:
                self.seen += os.read(self.ours, 65536)

    def leaves(self):
        os.close(self.ours)
        os.close(self._slave)


@pytest.fixture
def person():
    return Person()


@pytest.fixture
def recordings(tmp_path):
    return DirectoryRecordings(tmp_path / "sessions")


class Work:
    """A command at the person's terminal, in a thread; signals are the main thread's, so that one asks by a flag."""

    def __init__(self, person, recordings, command, limit_s=60.0, clock=time.monotonic):
        self.asked, self.ended = False, None
        self._terminal, self._recordings = PtyTerminal("dumb", person.path, clock), recordings
        self._command, self._limit_s = command, limit_s

    def run(self):
        with self._recordings.begin("r1") as recording:
            self.ended = self._terminal.run(
                self._command, recording, limit_s=self._limit_s, notices=NOTICES, stopped=lambda: self.asked
            )
        return self.ended


def beside(action):
    """Let a person act beside the command, which has the main thread."""
    thread = threading.Thread(target=action, daemon=True)
    thread.start()
    return thread


def shell(text):
    return ["sh", "-c", text]


def test_what_is_shown_is_recorded_and_what_is_typed_unseen_is_not(person, recordings):
    def acts():
        person.sees("siap")
        person.type("SANDI-RAHASIA\r")
        person.sees("panjang 13")

    thread = beside(acts)
    work = Work(person, recordings, shell("stty -echo; printf siap; read kata; echo panjang ${#kata}; exit 3"))
    assert work.run() == Ended(LEFT, 3)
    thread.join(20)
    shown = "".join(piece for _at, piece in recordings.play("r1"))
    assert "mulai" in shown
    assert "panjang 13" in shown
    assert b"SANDI-RAHASIA" not in recordings.path("r1").read_bytes()
    assert recordings.path("r1").stat().st_mode & 0o777 == 0o600
    times = [at for at, _piece in recordings.play("r1")]
    assert times == sorted(times)


def test_end_of_the_time_ends_the_command_and_is_told_before(person, recordings):
    class Clock:
        def __init__(self):
            self.at = 0.0

        def __call__(self):
            self.at += 200  # each time it is asked
            return self.at

    work = Work(person, recordings, shell("trap '' HUP; while :; do sleep 1; done"), limit_s=900, clock=Clock())
    assert work.run() == Ended(TIME, None)
    person.sees("sebentar lagi")
    person.sees("habis")


def test_command_that_is_stopped_or_whose_person_is_gone_is_ended(person, recordings, tmp_path):
    work = Work(person, recordings, ["sleep", "60"])

    def asks():
        person.sees("mulai")
        work.asked = True

    thread = beside(asks)
    assert work.run().end == STOPPED
    thread.join(20)
    gone = Person()
    again = Work(gone, DirectoryRecordings(tmp_path / "again"), ["sleep", "60"])

    def leaves():
        gone.sees("mulai")
        gone.leaves()

    thread = beside(leaves)
    assert again.run().end == STOPPED
    thread.join(20)


def test_connection_that_breaks_off_is_told_apart_from_a_person_who_leaves(person, recordings):
    assert Work(person, recordings, shell("exit 255")).run() == Ended(CUT, 255)
    recordings.path("r1").unlink()
    assert Work(person, recordings, shell("kill -9 $$")).run() == Ended(CUT, None)


def test_recording_that_cannot_be_written_closes_the_terminal_unseen(person, tmp_path):
    class Full:
        def resize(self, columns, lines):
            pass

        def show(self, data):
            if b"rahasia" in data:
                raise OSError(28, "No space left on device")

    terminal = PtyTerminal("dumb", person.path)
    command = shell("echo rahasia; sleep 60")
    ended = terminal.run(command, Full(), limit_s=60, notices=NOTICES, stopped=lambda: False)
    assert ended.end == UNRECORDED
    person.sees("mulai")
    assert b"rahasia" not in person.seen


def test_person_who_stops_reading_stops_neither_the_time_nor_who_asks_for_the_end(person, recordings, tmp_path):
    assert Work(person, recordings, ["yes"], limit_s=1.0).run().end == TIME
    again = Work(Person(), DirectoryRecordings(tmp_path / "again"), ["yes"])
    again.asked = True
    assert again.run().end == STOPPED


def test_recording_that_cannot_be_begun_closes_the_terminal(person):
    class Full:
        def resize(self, columns, lines):
            raise OSError(28, "No space left on device")

        def show(self, data):
            raise OSError(28, "No space left on device")

    ended = PtyTerminal("dumb", person.path).run(
        ["sleep", "60"], Full(), limit_s=60, notices=NOTICES, stopped=lambda: False
    )
    assert ended.end == UNRECORDED


def test_many_bytes_both_ways_lose_none(person, recordings):
    def acts():
        person.sees("siap")
        for number in range(400):
            person.type(f"{number:05d}" + "x" * 60 + "\r")
        person.sees("selesai 400", within_s=40)

    thread = beside(acts)
    each = "n=0; while [ $n -lt 400 ]; do read baris; n=$((n+1)); echo $baris; done"
    assert Work(person, recordings, shell(f"stty -echo; printf siap; {each}; echo selesai $n")).run() == Ended(LEFT, 0)
    thread.join(40)
    shown = "".join(piece for _at, piece in recordings.play("r1"))
    assert [f"{n:05d}x" in shown for n in range(400)].count(False) == 0


def test_command_without_a_terminal_is_a_slip(tmp_path):
    with pytest.raises(UsageError):
        PtyTerminal("dumb", str(tmp_path / "none")).require()


def test_recording_is_begun_once_and_a_torn_last_line_is_no_piece(recordings):
    with recordings.begin("r1") as recording:
        recording.resize(80, 24)
        recording.show("satu é".encode()[:-1])
        recording.show("é dua".encode()[1:])
    with pytest.raises(LedgerError), recordings.begin("r1"):
        pass
    with recordings.path("r1").open("ab") as file:
        file.write(b'[9.0, "o", "tor')
    assert "".join(piece for _at, piece in recordings.play("r1")) == "satu é dua"
    assert recordings.measure("none") is None
