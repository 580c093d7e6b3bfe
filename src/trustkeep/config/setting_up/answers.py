"""Where answers come from: flags, a file, or somebody at a terminal; each is read at once.

What is typed on a command line is seen by everybody on the machine, so no answer is a secret.
"""

import argparse
import sys
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trustkeep.base.errors import Unacceptable
from trustkeep.config.setting_up.questions import QUESTIONS, Answers, Question, read

Ask = Callable[[str], str]  # shows a prompt, gives what was typed; ends with EOFError


@dataclass(frozen=True, slots=True)
class Call:
    """How `init` was called."""

    answers: Answers
    as_json: bool
    asks: bool
    wants_example: bool


def called(words: Sequence[str]) -> Call:
    """What the command line says, the file of answers included.

    Raises:
        Unacceptable: an answer that cannot be taken, with the flag or the line that gives it.
        SystemExit: a wrong use, or `--help`.
    """
    options = vars(_parser().parse_args(list(words)))
    said = _of_file(options["answers"]) if options["answers"] else {}
    said |= {name: options[name] for name in QUESTIONS if options[name] is not None}
    answers: dict[str, Any] = {}
    for name, question in QUESTIONS.items():
        if said.get(name, "").strip() or (name in said and question.is_needed):
            try:
                answers[name] = read(name, said[name], answers)
            except Unacceptable as wrong:
                raise Unacceptable(f"{question.flag}: {wrong.sentence}") from None
    return Call(
        answers, as_json=options["as_json"], asks=not options["ask_nothing"],
        wants_example=options["example"],
    )  # fmt: skip


def asked(
    names: Iterable[str],
    known: Answers,
    ask: Ask,
    told: Mapping[str, str],
    first: Mapping[str, str],
) -> Answers:
    """What somebody answers; a bad answer is told in a sentence and asked for again.

    `told` fills what a question leaves open, `first` is what stands where nothing is typed.

    Raises:
        Unacceptable: the terminal ended before the last answer.
    """
    answers = dict(known)
    for name in names:
        question = QUESTIONS[name]
        default = first.get(name, "")
        shown = default or ("" if question.is_needed else "nothing for now")
        prompt = question.asks.format_map(told) + (f" [{shown}]" if shown else "") + ": "
        try:
            answer = _one(question, prompt, default, answers, ask)
        except EOFError:
            raise Unacceptable(
                "The questions ended before the last answer, so none of them was used: run "
                "`trustkeep init` again."
            ) from None
        if answer is not None:
            answers[name] = answer
    return answers


def on_terminal(prompt: str) -> str:
    """Ask whoever sits there; standard output is for what is shown once."""
    sys.stderr.write(prompt)
    sys.stderr.flush()
    try:
        line = sys.stdin.readline()
    except UnicodeDecodeError:
        raise Unacceptable("That is no text in the terminal's own encoding.") from None
    if not line:
        raise EOFError
    return line.strip()


def example() -> str:
    """A file of answers to fill in; as it is, it answers nothing."""
    lines = ["# Answers for `trustkeep init --answers FILE`."]
    for each in QUESTIONS.values():
        words = each.asks.format(slot="of the primary slot", sets="`trustkeep starters list`")
        may_wait = "" if each.is_needed else " (may wait)"
        lines += ["", f"# {words}{may_wait}.", f'{each.name} = ""  # such as {each.example}']
    return "\n".join(lines) + "\n"


def _one(question: Question, prompt: str, default: str, answers: Answers, ask: Ask) -> Any:
    while True:
        try:
            said = ask(prompt) or default
            if not said and not question.is_needed:
                return None
            return read(question.name, said, answers)
        except Unacceptable as wrong:
            sys.stderr.write(f"{wrong.sentence}\n")


def _of_file(path: Path) -> dict[str, str]:
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except OSError:
        raise Unacceptable(f"{path} cannot be read: name a file of answers.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise Unacceptable(
            f"{path} is not a file of answers: `trustkeep init --example` writes one."
        ) from None
    unknown = sorted(set(content) - set(QUESTIONS))
    if unknown:
        raise Unacceptable(
            f"{path} answers what nobody asks ({', '.join(map(ascii, unknown))}): `trustkeep init "
            "--example` shows what is."
        )
    return {name: _as_typed(name, value) for name, value in content.items()}


def _as_typed(name: str, value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case str():
            return value
        case list() if all(isinstance(each, str) for each in value):
            return ",".join(value)
    raise Unacceptable(f"{QUESTIONS[name].flag}: the answer is a text.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "trustkeep init",
        description="Make or bring up to date everything this installation needs, and set the "
        "company up. On a terminal it asks for what is missing; it may be run again at any time.",
    )
    parser.add_argument("--answers", type=Path, metavar="FILE", help="a file of answers (TOML)")
    parser.add_argument("--example", action="store_true", help="show such a file, and do nothing")
    parser.add_argument("--ask-nothing", action="store_true", help="not even on a terminal")
    parser.add_argument("--json", action="store_true", dest="as_json", help="a JSON value per line")
    for each in QUESTIONS.values():
        words = each.asks.format(slot="of the primary slot", sets="`trustkeep starters list`")
        parser.add_argument(
            each.flag, dest=each.name, help=words, metavar=each.name.rpartition("_")[2].upper()
        )
    return parser
