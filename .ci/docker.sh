#!/usr/bin/env bash
# The image actions against real Docker: builds with BuildKit, pushes to two registries, pulls back, and compares. Takes the engine that answers; where none does and this is root, it
# installs and starts one of its own, in a folder of its own. The last line counts; what can't run is skipped with its reason.
set -u
cd "$(dirname "$0")/.." || exit 1
root=$PWD
buildx_version=v0.36.1 buildkit_version=v0.33.0
cache=${XDG_CACHE_HOME:-$HOME/.cache}/deploy-actions/docker
work=$(mktemp -d /tmp/docker-checks.XXXXXX)
mkdir -p "$cache" "$work/bin" "$work/config/cli-plugins"
export DOCKER_CONFIG=$work/config PATH=$root/node_modules/.bin:$work/bin:$PATH:/usr/sbin:/usr/local/go/bin
bridge_was_there=$([ -e /sys/class/net/docker0 ] && echo yes)

# Ends what was started here, and nothing else.
cleanup() {
  for pidfile in "$work"/*.pid; do
    [ -f "$pidfile" ] || continue
    pid=$(cat "$pidfile")
    kill "$pid" 2> /dev/null || continue
    for _ in $(seq 50); do kill -0 "$pid" 2> /dev/null || break; sleep 0.2; done
    kill -KILL "$pid" 2> /dev/null
  done
  if [ -f "$work/own-engine" ] && [ -z "$bridge_was_there" ]; then ip link delete docker0 2> /dev/null; fi
  grep -o " $work[^ ]*" /proc/mounts | sort -r | while read -r mount; do umount "$mount" 2> /dev/null; done
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

say() { echo "# $*"; }

# start NAME READY-COMMAND COMMAND…: a server in the background, its pid in a file; fails when it is not ready within 30 s.
start() {
  local name=$1 ready=$2
  shift 2
  "$@" > "$work/$name.txt" 2>&1 &
  echo $! > "$work/$name.pid"
  for _ in $(seq 150); do
    eval "$ready" > /dev/null 2>&1 && return 0
    kill -0 "$(cat "$work/$name.pid")" 2> /dev/null || break
    sleep 0.2
  done
  say "$name did not start: $(tail -n 1 "$work/$name.txt")"
  return 1
}

install() {
  [ "$(id -u)" = 0 ] && update || return 1
  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" >> "$work/apt.txt" 2>&1
}

# A package list, once, where it may be written.
update() {
  command -v apt-get > /dev/null || return 1
  [ "$(id -u)" != 0 ] || [ -f "$work/updated" ] || apt-get update > "$work/apt.txt" 2>&1
  touch "$work/updated"
}

# from_go MODULE VERSION PACKAGE NAME: builds a program from the Go module proxy into the cache. In a copy, since `go install` refuses modules with exclusions.
from_go() {
  local module=$1 version=$2 package=$3 program=$cache/$4-$2
  if [ ! -x "$program" ]; then
    command -v go > /dev/null || return 1
    local source
    source=$(go mod download -json "$module@$version" 2> "$work/go.txt" | sed -n 's/^\t"Dir": "\(.*\)",*$/\1/p')
    [ -n "$source" ] || return 1
    cp -r "$source" "$work/source" && chmod -R u+w "$work/source"
    say "building $4 $version from its module"
    (cd "$work/source" && CGO_ENABLED=0 GOFLAGS=-mod=mod timeout 480 go build -buildvcs=false -o "$program.new" "./$package") >> "$work/go.txt" 2>&1 && mv "$program.new" "$program" ||
      say "$4 could not be built: $(tail -n 1 "$work/go.txt" | grep . || echo 'no end within 8 minutes')"
    rm -rf "$work/source"
  fi
  [ -x "$program" ] && cp "$program" "$work/bin/$4"
}

engine() {
  docker info > /dev/null 2>&1 && return 0
  [ "$(id -u)" = 0 ] || { say 'no engine answers, and only root can start one'; return 1; }
  command -v dockerd > /dev/null || install docker.io || { say 'docker.io could not be installed'; return 1; }
  export DOCKER_HOST=unix://$work/docker.sock
  touch "$work/own-engine"
  start containerd "[ -S $work/containerd.sock ]" containerd --root "$work/containerd" --state "$work/containerd-state" --address "$work/containerd.sock" || return 1
  local options=(--data-root "$work/data" --exec-root "$work/exec" --pidfile "$work/dockerd-own.pid" --host "$DOCKER_HOST" --containerd "$work/containerd.sock" --iptables=false --ip6tables=false)
  start dockerd 'docker info' dockerd "${options[@]}" ||
    start dockerd 'docker info' dockerd "${options[@]}" --storage-driver=vfs ||
    start dockerd 'docker info' dockerd "${options[@]}" --storage-driver=vfs --bridge=none
}

buildx() {
  docker buildx version > /dev/null 2>&1 && return 0
  install docker-buildx && docker buildx version > /dev/null 2>&1 && return 0
  from_go github.com/docker/buildx "$buildx_version" cmd/buildx buildx && mv "$work/bin/buildx" "$DOCKER_CONFIG/cli-plugins/docker-buildx"
  docker buildx version > /dev/null 2>&1
}

# A builder that writes OCI layouts: a BuildKit of our own, or one in a container where its image can be pulled.
builder() {
  if [ "$(id -u)" = 0 ] && { command -v runc > /dev/null || install runc; } &&
    { command -v buildkitd > /dev/null || from_go github.com/moby/buildkit "$buildkit_version" cmd/buildkitd buildkitd; }; then
    emulator
    start buildkitd "[ -S $work/buildkitd.sock ]" buildkitd --root "$work/buildkit" --addr "unix://$work/buildkitd.sock" --oci-worker=true --containerd-worker=false --oci-worker-net=host &&
      docker buildx create --name checks --driver remote "unix://$work/buildkitd.sock" > /dev/null && return 0
  fi
  timeout 120 docker buildx create --name checks --driver docker-container --driver-opt network=host --bootstrap > "$work/create.txt" 2>&1
}

# BuildKit runs another architecture's programs through a program of this name on its PATH.
emulator() {
  local other=aarch64
  [ "$(uname -m)" = aarch64 ] && other=x86_64
  if [ ! -x "$cache/qemu-$other" ]; then
    update && (cd "$work" && apt-get download qemu-user-static && dpkg -x qemu-user-static_*.deb qemu) > "$work/qemu.txt" 2>&1 || return 1
    cp "$work/qemu/usr/bin/qemu-$other-static" "$cache/qemu-$other"
    rm -rf "$work"/qemu "$work"/qemu-user-static_*.deb
  fi
  cp "$cache/qemu-$other" "$work/bin/buildkit-qemu-$other"
}

busybox_static() {
  [ -x "$cache/busybox" ] && return 0
  update && (cd "$work" && apt-get download busybox-static && dpkg -x busybox-static_*.deb busybox) > "$work/busybox.txt" 2>&1 && cp "$work"/busybox/bin/busybox "$cache/busybox"
}

registry() {
  command -v docker-registry > /dev/null || install docker-registry || return 1
  local port
  port=$(node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })')
  printf 'version: 0.1\nlog: { level: error }\nstorage: { filesystem: { rootdirectory: %s }, delete: { enabled: true } }\nhttp: { addr: 127.0.0.1:%s }\n' "$work/registry" "$port" > "$work/registry.yml"
  start registry "curl -fs http://127.0.0.1:$port/v2/ || wget -qO- http://127.0.0.1:$port/v2/" docker-registry serve "$work/registry.yml" && registry_url=http://127.0.0.1:$port
}

[ -d node_modules ] || npm ci --no-audit --no-fund > /dev/null || exit 1
for action in build-image push-ecr; do
  [ -f "actions/$action/dist/index.js" ] || npm run -s build || exit 1
done

registry_url=''
export CHECK_ENGINE=no CHECK_BUILDX=no CHECK_BUILDER=no
command -v docker > /dev/null || install docker.io
engine && CHECK_ENGINE=yes
command -v docker > /dev/null && buildx && CHECK_BUILDX=yes
[ $CHECK_BUILDX = yes ] && builder && CHECK_BUILDER=yes
command -v skopeo > /dev/null || install skopeo
registry
busybox_static
export CHECK_WORK=$work CHECK_REGISTRY=$registry_url CHECK_BUSYBOX=$cache/busybox
say "engine $(docker version --format '{{.Server.Version}}' 2> /dev/null || echo none), $(docker buildx version 2> /dev/null || echo 'no buildx'), $(skopeo --version 2> /dev/null || echo 'no skopeo'), registry ${registry_url:-none}"
node scripts/docker-checks/main.ts
