"""Fixtures that more than one folder of tests uses."""

from tests.lab.fixtures import fresh_host, lab

__all__ = ["fresh_host", "lab"]
