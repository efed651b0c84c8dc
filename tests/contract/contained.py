"""A stand-in for runner and launcher: what is contained starts processes that try to stay.

``runner KIND LOCK MARK`` starts ``launcher`` as ansible-runner does, in a session of its own, and waits for it;
``kind`` says what this user may have.
"""

import os
import signal
import subprocess
import sys
import time

from sopti_runner.adapters.ansible import containment

STAYS = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"


def runner(kind: str, lock: str, mark: str) -> int:
    words = [sys.executable, __file__, "launcher", kind, lock, mark, str(os.getpid())]
    return subprocess.run(words, start_new_session=True, check=False).returncode


def launcher(kind: str, lock: str, mark: str, parent: str) -> int:
    containment.GRACE_S = 1
    guardian = containment.enter(kind, runner=int(parent), lock=lock)
    subprocess.Popen([sys.executable, "-c", STAYS, mark], start_new_session=True, close_fds=False)
    if os.fork() == 0:  # a daemon, as the master of an ssh connection is
        os.setsid()
        os.execv(sys.executable, [sys.executable, "-c", STAYS, mark])
    if mark.endswith("ends"):
        return 7
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print(guardian, flush=True)
    time.sleep(600)
    return 0


if __name__ == "__main__":
    sys.exit({"runner": runner, "launcher": launcher, "kind": containment.main}[sys.argv[1]](*sys.argv[2:]))
