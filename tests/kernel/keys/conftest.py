import pytest
from tests.keyhouse import Keyhouse


@pytest.fixture
def house(tmp_path):
    """Keys of a new installation, unsealed in this process."""
    house = Keyhouse(tmp_path)
    house.found()
    yield house
    house.close()
