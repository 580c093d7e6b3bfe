"""What can be said about the keys: all that they show, and what using them would meet with."""

import json
import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import Error

from trustkeep.base import world
from trustkeep.base.errors import Misconfigured, SealedStart, Tampered, TrustkeepError
from trustkeep.config import embedded, pg_folders, placement, start, wiring
from trustkeep.config.environment import Environment
from trustkeep.kernel.keys import kit, register, rollback, sealed_meta, service, store
from trustkeep.kernel.keys.service import INSTALL, TRANSITION, KeyPlaces
from trustkeep.kernel.keys.slots import FileSlot, SlotUnreachable
from trustkeep.kernel.keys.store import KeyStore

KIT_COUNTS_FOR = timedelta(days=90)  # then it is to be proven again


def status(environment: Environment) -> dict[str, Any]:
    """Epoch, slots, what is pending, kit, newest key backup, and what needs attention.

    Raises:
        Misconfigured: it is another user's installation.
    """
    pg_folders.refuse_of_another(environment.home)
    places = wiring.places(environment)
    keys, changed = KeyStore(places.store), list[str]()
    met = list(_met(environment, places))
    is_foreign = wiring.provider(environment).wrong in met
    data: dict[str, Any] = {
        "master_key": environment.master_key.partition(":")[0],
        "protects": placement.protects(environment),
        "key_store": str(places.store),
        "epoch": None,
        "transition": None,
        "kit_proven_at": None,
        "slots": slots(places),
        "newest_backup": newest_backup(places.backups),
    }
    if keys.exists:
        with keys.reading() as rows:
            try:
                data |= _of_store(rows, None if is_foreign else _master(environment))
            except (Tampered, ValueError):
                changed.append(
                    "The key store was changed from outside: restore it from its newest backup."
                )
        keys.close()
    found = [
        *changed,
        *met,
        *(finding.sentence for finding in placement.impossible(environment)),
        *(finding.sentence for finding in placement.doubtful(environment)),
        *_attention(data, places),
    ]
    data["attention"] = list(dict.fromkeys(found))
    return data


def _met(environment: Environment, places: KeyPlaces) -> Iterator[str]:
    """What a command would be refused with that opens the keys and asks register and ledger."""
    source = wiring.provider(environment)
    if not (KeyStore(places.store).exists and placement.is_at_hand(source)):
        return
    try:
        start.wire(environment, source)
        register.verify(service.current())
        if environment.database_url is not None or embedded.is_running(environment.home):
            start.check_not_rolled_back()
    except TrustkeepError as problem:
        yield problem.sentence
    except Error:
        return  # nothing to compare with: `config check` says what ails the database


def _of_store(rows: sqlite3.Connection, master: bytes | None) -> dict[str, Any]:
    """What the store says; authenticated where the master key can be had without asking."""
    found = {}
    for name in (TRANSITION, kit.PROVEN_AT):
        if master is None:
            found[name] = sealed_meta.unverified(rows, name)
        else:
            install = UUID(bytes=store.meta(rows, INSTALL) or bytes(16))
            found[name] = sealed_meta.opened(store.meta(rows, name), master, install, name)
    proven = found[kit.PROVEN_AT]
    return {
        "epoch": store.epoch_of(rows),
        "transition": _pending(found[TRANSITION]),
        "kit_proven_at": datetime.fromisoformat(proven.decode()).isoformat() if proven else None,
    }


def _master(environment: Environment) -> bytes | None:
    source = wiring.provider(environment)
    if not placement.is_at_hand(source):
        return None
    try:
        return source.read()
    except (SealedStart, Misconfigured):
        return None


def slots(places: KeyPlaces) -> list[dict[str, Any]]:
    """Each slot: whether it answers, and the epochs whose secret lies there."""
    found = []
    for name, folder in (("primary", places.primary), ("recovery", places.recovery)):
        if folder is None:
            continue
        try:
            epochs: dict[int, str] | None = FileSlot(name, folder).epochs()
        except SlotUnreachable:
            epochs = None
        held = sorted(f"{epoch} {state}" for epoch, state in (epochs or {}).items())
        found.append({
            "slot": name, "folder": str(folder), "answers": epochs is not None, "epochs": held,
        })  # fmt: skip
    return found


def newest_backup(folder: Path) -> dict[str, Any] | None:
    """The newest manifest by its number; whether it is genuine only the master key can tell."""
    paths = sorted(folder.glob("manifest-*.json"), key=lambda path: int(path.stem.split("-")[1]))
    if not paths:
        return None
    at = json.loads(paths[-1].read_bytes().partition(b"\n")[2])["at"]
    return {"number": int(paths[-1].stem.split("-")[1]), "at": at}


def _pending(stored: bytes | None) -> dict[str, Any] | None:
    if stored is None:
        return None
    transition = json.loads(stored)
    return {
        "stage": transition["stage"],
        "to_epoch": transition["new"],
        "customers": len(transition["customers"]),
        "forgotten_by": sorted(transition["acknowledged"]),
    }


def _attention(data: dict[str, Any], places: KeyPlaces) -> list[str]:
    found = []
    if data["epoch"] is None:
        found.append(
            "There is no key store: `trustkeep keys restore` brings a lost one back, `trustkeep "
            "init` makes a new installation."
        )
    for slot in data["slots"]:
        if not slot["answers"]:
            found.append(f"The {slot['slot']} slot does not answer: connect its medium.")
        elif data["epoch"] and f"{data['epoch']} active" not in slot["epochs"]:
            found.append(_without(slot, data["epoch"], places))
    if places.recovery is None:
        found.append("There is no recovery slot: the loss of this disk loses everything.")
    elif data["kit_proven_at"] is None:
        found.append("No recovery kit has been proven: `trustkeep keys kit --make` and `--prove`.")
    elif world.now() - datetime.fromisoformat(data["kit_proven_at"]) > KIT_COUNTS_FOR:
        found.append("The recovery kit was proven more than 90 days ago: prove it again.")
    if data["transition"] is not None:
        found.append("A key change has not ended: it goes on when every slot answers.")
    return found


def _without(slot: dict[str, Any], epoch: int, places: KeyPlaces) -> str:
    """What to say of a slot without the present secret: it or the store may be the older one."""
    newest = max((int(each.split()[0]) for each in slot["epochs"] if "active" in each), default=0)
    if newest > epoch:
        return rollback.suspected(
            places.store, epoch, newest, f"the {slot['slot']} slot holds"
        ).sentence
    return f"The {slot['slot']} slot holds no secret for epoch {epoch}."
