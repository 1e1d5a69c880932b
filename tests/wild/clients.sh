#!/usr/bin/env bash
# Let SCIM test tools and a client that others wrote loose on `scimulator serve`. See README.md beside this file.
#
#   tests/wild/clients.sh [NAME…]     run each against the profiles rfc and interop (all of them without a name)
set -euo pipefail
# shellcheck source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

all=(scim2-cli scim-sanity scim-sim)

# serve_ours PROFILE: start the built-in provider; sets `url`.
serve_ours() {
    local log=$WILD_DIR/serve-$1.log
    server_store=$(mktemp -d "$WILD_DIR/store.XXXXXX")
    : >"$log" # so that the URL of an earlier run is not taken for this one's
    set -m
    "$scimulator" serve --listen 127.0.0.1:0 --token "$token" --profile "$1" >"$log" 2>&1 </dev/null &
    server_pid=$!
    set +m
    for _ in {1..100}; do
        url=$(sed -n 's/^listening on //p' "$log")
        [[ -n $url ]] && return
        kill -0 "$server_pid" 2>/dev/null || break
        sleep 0.1
    done
    echo "the provider did not start; the end of $log:" >&2
    tail -n 20 "$log" >&2
    return 1
}

# Each of these runs one tool against `url`, prints what the tool says, and fails when it finds fault.

run_scim2-cli() {
    SCIM_CLI_HEADERS="Authorization: Bearer $token" "$home/venv/bin/scim2" --url "$url" test --verbose
}
sum_scim2-cli() { grep -oE '^(SUCCESS|ERROR|FAILURE|CRITICAL|SKIPPED|COMPLIANT|DEVIATION|ACCEPTABLE) ' | sort | uniq -c | tr -s ' \n' ' '; }

run_scim-sanity() {
    "$home/venv/bin/scim-sanity" probe "$url" --token "$token" --i-accept-side-effects
}
sum_scim-sanity() { grep -E '^ +[0-9]+ passed' | tr -s ' '; }

# No test tool but a client: two people, a group, one joins and leaves, everything goes. It only prints what happened,
# so its words are looked at.
run_scim-sim() {
    local sim=$home/venv/bin/scim-sim first second group
    export HOME=$server_store
    printf '{"SCIM_BASE_URL": "%s", "SCIM_AUTH_TOKEN": "%s"}' "$url" "$token" >"$HOME/.scim_config.json"
    first=$("$sim" add-user)
    second=$("$sim" add-user)
    group=$("$sim" create-group Tour)
    printf '%s\n' "$first" "$second" "$group"
    first=${first##*ID: } second=${second##*ID: } group=${group##*ID: }
    "$sim" add-to-group "$first" "$group"
    "$sim" add-to-group "$second" "$group"
    "$sim" show
    "$sim" remove-from-group "$first" "$group"
    "$sim" remove-user "$first"
    "$sim" delete-group "$group"
    "$sim" show
}
sum_scim-sim() {
    local text
    text=$(cat)
    echo " $(grep -c '✅' <<<"$text") done, $(grep -c '❌' <<<"$text") refused"
}

for name in "$@"; do
    [[ " ${all[*]} " == *" $name "* ]] || { echo "unknown client \`$name\`; known: ${all[*]}" >&2; exit 2; }
done
if [[ $# -gt 0 ]]; then names=("$@"); else names=("${all[@]}"); fi
for name in "${names[@]}"; do
    install_pinned "$here/clients/$name"
    for profile in rfc interop; do
        serve_ours "$profile"
        out=$WILD_DIR/client-$name-$profile.txt
        tool "$out" "run_$name"
        stop_server
        echo "$name, profile $profile: exit code $code:$("sum_$name" <"$out" || true)"
    done
done
