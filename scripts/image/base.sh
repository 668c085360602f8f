#!/usr/bin/env bash
# Makes a stand-in for Airbyte's Python connector base from the machine's own Debian mirror, for machines that reach no
# container registry: the same Python line (3.11 on Debian 12), the same user airbyte (1000:1000), the same folder.
# Needs root, buildah and debootstrap.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/engine.sh"

if buildah_ inspect --type image "$BASE_STAND_IN" > /dev/null 2>&1; then
  exit 0
fi

release=$(. /etc/os-release && echo "$VERSION_CODENAME")
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' "Release: $release" | head -n 1)
root=$(mktemp -d)
trap 'rm -rf --one-file-system "$root"' EXIT

debootstrap --variant=minbase --include=python3,python3-venv,python3-pip,ca-certificates "$release" "$root" "$mirror" > "$root.log" 2>&1 \
  || { tail -n 20 "$root.log"; exit 1; }

ln -sf python3 "$root/usr/bin/python"
rm -f "$root"/usr/lib/python3*/EXTERNALLY-MANAGED
rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/usr/share/doc "$root"/usr/share/locale
# The machine's own authorities: a company's proxy may sign what pip downloads.
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
printf '[global]\ncert = /etc/ssl/certs/ca-certificates.crt\n' > "$root/etc/pip.conf"
chroot "$root" useradd --uid 1000 --user-group --create-home airbyte
install -d -o 1000 -g 1000 "$root/airbyte" "$root/airbyte/integration_code"

container=$(buildah_ from scratch)
buildah_ add --quiet "$container" "$root" / > /dev/null
buildah_ config --user airbyte --workingdir /airbyte --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
buildah_ commit --quiet --rm "$container" "$BASE_STAND_IN"
