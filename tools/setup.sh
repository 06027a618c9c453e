# Sourced by tools/run.sh: what a fresh clone needs before a task can run. Quick when nothing is missing.
#
# set_up_packages  the npm packages, among them the Node that everything here runs on
# set_up_programs  the outside programs that tests need, through the system's package manager
#
# Linux (apt) and macOS (brew); Windows through WSL.

PATH="$PWD/node_modules/.bin:$PATH:/usr/sbin"
export PATH

# Debian keeps PostgreSQL's programs out of the way, a folder for each version.
find_postgres() {
  for folder in /usr/lib/postgresql/*/bin; do PATH="$PATH:$folder"; done
}

set_up_packages() {
  stamp=node_modules/.set-up-for
  wanted=$(cksum < package-lock.json)
  if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && node_is_new_enough; then return; fi
  command -v npm >/dev/null || fail "npm is missing. Install Node.js (any version that brings npm), then try again."
  echo "Installing npm packages (first run only) ..." >&2
  # Not `npm ci`: it refuses a lock file that does not list every other platform's binaries, which a
  # registry mirror may lack. Versions are the lock file's all the same.
  if node_is_new_enough; then npm install $quietly >&2; else install_with_new_node; fi
  node_is_new_enough || fail "Node $(node --version) is too old, and the repository's own Node did not install. Install Node 24 or newer, or allow the install script of the package 'node' (npm rebuild node)."
  echo "$wanted" > "$stamp"
}

quietly='--no-save --no-audit --no-fund --loglevel=error'

# Under an old Node, npm leaves out optional packages that want a newer one; and an old npm does not
# run on a new Node. So both are fetched first, and they install the rest.
install_with_new_node() {
  new=node_modules/.bootstrap
  wanted_node=$(sed -n 's/.*"node": "\([0-9.]*\)".*/\1/p' package.json)
  # shellcheck disable=SC2086
  npm install --prefix "$new" $quietly "node@$wanted_node" npm@11 >&2
  # shellcheck disable=SC2086
  PATH="$PWD/$new/node_modules/.bin:$PATH" npm install $quietly >&2
  rm -rf "$new"
}

node_is_new_enough() {
  [ "$(node -p 'process.versions.node.split(".")[0] >= 24' 2>/dev/null)" = true ]
}

# program:apt package:brew package
programs='
arm-none-eabi-gcc:gcc-arm-none-eabi:gcc-arm-embedded
qemu-system-arm:qemu-system-arm:qemu
cmake:cmake:cmake
make:make:make
cc:build-essential:gcc
git:git:git
python3:python3:python
gdb-multiarch:gdb-multiarch:gdb
postgres:postgresql:postgresql
nats-server:nats-server:nats-server
mosquitto:mosquitto:mosquitto
openssl:openssl:openssl
sigrok-cli:sigrok-cli:sigrok-cli
systemd-notify:systemd:
'

# Those that only `npm run test:slow` needs.
slow_programs='
haproxy:haproxy:haproxy
caddy:caddy:caddy
debootstrap:debootstrap:
systemd-nspawn:systemd-container:
'

# Argument: further rows.
set_up_programs() {
  wanted="$programs ${1:-}"
  set_up_adapter
  find_postgres
  missing=''
  apt_packages=''
  brew_packages=''
  for row in $wanted; do
    program=${row%%:*}
    rest=${row#*:}
    if ! command -v "$program" >/dev/null; then
      missing="$missing $program"
      apt_packages="$apt_packages ${rest%%:*}"
      brew_packages="$brew_packages ${rest#*:}"
    fi
  done
  if command -v arm-none-eabi-gcc >/dev/null && ! has_libraries; then
    missing="$missing newlib libstdc++"
  fi
  [ -n "$missing" ] || return 0
  echo "Installing what tests need:$missing ..." >&2
  if command -v apt-get >/dev/null; then
    install_with_apt $apt_packages libnewlib-arm-none-eabi libstdc++-arm-none-eabi-newlib
  elif command -v brew >/dev/null; then
    # shellcheck disable=SC2086
    brew install $brew_packages >&2 || true
  fi
  find_postgres
  for row in $wanted; do
    program=${row%%:*}
    command -v "$program" >/dev/null && continue
    [ "${CI:-}" = true ] && fail "$program is missing and could not be installed."
    echo "note: $program is missing and could not be installed; the tests that need it are skipped." >&2
  done
}

# A debug adapter, which tests drive as an editor does; apart, and without its install scripts, which
# want to compile what nobody here uses.
set_up_adapter() {
  folder=test/debug/adapter
  [ $folder/node_modules/.package-lock.json -nt $folder/package-lock.json ] && return
  # shellcheck disable=SC2086
  (cd $folder && npm install --ignore-scripts $quietly) >&2 && return
  [ "${CI:-}" = true ] && fail "the packages of $folder could not be installed."
  echo "note: the packages of $folder could not be installed; the tests that need them are skipped." >&2
}

# Of the Arm tool chain, for C and for C++.
has_libraries() {
  for library in libc.a libstdc++.a; do
    [ -n "$(arm-none-eabi-gcc -mcpu=cortex-m33 -print-file-name=$library 2>/dev/null | grep /)" ] || return 1
  done
}

install_with_apt() {
  as_root=''
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || return 0
    as_root=sudo
  fi
  $as_root apt-get update -qq >&2 || true
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends "$@" >/dev/null || true
}

fail() {
  echo "error: $1" >&2
  exit 1
}
