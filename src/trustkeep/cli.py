"""The command line: `trustkeep <noun> <verb> [--json]`, and a few plain words.

This is the outermost loop of a command: it turns every failure into one sentence and an exit code
(0 done, 1 failed or findings, 2 usage, 3 environment, 4 refused, 5 done in part).
"""

import json
import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import MappingProxyType

_PACKAGE = Path(__file__).parent
_INTERRUPTED = 130  # as shells count it
_USAGE = 2


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = _run(words)
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = _INTERRUPTED
    except BrokenPipeError:  # the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except Exception as failure:  # noqa: BLE001 - one of the three outermost loops
        code = _tell(failure, as_json="--json" in words)
    sys.exit(code)


def _run(words: list[str]) -> int:
    if not words or words[0] in {"-h", "--help", "help"}:
        print(_overview())  # noqa: T201 - the command line's own output
        return 0
    if words[0] in WORDS:
        return WORDS[words[0]][0](words[1:])
    doors = _doors()
    if words[0] not in doors:
        print(  # noqa: T201
            f"There is no command {words[0]!r}: `trustkeep --help` lists them.", file=sys.stderr
        )
        return _USAGE
    return _noun(doors[words[0]], words)


def _noun(module: str, words: list[str]) -> int:
    """Run `<noun> <verb>`; the usage is checked before the database is woken."""
    from trustkeep.config import demo_mark, environment, start

    _tell_of_waiting()
    asks_for_help = len(words) < 2 or not {"-h", "--help"}.isdisjoint(words)
    # `config check` must be able to tell what is wrong with the settings that Django needs.
    settings = environment.current() if words[0] != "config" else None
    if settings is not None:
        start.django()
    command = import_module(module).Command()
    command._called_from_command_line = True  # noqa: SLF001 - Django's switch: usage errors exit 2
    options = vars(command.create_parser("trustkeep", words[0]).parse_args(words[1:]))
    if command.needs_database and settings is not None and not asks_for_help:
        start.database(settings, _say)
        start.check_migrated()
        start.wire(settings)
        if command.needs_keys:
            start.check_not_rolled_back()
            demo_mark.refuse_contradiction(settings.home)
    try:
        answer = command.perform(options)
        rendered = import_module("trustkeep.web.command").rendered
        said = rendered(answer, as_json=options["as_json"])
        # What is signed must come out to the byte: no second line feed.
        print(said, end="" if said.endswith("\n") else "\n", flush=True)  # noqa: T201
    finally:
        _leave_nothing_behind()
    return int(answer.exit_code)


def _leave_nothing_behind() -> None:
    """Publish what this command wrote (a refusal is an entry too); its own outcome stands."""
    from trustkeep.base.errors import TrustkeepError

    log = sys.modules.get("trustkeep.kernel.ledger.chain")
    if log is None or not log.has_written():
        return
    from trustkeep.config import start

    try:
        if not start.publish_what_waits():
            _say("what this command wrote is not signed yet: look at `trustkeep ledger show`")
    except TrustkeepError as problem:
        _say(problem.sentence)


def _serve(words: list[str]) -> int:
    """Run everything: database, web, worker and sequencer; made first on a fresh machine."""
    from trustkeep.config import environment
    from trustkeep.config.serving import supervisor

    if words:
        print("`trustkeep serve` takes no arguments.", file=sys.stderr)  # noqa: T201
        return _USAGE
    _tell_of_waiting()
    supervisor.serve(environment.current(), _say)
    return 0


def _work(words: list[str]) -> int:
    """Run one more worker, beside `serve` or on another machine."""
    from trustkeep.config import environment
    from trustkeep.config.serving import working

    if words:
        print("`trustkeep work` takes no arguments.", file=sys.stderr)  # noqa: T201
        return _USAGE
    _tell_of_waiting()
    working.work(environment.current(), _say)
    return 0


def _init(words: list[str]) -> int:
    """Make or bring up to date everything this installation needs, and set the company up."""
    from trustkeep.config import environment, start

    _tell_of_waiting()
    settings = environment.current()
    start.django()
    try:
        return int(import_module("trustkeep.config.setting_up.run").init(settings, words, _say))
    finally:
        _leave_nothing_behind()


def _demo(words: list[str]) -> int:
    """A demo company of its own, and six months of its life; made once, and anew if one asks."""
    from trustkeep.config import demo

    if words not in ([], ["--anew"]):
        print("`trustkeep demo` takes --anew or nothing.", file=sys.stderr)  # noqa: T201
        return _USAGE
    _tell_of_waiting()
    demo.run(_say, anew=bool(words))
    return 0


def _test(words: list[str]) -> int:
    """Run the tests (`--ci`, `--long`: the longer forms; the rest goes to pytest)."""
    root = _PACKAGE.parent.parent
    if not (root / "tests").is_dir():
        print("The tests are not installed: run this in the source tree.", file=sys.stderr)  # noqa: T201
        return 3
    tier = "long" if "--long" in words else "ci" if "--ci" in words else "test"
    rest = [word for word in words if word not in {"--ci", "--long"}]
    given = any(word.startswith(("-n", "--numprocesses")) for word in rest)
    spread = [] if given else ["-nauto", "--dist=worksteal"]
    os.chdir(root)
    sys.stdout.flush()
    command = [sys.executable, "-m", "pytest", "--tier", tier, *spread, *rest]
    return os.execv(sys.executable, command)  # noqa: S606 - we become the test run


WORDS: Mapping[str, tuple[Callable[[list[str]], int], str]] = MappingProxyType(
    {
        "demo": (_demo, "a demo company with six months behind it; --anew makes it again"),
        "init": (_init, "make or bring up to date this installation, and set a company up"),
        "serve": (_serve, "run everything; on a fresh machine, make it first"),
        "work": (_work, "run one more worker, here or on another machine"),
        "test": (_test, "run the tests; --ci and --long run the longer forms"),
    }
)


def _doors() -> dict[str, str]:
    """Noun -> module, from the files alone, so that nothing need be imported for a list."""
    found = {}
    for pattern in ("config/management/commands/*.py", "rooms/*/management/commands/*.py"):
        for path in sorted(_PACKAGE.glob(pattern)):
            if not path.stem.startswith("_"):
                parts = path.relative_to(_PACKAGE.parent).with_suffix("").parts
                found[path.stem.replace("_", "-")] = ".".join(parts)
    return found


def _overview() -> str:
    lines = ["Trustkeep carries out the customer-privacy SOP.", "", "  trustkeep WORD"]
    lines += [f"    {word:<12} {help_}" for word, (_, help_) in WORDS.items()]
    lines += ["", "  trustkeep NOUN VERB [--json]      (NOUN --help lists its verbs)"]
    for noun, module in sorted(_doors().items()):
        path = _PACKAGE.parent.joinpath(*module.split(".")).with_suffix(".py")
        summary = path.read_text().split("\n", 1)[0].strip('"').rstrip(".")
        lines.append(f"    {noun:<12} {summary}")
    return "\n".join(lines)


def _tell(failure: Exception, *, as_json: bool) -> int:
    from trustkeep.config import environment
    from trustkeep.web.problems import problem_of

    problem = problem_of(failure)
    if as_json:
        print(json.dumps(problem.as_json(), ensure_ascii=False, indent=2))  # noqa: T201
    else:
        print(problem.sentence, file=sys.stderr)  # noqa: T201
    # The variable and not the setting: it may be another setting that cannot be read.
    if problem.code == "unforeseen" and environment.variable("TRUSTKEEP_LOG_LEVEL") == "debug":
        # The lines and the class, but not the exception's own words: they may quote a value.
        print("".join(traceback.format_tb(failure.__traceback__)), file=sys.stderr)  # noqa: T201
        print(type(failure).__qualname__, file=sys.stderr)  # noqa: T201
    return problem.exit_code


def _tell_of_waiting() -> None:
    from trustkeep.kernel.keys import file_lock

    file_lock.tell(_say)


def _say(text: str) -> None:
    print(f"trustkeep: {text}", file=sys.stderr, flush=True)  # noqa: T201
