"""4.2a: stored values are sealed, each under its own key, and the keys are where they should be.

4.5b: what stands for the second person where somebody is erased, and what keeps the old secret.
"""

from datetime import timedelta

from trustkeep.base import world
from trustkeep.kernel.approvals import queries as approvals
from trustkeep.kernel.approvals.rules import Way
from trustkeep.kernel.clauses.checks import Finding, Status, check
from trustkeep.kernel.keys import kit, looking, media, service
from trustkeep.kernel.people import queries as people
from trustkeep.kernel.vault import sampling

SAMPLE = 100
KIT_AGE = timedelta(days=90)
LOOK_AGE = timedelta(minutes=15)  # three turns of the comparison


@check("4.2a.sealed", every=timedelta(hours=1))
def values_open() -> Finding:
    """A hundred random blobs of random customers open, each under its own customer's key."""
    done = sampling.open_samples(SAMPLE)
    figure = f"{done.opened - done.failed} of {done.opened}"
    rows = [{"customer": str(customer), "class": code} for customer, code in done.places]
    if done.failed:
        sentence = (
            f"{done.failed} of {done.opened} stored values do not open: restore these customers "
            "from a backup, and find out who changed them."
        )
        return Finding(Status.BROKEN, figure, sentence, rows, looked_at=done.opened)
    sentence = f"{done.opened} stored values of random customers opened under their own keys."
    return Finding(Status.HOLDS, figure, sentence, looked_at=done.opened)


@check("4.2a.sealed", every=timedelta(minutes=5), after_look=True)
def state_agrees() -> Finding:
    """Records, policy and register are as the ledger says they were written."""
    done = looking.newest()
    if done is None:
        return Finding(Status.NOT_YET_WATCHED, "-", "State and ledger were not compared yet.")
    looked_at = sum(count for part, count in done.looked_at.items() if part != looking.LEDGER)
    wrong = done.count - done.ledger_defects
    rows = [each for each in done.findings if each["part"] != looking.LEDGER]
    if wrong:
        sentence = (
            f"{wrong} things are not as the ledger says they were written: somebody changed the "
            "database or the keys from outside: `trustkeep sets damaged` says what is to be begun "
            "anew, and docs/operate/running.md what to do about the rest."
        )
        return Finding(Status.BROKEN, f"{wrong} wrong", sentence, rows, looked_at=looked_at)
    if world.now() - done.at > LOOK_AGE:
        sentence = f"State and ledger were last compared {done.at:%Y-%m-%d %H:%M} UTC: start work."
        return Finding(Status.NEEDS_ATTENTION, "late", sentence, looked_at=looked_at)
    sentence = f"{looked_at} records, sets of policy and facts are as the ledger says."
    return Finding(Status.HOLDS, f"{looked_at} agree", sentence, looked_at=looked_at)


@check("4.2a.columns", every=timedelta(hours=1))
def columns_are_sealed() -> Finding:
    """Every column of the vault holds what belongs there, in its form, and there are no others."""
    seen = sampling.columns()
    figure = f"{seen.blobs - seen.formless} of {seen.blobs}"
    rows: list[dict[str, str | int]] = [{"column": name} for name in seen.undeclared]
    rows += [{"customer": str(customer)} for customer in seen.customers]
    if seen.formless:
        sentence = f"{seen.formless} stored values are not sealed: erase or seal them at once."
        return Finding(Status.BROKEN, figure, sentence, rows, looked_at=seen.blobs)
    if seen.undeclared:
        sentence = (
            f"The vault has a column that Trustkeep did not make ({', '.join(seen.undeclared)}): "
            "look what is in it, and drop it."
        )
        return Finding(Status.BROKEN, figure, sentence, rows, looked_at=seen.blobs)
    if seen.odd:
        sentence = (
            "Something else stands where only keyed hashes and codes belong "
            f"({', '.join(seen.odd)}): find out who writes to the database, and remove it."
        )
        odd: list[dict[str, str | int]] = [
            {"column": name, "count": count} for name, count in seen.odd.items()
        ]
        return Finding(Status.BROKEN, figure, sentence, [*rows, *odd], looked_at=seen.blobs)
    sentence = f"All {seen.blobs} stored values are sealed bytes, and no other column holds any."
    return Finding(Status.HOLDS, figure, sentence, looked_at=seen.blobs)


@check("4.2a.slots", every=timedelta(minutes=15))
def slots_answer() -> Finding:
    """Every slot answers and holds the present secret; the recovery slot lies on another device."""
    found = media.seen()
    good = [slot for slot in found.slots if slot.answers and slot.holds_epoch]
    bad = [slot for slot in found.slots if slot not in good]
    figure = f"{len(good)} of {len(found.slots)}"
    rows: list[dict[str, str | int]] = [
        {"slot": slot.name, "answers": int(slot.answers)} for slot in bad
    ]
    if found.rollback:
        return Finding(
            Status.BROKEN, "older keys", found.rollback, rows, looked_at=len(found.slots)
        )
    if bad:
        names = ", ".join(slot.name for slot in bad)
        sentence = f"No present secret in the {names} slot: connect its medium, or set it up anew."
        return Finding(Status.BROKEN, figure, sentence, rows, looked_at=len(found.slots))
    if not found.has_recovery:
        sentence = "There is no recovery slot: after a fault of this disk everything is lost."
        return Finding(Status.NEEDS_ATTENTION, figure, sentence, looked_at=len(found.slots))
    if not found.apart:
        sentence = (
            "The recovery slot lies on the same device as the keys: whoever takes or loses that "
            "device takes or loses both; put it on another one."
        )
        return Finding(Status.NEEDS_ATTENTION, figure, sentence, looked_at=len(found.slots))
    sentence = "Every slot answers, holds the present secret, and the recovery slot lies apart."
    return Finding(Status.HOLDS, figure, sentence, looked_at=len(found.slots))


@check("4.2a.kit", every=timedelta(hours=1), expects_rows=False)
def kit_is_proven() -> Finding:
    """The recovery kit was opened, with the recovery slot, within the last 90 days."""
    proven_at = kit.proven_at(service.current())
    if proven_at is None:
        sentence = (
            "The recovery kit was never proven, so nobody knows that it opens: "
            "`trustkeep keys kit` makes one and proves it."
        )
        return Finding(Status.BROKEN, "never", sentence)
    age = world.now() - proven_at
    figure = f"{age.days} days"
    if age > KIT_AGE:
        sentence = f"The recovery kit was last proven {age.days} days ago: prove it again."
        return Finding(Status.NEEDS_ATTENTION, figure, sentence)
    return Finding(Status.HOLDS, figure, f"The recovery kit was proven {age.days} days ago.")


_INSTEAD = {
    Way.CONFIRMER: "an outside confirmer agrees by a mailed link",
    Way.DELAY: "an erasure waits 72 hours, and every administrator is told",
}


@check("4.5b.erased", every=timedelta(minutes=15), expects_rows=False)
def two_people_agree() -> Finding:
    """An erasure needs two people of the company; what stands for one of them needs attention."""
    count, way = len(approvals.eligible()), approvals.way_now()
    figure = f"{count} may approve"
    if way in _INSTEAD:
        sentence = (
            f"Fewer than two people may approve here, so {_INSTEAD[way]}: this is weaker than two "
            "people; give a second one a role that approves."
        )
        return Finding(Status.NEEDS_ATTENTION, figure, sentence, looked_at=count)
    if count < 2:
        sentence = (
            "Fewer than two people may approve here, so nobody can be erased: give a second one a "
            "role that approves, or choose another way: `trustkeep approvals way`."
        )
        return Finding(Status.NEEDS_ATTENTION, figure, sentence, looked_at=count)
    # Never green by this alone: whether the erased stay erased is another thing to look at.
    sentence = "Two people agree to an erasure; whether it lasts is not watched yet."
    return Finding(Status.NOT_YET_WATCHED, figure, sentence, looked_at=count)


@check("4.5b.erased", every=timedelta(minutes=15), expects_rows=False)
def images_hold_no_secret() -> Finding:
    """No image of the host keeps the secret that an erasure destroys; the organisation says so."""
    stated = people.organisation()
    if stated is None:
        sentence = "Nobody has said yet whether images of this host hold the primary slot."
        return Finding(Status.NOT_YET_WATCHED, "-", sentence)
    if stated.host_imaged:
        sentence = (
            "Images of this host hold the primary slot, so that whoever is erased is out of reach "
            "only when the last image from before is gone: put TRUSTKEEP_SLOT where no image "
            "reaches, then `trustkeep organisation set --imaged no`."
        )
        return Finding(Status.NEEDS_ATTENTION, "imaged", sentence, looked_at=1)
    sentence = "The organisation says that no image of this host holds the primary slot."
    return Finding(Status.HOLDS, "not imaged", sentence, looked_at=1)
