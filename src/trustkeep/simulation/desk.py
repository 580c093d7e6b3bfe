"""What is at hand while the story is lived: who acts with which token, who is which customer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from trustkeep.base.actor import Actor
from trustkeep.kernel.keys import references, service
from trustkeep.kernel.ledger import sequencer
from trustkeep.kernel.people import tokens
from trustkeep.kernel.vault import known
from trustkeep.simulation.clock import Clock
from trustkeep.simulation.happenings import Happening
from trustkeep.simulation.staff import Person
from trustkeep.simulation.story import Row, must


@dataclass(slots=True)
class Desk:
    """Everybody's id and token by the key of their seat; grants by grantee and purpose.

    `rows` are the customers as they are known now; `folder` takes files; `prove_kit` opens the
    recovery kit.
    """

    clock: Clock
    people: Mapping[str, Person]
    rows: list[Row]
    folder: Path
    prove_kit: Callable[[], object]
    changed: int = 0
    ids: dict[str, UUID] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    grants: dict[tuple[str, str], UUID] = field(default_factory=dict)
    customers: Mapping[int, UUID] = field(default_factory=dict)

    def actor(self, key: str) -> Actor:
        """Somebody with what their roles allow now, recognised by their token.

        Raises:
            NotSignedIn: their token is not good any more.
        """
        return tokens.actor_for(self.secrets[key])

    def at(self, happening: Happening) -> Actor:
        """Whoever does what happens, at its moment; what was before has its place in the ledger."""
        self.place()
        self.clock.set_forward(happening.at)
        return self.actor(happening.who)

    def place(self) -> None:
        """Give what was written its place: without it no value is read 30 seconds later.

        Raises:
            StoryError: another process gives the places.
        """
        with sequencer.leading() as is_leader:
            must(is_leader, "Another process is at work in the demo company.")
            sequencer.Sequencer().position()

    def publish(self) -> None:
        """Sign what was written.  In the story it is each night, in earnest each second."""
        must(sequencer.run_once(), "Another process is at work in the demo company.")

    def know(self, numbers: Sequence[int]) -> None:
        """Learn which customers the numbers of the rows mean."""
        hashes = references.hashes(service.current(), [str(number) for number in numbers])
        found = known.recorded(hashes)
        self.customers = {
            number: found[digest] for number, digest in zip(numbers, hashes, strict=True)
        }
