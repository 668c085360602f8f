# Sourced by the scripts beside it: buildah and podman with a store of their own, on machines where no container engine
# runs and where a process may not make cgroups or raise its limits (inside a virtual machine or a container).
# shellcheck shell=bash

STORE="${CTR_STORE:-$(git -C "$(dirname "${BASH_SOURCE[0]}")" rev-parse --show-toplevel)/.ctr}"
BASE_STAND_IN=localhost/python-connector-base:stand-in

store_args=(--root "$STORE/root" --runroot "$STORE/run" --storage-driver "${CTR_DRIVER:-overlay}")

buildah_() {
  buildah "${store_args[@]}" "$@"
}

podman_() {
  podman "${store_args[@]}" --tmpdir "$STORE/tmp" --cgroup-manager cgroupfs --runtime runc --events-backend none "$@"
}

# What stands between a plain `run` and such a machine: limits that it could not raise.
run_args=(--ulimit nofile=1024:1024 --ulimit nproc=1024:1024)
