"""`trustkeep` as processes of a real machine: a home of its own, a port of its own, real kills."""

import os
import shutil
import signal
import subprocess
import sys
import time
from http.client import HTTPConnection
from multiprocessing.connection import Listener
from pathlib import Path
from uuid import uuid4

from tests.place import place

from trustkeep.config import embedded

ROOT = Path(__file__).parents[2]


class Machine:
    """One installation, and every way to touch it from outside."""

    def __init__(self, **settings):
        self.folder = Path(place()) / f"trustkeep-test-{uuid4().hex[:12]}"
        self.folder.mkdir(mode=0o711)
        self.home, self.port = self.folder / "home", _free_port()
        self.settings = {
            "TRUSTKEEP_HOME": str(self.home),
            "TRUSTKEEP_MASTER_KEY": f"file:{self.folder / 'elsewhere' / 'master.key'}",
            "TRUSTKEEP_RECOVERY_SLOT": str(self.folder / "recovery"),
            "PORT": str(self.port),
            **settings,
        }
        self.process = None

    @property
    def environ(self):
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return {**kept, "PYTHONPATH": str(ROOT / "src"), **self.settings}

    def run(self, *words, given=None, **environ):
        """Run `trustkeep ...` to its end: exit code, output, errors."""
        done = subprocess.run(
            [sys.executable, "-m", "trustkeep", *words], env={**self.environ, **environ},
            input=given or "", capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        return done.returncode, done.stdout, done.stderr

    def typed(self, *words, lines, prompts=("least): ", "more: ")):
        """Run `trustkeep ...` on a terminal where somebody types these lines at these prompts."""
        terminal, inner = os.openpty()
        process = subprocess.Popen(
            [sys.executable, "-m", "trustkeep", *words], env=self.environ, stdin=inner,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip
        said = ""
        for line in lines:
            # What is typed before the question is thrown away.
            while not said.endswith(prompts):
                mark = process.stdout.read(1)
                assert mark, said
                said += mark
            os.write(terminal, line.encode() + b"\n")
            said += "\n"
        said += process.communicate(timeout=60)[0]
        os.close(terminal)
        os.close(inner)
        return process.returncode, said

    def serve(self):
        with (self.folder / "serve.log").open("a") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "trustkeep", "serve"], env=self.environ,
                stdin=subprocess.DEVNULL, stdout=said, stderr=said,
            )  # fmt: skip

    @property
    def said(self):
        return (self.folder / "serve.log").read_text()

    def ask(self, path, host="localhost"):
        """Status and text of a page; 0 where nothing listens."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path, headers={"Host": host})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except OSError:
            return 0, ""
        finally:
            connection.close()

    def wait(self, path="/readyz", status=200, within_s=30):
        """Ask until the page answers so."""
        give_up_at = time.monotonic() + within_s
        while (found := self.ask(path)[0]) != status:
            assert self.process.poll() is None, self.said
            assert time.monotonic() < give_up_at, (found, self.said)
            time.sleep(0.05)

    def child(self, kind):
        """The process of one kind that the supervisor started."""
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = entry.read_bytes().split(b"\0")
            except (FileNotFoundError, ProcessLookupError):
                continue  # it ended while the list was read
            if b"trustkeep.config.serving.child" in words and kind.encode() in words:
                pid = int(entry.parent.name)
                parent = int((entry.parent / "stat").read_text().rpartition(")")[2].split()[1])
                if parent == self.process.pid:
                    return pid
        return None

    def kill(self, kind):
        """Kill a child outright and wait until another has taken its place."""
        before = self.child(kind)
        os.kill(before, signal.SIGKILL)
        give_up_at = time.monotonic() + 20
        while self.child(kind) in {None, before}:
            assert time.monotonic() < give_up_at, self.said
            time.sleep(0.05)

    def stop(self):
        """Ask it to stop; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(40)

    def remove(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        embedded.stop(self.home)
        shutil.rmtree(self.folder, ignore_errors=True)


def _free_port():
    with Listener(("127.0.0.1", 0)) as listener:
        return listener.address[1]
