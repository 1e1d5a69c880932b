#!/usr/bin/env bash
# Run `scimulator check` against SCIM servers that others wrote. See README.md beside this file.
#
#   tests/wild/run.sh [NAME…]         check each server (all of them without a name)
#   tests/wild/run.sh --serve NAME    only start one, show its URL, and wait for Ctrl-C
set -euo pipefail
# shellcheck source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

all=(scim2-server django-scim2 django-scim2-server canaille scimmy better-auth)

# base_path NAME: where below the origin the SCIM endpoints of the server are.
base_path() {
    case $1 in
        scim2-server) echo /v2 ;;
        better-auth) echo /api/auth/scim/v2 ;;
        *) echo /scim/v2 ;;
    esac
}

# start_server NAME: install and start it; sets `url`. Another process may take the port in between, so there are three
# attempts. Called where errexit is off, hence the `|| return`s.
start_server() {
    install_pinned "$here/$1" || return
    for _ in 1 2 3; do
        start_once "$1" && return
        stop_server
        grep -qiE 'address already in use|port is already in use|EADDRINUSE' "$WILD_DIR/$1.log" || break
    done
    return 1
}

# start_once NAME: start what is installed in `home`, on a free port; sets `url`.
start_once() {
    local name=$1 port log=$WILD_DIR/$1.log
    port=$(free_port)
    url=http://127.0.0.1:$port$(base_path "$name")
    server_store=$(mktemp -d "$WILD_DIR/store.XXXXXX")
    local python=$home/venv/bin/python
    local command=("$python" "$here/$name/server.py")
    case $name in
        scim2-server)
            command=("$home/venv/bin/scim2-server" --hostname 127.0.0.1 --port "$port" --bearer-token "$token") ;;
        scimmy | better-auth) command=(node "$home/server.mjs") ;;
    esac
    set -m
    (
        cd "$server_store"
        export WILD_PORT=$port WILD_TOKEN=$token WILD_STORE=$server_store PYTHONDONTWRITEBYTECODE=1
        exec "${command[@]}"
    ) >"$log" 2>&1 </dev/null &
    server_pid=$!
    set +m
    wait_for "$url/ServiceProviderConfig" "$log"
}

known() {
    local name
    for name in "${all[@]}"; do [[ $name == "$1" ]] && return; done
    echo "unknown server \`$1\`; known: ${all[*]}" >&2
    exit 2
}

if [[ ${1:-} == --serve ]]; then
    known "${2:-}"
    start_server "$2"
    echo "listening on $url with the token $token"
    wait "$server_pid"
    exit
fi

for name in "$@"; do known "$name"; done
if [[ $# -gt 0 ]]; then names=("$@"); else names=("${all[@]}"); fi
for name in "${names[@]}"; do
    if ! start_server "$name"; then
        echo "$name: did not start"
        stop_server
        continue
    fi
    tool "$WILD_DIR/$name.txt" "$scimulator" check --target "$url" --token "$token" \
        --report "json=$WILD_DIR/$name.json" --report "html=$WILD_DIR/$name.html"
    stop_server
    echo "$name: exit code $code: $(grep -v '^[[:space:]]*$' "$WILD_DIR/$name.txt" | tail -n 1)"
done
