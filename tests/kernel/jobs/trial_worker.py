"""A worker process of the kill trial: `trial_worker.py DATABASE [early]`.

With `early` it carries the planted bug: it says that a job is done before it did it.
"""

import sys
import threading
import time

import django
from django.db import connection

django.setup()

from trustkeep.kernel.jobs import recovery, registry, worker  # noqa: E402

PULSE = worker.Pulse(heartbeat_s=0.3, silent_after_s=1.5, poll_s=0.2, grace_s=5.0)
SECONDS_A_JOB = 0.15


@registry.handler("trial.job")
def do(identifiers):
    time.sleep(SECONDS_A_JOB)
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO trial_done (job) VALUES (%s)", [identifiers["number"]])


def do_later(identifiers):
    def act():
        time.sleep(identifiers["number"] / 10)  # so that some always wait when a kill comes
        do(identifiers)
        connection.close()

    threading.Thread(target=act, daemon=True).start()


if __name__ == "__main__":
    connection.settings_dict["NAME"] = sys.argv[1]
    if "early" in sys.argv:
        registry._handlers["trial.job"] = do_later
    registry.every("* * * * * *", recovery.RECOVERY)  # each second instead of each minute
    registry._handlers[recovery.RECOVERY] = lambda _: recovery.recover_stalled(1.5)
    worker.run_worker(threading.Event(), pulse=PULSE)
