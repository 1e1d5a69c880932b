//! The names of the environment variables that the program reads, in one place.
//!
//! Every option of the command line has one. Except for `SCIM_TOKEN`, which other SCIM tools use too, they begin with
//! `SCIMULATOR_`. A flag on the command line wins over the environment, the environment over `scimulator.toml`.

/// `--target`
pub const TARGET: &str = "SCIMULATOR_TARGET";
/// `--token`
pub const TOKEN: &str = "SCIM_TOKEN";
/// `--token-file`
pub const TOKEN_FILE: &str = "SCIMULATOR_TOKEN_FILE";
/// `--basic`
pub const BASIC: &str = "SCIMULATOR_BASIC";
/// `--header`; several are separated by line breaks
pub const HEADER: &str = "SCIMULATOR_HEADER";
/// `--oauth-token-url`
pub const OAUTH_TOKEN_URL: &str = "SCIMULATOR_OAUTH_TOKEN_URL";
/// `--client-id`
pub const CLIENT_ID: &str = "SCIMULATOR_CLIENT_ID";
/// `--client-secret`
pub const CLIENT_SECRET: &str = "SCIMULATOR_CLIENT_SECRET";
/// `--scope`
pub const SCOPE: &str = "SCIMULATOR_SCOPE";
/// `--ca-file`
pub const CA_FILE: &str = "SCIMULATOR_CA_FILE";
/// `--client-cert`
pub const CLIENT_CERT: &str = "SCIMULATOR_CLIENT_CERT";
/// `--client-key`
pub const CLIENT_KEY: &str = "SCIMULATOR_CLIENT_KEY";
/// `--insecure`
pub const INSECURE: &str = "SCIMULATOR_INSECURE";
/// `--proxy`
pub const PROXY: &str = "SCIMULATOR_PROXY";
/// `--timeout`
pub const TIMEOUT: &str = "SCIMULATOR_TIMEOUT";
/// `--rate`
pub const RATE: &str = "SCIMULATOR_RATE";
/// `--config`
pub const CONFIG: &str = "SCIMULATOR_CONFIG";
/// `--color`
pub const COLOR: &str = "SCIMULATOR_COLOR";
/// `--as`; several are separated by commas
pub const AS: &str = "SCIMULATOR_AS";
/// `--profile`
pub const PROFILE: &str = "SCIMULATOR_PROFILE";
/// `--tag`; several are separated by commas
pub const TAG: &str = "SCIMULATOR_TAG";
/// `--filter`
pub const FILTER: &str = "SCIMULATOR_FILTER";
/// `--jobs`
pub const JOBS: &str = "SCIMULATOR_JOBS";
/// `--shard`
pub const SHARD: &str = "SCIMULATOR_SHARD";
/// `--fail-fast`
pub const FAIL_FAST: &str = "SCIMULATOR_FAIL_FAST";
/// `--update`
pub const UPDATE: &str = "SCIMULATOR_UPDATE";
/// `--list`
pub const LIST: &str = "SCIMULATOR_LIST";
/// `--directory`
pub const DIRECTORY: &str = "SCIMULATOR_DIRECTORY";
/// `--cycles`
pub const CYCLES: &str = "SCIMULATOR_CYCLES";
/// `--watch`
pub const WATCH: &str = "SCIMULATOR_WATCH";
/// `--on-demand`
pub const ON_DEMAND: &str = "SCIMULATOR_ON_DEMAND";
/// `--advance`
pub const ADVANCE: &str = "SCIMULATOR_ADVANCE";
/// `--state`
pub const STATE: &str = "SCIMULATOR_STATE";
/// `--restart`
pub const RESTART: &str = "SCIMULATOR_RESTART";
/// `--recorded`
pub const RECORDED: &str = "SCIMULATOR_RECORDED";
/// `--match-by`
pub const MATCH_BY: &str = "SCIMULATOR_MATCH_BY";
/// `--deprovision`
pub const DEPROVISION: &str = "SCIMULATOR_DEPROVISION";
/// `--create-disabled`
pub const CREATE_DISABLED: &str = "SCIMULATOR_CREATE_DISABLED";
/// `--import`
pub const IMPORT: &str = "SCIMULATOR_IMPORT";
/// `--no-groups`
pub const NO_GROUPS: &str = "SCIMULATOR_NO_GROUPS";
/// `--clean-up`
pub const CLEAN_UP: &str = "SCIMULATOR_CLEAN_UP";
/// `--snapshots`
pub const SNAPSHOTS: &str = "SCIMULATOR_SNAPSHOTS";
/// `--quiet`
pub const QUIET: &str = "SCIMULATOR_QUIET";
/// `--verbose`
pub const VERBOSE: &str = "SCIMULATOR_VERBOSE";
/// `--report`; several are separated by line breaks
pub const REPORT: &str = "SCIMULATOR_REPORT";
/// `--log` of `simulate`; several are separated by line breaks
pub const PROVISIONING_LOG: &str = "SCIMULATOR_PROVISIONING_LOG";
/// `--output` of `report merge`
pub const MERGE_OUTPUT: &str = "SCIMULATOR_MERGE_OUTPUT";
/// `--format` of `report diff`
pub const DIFF_FORMAT: &str = "SCIMULATOR_DIFF_FORMAT";
/// `--accept-all`
pub const ACCEPT_ALL: &str = "SCIMULATOR_ACCEPT_ALL";
/// `--reject-all`
pub const REJECT_ALL: &str = "SCIMULATOR_REJECT_ALL";
/// `--only`; several are separated by commas
pub const ONLY: &str = "SCIMULATOR_ONLY";
/// `--skip`; several are separated by commas
pub const SKIP: &str = "SCIMULATOR_SKIP";
/// `--for`; several are separated by commas
pub const FOR: &str = "SCIMULATOR_FOR";
/// `--read-only`
pub const READ_ONLY: &str = "SCIMULATOR_READ_ONLY";
/// `--scenarios`
pub const SCENARIOS: &str = "SCIMULATOR_SCENARIOS";
/// `--dry-run`
pub const DRY_RUN: &str = "SCIMULATOR_DRY_RUN";
/// `--baseline`
pub const BASELINE: &str = "SCIMULATOR_BASELINE";
/// `--write-baseline`
pub const WRITE_BASELINE: &str = "SCIMULATOR_WRITE_BASELINE";
/// `--format`
pub const FORMAT: &str = "SCIMULATOR_FORMAT";
/// `--requirements`
pub const REQUIREMENTS: &str = "SCIMULATOR_REQUIREMENTS";
/// `--defect`; several are separated by commas
pub const DEFECT: &str = "SCIMULATOR_DEFECT";
/// `--fail-on`
pub const FAIL_ON: &str = "SCIMULATOR_FAIL_ON";
/// `--forget`
pub const FORGET: &str = "SCIMULATOR_FORGET";
/// `--full`
pub const FULL: &str = "SCIMULATOR_FULL";
/// `--listen`
pub const LISTEN: &str = "SCIMULATOR_LISTEN";
/// `--store`
pub const STORE: &str = "SCIMULATOR_STORE";
/// `--tls-cert`
pub const TLS_CERT: &str = "SCIMULATOR_TLS_CERT";
/// `--tls-key`
pub const TLS_KEY: &str = "SCIMULATOR_TLS_KEY";
/// `--public-url`
pub const PUBLIC_URL: &str = "SCIMULATOR_PUBLIC_URL";
/// `--trust-forwarded`
pub const TRUST_FORWARDED: &str = "SCIMULATOR_TRUST_FORWARDED";
/// `--me`
pub const ME: &str = "SCIMULATOR_ME";
/// `--lint`
pub const LINT: &str = "SCIMULATOR_LINT";
/// `--lint-format`
pub const LINT_FORMAT: &str = "SCIMULATOR_LINT_FORMAT";
/// `--people` of `directory generate`
pub const PEOPLE: &str = "SCIMULATOR_PEOPLE";
/// `--groups` of `directory generate`
pub const GROUPS: &str = "SCIMULATOR_GROUPS";
/// `--seed`
pub const SEED: &str = "SCIMULATOR_SEED";
/// `--domain` of `directory generate`
pub const DOMAIN: &str = "SCIMULATOR_DOMAIN";
/// `--csv` of `directory import`
pub const CSV: &str = "SCIMULATOR_CSV";
/// `--ignore-unknown`
pub const IGNORE_UNKNOWN: &str = "SCIMULATOR_IGNORE_UNKNOWN";
/// `--output` of `directory generate` and `directory import`
pub const DIRECTORY_OUTPUT: &str = "SCIMULATOR_DIRECTORY_OUTPUT";

/// What `serve` logs, in the syntax of tracing's filters: `scimulator=debug`, `off`.
pub const LOG: &str = "SCIMULATOR_LOG";
/// Set by CI systems: nothing is written to `snapshots/`, and there is no progress bar.
pub const CI: &str = "CI";
/// `true` in a GitHub Actions job: failures are annotated.
pub const GITHUB_ACTIONS: &str = "GITHUB_ACTIONS";
/// File of a GitHub Actions job that takes a Markdown summary.
pub const GITHUB_STEP_SUMMARY: &str = "GITHUB_STEP_SUMMARY";
