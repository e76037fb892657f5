# Sourced by scripts that need a running simulator. Sets `url` and `simulator_pid`; the caller's trap ends it by `stop_simulator`.

passed=0 failed=0 skipped=0
ok() { echo "ok       $1"; passed=$((passed + 1)); }
bad() { echo "not ok   $1"; failed=$((failed + 1)); }
skip() { echo "skipped  $1: $2"; skipped=$((skipped + 1)); }
finish() {
  if [ "$skipped" -gt 0 ]; then echo "$passed passed, $failed failed, $skipped skipped"; else echo "$passed passed, $failed failed"; fi
  [ "$failed" -eq 0 ]
}

# start_simulator LOG ARGUMENTS…
start_simulator() {
  local log=$1
  shift
  : > "$log"
  node_modules/.bin/node packages/aws-simulator/src/cli.ts --port 0 "$@" > "$log" 2>&1 &
  simulator_pid=$!
  for _ in $(seq 100); do
    url=$(sed -n 's/^listening on //p' "$log")
    [ -n "$url" ] && return 0
    kill -0 "$simulator_pid" 2> /dev/null || break
    sleep 0.1
  done
  echo "the simulator did not start:"
  cat "$log"
  return 1
}

stop_simulator() {
  [ -n "${simulator_pid:-}" ] || return 0
  kill "$simulator_pid" 2> /dev/null
  wait "$simulator_pid" 2> /dev/null
  simulator_pid=
}

# need COMMAND PACKAGE: true when the command is there or Debian's package could be installed.
need() {
  command -v "$1" > /dev/null && return 0
  command -v apt-get > /dev/null && [ "$(id -u)" -eq 0 ] || return 1
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive timeout 600 apt-get install -y -qq --no-install-recommends "$2"; } > /dev/null 2>&1
  command -v "$1" > /dev/null
}
