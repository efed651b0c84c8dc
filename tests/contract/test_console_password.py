"""Passwords of consoles: long enough that no hash tells them, and hashed as the host's own PAM reads them."""

import re

from sopti_runner.adapters.console_password import hashed, make_password


def test_password_can_be_typed_and_its_hash_is_a_yescrypt_that_only_it_opens():
    password, made = make_password()
    assert re.fullmatch(r"([a-hj-km-np-z2-9]{4}-){5}[a-hj-km-np-z2-9]{4}", password)
    assert re.fullmatch(r"\$y\$[./A-Za-z0-9]+\$[./A-Za-z0-9]+\$[./A-Za-z0-9]{43}", made)
    assert hashed(password, made.encode()) == made
    assert hashed(password.upper(), made.encode()) != made


def test_no_two_are_alike():
    (one, first), (other, second) = make_password(), make_password()
    assert one != other
    assert hashed(one).split("$")[3] != first.split("$")[3] != second.split("$")[3]
