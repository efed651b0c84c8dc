#!/bin/sh
# Collect the wheels of everything sopti runs with into a folder, for a machine without internet. Run in the virtual
# environment; the other machine needs the same Python version and processor.
#
#   wheelhouse.sh FOLDER
set -eu
cd "$(dirname "$0")/.."
names=$(mktemp)
trap 'rm -f "$names"' EXIT
python - >"$names" <<'END'
import pathlib, tomllib
project = tomllib.loads(pathlib.Path("pyproject.toml").read_text(encoding="utf-8"))
print("\n".join(project["build-system"]["requires"] + project["project"]["dependencies"]))
END
python -m pip wheel --quiet --disable-pip-version-check --constraint constraints.txt --wheel-dir "$1" --requirement "$names"
