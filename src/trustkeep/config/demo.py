"""`trustkeep demo`: a company of its own, in a folder of its own, living through the main job."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from trustkeep.base import actor as actors
from trustkeep.base.errors import Conflict
from trustkeep.config import environment, pg_folders, start
from trustkeep.config.environment import Environment
from trustkeep.kernel.keys import file_lock

SEED, COUNT = 7, 59
KIT = "recovery-kit.txt"
MARK = "demo"  # a file that only this command makes; it alone allows the demo's shortcuts
_VERIFIER = Path(__file__).parents[3] / "verify" / "trustkeep_verify.py"

Say = Callable[[str], None]


def run(say: Say) -> None:
    """Make the demo company anew and tell its story.

    Raises:
        Conflict: the folder holds an installation that is no demo, or a demo is running there.
        StoryError: a step did not come true.
    """
    settings = _own_settings()
    with _alone(settings.home):
        _clear(settings)
        start.init(settings, say)
        _live(settings, say)


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Be the only demo of this folder: each begins by removing what the one before left."""
    pg_folders.make_home(home.parent)
    try:
        with file_lock.held(home.with_name(home.name + ".lock"), wait=False):
            yield
    except BlockingIOError:
        raise Conflict(
            f"A demo is running in {home}: wait for its end, or name another folder in "
            "TRUSTKEEP_HOME."
        ) from None


def _live(settings: Environment, say: Say) -> None:
    from django.db import connection

    from trustkeep.config import embedded, key_acts, pg_tools
    from trustkeep.kernel.clauses import queries, rendering, runner
    from trustkeep.kernel.keys import looking
    from trustkeep.simulation import company, customers
    from trustkeep.simulation.story import Story, Tools

    folder = settings.home / "story"
    os.umask(0o077)  # what the story makes holds names and addresses, if only made-up ones
    folder.mkdir()
    tools = Tools(
        dump=lambda path: pg_tools.dump(settings.home, embedded.DATABASE, path),
        scratch=lambda path: pg_tools.scratch(settings.home, path),
        verifier=_VERIFIER if _VERIFIER.exists() else None,
    )
    rows = list(customers.from_seed(SEED, COUNT))
    host = actors.host(os.getuid())
    key_acts.prove_kit(host, folder / KIT, key_acts.make_kit(host, folder / KIT))
    say("recovery kit made and proven")
    for sentence in Story(folder, rows, company.NAMES, tools).told():
        say(sentence)
    looking.look(whole=True)
    say("state compared with the ledger; now the SOP itself:")
    runner.run_all()
    print(rendering.as_text(queries.state(), colour=False))  # noqa: T201 - the demo's own output
    connection.close()
    embedded.stop(settings.home)
    say(f"everything of the demo lies in {settings.home}; run it again and it is made anew")


def _own_settings() -> Environment:
    """The demo never touches the installation of this machine."""
    own = environment.current()
    is_named = environment.variable("TRUSTKEEP_HOME") is not None
    home = own.home if is_named else own.home.with_name("trustkeep-demo")
    beside = home.with_name(home.name + "-elsewhere")
    environment.give(
        TRUSTKEEP_HOME=str(home),
        TRUSTKEEP_MASTER_KEY=f"file:{beside / 'master.key'}",
        TRUSTKEEP_RECOVERY_SLOT=str(beside / "recovery-slot"),
        DATABASE_URL=None,
        DATABASE_URL_FILE=None,
    )
    return environment.current()


def _clear(settings: Environment) -> None:
    from trustkeep.config import embedded

    home = settings.home
    if home.exists() and any(home.iterdir()):
        if not (home / MARK).exists():
            raise Conflict(
                f"{home} holds an installation that is no demo: unset TRUSTKEEP_HOME, or name an "
                "empty folder."
            )
        embedded.stop(home)
        shutil.rmtree(home)
        shutil.rmtree(home.with_name(home.name + "-elsewhere"), ignore_errors=True)
    pg_folders.make_home(home)
    (home / MARK).write_text("made by trustkeep demo; removed by its next run\n")
