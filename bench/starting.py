"""How long a start takes, cold and warm.  Run: python bench/starting.py [--clone]

Cold: from nothing to an answer, the environment there already; with `--clone` also from a fresh
clone with no environment, as a new user does it.  Warm: everything is there, the server is stopped.
"""

import argparse
import http.client
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from multiprocessing.connection import Listener
from pathlib import Path

ROOT = Path(__file__).parents[1]
TIMES = 5


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--clone", action="store_true")
    asked = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="trustkeep-bench-", dir="/var/tmp"))
    home.chmod(0o711)
    try:
        with Listener(("127.0.0.1", 0)) as listener:
            port = listener.address[1]
        environ = {
            **os.environ,
            "PYTHONPATH": str(ROOT / "src"),
            "TRUSTKEEP_HOME": str(home / "data"),
            "TRUSTKEEP_MASTER_KEY": f"file:{home / 'elsewhere' / 'master.key'}",
            "TRUSTKEEP_RECOVERY_SLOT": str(home / "recovery"),
            "PORT": str(port),
        }
        serve = [sys.executable, "-m", "trustkeep", "serve"]
        print(
            f"cold, to the first answer of `serve`: {ready(serve, environ, port):.1f} s (goal 90)"
        )
        warm = [ready(serve, environ, port) for _ in range(TIMES)]
        print(f"warm: median {statistics.median(warm):.1f} s, worst {max(warm):.1f} s (goal 5)")
        if asked.clone:
            print(f"`demo` on a fresh clone, to its end: {cloned(home, environ):.0f} s (goal 90)")
    finally:
        shutil.rmtree(home, ignore_errors=True)


def ready(command, environ, port):
    """Seconds until `/readyz` says yes; then it is stopped in order."""
    began = time.perf_counter()
    process = subprocess.Popen(
        command, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    while not answers(port):
        assert process.poll() is None, "it ended by itself"
        time.sleep(0.02)
    took_s = time.perf_counter() - began
    process.send_signal(signal.SIGTERM)
    process.wait(60)
    return took_s


def answers(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def cloned(home, environ):
    """Seconds that `./trustkeep demo` takes in a clone without an environment."""
    clone = home / "clone"
    subprocess.run(["git", "clone", "-q", ROOT, clone], check=True)
    own = {name: value for name, value in environ.items() if not name.startswith("TRUSTKEEP_")}
    del own["PYTHONPATH"]
    began = time.perf_counter()
    process = subprocess.Popen(
        ["./trustkeep", "demo"], cwd=clone, env=own, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    for line in process.stdout:
        if "0 hits" in line:
            break
    took_s = time.perf_counter() - began
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    return took_s


if __name__ == "__main__":
    main()
