"""The kit's file says what it is, and kits of the earlier form open as well."""

import pytest

from trustkeep.base.errors import Unacceptable
from trustkeep.kernel.keys import kit, service


def test_the_file_says_what_it_is_and_opens(installation, tmp_path):
    path = tmp_path / "kit"
    code = kit.make(service.current(), path)

    head = path.read_text().splitlines()[0]
    assert head.startswith(
        f"# Recovery kit of the Trustkeep installation {service.current().install}"
    )
    assert str(service.current().install) == kit.opened(path, code)["install"]
    kit.prove(service.current(), path, code)


def test_a_kit_without_that_head_opens_too(installation, tmp_path):
    path, old = tmp_path / "kit", tmp_path / "old"
    code = kit.make(service.current(), path)
    old.write_text("\n".join(each for each in path.read_text().split("\n") if each[:1] != "#"))

    assert kit.opened(path, code) == kit.opened(old, code)
    with pytest.raises(Unacceptable):
        kit.opened(old, code[:-1] + "?")
