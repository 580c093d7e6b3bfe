"""`trustkeep keys`: status, unseal, rotate, slots, kit, backup, restore."""

import argparse
import sys
from getpass import getpass
from pathlib import Path

from trustkeep.base.actor import Actor
from trustkeep.base.errors import Misconfigured, Unacceptable
from trustkeep.config import environment, key_acts, key_status, start, wiring
from trustkeep.config.serving import supervisor, unsealing
from trustkeep.kernel.keys import kit
from trustkeep.web.command import HOST, Answer, NounCommand, verb
from trustkeep.web.plain_text import as_text


def _code(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--code-file", type=Path, help="the kit's code; unset: asked for")


def _kit(parser: argparse.ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--make", type=Path, metavar="FILE", help="write a new kit")
    which.add_argument("--prove", type=Path, metavar="FILE", help="show that a kit opens")
    which.add_argument("--restore", type=Path, metavar="FILE", help="get the master key back")
    _code(parser)


def _slots(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--restore", action="store_true", help="primary slot out of the recovery one")
    what.add_argument("--replace", choices=("recovery",), help="a new medium instead of a lost one")
    parser.add_argument("--kit", type=Path, help="the recovery kit, for --restore")
    parser.add_argument(
        "--destroyed", action="store_true", help="the medium before was destroyed, not only lost"
    )
    _code(parser)


def _restore(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--kit", type=Path, help="the recovery kit, where a slot or key is lost")
    _code(parser)


def _passphrase(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--passphrase-file", help="a file with the passphrase, or - ; unset: asked for"
    )


class Command(NounCommand):
    """The keys, as the operator of the host sees them.  None of these verbs opens a value."""

    help = "The keys: status, unseal, rotate, slots, kit, backup, restore"
    needs_database = False  # status and restoring must work when next to nothing else does

    @verb("status", permission=HOST, help="where the keys are, and what waits")
    def status(self, actor: Actor) -> Answer:  # noqa: ARG002 - every verb has an actor
        """Everything that can be said without the master key; exit code 1 if something is wrong."""
        data = key_status.status(environment.current())
        said = [f"attention: {each}" for each in data["attention"]]
        text = as_text({name: value for name, value in data.items() if name != "attention"})
        return Answer(data, "\n".join([text, *said]), exit_code=1 if said else 0)

    @verb("unseal", permission=HOST, help="give the passphrase to serve", arguments=_passphrase)
    def unseal(self, actor: Actor, *, passphrase_file: str | None) -> Answer:  # noqa: ARG002
        """Hand the passphrase over; it is never in an argument or the environment."""
        given = _read(passphrase_file, "Passphrase of the master key: ")
        unsealing.hand_over(supervisor.run_folder(environment.current()), given)
        return Answer({"unsealed": True}, "unsealed")

    @verb("rotate", permission=HOST, help="change the epoch; nobody is erased")
    def rotate(self, actor: Actor) -> Answer:
        """A new epoch, or the one under way carried on; exit code 5 while a slot is awaited."""
        self._start()
        change = key_acts.rotate(actor)
        data = {"epoch": change.epoch, "waits_for": list(change.pending)}
        return Answer(data, exit_code=5 if change.pending else 0)

    @verb("slots", permission=HOST, help="show, restore or replace slots", arguments=_slots)
    def slots(
        self, actor: Actor, *, restore: bool, replace: str | None, kit: Path | None,
        destroyed: bool, code_file: Path | None,
    ) -> Answer:  # fmt: skip
        """What lies in each slot."""
        if restore:
            if kit is None:
                raise Unacceptable("Name the recovery kit with --kit.", {"kit": "a file"})
            self._start(check=False)  # the keys cannot be opened before the slot is there
            key_acts.restore_primary(actor, environment.current(), kit, _read_code(code_file))
        elif replace:
            self._start()
            key_acts.replace_recovery(actor, destroyed=destroyed)
        return Answer(key_status.slots(wiring.places(environment.current())))

    @verb("kit", permission=HOST, help="make, prove or use the recovery kit", arguments=_kit)
    def kit(
        self, actor: Actor, *, make: Path | None, prove: Path | None, restore: Path | None,
        code_file: Path | None,
    ) -> Answer:  # fmt: skip
        """The kit's code is shown once, when it is made."""
        if restore is not None:
            path = key_acts.restore_master(
                environment.current(), kit_content=kit.opened(restore, _read_code(code_file))
            )
            return Answer({"master_key": str(path)}, f"The master key is in {path} again.")
        self._start()
        if make is not None:
            code = key_acts.make_kit(actor, make)
            text = (
                f"{make} is the recovery kit. Its code, shown this once:\n\n    {code}\n\nKeep the "
                "two apart from each other and from this machine, then run "
                "`trustkeep keys kit --prove`."
            )
            return Answer({"kit": str(make), "code": code}, text)
        if prove is None:
            raise Unacceptable("Say --make, --prove or --restore, each with a file.")
        at = key_acts.prove_kit(actor, prove, _read_code(code_file))
        return Answer({"kit": str(prove), "proven_at": at.isoformat()})

    @verb("backup", permission=HOST, help="write a key backup now")
    def backup(self, actor: Actor) -> Answer:
        """What changed since the last one."""
        self._start()
        path = key_acts.back_up(actor)
        return Answer({"backup": str(path)})

    @verb("restore", permission=HOST, help="the key store from its backup", arguments=_restore)
    def restore(self, actor: Actor, *, kit: Path | None, code_file: Path | None) -> Answer:
        """Only where the store is gone; what two people had erased is erased again."""
        settings = environment.current()
        code = _read_code(code_file) if kit is not None else ""
        self._start(check=False)
        data = key_acts.restore_store(actor, settings, kit, code)
        return Answer(data, exit_code=5 if data["waits_for"] else 0)

    def _start(self, *, check: bool = True) -> None:
        settings = environment.current()
        start.database(settings, self._say)
        start.check_migrated()
        start.wire(settings)
        if check:
            start.check_not_rolled_back()


def _read(path: str | None, prompt: str) -> str:
    if path == "-":
        return sys.stdin.readline().rstrip("\n")
    if path is not None:
        return _first_line(Path(path))
    if not sys.stdin.isatty():
        raise Misconfigured("There is no terminal to ask on: name the file that holds the secret.")
    return getpass(prompt)


def _read_code(path: Path | None) -> str:
    return _read(str(path) if path else None, "Code of the recovery kit: ")


def _first_line(path: Path) -> str:
    try:
        return path.read_text().split("\n", 1)[0]
    except (OSError, UnicodeDecodeError):
        raise Unacceptable(f"{path} cannot be read: name the file that holds the secret.") from None
