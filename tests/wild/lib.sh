# Shared by run.sh and clients.sh: installing what a folder pins, a free port, waiting, and stopping what was started.
# shellcheck shell=bash

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
cd "$root"

WILD_DIR=${WILD_DIR:-./target/wild}
mkdir -p "$WILD_DIR"
WILD_DIR=$(cd "$WILD_DIR" && pwd)
scimulator=${SCIMULATOR:-target/release/scimulator}

# The one token of every server here. It guards nothing and may be printed.
token=wild-test-token

# Whatever is started in the background leads a process group of its own (hence `set -m` around it), so that it can be ended
# with all its children.
server_pid=
server_store=
tool_pid=

# end_group PID: end a process group that was started here, and wait until its leader is gone.
end_group() {
    kill -- "-$1" 2>/dev/null || true
    for _ in {1..50}; do
        kill -0 "$1" 2>/dev/null || break
        sleep 0.1
    done
    kill -9 -- "-$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
}

# stop_server: end what start_server or serve_ours began, and remove its store.
stop_server() {
    [[ -z $server_pid ]] || end_group "$server_pid"
    [[ -z $server_store ]] || rm -rf "$server_store"
    server_pid='' server_store=''
}

# tool OUT COMMAND…: run a command that writes to OUT; sets `code` to its exit code. It runs in the background since bash
# heeds no signal while it waits for a command in the foreground.
tool() {
    local out=$1
    shift
    set -m
    "$@" >"$out" 2>&1 </dev/null &
    tool_pid=$!
    set +m
    code=0
    wait "$tool_pid" || code=$?
    tool_pid=
}

stop_all() {
    [[ -z $tool_pid ]] || end_group "$tool_pid"
    stop_server
}
trap stop_all EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# install_pinned FOLDER: install what FOLDER pins below WILD_DIR, once for each state of the pins; sets `home`.
install_pinned() {
    local folder=$1 name pins stamp
    name=$(basename "$folder")
    home=$WILD_DIR/install/$name
    mkdir -p "$home"
    if [[ -f $folder/requirements.txt ]]; then pins=$folder/requirements.txt; else pins=$folder/package-lock.json; fi
    stamp=$(sha256sum "$pins" | cut -d' ' -f1)
    [[ -f $folder/server.mjs ]] && cp "$folder/server.mjs" "$home/"
    [[ $(cat "$home/.stamp" 2>/dev/null) == "$stamp" ]] && return
    echo "$name: installing into $home" >&2
    if [[ $pins == *.txt ]]; then
        rm -rf "$home/venv"
        python3 -m venv "$home/venv" || return
        # The pins name every package, so nothing is left to be resolved.
        "$home/venv/bin/pip" --quiet --disable-pip-version-check install --no-deps -r "$pins" || return
    else
        cp "$folder/package.json" "$folder/package-lock.json" "$home/"
        (cd "$home" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null) || return
    fi
    echo "$stamp" >"$home/.stamp"
}

# free_port: print a loopback port that nothing listens on, below those that the system gives to clients (32768 and up).
free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 12000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
    done
    echo "$port"
}

# wait_for URL LOG: until URL answers with success, at most 30 s, or the server has ended. Who else has the port does not
# know the token or the path.
wait_for() {
    local url=$1 log=$2
    for _ in {1..150}; do
        curl --silent --fail --output /dev/null --max-time 2 --header "Authorization: Bearer $token" "$url" && return
        kill -0 "$server_pid" 2>/dev/null || break
        sleep 0.2
    done
    echo "no answer from $url; the end of $log:" >&2
    tail -n 20 "$log" >&2
    return 1
}
