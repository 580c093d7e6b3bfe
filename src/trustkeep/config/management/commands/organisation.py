"""What the organisation says of itself: show, set.  SOP 2a."""

from argparse import ArgumentParser

from trustkeep.base.actor import Actor
from trustkeep.config import environment, said
from trustkeep.kernel.people import actions
from trustkeep.kernel.people.permissions import Permission
from trustkeep.web.command import Answer, NounCommand, verb
from trustkeep.web.plain_text import as_text

YES_NO = {"yes": True, "no": False}


def _facts(parser: ArgumentParser) -> None:
    parser.add_argument("--name", help="as it stands in contracts")
    parser.add_argument("--country", help="two letters of ISO 3166, such as DE")
    parser.add_argument("--languages", help="short tags of BCP 47 with commas, such as de,en")
    parser.add_argument(
        "--imaged", choices=list(YES_NO),
        help="do images or snapshots of this host hold the folder of the primary slot?",
    )  # fmt: skip


class Command(NounCommand):
    """`trustkeep organisation`."""

    help = "The organisation: show, set"

    @verb("show", permission=Permission.VIEW_SOP, help="what was stated, and the settings with it")
    def show(self, actor: Actor) -> Answer:  # noqa: ARG002 - everybody sees the same
        """Name, country, languages, how the host is copied; zone, address and mail as settings."""
        return _shown()

    @verb(
        "set", permission=Permission.MANAGE_ORGANISATION, arguments=_facts,
        help="state something of it; what is not named stays (the first time, all is named)",
    )  # fmt: skip
    def set_(
        self,
        actor: Actor,
        *,
        name: str | None,
        country: str | None,
        languages: str | None,
        imaged: str | None,
    ) -> Answer:
        """State what is named."""
        actions.state_organisation(
            actor, name=name, country=country,
            languages=None if languages is None else languages.split(","),
            host_imaged=None if imaged is None else YES_NO[imaged],
        )  # fmt: skip
        return _shown()


def _shown() -> Answer:
    stated, settings = said.organisation(), said.variables(environment.current())
    text = f"{as_text(stated)}\n\n{as_text(settings)}"
    return Answer({**stated, "settings": settings}, text)
