"""restic, by our own wrapper: commands as values, one place that runs them, one typed outcome.

Written for Debian's 0.14, whose exit codes tell little, and ready for the codes of 0.17 and newer.
"""
