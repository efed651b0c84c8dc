#!/bin/sh
# Print the exact versions that the virtual environment holds, as constraints.txt.
set -eu
echo "# Exact versions of everything sopti runs with and is tested with. Made by: make constraints"
python -m pip list --format=freeze --exclude pip --exclude wheel --exclude sopti-runner 2>/dev/null |
    sed 's/[[:space:]]*$//' | grep -E '^[A-Za-z0-9._-]+==' | LC_ALL=C sort -f
