#!/usr/bin/env bash
# Reads our workflow files with tools that others wrote: actionlint (Go module proxy) and zizmor (PyPI).
set -u
cd "$(dirname "$0")/.." || exit 1
passed=0 failed=0 skipped=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

ok() { echo "ok       $1"; passed=$((passed + 1)); }
bad() { echo "not ok   $1"; failed=$((failed + 1)); }
skip() { echo "skipped  $1: $2"; skipped=$((skipped + 1)); }

files=(.github/workflows/*.yml examples/*/.github/workflows/*.yml)

if command -v go > /dev/null && GOBIN=$work timeout 600 go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12 > "$work/go.log" 2>&1; then
  # `$/` came after this release of actionlint; nothing else is ignored.
  if "$work/actionlint" -no-color -shellcheck= -pyflakes= -ignore 'specifying action "\$/[^"]+" in invalid format' "${files[@]}"; then
    ok "actionlint on ${#files[@]} workflow files"
  else
    bad "actionlint"
  fi
else
  skip actionlint "it could not be installed (go: $(command -v go || echo 'not here'))"
fi

if python3 -m venv "$work/venv" > /dev/null 2>&1 && "$work/venv/bin/pip" install --quiet 'zizmor==1.30.*' > "$work/pip.log" 2>&1; then
  if "$work/venv/bin/zizmor" --offline --no-progress --min-severity=medium --config .github/zizmor.yml .github/workflows examples/*/.github/workflows; then
    ok "zizmor"
  else
    bad "zizmor"
  fi
else
  skip zizmor "it could not be installed: $(tail -n 1 "$work/pip.log" 2> /dev/null)"
fi

if [ "$skipped" -gt 0 ]; then echo "$passed passed, $failed failed, $skipped skipped"; else echo "$passed passed, $failed failed"; fi
[ "$failed" -eq 0 ]
