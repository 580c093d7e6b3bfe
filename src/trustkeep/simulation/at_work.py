"""Living what happens with customers: each case, reading, change and list, by an action."""

from functools import singledispatch

from trustkeep.base.actor import Actor
from trustkeep.base.errors import Denied
from trustkeep.kernel.vault.combining import Choice
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.customers import actions as customers
from trustkeep.rooms.customers.formats import Form
from trustkeep.simulation import happenings, staff, terms
from trustkeep.simulation.countries import COUNTRIES
from trustkeep.simulation.desk import Desk
from trustkeep.simulation.happenings import SYSTEM, Happening, Reading
from trustkeep.simulation.story import must

_STEP_S = 4  # between two steps of one act
_LOOK_S = 150  # what somebody takes at night to look at one address, and write it down


@singledispatch
def live(happening: Happening, _desk: Desk, _actor: Actor) -> None:
    """Let something happen, by the actions that people use, at the story's moment.

    Raises:
        StoryError: something came out otherwise than it was planned.
    """
    raise TypeError(f"nobody knows how {type(happening).__name__} happens")


@live.register
def _(happening: happenings.CaseHandled, desk: Desk, actor: Actor) -> None:
    customer, row = desk.customers[happening.customer], desk.rows[happening.customer - 1]
    opens = desk.actor(staff.SERVICE) if happening.by_shop else actor
    access.open_case(opens, system=SYSTEM, reference=happening.case, customers=[customer])
    desk.clock.let_pass(_STEP_S)
    case = f"{SYSTEM}:{happening.case}"
    by = access.Value(happening.by, row["Email" if happening.by == "email" else "Phone"])
    sought = access.Sought(by, terms.TERMS.reading, case=case)
    found = access.search_customers(actor, sought=sought)
    must(customer in {card.customer for card in found.cards}, "Who called was not found.")
    for purpose, fields in happening.readings:
        desk.clock.let_pass(_STEP_S)
        access.read_fields(actor, customer=customer, fields=fields, purpose=purpose, case=case)
    if happening.changes:
        desk.clock.let_pass(_STEP_S)
        number = _new_number(desk, happening.customer)
        customers.change_customer(
            actor, customer=customer, changes={"phone": number}, purpose=terms.TERMS.reading,
            case=case,
        )  # fmt: skip
        desk.rows[happening.customer - 1] = {**row, "Phone": number}


@live.register
def _(happening: happenings.CaseClosed, _desk: Desk, actor: Actor) -> None:
    access.close_case(actor, system=SYSTEM, reference=happening.case)


@live.register
def _(happening: happenings.ReadingRefused, desk: Desk, actor: Actor) -> None:
    purpose, fields = happening.reading
    case = happening.case and f"{SYSTEM}:{happening.case}"
    try:
        access.read_fields(
            actor, customer=desk.customers[happening.customer], fields=fields, purpose=purpose,
            case=case,
        )  # fmt: skip
    except Denied as refusal:
        must(happening.reason in refusal.reasons, "A reading was refused for another reason.")
    else:
        must(False, "What was to be refused was permitted.")  # noqa: FBT003


@live.register
def _(happening: happenings.Delivered, desk: Desk, actor: Actor) -> None:
    for number in happening.customers:
        _read(desk, actor, number, ("deliver_order", ("name", "street", "postal_code", "city")))
        desk.clock.let_pass(_STEP_S)


@live.register
def _(happening: happenings.Snooped, desk: Desk, actor: Actor) -> None:
    for number in happening.customers:
        _read(desk, actor, number, happenings.SIGN_OFF)
        desk.place()
        desk.clock.let_pass(_LOOK_S)


@live.register
def _(happening: happenings.Mailed, desk: Desk, actor: Actor) -> None:
    named = [desk.customers[number] for number in happening.customers]
    read = access.read_each(actor, customers=named, fields=["name", "email"], purpose=terms.TELL)
    must(len(read.opened) == len(named), "A mailing left somebody out.")


@live.register
def _(happening: happenings.Exported, desk: Desk, actor: Actor) -> None:
    purpose, fields = happening.reading
    file = desk.folder / f"{purpose}-{happening.at:%Y-%m-%d}.csv"
    customers.export_customers(actor, fields=fields, purpose=purpose, form=Form.CSV, into=file)


@live.register
def _(happening: happenings.Merged, desk: Desk, actor: Actor) -> None:
    pair = tuple(sorted(desk.customers[one] for one in (happening.survivor, happening.other)))
    found = customers.find_duplicates(actor, purpose=terms.RECORDS, elements=["email"])
    must(pair in [each.pair for each in found.pairs], "The two records were not proposed.")
    desk.clock.let_pass(_STEP_S)
    done = customers.merge(
        actor, survivor=desk.customers[happening.survivor],
        other=desk.customers[happening.other], purpose=terms.RECORDS,
        choice=Choice(rest_ours=True),
    )  # fmt: skip
    must(not done.undecided, "The two records did not become one.")


@live.register
def _(happening: happenings.ErasureAsked, desk: Desk, actor: Actor) -> None:
    customer = desk.customers[happening.customer]
    approval = customers.request_erasure(actor, customer=customer)
    if happening.agrees is None:
        return
    desk.place()
    desk.clock.let_pass(_LOOK_S)
    agrees = desk.actor(happening.agrees)
    (done,) = customers.approve_erasure(agrees, approval=approval, customer=customer)
    must(done.receipt is not None, "The erasure gave no receipt.")


def _read(desk: Desk, actor: Actor, number: int, reading: Reading) -> None:
    purpose, fields = reading
    access.read_fields(actor, customer=desk.customers[number], fields=fields, purpose=purpose)


def _new_number(desk: Desk, number: int) -> str:
    """A telephone number that no customer had: from the end of those of the country."""
    country = COUNTRIES[number % len(COUNTRIES)]
    desk.changed += 1
    return country.phone(country.numbers - desk.changed)
