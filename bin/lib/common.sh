# Shared by the commands in bin/: finds or fetches Node 24, installs the npm packages, and runs things as the unprivileged
# account when started by root. Source it; it defines functions and ROOT, and changes nothing by itself.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
ACCOUNT=recourse
NODE_MAJOR=24
NODE_PACKAGE=node@24.21.0

say() { printf '\033[1m· %s\033[0m\n' "$*" >&2; }
fail() { printf '\n%s\n' "$*" >&2; exit 1; }
is_root() { [ "$(id -u)" = 0 ]; }

# As root everything that runs, runs as the account `recourse`: servers that read hostile mail must not be root.
need_account() {
  is_root || return 0
  if id "$ACCOUNT" >/dev/null 2>&1; then
    # Somebody may have removed its home and left the account.
    local home; home=$(getent passwd "$ACCOUNT" | cut -d: -f6)
    [ -d "$home" ] || install -d -m 755 -o "$ACCOUNT" -g "$(id -g "$ACCOUNT")" "$home"
    return 0
  fi
  say "Making the unprivileged account \"$ACCOUNT\" that everything will run as"
  useradd --system --create-home --home-dir /var/lib/recourse --shell /usr/sbin/nologin "$ACCOUNT"
}

# Where Node keeps what it has compiled, so that the next start is faster; nobody else may write there. Empty (no home): nowhere.
compiled() { echo "${NODE_COMPILE_CACHE:-${1:+$1/.cache/recourse/node}}"; }

# Runs a command as the unprivileged account (root), or as it is.
as_account() {
  if is_root; then
    local home; home=$(getent passwd "$ACCOUNT" | cut -d: -f6)
    # setpriv becomes the command; su and runuser would stand between, and kill it 2 s after a Ctrl-C.
    setpriv --reuid="$ACCOUNT" --regid="$(id -g "$ACCOUNT")" --init-groups env HOME="$home" USER="$ACCOUNT" LOGNAME="$ACCOUNT" PATH="$PATH" NODE_COMPILE_CACHE="$(compiled "$home")" "$@"
  else
    NODE_COMPILE_CACHE="$(compiled "${HOME:-}")" "$@"
  fi
}

# A checkout below a closed home directory cannot be read by the account: work on a copy that it can read.
need_reachable_checkout() {
  is_root || return 0
  as_account test -r "$ROOT/package.json" -a -x "$ROOT/bin" && return 0
  local copy=/var/lib/recourse/checkout
  say "The account \"$ACCOUNT\" cannot read $ROOT: going on with a copy in $copy"
  mkdir -p "$copy"
  (cd "$ROOT" && tar --exclude=./node_modules --exclude=./.node --exclude=./.git --exclude=./console/dist -cf - .) | tar -xf - -C "$copy"
  # Test data that lies beside the checkout goes along, so that the tests that read it need not be skipped.
  if [ "$(basename "$0")" = test ] && [ -d "$ROOT/../shared/corpus" ]; then
    mkdir -p /var/lib/recourse/shared
    cp -R --update "$ROOT/../shared/." /var/lib/recourse/shared/
    chmod -R a+rX /var/lib/recourse/shared
  fi
  chmod -R a+rX "$copy"
  exec "$copy/bin/$(basename "$0")" "$@"
}

need_node() {
  command -v npm >/dev/null 2>&1 || fail "npm is missing. Install Node.js 20 or newer with npm (Debian: apt-get install nodejs npm), then run this again."
  local have
  have=$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)
  [ "$have" -ge "$NODE_MAJOR" ] && return 0
  [ "$have" -ge 20 ] || fail "Node.js 20 or newer is needed to start; found ${have/#0/none}. Install it (Debian: apt-get install nodejs npm), then run this again."
  local dir=$ROOT/.node
  if [ ! -x "$dir/node_modules/node/bin/node" ]; then
    [ -w "$ROOT" ] || fail "Node $NODE_MAJOR is needed and $ROOT is not writable: run this once as $(stat -c %U "$ROOT"), who owns it."
    say "Fetching Node $NODE_MAJOR (here is $have) into .node/"
    mkdir -p "$dir"
    echo '{"private":true,"description":"Node for this checkout, fetched by bin/*"}' >"$dir/package.json"
    (cd "$dir" && npm install --no-save --no-audit --no-fund --loglevel=error "$NODE_PACKAGE" >&2) || fail "npm could not install $NODE_PACKAGE (see above). Check the network or the registry, then run this again."
    # npm may have been told not to run install scripts; the binary's own package is then fetched by name.
    if [ ! -x "$dir/node_modules/node/bin/node" ]; then
      local arch
      arch=$(node -p 'process.platform + "-" + process.arch')
      (cd "$dir" && npm install --no-save --no-audit --no-fund --loglevel=error "node-$arch@${NODE_PACKAGE#node@}" >&2) || fail "npm could not install node-$arch (see above)."
      mkdir -p "$dir/node_modules/node/bin"
      ln -sf "../../node-$arch/bin/node" "$dir/node_modules/node/bin/node"
    fi
  fi
  export PATH="$dir/node_modules/node/bin:$PATH"
}

need_packages() {
  local stamp=$ROOT/node_modules/.recourse-installed lock
  lock=$(sha256sum "$ROOT/package-lock.json" | cut -d' ' -f1)
  [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$lock" ] && return 0
  [ -w "$ROOT" ] || fail "npm packages are missing and $ROOT is not writable: run this once as $(stat -c %U "$ROOT"), who owns it."
  say "Installing npm packages (about a minute)"
  (cd "$ROOT" && npm ci --no-audit --no-fund --loglevel=error >&2) || fail "npm ci failed (see above). Check the network or the registry, then run this again."
  # Only creates library links inside the PostgreSQL package that npm may have skipped.
  (cd "$ROOT" && node server/tools/prepare-postgres.ts >&2) || fail "The embedded PostgreSQL could not be prepared (see above)."
  is_root && chmod -R a+rX "$ROOT/node_modules" 2>/dev/null
  echo "$lock" >"$stamp"
}

need_console() {
  local stamp=$ROOT/console/dist/.built-from from
  from=$(cd "$ROOT" && find console/src console/index.html console/vite.config.ts package-lock.json -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1)
  [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$from" ] && return 0
  [ -w "$ROOT" ] || fail "The console is not built and $ROOT is not writable: run this once as $(stat -c %U "$ROOT"), who owns it."
  say "Building the console"
  (cd "$ROOT/console" && npx vite build --logLevel warn >&2) || fail "The console could not be built (see above)."
  echo "$from" >"$stamp"
  is_root && chmod -R a+rX "$ROOT/console/dist"
  return 0
}

need_all() {
  umask 022
  need_account
  need_reachable_checkout "$@"
  need_node
  need_packages
}
