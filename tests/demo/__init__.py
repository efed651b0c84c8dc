"""The main job on throw-away hosts, told step by step: ``make demo``."""
