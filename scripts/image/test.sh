#!/usr/bin/env bash
# Builds the connector's image and runs the connector inside it against the sandbox: with the machine's docker engine
# where one answers, otherwise with buildah and podman on a base made here (Debian 12, root; about five minutes).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source scripts/image/engine.sh

image=source-lms-reports:ci
build_args=()
if ! docker info > /dev/null 2>&1; then
  for tool in buildah debootstrap podman runc; do
    command -v "$tool" > /dev/null || missing="${missing:-} $tool"
  done
  if [ -n "${missing:-}" ]; then
    apt-get update -qq
    # shellcheck disable=SC2086 # one word a package
    DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends $missing > /dev/null
  fi
  PATH="$PWD/scripts/image/bin:$PATH"
  scripts/image/base.sh
  build_args=(--build-arg "BASE_IMAGE=$BASE_STAND_IN")
fi

docker build "${build_args[@]}" --tag "$image" --file Dockerfile .
if [ ${#build_args[@]} -gt 0 ]; then
  docker image prune --force > /dev/null # what an earlier build left in the stand-in's own store
fi
scenarios=$(basename --multiple --suffix .json integration_tests/configs/*.json | paste -sd,) # `all` is taken for a name
CONNECTOR_IMAGE=$image "${PYTHON:-.venv/bin/python}" -m pytest integration_tests -m image_tests \
  --connector-image "$image" --read-from-streams=all --read-scenarios="$scenarios" "$@"
