"""What an error may repeat of an inventory: names, and nothing that only stands where a name should."""

import pytest

from sopti_runner.adapters.ansible.inventory import Inventory
from sopti_runner.errors import ContentError


@pytest.mark.parametrize(("known", "suggested"), [("web1", "web1"), ("web1 x: \x1b[2J", None)])
def test_unknown_host_is_told_only_names(known, suggested):
    inventory = Inventory(hosts={known: {}}, groups={"all": (known,)})
    with pytest.raises(ContentError) as caught:
        inventory.chosen(["web1 x:"] if suggested is None else ["wbe1"])
    assert caught.value.fields.get("suggestion") == suggested
    assert caught.value.expected == (suggested or "")
