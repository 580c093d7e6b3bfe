"""Values that exist once, through every door of a real machine: then they lie nowhere in clear.

Looked for in everything the machine keeps or says: database files and WAL, key store and backups,
ledger, queue, logs, letters, messages of webhooks, metrics, temporary files, dumps.  A value that
somebody mistypes as a name of something counts like any other.
"""

import base64
import json
import random
from http.client import HTTPConnection

import pytest
from tests.config.running import Machine
from tests.receiver import receiving
from tests.security.canaries import Canaries, hits
from tests.smtp import post_office

from trustkeep.base import world
from trustkeep.config import embedded, pg_tools

pytestmark = pytest.mark.ci
DECLARED = """
[[element]]
key = "name"
label = "Name"
class = "identity"
look-up = "name"
[[element]]
key = "email"
label = "E-mail"
class = "identity"
look-up = "email"
[[element]]
key = "phone"
label = "Telephone"
class = "identity"
look-up = "phone"
[[element]]
key = "birth_date"
label = "Born"
class = "identity"
look-up = "date"
[[element]]
key = "city"
label = "Town"
class = "identity"
look-up = "place"
[[element]]
key = "company"
label = "Company"
class = "identity"
look-up = "exact"
[[element]]
key = "note"
label = "Note"
class = "special"
[[purpose]]
key = "support"
label = "Answer calls"
fields = ["name", "email", "phone", "birth_date", "city", "company", "note"]
legal_bases = { eu = "contract" }
case = "open"
[[purpose]]
key = "records"
label = "Keep records right"
fields = ["name", "email", "phone", "birth_date", "city", "company", "note"]
legal_bases = { eu = "contract" }
masks = { birth_date = "year" }
[[purpose]]
key = "care"
label = "Keep records right"
fields = ["name", "email", "phone", "birth_date", "city", "company", "note"]
legal_bases = { eu = "contract" }
"""
ELEMENTS = ["name", "email", "phone", "birth_date", "city", "company", "note"]


class Office:
    """A company on a machine of its own, used over HTTP and at the command line."""

    def __init__(self, machine, outside):
        self.machine, self.outside, self.tokens, self.ids = machine, outside, {}, {}

    def typed(self, who, *words, given=None, code=(0,)):
        environ = {"TRUSTKEEP_TOKEN": self.tokens[who]} if who else {}
        exit_code, out, err = self.machine.run(*map(str, words), given=given, **environ)
        assert exit_code in code, (words, out, err)
        return out

    def told(self, who, *words, **options):
        return json.loads(self.typed(who, *words, "--json", **options))

    def call(self, who, method, path, body=None, **headers):
        connection = HTTPConnection("127.0.0.1", self.machine.port, timeout=30)
        headers |= {"Host": "localhost", "Content-Type": "application/json"}
        headers.setdefault("Authorization", f"Bearer {self.tokens.get(who)}")
        data = body if isinstance(body, bytes) else json.dumps(body).encode() if body else None
        connection.request(method, f"/api/v1{path}", data, headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        assert answer.status < 500 or answer.status == 503, text
        return answer.status, json.loads(text or b"null")

    def numbers(self):
        """What Prometheus is told."""
        connection = HTTPConnection("127.0.0.1", self.machine.port, timeout=30)
        token = f"Bearer {self.tokens['iris']}"
        connection.request("GET", "/metrics", headers={"Host": "localhost", "Authorization": token})
        text = connection.getresponse().read()
        connection.close()
        assert b"trustkeep_request_seconds_count" in text
        return text

    def hire(self, name, role, by):
        member = self.told(
            "ana", "people", "add", "--name", name, "--email", f"{name}@shop.example"
        )
        member = self.ids[name] = member["member"]
        self.typed(by, "people", "assign", member, role)
        handed = self.told("ana", "people", "token", "--member", member, "--label", "handed")
        self.tokens[name] = handed["token"]
        self.tokens[name] = self.told(name, "people", "token", "--label", "own")["token"]

    def file(self, name, content):
        path = self.outside / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path


@pytest.fixture
def office(tmp_path):
    with post_office() as post, receiving() as receiver:
        machine = Machine(
            EMAIL_URL=post.url, TRUSTKEEP_WEBHOOK_NETWORKS="127.0.0.0/8",
            TRUSTKEEP_LOG_LEVEL="debug",
        )  # fmt: skip
        (machine.folder / "tmp").mkdir()
        machine.settings["TMPDIR"] = str(machine.folder / "tmp")
        one = Office(machine, tmp_path)
        one.post, one.receiver = post, receiver
        try:
            one.typed(None, "init")
            found = one.told(
                None, "people", "found", "--name", "Ana", "--email", "ana@shop.example"
            )
            one.tokens["ana"] = found["token"]
            for name, role, by in (
                ("dora", "dpo", "ana"), ("cleo", "data_steward", "dora"),
                ("ben", "support_agent", "dora"), ("emil", "department_head", "ana"),
                ("iris", "it", "ana"),
            ):  # fmt: skip
                one.hire(name, role, by)
            one.typed("dora", "purposes", "declare", one.file("purposes.toml", DECLARED))
            one.typed("dora", "access", "grant", "--role", "support_agent", "--purpose", "support")
            cleo = one.ids["cleo"]
            for purpose in ("records", "care"):
                one.typed(
                    "dora", "access", "grant", "--member", cleo, "--purpose", purpose, "--bulk"
                )
            yield one
        finally:
            machine.remove()


def live_through(office, canaries):
    """Everything that takes, shows, changes, refuses or destroys a value."""
    mark, url = canaries.mark, office.receiver.url
    office.machine.serve()
    office.machine.wait()
    status, _ = office.call(
        "dora", "POST", "/webhooks", {"label": "all", "url": url, "events": ["*"]}
    )
    assert 201 == status
    _bring(office, canaries)
    _read(office, canaries)
    _refused(office, canaries)
    _merge_and_erase(office, canaries)
    for path in ("/clauses", "/ledger/entries", "/people", "/duties"):
        assert 200 == office.call("dora", "GET", path)[0]
    office.typed(None, "sop", "status", "--fresh", code=(0, 1))
    office.typed(None, "keys", "backup")
    office.typed(None, "keys", "rotate")
    office.typed(None, "ledger", "export", office.machine.folder / "exported")
    assert mark.encode() in b"".join(one.read_bytes() for one in office.outside.iterdir())


def _bring(office, canaries):
    header = ["No", *ELEMENTS]
    rows = [[f"R-{canaries.mark}-{n}", *canaries.customer(n).values()] for n in range(8)]
    rows += [
        [f"R-{canaries.mark}-8", f"={canaries.mark}", "", "", "", "", "", ""],
        [f"R-{canaries.mark}-9", f"bell\x07{canaries.mark}", "", "", "", "", "", ""],
        [f"R-{canaries.mark}-10", canaries.mark],
        ["", canaries.mark, "", "", "", "", "", ""],
        [f"R-{canaries.mark}-1", canaries.mark, "", "", "", "", "", ""],
    ]  # fmt: skip
    lines = [",".join(f'"{cell}"' for cell in row) for row in (header, *rows)]
    file = office.file(f"kunden-{canaries.mark}.csv", "\n".join(lines))
    mapping = "reference = 'No'\n[fields]\n" + "\n".join(f"{one} = '{one}'" for one in ELEMENTS)
    mapping = office.file("mapping.toml", mapping)
    office.typed("cleo", "customers", "guess-mapping", file, code=(0, 1))
    about = ("--mapping", mapping, "--source", "crm", "--yes")
    office.typed("cleo", "customers", "import", file, *about, code=(0, 5))
    office.typed("cleo", "customers", "import", file, *about, "--purpose", "care", code=(0, 1, 5))
    mean = f"reference = 'No'\n[fields]\n{canaries.mark} = 'name'"
    mean = office.file("other.toml", mean)
    office.typed("cleo", "customers", "import", file, "--mapping", mean, "--source", "crm", "--yes",
                 code=(2,))  # fmt: skip
    pushed = [{"reference": f"P-{canaries.mark}", "values": canaries.customer(2)},
              {"reference": canaries.mark, "values": {"name": f"={canaries.mark}"}}]  # fmt: skip
    asked = {"source": "shop", "made_at": world.now().isoformat(), "rows": pushed}
    for _ in range(2):  # the second is answered from what was kept
        key = {"Idempotency-Key": f"key-{canaries.mark}"}
        assert 200 == office.call("cleo", "POST", "/customers/import", asked, **key)[0]


def _read(office, canaries):
    one = canaries.customer(0)
    opened = {"system": "helpdesk", "reference": f"T-{canaries.mark}",
              "references": [f"R-{canaries.mark}-0"]}  # fmt: skip
    assert 201 == office.call("ben", "POST", "/cases", opened)[0]
    about = {"purpose": "support", "case": f"helpdesk:T-{canaries.mark}"}
    asked = {"reference": f"R-{canaries.mark}-0", "fields": ELEMENTS, **about}
    status, told = office.call("ben", "POST", "/readings", asked)
    assert (200, one) == (status, told["values"])
    for element in ("email", "phone", "company"):
        asked = {"element": element, "value": one[element], **about}
        assert 1 <= len(office.call("ben", "POST", "/searches", asked)[1]["customers"])
        office.call("ben", "POST", "/searches", {**asked, "value": f"{canaries.mark} nobody"})
    beside = {"element": "city", "value": one["city"]}
    asked = {"by": {"element": "name", "value": one["name"]}, "beside": beside, **about}
    assert 1 <= len(office.call("ben", "POST", "/customers/search", asked)[1]["customers"])
    change = {"reference": f"R-{canaries.mark}-0", "changes": {"note": f"neu {canaries.mark}"}}
    assert 200 == office.call("ben", "PATCH", "/customers", {**change, **about})[0]
    bulk = {"fields": ELEMENTS, "purpose": "records"}
    status, told = office.call("cleo", "POST", "/customers/export", bulk)
    assert (200, 9) == (status, told["rows"])
    for form in ("csv", "xlsx", "json"):
        into = office.outside / f"export-{canaries.mark}.{form}"
        fields = [word for name in ELEMENTS for word in ("--field", name)]
        office.typed("cleo", "customers", "export", "--purpose", "care", *fields, "--format", form,
                     "--to", into)  # fmt: skip
    value = office.file("value.txt", one["phone"])
    office.typed("ben", "customers", "search", "--element", "phone", "--value-file", value,
                 "--purpose", "support", "--case", about["case"])  # fmt: skip


def _refused(office, canaries):
    """What somebody types in the wrong place is kept no more than what stands in the right one."""
    mark, secret = canaries.mark, {"Authorization": f"Bearer tk_{canaries.mark}"}
    reading = {
        "reference": f"R-{mark}-0",
        "fields": [mark],
        "purpose": mark,
        "case": f"{mark}:{mark}",
    }
    assert 403 == office.call("ben", "POST", "/readings", reading)[0]
    case = {"reference": mark, "references": [mark]}
    wrong = [
        ("ben", "POST", "/readings", {"reference": mark, "feilds": [mark]}),
        ("ben", "POST", "/searches", {"element": mark, "value": mark, "purpose": mark}),
        ("ben", "POST", "/cases", {"system": f"{mark} x", **case}),
        ("ben", "POST", "/cases", {"system": "x", **case}),
        ("cleo", "POST", "/customers/import", {"source": f"{mark} x", "rows": [
            {"reference": mark, "values": {mark: mark}}]}),
        ("cleo", "POST", "/customers/export", {"fields": [mark], "purpose": mark}),
        ("ben", "POST", "/readings", b'{"reference": "' + mark.encode()),
        ("ben", "POST", f"/{mark}", {mark: mark}),
        ("ben", "GET", f"/ledger/entries?purpose={mark}&customer={mark}", None),
        ("dora", "GET", f"/ledger/entries?purpose={mark}&by={mark}&event={mark}", None),
        ("dora", "PUT", f"/purposes/{mark}", {"label": mark}),
        ("ben", "PATCH", "/customers", {"reference": mark, "changes": {mark: mark},
                                        "purpose": "support", "case": mark}),
    ]  # fmt: skip
    for who, method, path, body in wrong:
        named = {"If-Match": f'"{mark}"', "User-Agent": mark, "X-Request-Id": mark}
        status, told = office.call(who, method, path, body, **named)
        assert 400 <= status < 500 or told == {"items": [], "next": None}, (path, told)
    assert 401 == office.call("ben", "GET", "/clauses", **secret)[0]
    office.machine.ask(f"/c/{mark}@{mark}.example?x={mark}")
    office.machine.ask(f"/calendar/{mark}.ics")
    for words in (
        ("customers", "read", mark, "--field", mark, "--purpose", mark),
        ("customers", mark),
        (mark,),
        ("customers", "import", office.outside / mark, "--mapping", office.outside / mark,
         "--source", mark),
        ("access", "open-case", f"{mark}:{mark}", "--reference", mark),
    ):  # fmt: skip
        office.typed("ben", *words, code=(1, 2, 3, 4))


def _merge_and_erase(office, canaries):
    asked = {"purpose": "care", "elements": ["phone", "email"]}
    assert 200 == office.call("cleo", "POST", "/duplicates/searches", asked)[0]
    one, other = f"R-{canaries.mark}-1", f"R-{canaries.mark}-5"
    merged = office.told(
        "cleo", "customers", "merge", one, other, "--purpose", "care", "--keep-rest"
    )
    assert merged["merged"]
    approval = office.told("cleo", "customers", "request-erasure", one)["approval"]
    receipt = office.typed("emil", "customers", "approve-erasure", one, "--approval", approval)
    office.file("receipt.txt", receipt)


def test_a_value_that_exists_once_lies_nowhere_in_clear(office, tier):
    canaries = Canaries(random.SystemRandom().randrange(2**32))
    live_through(office, canaries)
    machine = office.machine
    numbers = office.numbers()
    letters = [text.encode() for _, text in office.post.letters]
    messages = [
        part for _, headers, body in office.receiver.got for part in (str(headers).encode(), body)
    ]
    assert len(messages) > 40
    # While it runs, WAL and temporary files are there.
    said = [numbers, *letters, *messages]
    assert [] == hits(canaries, [machine.folder], said), canaries.mark
    assert 0 == machine.stop()
    embedded.ensure_running(machine.home)
    dump = machine.folder / "dump.sql"
    pg_tools.dump(machine.home, "trustkeep", dump)
    assert b"vault_sealedvalues" in dump.read_bytes()
    embedded.stop(machine.home)
    assert [] == hits(canaries, [machine.folder], said), canaries.mark


def _in_a_table(office, value):
    server = embedded.ensure_running(office.machine.home)
    with server.connect() as admin:
        admin.execute("CREATE TABLE left_over (words text)")
        admin.execute("INSERT INTO left_over VALUES (%s)", (value,))
    embedded.stop(office.machine.home)


def _in_a_log(office, value):
    log = office.machine.folder / "serve.log"
    log.write_text(f"failed on {json.dumps(value)}")


def _in_a_temporary_file(office, value):
    (office.machine.folder / "tmp" / "x").write_bytes(value.encode("utf-16-le"))


def _in_a_settings_file(office, value):
    kept = base64.b64encode(b"x" + value.encode()).decode()
    (office.machine.home / "state.json").write_text(json.dumps({"kept": kept}))


def test_a_planted_leak_is_seen(office):
    leaks = [(_in_a_table, "note"), (_in_a_log, "name"), (_in_a_temporary_file, "phone"),
             (_in_a_settings_file, "birth_date")]  # fmt: skip
    for number, (leak, element) in enumerate(leaks):
        canaries = Canaries(number)
        assert number or not hits(canaries, [office.machine.folder])
        leak(office, canaries.customer(number)[element])
        seen = {what for _, what in hits(canaries, [office.machine.folder])}
        assert seen - {*canaries.rare}, leak
