"""Access: grants and cases.  SOP 4.3a."""

from argparse import ArgumentParser
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from trustkeep.base import world
from trustkeep.base.actor import Actor
from trustkeep.base.errors import Unacceptable
from trustkeep.kernel.people.permissions import Permission, Role
from trustkeep.kernel.vault import known
from trustkeep.rooms.access import actions, queries, rules
from trustkeep.rooms.access.grantees import ROLES, named
from trustkeep.rooms.access.models import Grant
from trustkeep.web.arguments import days, hours, text_in
from trustkeep.web.command import Answer, NounCommand, verb
from trustkeep.web.plain_text import as_text

MOST_CASES = 500


def _grantee(parser: ArgumentParser, *, required: bool = True) -> None:
    who = parser.add_mutually_exclusive_group(required=required)
    who.add_argument("--member", type=UUID, help="a member or service account")
    who.add_argument("--role", type=Role, choices=list(Role), help="everybody with this role")


def _grant(parser: ArgumentParser) -> None:
    _grantee(parser)
    parser.add_argument("--purpose", required=True)
    parser.add_argument("--field", action="append", dest="fields", help="unset: all of its fields")
    parser.add_argument("--mask", action="append", dest="masked", help="only masked; repeatable")
    parser.add_argument("--days", type=days, dest="ends_in", help="unset: while the purpose lives")
    parser.add_argument("--bulk", action="store_true", help="also many customers at once")


def _whose(parser: ArgumentParser) -> None:
    _grantee(parser, required=False)


def _one_grant(parser: ArgumentParser) -> None:
    parser.add_argument("grant", type=UUID)


def _case(parser: ArgumentParser) -> None:
    parser.add_argument("case", help="SYSTEM:REFERENCE, for example helpdesk:4711")


def _closing(parser: ArgumentParser) -> None:
    parser.add_argument("case", help="SYSTEM:REFERENCE, or its id")


def _new_case(parser: ArgumentParser) -> None:
    _case(parser)
    parser.add_argument(
        "--reference", action="append", dest="references", required=True,
        help="a customer, by the company's own reference; repeatable",
    )  # fmt: skip


def _link(parser: ArgumentParser) -> None:
    _new_case(parser)
    parser.add_argument("--hours", type=hours, default=8, help="how long it is good: 1 to 168")


def _code_file(parser: ArgumentParser) -> None:
    parser.add_argument("code_file", type=Path, help="a file with the code in it")


class Command(NounCommand):
    """`trustkeep access`."""

    help = "Access: grants and cases"

    @verb("grant", permission=Permission.GRANT_ACCESS, arguments=_grant, help="let somebody read")
    def grant(
        self,
        actor: Actor,
        *,
        member: UUID | None,
        role: Role | None,
        purpose: str,
        fields: list[str] | None,
        masked: list[str] | None,
        ends_in: int | None,
        bulk: bool,
    ) -> Answer:
        """Give a grant."""
        grant = actions.give_grant(
            actor,
            grantee=named(member, role),
            purpose=purpose,
            fields=fields or (rules.EVERY_FIELD,),
            masked=masked or (),
            ends_at=world.now() + timedelta(days=ends_in) if ends_in else None,
            bulk=bulk,
        )
        told: dict[str, object] = {"grant": str(grant.id)}
        open_too = queries.unmasked_beside(grant)
        if open_too:
            told["note"] = (
                f"{', '.join(open_too)} is shown in full all the same, by another grant for this "
                "purpose: end that one with `trustkeep access revoke`"
            )
        return Answer(told)

    @verb("revoke", permission=Permission.GRANT_ACCESS, arguments=_one_grant, help="end a grant")
    def revoke(self, actor: Actor, *, grant: UUID) -> Answer:
        """End a grant at once."""
        actions.revoke_grant(actor, grant=grant)
        return Answer({"revoked": str(grant)})

    @verb(
        "grants", permission=Permission.VIEW_PEOPLE, arguments=_whose,
        help="who may read what; unless one is named, everybody",
    )  # fmt: skip
    def grants(self, actor: Actor, *, member: UUID | None, role: Role | None) -> Answer:
        """The grants of one member or role, or all that the actor may see."""
        everybodys = member is None and role is None
        found = (
            queries.every_grant(actor)
            if everybodys
            else queries.grants_shown(actor, named(member, role))
        )
        return Answer([_shown(one) for one in found])

    @verb("open-case", permission=Permission.OPEN_CASES, arguments=_new_case, help="open a case")
    def open_case(self, actor: Actor, *, case: str, references: list[str]) -> Answer:
        """Open a case that names customers."""
        system, reference = _parts(case)
        customers = [known.customer_or_nobody(one) for one in references]
        made = actions.open_case(actor, system=system, reference=reference, customers=customers)
        return Answer({"case": str(made.id)})

    @verb(
        "link-case", permission=Permission.OPEN_CASES, arguments=_link,
        help="a link by which somebody else opens a case",
    )  # fmt: skip
    def link_case(self, actor: Actor, *, case: str, references: list[str], hours: int) -> Answer:
        """A link to a case that names customers."""
        system, reference = _parts(case)
        customers = [known.customer_or_nobody(one) for one in references]
        made = actions.link_case(
            actor, system=system, reference=reference, customers=customers,
            lasts=timedelta(hours=hours),
        )  # fmt: skip
        return Answer({"code": made.code, "until": made.until})

    @verb(
        "open-linked", permission=Permission.OPEN_CASES, arguments=_code_file,
        help="open the case of a link",
    )  # fmt: skip
    def open_linked(self, actor: Actor, *, code_file: Path) -> Answer:
        """Open the case that a link names; its code is no argument, so no process list shows it."""
        opened = actions.open_linked(actor, code=text_in(code_file).strip())
        return Answer({"case": str(opened.id)})

    @verb("cases", permission=Permission.OPEN_CASES, help="the open cases, newest first")
    def cases(self, actor: Actor) -> Answer:
        """The open cases that the actor opened; of whoever reads the ledger all."""
        found = queries.open_cases(actor, most=MOST_CASES)
        shown = [
            {
                "case": str(one.id), "system": one.system, "opened_at": one.opened_at,
                "customers": [str(each) for each in one.customers],
                "opened_by": str(one.opened_by),
            }
            for one in found.cases
        ]  # fmt: skip
        said = as_text(shown)
        if found.last:
            said += f"\nThere are more: these are the newest {MOST_CASES}."
        return Answer(shown, said)

    @verb("close-case", permission=Permission.OPEN_CASES, arguments=_closing, help="close a case")
    def close_case(self, actor: Actor, *, case: str) -> Answer:
        """Close a case: nothing is read on its strength any more."""
        own = _as_id(case)
        if own is not None:
            actions.close_own_case(actor, case=own)
            return Answer({"closed": case})
        system, reference = _parts(case)
        actions.close_case(actor, system=system, reference=reference)
        return Answer({"closed": case})


def _shown(one: Grant) -> dict[str, object]:
    role = ROLES.get(one.grantee)
    return {
        "grant": str(one.id), "to": str(role or one.grantee), "purpose": one.purpose,
        "fields": one.fields, "masked": one.masked, "ends_at": one.ends_at, "bulk": one.bulk,
    }  # fmt: skip


def _as_id(case: str) -> UUID | None:
    try:
        return None if ":" in case else UUID(case)
    except ValueError:
        return None


def _parts(case: str) -> tuple[str, str]:
    system, colon, reference = case.partition(":")
    if not (system and colon and reference):
        raise Unacceptable("A case is named SYSTEM:REFERENCE, for example helpdesk:4711.")
    return system, reference
