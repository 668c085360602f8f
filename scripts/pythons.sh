#!/usr/bin/env bash
# Runs `make test` with each interpreter that is named, in a fresh clone of what is committed, and keeps which passed in
# integration_tests/clients/pythons.json. Ends with 1 where one did not pass; the others are run all the same.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

results=$PWD/integration_tests/clients/pythons.json
failed=()
for python in "$@"; do
  clone=.pythons/$(basename "$(dirname "$(dirname "$(command -v "$python")")")")-$(basename "$python")
  rm -rf "$clone"
  if git clone --quiet . "$clone" && make -C "$clone" PYTHON="$python" RECORD="--record-python=$results" test; then
    rm -rf "$clone"
  else
    failed+=("$python")
  fi
done
if [ ${#failed[@]} -gt 0 ]; then
  echo "make test did not pass with: ${failed[*]}; the clones are in .pythons/" >&2
  exit 1
fi
