#!/usr/bin/env bash
# The OCI distribution specification's own conformance suite against the simulator's registry (profile `oci`: one that behaves exactly as
# Amazon ECR does cannot pass it). The suite comes through Go's module tools: main, or CONFORMANCE_VERSION; where the module proxy
# cannot resolve that, the suite of release 1.1.1.
set -u
cd "$(dirname "$0")/.." || exit 1
. .ci/lib/simulator.sh
work=$(mktemp -d)
trap 'stop_simulator; chmod -R u+w "$work"; rm -rf "$work"' EXIT
module=github.com/opencontainers/distribution-spec/conformance
version=${CONFORMANCE_VERSION:-main}
release=v0.0.0-20250123160558-a139cc423184

if ! need go golang-go; then
  skip conformance 'no Go toolchain, and none could be installed'
  finish
  exit
fi
start_simulator "$work/simulator.log" --registry oci || { bad 'the simulator starts'; finish; exit; }
host=${url#http://}

# count_junit FILE: adds up a JUnit report.
count_junit() {
  local cases failures skips
  cases=$(grep -o '<testcase ' "$1" | wc -l)
  failures=$(grep -oE '<(failure|error)[ >/]' "$1" | wc -l)
  skips=$(grep -oE '<skipped[ >/]' "$1" | wc -l)
  passed=$((passed + cases - failures - skips)) failed=$((failed + failures)) skipped=$((skipped + skips))
}

if GOBIN=$work timeout 600 go install "$module@$version" > "$work/go.log" 2>&1; then
  echo "suite: $(go version -m "$work/conformance" | awk '$1 == "mod" { print $2, $3 }')"
  mkdir "$work/results"
  (
    cd "$work" || exit 1
    OCI_REGISTRY=$host OCI_TLS=disabled OCI_REPO1=conformance/one OCI_REPO2=conformance/two OCI_VERSION=${OCI_VERSION:-1.1} \
      OCI_RESULTS_DIR=$work/results timeout 300 ./conformance
  ) > "$work/suite.log" 2>&1
  status=$?
  grep -iE '^ *(result|overall|total|fail)' "$work/suite.log" | head -n 20
  if [ -s "$work/results/junit.xml" ]; then count_junit "$work/results/junit.xml"; fi
  if [ "$status" -ne 0 ] || [ "$passed" -eq 0 ]; then
    tail -n 40 "$work/suite.log"
    [ "$failed" -gt 0 ] || bad "the suite ended with exit code $status"
  fi
  finish
  exit
fi
echo "$version of the suite cannot be had here: $(grep -v '^go: downloading' "$work/go.log" | tail -n 1 | cut -c 1-160)"

# A release has no tag of its own for this nested module, and not every proxy answers for it by name: so by the exact file.
proxy=$(go env GOPROXY | tr ',|' '\n\n' | grep -m 1 '^https\?://')
if ! curl -fsSL --max-time 120 -o "$work/suite.zip" "$proxy/$module/@v/$release.zip"; then
  skip conformance 'the module proxy has neither version of the suite'
  finish
  exit
fi
(cd "$work" && { unzip -q suite.zip 2> /dev/null || python3 -m zipfile -e suite.zip .; })
if ! (cd "$work/$module@$release" && GOFLAGS=-mod=mod timeout 600 go test -c -o "$work/suite.test" .) > "$work/go.log" 2>&1; then
  tail -n 20 "$work/go.log"
  bad 'the suite of release 1.1.1 builds'
  finish
  exit
fi
echo "suite: $module $release (release 1.1.1)"
OCI_ROOT_URL=$url OCI_NAMESPACE=conformance/one OCI_CROSSMOUNT_NAMESPACE=conformance/two OCI_USERNAME=any OCI_PASSWORD=any \
  OCI_TEST_PULL=1 OCI_TEST_PUSH=1 OCI_TEST_CONTENT_DISCOVERY=1 OCI_TEST_CONTENT_MANAGEMENT=1 OCI_AUTOMATIC_CROSSMOUNT=1 \
  OCI_REPORT_DIR=$work timeout 300 "$work/suite.test" -ginkgo.no-color > "$work/suite.log" 2>&1
grep -E '^(Ran|SUCCESS|FAIL|  \[FAIL\])' "$work/suite.log"
line=$(sed -nE 's/^(SUCCESS|FAIL)! -- ([0-9]+) Passed \| ([0-9]+) Failed \| [0-9]+ Pending \| ([0-9]+) Skipped.*/\2 \3 \4/p' "$work/suite.log")
if [ -n "$line" ]; then
  read -r passed failed skipped <<< "$line"
else
  tail -n 40 "$work/suite.log"
  bad 'the suite ran'
fi
finish
