"""Run a PostgreSQL server that cannot outlive whoever started it.

    python3 run.py FOLDER

FOLDER is where the server's data goes, in a folder of its own that is gone
afterwards. PostgreSQL does not run as root: for root, the server runs as the
user postgres or nobody, and its data goes below /tmp, which these can reach.
The environment variable POSTGRES_BIN names the folder of the server's
programs if they are not where Debian puts them, nor on PATH.

One command comes per line on standard input: `start`, `kill`, `create NAME`.
One JSON answer goes to standard output for each: {"value": ...}, or
{"error": "..."}. When standard input closes, for whatever reason (the tests
finished, panicked or were killed), the server ends.
"""

import glob
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    # In the data folder, so that nothing of it is left after a kill.
    "dynamic_shared_memory_type": "mmap",
    "timezone": "UTC",
}
PATIENCE = 60


def programs():
    """The folder that has initdb, postgres and createdb."""
    debian = glob.glob("/usr/lib/postgresql/*/bin")
    newest_first = sorted(debian, key=lambda path: float(path.split("/")[4]), reverse=True)
    on_path = [os.path.dirname(shutil.which(name) or "") for name in ("initdb", "postgres")]
    wanted = os.environ.get("POSTGRES_BIN")
    for folder in [wanted] if wanted else newest_first + on_path:
        if all(shutil.which(name, path=folder) for name in ("initdb", "postgres", "createdb")):
            return folder
    sys.exit(
        "there is no PostgreSQL server. Install Debian's package postgresql, or set POSTGRES_BIN "
        "to the folder that has initdb, postgres and createdb."
    )


def someone():
    """Whom the server runs as, for subprocess; nothing if not root."""
    if os.geteuid() != 0:
        return {}
    names = {user.pw_name: user for user in pwd.getpwall()}
    user = names.get("postgres") or names["nobody"]
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


class Server:
    def __init__(self, bin_folder, folder, user):
        self.bin = bin_folder
        self.folder = folder
        self.user = user
        self.data = os.path.join(folder, "data")
        self.port = None
        self.process = None
        # Not the developer's own: PGPORT and the like would apply.
        self.environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": folder}

    def run(self, name, *arguments):
        command = [os.path.join(self.bin, name), *arguments]
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, cwd=self.folder, env=self.environment, **self.user,
        )  # fmt: skip
        if done.returncode != 0:
            raise RuntimeError(f"{name} failed: {done.stdout.strip()}")

    def start(self):
        """Starts the server, on the port that it had if it had one."""
        if self.process and self.process.poll() is None:
            return self.port
        if not os.path.exists(self.data):
            self.run(
                "initdb", "--pgdata", self.data, "--username=postgres", "--auth=trust",
                "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync",
            )  # fmt: skip
        tries = 1 if self.port else 5
        for left in reversed(range(tries)):
            port = self.port or free_port()
            try:
                self.start_on(port)
            except RuntimeError:
                # Somebody else took the port in between.
                if not left:
                    raise
            else:
                self.port = port
                return port

    def start_on(self, port):
        command = [os.path.join(self.bin, "postgres"), "-D", self.data, "-p", str(port)]
        for name, value in SETTINGS.items():
            command += ["-c", f"{name}={value}"]
        log = os.path.join(self.folder, "log")
        with open(log, "w") as output:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                cwd=self.folder, env=self.environment, **self.user,
            )  # fmt: skip
        end = time.monotonic() + PATIENCE
        while not self.ready():
            if self.process.poll() is not None or time.monotonic() > end:
                self.kill()
                with open(log) as told:
                    raise RuntimeError(f"postgres did not start: {told.read().strip()}")
            time.sleep(0.02)

    def ready(self):
        """What pg_ctl looks at, too: the server's own word."""
        try:
            with open(os.path.join(self.data, "postmaster.pid")) as file:
                lines = [line.strip() for line in file]
        except FileNotFoundError:
            return False
        return len(lines) > 7 and lines[0] == str(self.process.pid) and lines[7] == "ready"

    def kill(self):
        """Ends the server and all its processes at once, as a power cut does."""
        everybody = [self.process.pid, *children(self.process.pid)]
        if self.process.poll() is None:
            for pid in everybody:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        self.process.wait()

    def create(self, name):
        """Makes an empty database."""
        self.run(
            "createdb", "--host=127.0.0.1", f"--port={self.port}", "--username=postgres",
            "--no-password", "--template=template0", name,
        )  # fmt: skip
        return name

    def end(self):
        if self.process and self.process.poll() is None:
            # Without a last checkpoint, and with its shared memory given back.
            self.process.send_signal(signal.SIGQUIT)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()


def children(parent):
    found = []
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path) as file:
                after_name = file.read().rpartition(")")[2].split()
        except OSError:
            continue
        if after_name[1] == str(parent):
            found.append(int(path.split("/")[2]))
    return found


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def serve(server):
    commands = {"start": server.start, "kill": server.kill, "create": server.create}
    for line in sys.stdin:
        name, *arguments = line.split()
        try:
            answer = {"value": commands[name](*arguments)}
        except Exception as error:
            answer = {"error": str(error)}
        print(json.dumps(answer), flush=True)


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: run.py FOLDER")
    bin_folder, user = programs(), someone()
    place = "/tmp" if user else os.path.abspath(sys.argv[1])
    os.makedirs(place, exist_ok=True)
    folder = tempfile.mkdtemp(prefix="postgres-", dir=place)
    server = Server(bin_folder, folder, user)
    try:
        if user:
            os.chown(folder, user["user"], user["group"])
        serve(server)
    except BrokenPipeError:
        # Nobody reads any more.
        pass
    finally:
        server.end()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
