"""Run an emulator that cannot outlive whoever started it.

    PYTHON run.py MODULE_OR_SCRIPT [ARG...]

MODULE_OR_SCRIPT is a console script of PYTHON's environment (`ministack`,
`moto_server`), else a path to a script, else a module name.

The caller starts this in a process group of its own and keeps the write end
of its standard input open. When that end closes, for whatever reason (the
tests finished, panicked or were killed), the whole group is killed: the
emulator and the Lambda processes it has started.
"""

import importlib.metadata
import os
import runpy
import signal
import sys
import threading


def kill_group_at_eof(fd):
    # os.read, not sys.stdin: a daemon thread that holds sys.stdin's lock makes
    # the interpreter abort when it exits.
    while os.read(fd, 4096):
        pass
    os.killpg(os.getpgid(0), signal.SIGKILL)


def run(name):
    for script in importlib.metadata.entry_points(group="console_scripts"):
        if script.name == name:
            return script.load()()
    if os.path.isfile(name):
        # As `python SCRIPT` does: its own folder comes first on the path.
        sys.path[0] = os.path.dirname(os.path.abspath(name))
        runpy.run_path(name, run_name="__main__")
    else:
        runpy.run_module(name, run_name="__main__", alter_sys=True)
    return 0


def main():
    if len(sys.argv) < 2:
        sys.exit("usage: run.py MODULE_OR_SCRIPT [ARG...]")
    # In someone else's group the kill would hit the tests themselves.
    if os.getpgid(0) != os.getpid():
        sys.exit("run.py: must be the leader of its own process group")
    # Only this process keeps the pipe: nothing the emulator starts may inherit
    # it or read from it.
    pipe = os.dup(0)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    threading.Thread(target=kill_group_at_eof, args=(pipe,), daemon=True).start()
    del sys.argv[0]
    sys.exit(run(sys.argv[0]))


if __name__ == "__main__":
    main()
