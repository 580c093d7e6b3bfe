"""A worker process that writes letters: `letter_worker.py DATABASE HOME MASTER RECOVERY MAIL`."""

import sys
import threading
from pathlib import Path

import django
from django.db import connection

django.setup()

from trustkeep.config import wiring  # noqa: E402
from trustkeep.config.environment import Environment  # noqa: E402
from trustkeep.kernel.jobs import worker  # noqa: E402
from trustkeep.kernel.jobs.outbound import mail  # noqa: E402

HURRIED = worker.Pulse(heartbeat_s=0.3, silent_after_s=1.5, poll_s=0.2, grace_s=5.0)

if __name__ == "__main__":
    connection.settings_dict["NAME"], home, master, recovery, url = sys.argv[1:]
    mail._TIMEOUT_S = 0.5
    wiring.wire(
        Environment(home=Path(home), master_key=master, recovery_slot=Path(recovery), email_url=url)
    )
    worker.run_worker(threading.Event(), pulse=HURRIED)
