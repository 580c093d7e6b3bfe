import pytest
from django.db import connection

from trustkeep.kernel.clauses import runner
from trustkeep.kernel.clauses.checks import CHECKS
from trustkeep.kernel.clauses.models import CheckResult
from trustkeep.kernel.keys import kit, looking, service
from trustkeep.kernel.ledger import sequencer


@pytest.fixture
def light():
    """Runs the checks of a part now; says each result's status by the check's short name."""

    def light(part):
        checks = [each for each in CHECKS.values() if each.part == part]
        assert checks, part
        runner.run(checks)
        return {
            each.name.rpartition(".")[2]: str(
                CheckResult.objects.filter(check_name=each.name).latest("at").status
            )
            for each in checks
        }

    return light


@pytest.fixture
def looked():
    """Has the ledger sequenced, and state and ledger compared."""

    def looked():
        sequencer.run_once()
        return looking.look()

    return looked


@pytest.fixture
def proven_kit(tmp_path):
    """A recovery kit that opened."""

    def prove():
        path = tmp_path / "kit.txt"
        code = kit.make(service.current(), path)
        return kit.prove(service.current(), path, code)

    return prove


@pytest.fixture
def sql():
    def sql(statement, *values):
        with connection.cursor() as cursor:
            cursor.execute(statement, values or None)

    return sql
