"""What ssh wrote, read as the trouble it is, with the next thing to do."""

import pytest

from sopti_runner.adapters.ansible.ssh import trouble

REFUSED = "root@10.0.0.7: Permission denied (publickey)."
OTHER_KEY = "Host key verification failed."


def test_refused_login_leads_to_trying_the_host_by_both_ways():
    error = trouble("web1", REFUSED)
    assert error.what.format(**error.fields) == "Host web1 refuses the login"
    assert error.next.format(**error.fields).startswith("sopti access check web1")


@pytest.mark.parametrize("text", [OTHER_KEY, "sudo: a password is required", "Connection timed out"])
def test_other_trouble_than_a_refused_login_does_not_lead_to_the_keys(text):
    assert "access check" not in trouble("web1", text).next
