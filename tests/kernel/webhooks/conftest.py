import pytest
from tests.kernel.webhooks.story import CASES

from trustkeep.kernel.ledger import sequencer
from trustkeep.kernel.webhooks import actions


@pytest.fixture
def hook(company, receiver):
    """Dora hears of cases."""
    sequencer.run_once()
    return actions.add_webhook(company.dora, label="crm", url=receiver.url, events=CASES)
