"""A small client for Trustkeep's API, in one file of the standard library.

    from trustkeep_client import Refused, Trustkeep

    trustkeep = Trustkeep("https://privacy.example.org", token)
    with trustkeep.case("helpdesk", "4711", references=["C-1"]) as case:
        phone = trustkeep.read("C-1", ["phone"], purpose="support", case=case).values["phone"]
    trustkeep.bring({"C-2": {"name": "Eva", "city": "Hel"}}, source="crm", made_at=taken_at)

What changes something is sent with a key of its own, and again with the same key when no answer
came, so that it is done once.  Whatever cannot be done is a `Problem`, with the server's sentence.
"""

import http.client
import json
import os
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote, urlencode, urlsplit

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_NO_ANSWER = {"code": "no_answer", "detail": "No answer came: see whether the server runs."}
_CUT_OFF = {"code": "cut_off", "detail": "The export was cut off: start it again."}
_ROWS_AT_ONCE, _BYTES_AT_ONCE = 1_000, 1_000_000
_AGAIN = frozenset({502, 503, 504})  # nothing was done, or nobody answered: it may be sent again


class Problem(Exception):
    """What the server could not do: `code` is stable, the text is a sentence for people."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        super().__init__(document.get("detail", "The server did not say what is wrong."))
        self.status: int = document.get("status", 0)
        self.code: str = document.get("code", "unknown")
        self.fields: Mapping[str, str] = document.get("fields") or {}


class Refused(Problem):
    """The caller may not do this; `reasons` are stable codes."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        super().__init__(document)
        self.reasons: tuple[str, ...] = tuple(document.get("reasons") or ())


@dataclass(frozen=True, repr=False)
class Reading:
    """Values of one customer, those in `masked` in part only; never shown by `repr`."""

    customer: str
    values: Mapping[str, str]
    masked: Sequence[str]
    entry: str


@dataclass(frozen=True, repr=False)
class Card:
    """A customer to recognise: masked values, or in `refused` why none are shown."""

    customer: str
    shown: Mapping[str, str]
    refused: Sequence[str]
    entry: str | None


@dataclass(frozen=True, repr=False)
class Found:
    """Cards, whether more people match, and how was compared."""

    cards: Sequence[Card]
    is_more: bool
    said: str


@dataclass(frozen=True)
class NotTaken:
    """Why a row, or a value of it, was not taken."""

    reference: str
    element: str | None
    reason: str
    said: str


@dataclass
class Brought:
    """What became of the rows."""

    created: int = 0
    known: int = 0
    changed: int = 0
    conflicts: int = 0
    refused: list[NotTaken] = field(default_factory=list)


@dataclass(frozen=True)
class Exported:
    """How many customers a file has, how many were left out, and which fields are masked."""

    rows: int
    left_out: int
    masked: Sequence[str]


class Trustkeep:
    """One server, and one token.

    `base` is the address people use; anything but the loopback address must be `https`.

    Raises:
        ValueError: the token would cross a network in clear.
    """

    def __init__(self, base: str, token: str, *, timeout_s: float = 30.0, tries: int = 4) -> None:
        parts = urlsplit(base)
        if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
            raise ValueError("use https: the token would cross a network in clear")
        self._base, self._token = base.rstrip("/"), token
        self._timeout_s, self._tries = timeout_s, tries

    def read(
        self, reference: str, fields: Sequence[str], *, purpose: str, case: str | None = None
    ) -> Reading:
        """Some fields of one customer, by the company's own reference."""
        asked = {"reference": reference, "fields": list(fields), "purpose": purpose, "case": case}
        return Reading(**self.send("POST", "/readings", asked))

    def read_many(
        self, customers: Sequence[str], fields: Sequence[str], *, purpose: str
    ) -> list[Reading]:
        """Some fields of many customers, by their ids; needs a grant for bulk reading."""
        asked = {"customers": list(customers), "fields": list(fields), "purpose": purpose}
        return [Reading(**one) for one in self.send("POST", "/readings/bulk", asked)]

    def find(self, element: str, value: str, *, purpose: str, case: str | None = None) -> list[str]:
        """The ids of the customers with exactly this value."""
        asked = {"element": element, "value": value, "purpose": purpose, "case": case}
        found: list[str] = self.send("POST", "/searches", asked)["customers"]
        return found

    def search(
        self,
        element: str,
        value: str,
        *,
        purpose: str,
        beside: tuple[str, str] | None = None,
        case: str | None = None,
    ) -> Found:
        """Masked cards of at most ten; a name needs a second element and its value `beside` it."""
        asked = {
            "by": {"element": element, "value": value},
            "beside": {"element": beside[0], "value": beside[1]} if beside else None,
            "purpose": purpose,
            "case": case,
        }
        told = self.send("POST", "/customers/search", asked)
        return Found([Card(**one) for one in told["customers"]], told["more"], told["said"])

    def bring(
        self,
        rows: Mapping[str, Mapping[str, str]],
        *,
        source: str,
        made_at: datetime,
        purpose: str | None = None,
        prefer: str = "neither",
    ) -> Brought:
        """Store customers by reference, and for a purpose bring the known ones up to date.

        `made_at`, aware, is when they were taken: rows from before an erasure are refused, since
        they may name who was erased.  Sent a thousand at a time, each part once; begun again, it
        goes on from there.
        """
        brought = Brought()
        for part in _parts(rows):
            asked = {
                "source": source, "purpose": purpose, "prefer": prefer,
                "made_at": made_at.isoformat(),
                "rows": [{"reference": one, "values": dict(values)} for one, values in part],
            }  # fmt: skip
            told = self.send("POST", "/customers/import", asked, once=True)
            for name in ("created", "known", "changed", "conflicts"):
                setattr(brought, name, getattr(brought, name) + told[name])
            brought.refused += [
                NotTaken(part[one["row"] - 1][0], one["element"], one["reason"], one["said"])
                for one in told["rows"]
            ]
        return brought

    def export(self, fields: Sequence[str], into: Path, *, purpose: str) -> Exported:
        """Some fields of every customer as a JSON file that is whole, or not there.

        The file is as the server sends it: docs/operate/exporting.md.

        Raises:
            FileExistsError: there is such a file already.
            Problem: it was refused, or did not come to its end.
        """
        handle = os.open(into, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                told = self._exported({"fields": list(fields), "purpose": purpose}, file)
        except BaseException:
            into.unlink()
            raise
        return told

    def _exported(self, asked: object, file: BinaryIO) -> Exported:
        last = b""
        try:
            with self._asked("POST", "/customers/export", asked) as answer:
                for last in answer:
                    file.write(last)
            # The last line counts what came before it; an answer that was cut off has none.
            end = json.loads(b"{" + last.removeprefix(b"], "))
            return Exported(end["rows"], end["left_out"], end["masked"])
        except (http.client.HTTPException, ValueError, KeyError):
            raise Problem(_CUT_OFF) from None

    def _asked(self, method: str, path: str, body: object) -> Any:
        try:
            return urllib.request.urlopen(
                self._request(method, path, body), timeout=self._timeout_s
            )
        except urllib.error.HTTPError as failed:
            raise _problem(failed) from None
        except OSError as failed:
            raise Problem(_NO_ANSWER) from failed

    def change(
        self,
        reference: str,
        changes: Mapping[str, str | None],
        *,
        purpose: str,
        case: str | None = None,
    ) -> None:
        """Set values of one customer; None removes one."""
        asked = {"reference": reference, "changes": dict(changes), "purpose": purpose, "case": case}
        self.send("PATCH", "/customers", asked, once=True)

    @contextmanager
    def case(self, system: str, reference: str, *, references: Sequence[str]) -> Iterator[str]:
        """An open case that names customers, as long as the block lasts."""
        named = {"system": system, "reference": reference}
        self.send("POST", "/cases", {**named, "references": list(references)}, once=True)
        try:
            yield f"{system}:{reference}"
        finally:
            self.send("POST", "/cases/closure", named, once=True)

    def each(self, path: str, **wanted: str) -> Iterator[dict[str, Any]]:
        """Every item of a list that comes in parts, such as `/ledger/entries`."""
        after: dict[str, str] = {}
        while True:
            part = self.send("GET", f"{path}?{urlencode({**wanted, **after})}")
            yield from part["items"]
            if part["next"] is None:
                return
            after = {"after": part["next"]}

    def _request(
        self, method: str, path: str, body: object, *, once: bool = False
    ) -> urllib.request.Request:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        if once:
            headers["Idempotency-Key"] = str(uuid.uuid4())
        data = None if body is None else json.dumps(body).encode()
        url = f"{self._base}/api/v1{quote(path, safe='/?&=%:+-_.~')}"
        return urllib.request.Request(url, data, headers, method=method)

    def send(self, method: str, path: str, body: object = None, *, once: bool = False) -> Any:
        """Any operation; `once` for those that make or change something.

        Raises:
            Problem: with the server's own sentence, or `no_answer`, however often it was tried.
        """
        request = self._request(method, path, body, once=once)
        for left in reversed(range(self._tries)):
            try:
                with urllib.request.urlopen(request, timeout=self._timeout_s) as answer:
                    text = answer.read()
                return json.loads(text) if text else None
            except urllib.error.HTTPError as failed:
                if failed.code not in _AGAIN or not left:
                    raise _problem(failed) from None
            except OSError as failed:
                if not left:
                    raise Problem(_NO_ANSWER) from failed
            time.sleep(0.2 * 2 ** (self._tries - left))
        raise AssertionError("the last try answers or raises")


def _parts(rows: Mapping[str, Mapping[str, str]]) -> Iterator[list[tuple[str, Mapping[str, str]]]]:
    """The rows, as many at a time as one request may hold."""
    part: list[tuple[str, Mapping[str, str]]] = []
    held = 0
    for row in rows.items():
        size = len(json.dumps(row))
        if part and (len(part) == _ROWS_AT_ONCE or held + size > _BYTES_AT_ONCE):
            yield part
            part, held = [], 0
        part.append(row)
        held += size
    if part:
        yield part


def _problem(failed: urllib.error.HTTPError) -> Problem:
    text = failed.read()
    try:
        document = json.loads(text)
    except ValueError:  # a proxy's answer, or that of a server under another name
        document = {"status": failed.code, "detail": text[:300].decode("utf-8", "replace").strip()}
    return Refused(document) if document.get("code") == "denied" else Problem(document)
