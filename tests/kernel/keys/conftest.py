import pytest
from tests.keyhouse import Keyhouse


@pytest.fixture(scope="session")
def founded_house(tmp_path_factory):
    """Keys as they are when just founded."""
    house = Keyhouse(tmp_path_factory.mktemp("founded_house"))
    house.found()
    house.close()
    return house


@pytest.fixture
def house(founded_house, tmp_path):
    """A copy of the founded keys, unsealed in this process."""
    house = founded_house.copy(tmp_path)
    house.unsealed()
    yield house
    house.close()
