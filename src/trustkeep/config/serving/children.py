"""A process that is started again whenever it ends, after a pause that grows."""

import os
import subprocess
import sys

from trustkeep.base import world

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 10.0
STEADY_AFTER_S = 30.0  # one that lived so long begins with the short pause again
STOP_WITHIN_S = 25.0  # a running job is given 20 s


class Child:
    """One process of `serve`.  Only for the thread that made it: its end would be the child's."""

    def __init__(self, kind: str, key_handle: int | None = None) -> None:
        self.kind, self._key = kind, key_handle
        self._process: subprocess.Popen[bytes] | None = None
        self._pause_s = FIRST_PAUSE_S
        self._started_at = self._again_at = world.monotonic()

    def tend(self) -> int | None:
        """Start it if it is due; the exit code once, when it was found ended."""
        now = world.monotonic()
        if self._process is None:
            if now >= self._again_at:
                self._start(now)
            return None
        code = self._process.poll()
        if code is not None:
            self._process = None
            if now - self._started_at > STEADY_AFTER_S:
                self._pause_s = FIRST_PAUSE_S
            self._again_at = now + self._pause_s
            self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
        return code

    def end(self) -> None:
        """Ask it to end, and wait; whoever does not is killed, which it must survive anyway."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _start(self, now: float) -> None:
        command = [sys.executable, "-m", "trustkeep.config.serving.child", self.kind]
        command.append(str(os.getpid()))
        handles = () if self._key is None else (self._key,)
        command += map(str, handles)
        # A session of its own: Ctrl-C in the terminal is for the supervisor, which ends them.
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter, our own module
            command, pass_fds=handles, stdin=subprocess.DEVNULL, start_new_session=True
        )
        self._started_at = now
