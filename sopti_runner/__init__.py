"""sopti: each change traces back to an approved request, and exactly what was approved is what runs."""

__version__ = "0.1.0"
