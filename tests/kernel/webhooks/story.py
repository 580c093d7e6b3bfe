"""What happens in the tests of webhooks: Ben opens cases, and somebody passes it on."""

from trustkeep.kernel.ledger import sequencer
from trustkeep.kernel.webhooks import jobs
from trustkeep.kernel.webhooks.models import Delivery
from trustkeep.rooms.access import actions as access

CASES = ["access.case.*"]


def open_case(company, dan, reference="2"):
    access.open_case(company.ben, system="helpdesk", reference=reference, customers=[dan])


def pass_on():
    sequencer.run_once()
    jobs.pass_on()


def states():
    return list(Delivery.objects.order_by("made_at").values_list("state", flat=True))
