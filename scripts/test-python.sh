#!/usr/bin/env bash
# A private Python environment below .run with what tests ask a second opinion of. A second run changes nothing.
. "$(dirname "$0")/lib.sh"
packages=(redis openapi-spec-validator)
python=$RUN/python/bin/python3
if ! "$python" -c 'import openapi_spec_validator, redis' 2>/dev/null; then
    say "installing ${packages[*]} into .run/python"
    mkdir -p "$RUN"
    /usr/bin/python3 -m venv --clear "$RUN/python"
    "$python" -m pip install -q --disable-pip-version-check "${packages[@]}"
fi
