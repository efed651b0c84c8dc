"""Compile message catalogues (``FILE.po`` → ``FILE.mo``).

pybabel would do, but takes the per cent sign of "{share} % of" for a Python format and refuses the catalogue; our
placeholders are ``{name}``, and a test of their own keeps them whole.
"""

import sys
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

for name in sys.argv[1:]:
    source = Path(name)
    with source.open("rb") as text, source.with_suffix(".mo").open("wb") as compiled:
        write_mo(compiled, read_po(text, locale=source.parts[-3]))
