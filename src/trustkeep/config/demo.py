"""`trustkeep demo`: a company of its own, in a folder of its own, with six months behind it."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

from trustkeep.base import actor as actors
from trustkeep.base import world
from trustkeep.base.errors import Conflict
from trustkeep.config import demo_mark, demo_people, environment, pg_folders, start
from trustkeep.config.demo_mark import Stage
from trustkeep.config.environment import Environment
from trustkeep.kernel.keys import file_lock
from trustkeep.simulation import plan as plans
from trustkeep.simulation.clock import Clock
from trustkeep.simulation.happenings import Plan

STORY = "story"  # the folder of the files that the story makes
_VERIFIER = Path(__file__).parents[3] / "verify" / "trustkeep_verify.py"

Say = Callable[[str], None]


def run(
    say: Say, *, anew: bool = False, days: int = plans.DAYS, customers: int = plans.CUSTOMERS
) -> None:
    """Make the demo company, unless it is there, and say what to try.

    One that was cut short is made again from its beginning, and one that is there if `anew`.

    Raises:
        Conflict: the folder holds an installation that is no demo, or a demo or `serve` runs there.
        StoryError: a step did not come true.
    """
    settings = _own_settings()
    with _alone(settings.home):
        reached = demo_mark.stage(settings.home)
        if reached is Stage.BEGUN:
            say("the demo here was cut short: it is made again")
        if reached is not Stage.LIVED or anew:
            _make(
                settings,
                say,
                plans.of(demo_people.SEED, _yesterday(), days=days, customers=customers),
            )
    for line in demo_people.what_to_try(settings):
        say(line)


def _yesterday() -> date:
    return world.today("UTC") - timedelta(days=1)


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Be the only demo of this folder: making one begins by removing what the one before left."""
    pg_folders.make_home(home.parent)
    try:
        with file_lock.held(home.with_name(home.name + ".lock"), wait=False):
            yield
    except BlockingIOError:
        raise Conflict(
            f"A demo is running in {home}: wait for its end, or name another folder in "
            "TRUSTKEEP_HOME."
        ) from None


def _make(settings: Environment, say: Say, plan: Plan) -> None:
    """Live through the plan on a clock of its own, then prove the main job here and now."""
    _refuse_served(settings.home)
    _clear(settings)
    clock = Clock(plan.begins_at)
    # From the making of the keys on: what is older than the company would be of its future.
    with world.another(clock):
        start.init(settings, say)
        told = _Told(settings, plan, clock)
        for sentence in told.life.lived():
            say(sentence)
    for sentence in told.story.end(told.life.cast()):
        say(sentence)
    demo_people.write_tokens(settings, told.desk)
    _show_state(say)
    demo_mark.put(settings.home, Stage.LIVED)
    _stop(settings)


class _Told:
    """The company with its story, told from a seed."""

    def __init__(self, settings: Environment, plan: Plan, clock: Clock) -> None:
        from trustkeep.config import embedded, pg_tools
        from trustkeep.simulation import staff, terms
        from trustkeep.simulation.desk import Desk
        from trustkeep.simulation.life import Life
        from trustkeep.simulation.story import Story, Tools

        folder, home = settings.home / STORY, settings.home
        os.umask(0o077)  # what the story makes holds names and addresses, if only made-up ones
        folder.mkdir()
        tools = Tools(
            dump=lambda path: pg_tools.dump(home, embedded.DATABASE, path),
            scratch=lambda path: pg_tools.scratch(home, path),
            verifier=_VERIFIER if _VERIFIER.exists() else None,
        )
        rows = terms.rows(demo_people.SEED, plan.customers)
        people = {one.key: one for one in staff.people(demo_people.SEED)}
        self.story = Story(folder, rows, terms.TERMS, tools)
        self.desk = Desk(clock, people, list(rows), folder, lambda: prove_kit(folder))
        self.life = Life(plan, self.desk, self.story)


def prove_kit(folder: Path) -> None:
    """Make a recovery kit and open it, in place of the one before."""
    from trustkeep.config import key_acts

    host, kit = actors.host(os.getuid()), folder / "recovery-kit.txt"
    kit.unlink(missing_ok=True)
    key_acts.prove_kit(host, kit, key_acts.make_kit(host, kit))


def _show_state(say: Say) -> None:
    from trustkeep.kernel.clauses import queries, rendering, runner
    from trustkeep.kernel.keys import looking

    looking.look(whole=True)
    say("state compared with the ledger; now the SOP itself:")
    runner.run_all()
    start.publish_what_waits()
    print(rendering.as_text(queries.state(), colour=False))  # noqa: T201 - the demo's own output


def _stop(settings: Environment) -> None:
    from django.db import connection

    from trustkeep.config import embedded

    connection.close()
    embedded.stop(settings.home)


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
        **dict.fromkeys(demo_people.ELSEWHERE),
    )
    return environment.current()


def _refuse_served(home: Path) -> None:
    from trustkeep.config.serving.unsealing import LOCK

    served = home / "run" / LOCK
    try:
        if served.exists():
            with file_lock.held(served, wait=False):
                return
    except BlockingIOError:
        raise Conflict(f"`trustkeep serve` runs in {home}: stop it, then run this again.") from None


def _clear(settings: Environment) -> None:
    """Take away what a demo before left, and mark the folder as a demo's before anything else."""
    from trustkeep.config import embedded

    home = settings.home
    if home.exists() and any(home.iterdir()):
        if demo_mark.stage(home) is None:
            raise Conflict(
                f"{home} holds an installation that is no demo: unset TRUSTKEEP_HOME, or name an "
                "empty folder."
            )
        demo_mark.refuse_to_remove_real(home)
        embedded.stop(home)
        # The mark goes last: killed in between, what is left is still a demo's.
        for each in home.iterdir():
            if each.name != demo_mark.NAME:
                shutil.rmtree(each) if each.is_dir() else each.unlink()
        shutil.rmtree(home.with_name(home.name + "-elsewhere"), ignore_errors=True)
    pg_folders.make_home(home)
    demo_mark.put(home, Stage.BEGUN)
