#!/usr/bin/env bash
# The source key of build-image against BuildKit's own Go packages, from the Go module proxy: pairs of contexts, and random trees under random ignore files. Needs Go and nothing else.
set -u
cd "$(dirname "$0")/.." || exit 1
export PATH=$PWD/node_modules/.bin:$PATH:/usr/local/go/bin
if ! command -v go > /dev/null; then
  echo 'skipped  no Go to build BuildKit'\''s walk with'
  echo '0 passed, 0 failed, 1 skipped'
  exit 0
fi
[ -d node_modules ] || npm ci --no-audit --no-fund > /dev/null || exit 1
work=$(mktemp -d /tmp/source-key.XXXXXX)
trap 'rm -rf "$work"' EXIT
(cd scripts/docker-checks/buildkit-walk && GOFLAGS=-mod=readonly timeout 300 go build -buildvcs=false -o "$work/buildkit-walk" .) || exit 1
node scripts/docker-checks/source-key.ts "$work/buildkit-walk" "${SEED:-20250601}"
