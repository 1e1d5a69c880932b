use super::super::samples;
use super::*;

#[test]
fn a_run_counts_and_shows_failures() {
    insta::assert_snapshot!(render(&samples::run(), COMMENT), @r#"
    ### scimulator run: 1 passed, 3 failed, 1 skipped, 1 error

    Target `rfc`, 1970-01-01 00:00 UTC, 0.6 s.

    <details><summary><b>okta/users/deactivate@okta</b>: the transcript differs from its snapshot</summary>

    What okta users deactivate shows �[31m&lt;&amp;&gt;

    ```diff
    changed from snapshots/rfc/okta/users/deactivate@okta.snap:
    2. deactivate: response body: /active: false -> true

    @@ -3,3 +3,3 @@
     {
    -  "active": false
    +  "active": true
     }
    ```

    </details>

    <details><summary><b>rfc/errors/conflict</b>: 1 expectation does not hold</summary>

    What rfc errors conflict shows �[31m&lt;&amp;&gt;

    ```diff
    error: the status is 201
     --> scenarios/rfc/errors/conflict.yaml:4:22
      |
    4 |     expect: { status: 409 }
      |                      ^^^ expected 409
      |
      = help: RFC 7644 §3.3
    ```

    </details>

    **rfc/me**: there is no snapshot yet

    What rfc me shows �[31m&lt;&amp;&gt;

    **rfc/paging**: no connection to 127.0.0.1:9

    What rfc paging shows �[31m&lt;&amp;&gt;

    | not judged | reason |
    |---|---|
    | rfc/bulk/create | needs `bulk`, which the target does not offer |
    "#);
}

#[test]
fn a_simulation_shows_what_was_done_and_what_differs() {
    insta::assert_snapshot!(render(&samples::simulate::run(), COMMENT), @r#"
    ### scimulator simulate: 5 passed, 4 failed, 1 skipped, 1 error

    Target `staging`, 1970-01-01 00:00 UTC, 0.4 s, `--as entra --directory acme.yaml`.

    ❌ **3 of 5 people and 1 of 3 groups differ from what the directory says; 1 group could not be compared**

    | 2 cycles | | success | skipped | failure |
    |---|---|---:|---:|---:|
    | user | create | 3 |  | 2 |
    | user | match | 1 |  |  |
    | user | update | 1 |  |  |
    | user | disable | 1 |  |  |
    | user | manager | 1 |  |  |
    | user | no action |  | 2 |  |
    | group | create | 2 |  |  |
    | group | match | 1 |  |  |
    | group | members | 2 |  | 1 |

    | status | of | reason | who |
    |---|---|---|---|
    | failure | 1 user | POST /Users is answered with 409 Conflict: userName alan.okeefe@acme.example.com is taken | alan |
    | failure | 1 group | PATCH /Groups/46718047-7f76-453a-919d-413861904646 is answered with 404 Not Found: no such member | security |
    | success | 1 user | the target did not keep title | grace |
    | skipped | 1 user | not assigned | jun |

    47 requests in 0.3 s: 152/s; answers: median 1.9 ms, 90 % 3.0 ms, 99 % 8.1 ms, longest 40 ms

    <details><summary><b>users/alan</b>: was not provisioned: POST /Users is answered with 409 Conflict: userName alan.okeefe@acme.example.com is taken</summary>

    alan.okeefe@acme.example.com

    **was not provisioned: POST /Users is answered with 409 Conflict: userName alan.okeefe@acme.example.com is taken**


    </details>

    <details><summary><b>users/grace</b>: `title` differs</summary>

    grace@acme.example.com

    **`title` differs**

    * expected: `"VP Engineering"`
    * got: `nothing`

    ```http
    > GET /Users/11d2ac11-7f76-453a-919d-413861904646
    < 200 OK
    {
      "active": true,
      "userName": "grace@acme.example.com"
    }
    ```

    ```sh
    curl -sS -i https://app.example.test/scim/v2/Users/11d2ac11-7f76-453a-919d-413861904646 -H "Authorization: Bearer $SCIM_TOKEN" -H 'Accept: application/scim+json'
    ```

    </details>

    <details><summary><b>users/lin</b>: is disabled in the directory and can still log in</summary>

    lin@acme.example.com

    **is disabled in the directory and can still log in**

    * expected: `active: false`
    * got: `active: true`

    ```http
    > PATCH /Users/0004d12a-7f76-453a-919d-413861904646
    {
      "schemas": [
        "urn:ietf:params:scim:api:messages:2.0:PatchOp"
      ],
      "Operations": [
        {
          "op": "Replace",
          "path": "active",
          "value": "False"
        }
      ]
    }
    < 200 OK

    > GET /Users/0004d12a-7f76-453a-919d-413861904646
    < 200 OK
    {
      "active": true,
      "userName": "lin@acme.example.com"
    }
    ```

    ```sh
    curl -sS -i -X PATCH https://app.example.test/scim/v2/Users/0004d12a-7f76-453a-919d-413861904646 -H "Authorization: Bearer $SCIM_TOKEN" -H 'Accept: application/scim+json' -H 'Content-Type: application/scim+json' --data-raw '{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"Replace","path":"active","value":"False"}]}'
    curl -sS -i https://app.example.test/scim/v2/Users/0004d12a-7f76-453a-919d-413861904646 -H "Authorization: Bearer $SCIM_TOKEN" -H 'Accept: application/scim+json'
    ```

    </details>

    <details><summary><b>groups/security</b>: 1 of 2 members are missing: alan</summary>

    Security

    **1 of 2 members are missing: alan**

    * expected: `2 members`
    * got: `1 members`

    ```http
    > GET /Groups/46718047-7f76-453a-919d-413861904646
    < 200 OK
    {
      "members": [
        {
          "value": "11d2ac11-7f76-453a-919d-413861904646"
        }
      ]
    }
    ```

    ```sh
    curl -sS -i https://app.example.test/scim/v2/Groups/46718047-7f76-453a-919d-413861904646 -H "Authorization: Bearer $SCIM_TOKEN" -H 'Accept: application/scim+json'
    ```

    </details>

    | not judged | reason |
    |---|---|
    | groups/sales | GET /Groups got no answer: no answer within 10 s |
    "#);
}

#[test]
fn a_check_shows_readiness_problems_and_tables() {
    let page = render(&samples::check::run(), COMMENT);
    assert!(!page.contains(samples::check::SECRET), "{page}");
    let is_code = |line: &str| line.starts_with("* ") || line.starts_with("  \"") || line.starts_with("curl");
    let raw: Vec<&str> = page.lines().filter(|line| line.contains("<script") && !is_code(line)).collect();
    assert_eq!(raw, Vec::<&str>::new());
    insta::assert_snapshot!(page, @r#"
    ### scimulator check: 2 passed, 2 failed, 1 warning, 2 skipped, 1 blocked, 1 error, 1 known

    Target `staging`, 1970-01-01 00:00 UTC, 1.2 s, `--for okta,entra`.

    | ready for | | |
    |---|---|---|
    | Okta | ❌ not ready | 2 blockers: `sample.replace-active`, `sample.hostile` |
    | Microsoft Entra ID | ❔ undecided | 1 could not be judged: `sample.unreachable` |
    | Ping Identity | ✅ ready | 41 checks judged |

    <details><summary><b>sample.hostile</b>: &lt;/script&gt;&lt;script&gt;alert('x')&lt;/script&gt;�[31m� "quoted" | `tick` ``` --&gt; ]]&gt;</summary>

    &lt;/script&gt;&lt;script&gt;alert('x')&lt;/script&gt;�[31m� "quoted" | `tick` ``` --&gt; ]]&gt;

    Stumbles: Okta

    **&lt;/script&gt;&lt;script&gt;alert('x')&lt;/script&gt;�[31m� "quoted" | `tick` ``` --&gt; ]]&gt;**

    * expected: `</script><script>alert('x')</script>�[31m� "quoted" | 'tick' ''' --> ]]>`
    * got: `</script><script>alert('x')</script>�[31m� "quoted" | 'tick' ''' --> ]]>`
    * rule: RFC 7643 §3.1, MUST (RFC7643-3.1-05): Every representation of a resource includes a non-empty id.

    ````http
    > POST /Users
    {
      "userName": "o'brien <b>"
    }
    < 500 Internal Server Error
    {
      "id": "</script><script>alert('x')</script>\u001b[31m� \"quoted\" | `tick` ``` --> ]]>",
      "token": "<redacted>",
      "long": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx… (5000 bytes)"
    }
    ````

    ```sh
    curl -sS -i -X POST https://app.example.test/scim/v2/Users -H "Authorization: Bearer $SCIM_TOKEN" -H 'Accept: application/scim+json' -H 'Content-Type: application/scim+json' --data-raw '{"userName":"o'\''brien <b>"}'
    ```

    **Fix:** Apply `active` of a path-less replace, and `"False"` as a text where the client sends it.

    It alone: `scimulator check --target https://app.example.test/scim/v2 --only sample.hostile`

    </details>

    <details><summary><b>sample.replace-active</b>: after the PATCH the user is still active (and 1 more)</summary>

    replace of active without a path deactivates the user

    Stumbles: Okta, Microsoft Entra ID, somebody

    **after the PATCH the user is still active**

    * expected: `"active": false`
    * got: `"active": true`
    * rule: RFC 7644 §3.5.2.3, IMPLIED (RFC7644-3.5.2.3-02): replace without path leaves attributes not listed untouched.
    * rule: RFC 7644 §3.5.2.3, IMPLIED (RFC7644-3.5.2.3-03): replace of a single-valued attribute sets the new value.

    ```http
    > PATCH /Users/2819
    {
      "schemas": [
        "urn:ietf:params:scim:api:messages:2.0:PatchOp"
      ],
      "Operations": [
        {
          "op": "replace",
          "value": {
            "active": false,
            "password": "<redacted>"
          }
        }
      ]
    }
    < 200 OK

    > GET /Users/2819?attributes=active
    < 200 OK
    {
      "id": "2819",
      "userName": "ada",
      "active": true,
      "emails": [
        {
          "value": "ada0@example.test"
        },
        {
          "value": "ada1@example.test"
        },
        {
          "value": "ada2@example.test"
        },
        {
          "value": "ada3@example.test"
        },
        {
          "value": "ada4@example.test"
        },
        {
          "value": "ada5@example.test"
        },
        {
          "value": "ada6@example.test"
    … 18 more lines
    ```

    ```sh
    curl -sS -i -X PATCH https://app.example.test/scim/v2/Users/2819 -H "Authorization: Bearer $SCIM_TOKEN" -H 'Accept: application/scim+json' -H 'Content-Type: application/scim+json' --data-raw '{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","value":{"active":false,"password":"<redacted>"}}]}'
    curl -sS -i 'https://app.example.test/scim/v2/Users/2819?attributes=active' -H "Authorization: Bearer $SCIM_TOKEN" -H 'Accept: application/scim+json'
    ```

    **the name is gone as well**

    * got: `no 'displayName'`
    * rule: sent by Entra (Q-G07): apply; expects 204 (200 ok)
    * rule: RFC0000-0-00

    **Fix:** Apply `active` of a path-less replace, and `"False"` as a text where the client sends it.

    It alone: `scimulator check --target https://app.example.test/scim/v2 --only sample.replace-active`

    </details>

    The curl lines show what was sent. What the run created is deleted since, so that lines that build on it find nothing: the command for a check alone plays all of it anew.

    | warning | what | rules |
    |---|---|---|
    | sample.media-type | the error comes as a page | RFC7644-3.12-07 |

    | known | what | accepted because |
    |---|---|---|
    | sample.known | `status` is a number | ticket 42 (until 2027-01-31) |

    | not judged | reason |
    |---|---|
    | sample.unreachable | no answer within 10 s |
    | sample.read | needs `sample.id`, which failed |

    | skipped | reason |
    |---|---|
    | 2 | the target does not advertise bulk operations |
    "#);
}

#[test]
fn a_selftest_shows_what_was_not_found() {
    insta::assert_snapshot!(render(&samples::check::selftest(), COMMENT), @"
    ### scimulator selftest: 1 passed, 1 failed

    Target `rfc`, 1970-01-01 00:00 UTC, 2.1 s.

    **delete-keeps**: no check found it

    DELETE answers 204 and keeps the resource
    ");
}

#[test]
fn a_page_stays_below_its_limit_and_says_what_is_missing() {
    let mut run = samples::check::run();
    run.findings = (0..2_000).map(|index| run.findings[index % run.findings.len()].clone()).collect();
    let page = render(&run, COMMENT);
    assert!(page.len() <= COMMENT + 2_000, "{}", page.len());
    assert!(page.contains("more failures in the other reports") && page.contains("more row"), "{page}");
}
