"""The way back from a sealed set that was changed from outside: begun anew, empty, higher up.

Nothing of a damaged set counts, and nothing can be added to it.  Beginning it anew discards all of
its rows: what they allowed must be allowed again, by whoever may.  Of whole sets, only those are
discarded that hold what somebody lost.
"""

import hashlib
from uuid import UUID

from trustkeep.base.actor import Actor
from trustkeep.base.errors import Conflict, Tampered
from trustkeep.kernel.keys import sealed_sets, service
from trustkeep.kernel.keys.events import KeyEvent
from trustkeep.kernel.keys.sealed_rows import SealedRow, SealedSet
from trustkeep.kernel.ledger import history, log

_UNKNOWN = hashlib.sha256().hexdigest()  # of no rows: what the ledger says of a set it never knew


def refuse_whole(model: type[SealedRow], owner: UUID) -> None:
    """Go on only if the set is damaged.

    Raises:
        Conflict: it is as the ledger says it was written.
    """
    header = SealedSet.objects.filter(kind=model.set_kind, owner=owner).first()
    version, digest = _said(model, owner)
    try:
        sealed_sets.rows(model, owner)
    except Tampered:
        return
    known = (header.version, bytes(header.digest).hex()) if header else (0, _UNKNOWN)
    if known == (version, digest):
        raise Conflict("This set is as the ledger says it was written; nothing was discarded.")


def begin(
    model: type[SealedRow],
    owner: UUID,
    actor: Actor,
    *,
    approval: UUID,
    though_whole: bool = False,
) -> int:
    """Discard a damaged set and begin it anew; returns how many rows went.

    Only inside a transaction, and only for what two people agreed to.  `though_whole`: not only a
    damaged one.

    Raises:
        Conflict: the set is whole.
    """
    fresh = SealedSet(kind=model.set_kind, owner=owner, version=0, count=0, digest=b"", seal=b"")
    SealedSet.objects.bulk_create([fresh], ignore_conflicts=True)
    header = SealedSet.objects.select_for_update().get(kind=model.set_kind, owner=owner)
    if header.version == 0:  # ours, made a moment ago: it must not hide that there was none
        header.delete()
    if not though_whole:
        refuse_whole(model, owner)
    version, digest = _said(model, owner)
    rows = model._default_manager.all()
    gone, _ = (rows.filter(**{model.set_owner: owner}) if model.set_owner else rows).delete()
    SealedSet.objects.filter(kind=model.set_kind, owner=owner).delete()
    header = SealedSet(kind=model.set_kind, owner=owner, version=version + 1, count=0)
    header.digest = hashlib.sha256().digest()
    header.seal = header.expected_seal(service.current().named_key("policy"))
    header.save(force_insert=True)
    about = {"kind": model.set_kind, "owner": str(owner), "version": header.version}
    details = {**about, "digest": digest, "approval": str(approval)}
    log.append(KeyEvent.SET_BEGUN_ANEW, actor, details=details)
    log.append(KeyEvent.SET_CHANGED, actor, details={**about, "digest": header.digest.hex()})
    return gone


def _said(model: type[SealedRow], owner: UUID) -> tuple[int, str]:
    """The version and digest of the set that the ledger knows; 0 where it knows none."""
    entry = history.newest([KeyEvent.SET_CHANGED], owner=str(owner), kind=model.set_kind)
    return (entry["details"]["version"], entry["details"]["digest"]) if entry else (0, _UNKNOWN)
