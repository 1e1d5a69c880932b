use super::super::samples;
use super::*;
use std::sync::{Arc, Mutex};

mod simulate;

/// A writer whose text can be looked at afterwards.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn said(detail: Detail) -> (String, String) {
    told(&samples::events(), detail)
}

fn told(events: &[Event], detail: Detail) -> (String, String) {
    let (out, talk) = (Shared::default(), Shared::default());
    let mut terminal =
        Terminal::new(Box::new(out.clone()), Box::new(talk.clone()), false, detail, Progress::none());
    events.iter().for_each(|event| terminal.observe(event));
    let text = |shared: Shared| {
        let text = String::from_utf8(shared.0.lock().unwrap().clone()).unwrap();
        anstream::adapter::strip_str(&text).to_string()
    };
    (text(out), text(talk))
}

#[test]
fn a_run_is_told_line_by_line_with_failures_in_full_at_the_end() {
    let (out, talk) = said(Detail::Normal);
    insta::assert_snapshot!(out, @r#"
    FAIL    rfc/errors/conflict (12 ms): 1 expectation does not hold
    ok      okta/users/create@okta (12 ms)
    FAIL    okta/users/deactivate@okta (12 ms): the transcript differs from its snapshot
    FAIL    rfc/me (12 ms): there is no snapshot yet
    skip    rfc/bulk/create (12 ms): needs `bulk`, which the target does not offer
    ERROR   rfc/paging (12 ms): no connection to 127.0.0.1:9

    --- okta/users/deactivate@okta
    What okta users deactivate shows �[31m<&>
    the transcript differs from its snapshot

    changed from snapshots/rfc/okta/users/deactivate@okta.snap:
      2. deactivate: response body: /active: false -> true

    @@ -3,3 +3,3 @@
     {
    -  "active": false
    +  "active": true
     }

    the new transcript: snapshots/rfc/okta/users/deactivate@okta.snap.new

    it alone: scimulator run scenarios/okta/users/deactivate.yaml --as okta

    --- rfc/errors/conflict
    What rfc errors conflict shows �[31m<&>
    1 expectation does not hold

    error: the status is 201
     --> scenarios/rfc/errors/conflict.yaml:4:22
      |
    4 |     expect: { status: 409 }
      |                      ^^^ expected 409
      |
      = help: RFC 7644 §3.3

    the last exchange:
      > POST /Users
      > Content-Type: application/scim+json
      {
        "userName": "ada",
        "password": "<redacted>"
      }
      < 201 Created (3.4 ms)
      < Content-Type: application/scim+json
      < Set-Cookie: <redacted>
      < Vary: A
      < vary: B
      {
        "id": "1",
        "userName": "ada",
        "active": true
      }

    it alone: scimulator run scenarios/rfc/errors/conflict.yaml

    --- rfc/paging
    What rfc paging shows �[31m<&>
    no connection to 127.0.0.1:9

    the last exchange:
      > POST /Users
      > Content-Type: application/scim+json
      {
        "userName": "ada",
        "password": "<redacted>"
      }
      < nothing: no connection to 127.0.0.1:9: refused (3.4 ms)

    it alone: scimulator run scenarios/rfc/paging.yaml

    1 passed, 3 failed, 1 skipped, 1 error in 0.6 s
    2 snapshots pending: `scimulator review` walks through, `scimulator run --update` accepts all
    "#);
    insta::assert_snapshot!(talk, @"notice: no scenario plays `snapshots/rfc/old.snap` any more");
}

#[test]
fn quiet_tells_failures_notices_and_the_summary_only() {
    let (out, talk) = said(Detail::Quiet);
    assert!(!out.contains("ok "), "{out}");
    assert!(!out.contains("skip "), "{out}");
    assert!(out.contains("FAIL    rfc/me"), "{out}");
    assert!(talk.starts_with("notice: "), "what is left on a target must be known: {talk}");
}

#[test]
fn verbose_shows_every_exchange() {
    let (out, _) = said(Detail::Verbose);
    assert_eq!(out.matches("# create the user").count(), 4, "{out}");
    assert!(!out.contains("hunter2"), "{out}");
}

#[test]
fn control_characters_of_a_target_do_not_reach_the_terminal() {
    let (out, _) = said(Detail::Verbose);
    assert!(!out.contains(|c: char| c.is_control() && c != '\n'));
}

#[test]
fn a_reader_that_goes_away_is_no_error_and_a_full_disk_is_one() {
    struct Broken(io::ErrorKind);
    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let error = |kind| {
        let out = Box::new(Broken(kind));
        let mut terminal = Terminal::new(out, Box::new(io::sink()), false, Detail::Normal, Progress::none());
        samples::events().iter().for_each(|event| terminal.observe(event));
        terminal.error().map(io::Error::kind)
    };
    assert_eq!(error(io::ErrorKind::BrokenPipe), None);
    assert_eq!(error(io::ErrorKind::StorageFull), Some(io::ErrorKind::StorageFull));
}

#[test]
fn a_check_ends_with_readiness_failures_and_what_else_happened() {
    let (out, talk) = told(&samples::check::events(), Detail::Normal);
    assert!(!out.contains("hunter2") && !out.contains(samples::check::SECRET), "{out}");
    assert!(!out.contains(|c: char| c.is_control() && c != '\n'), "{out}");
    insta::assert_snapshot!(out, @r#"

    readiness
      Okta                not ready  2 blockers: sample.replace-active, sample.hostile
      Microsoft Entra ID  undecided  1 could not be judged: sample.unreachable
      Ping Identity       ready      41 checks judged

    === unicode & <b>: 1 failed

    --- sample.hostile (must)
    </script><script>alert('x')</script>�[31m� "quoted" | `tick` ``` --> ]]>
      stumbles  Okta
      wrong     </script><script>alert('x')</script>�[31m� "quoted" | `tick` ``` --> ]]>
      expected  </script><script>alert('x')</script>�[31m� "quoted" | `tick` ``` --> ]]>
      got       </script><script>alert('x')</script>�[31m� "quoted" | `tick` ``` --> ]]>
      rule      RFC 7643 §3.1, MUST (RFC7643-3.1-05): Every representation of a resource includes a
                non-empty id.

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

      as curl   curl -sS -i -X POST https://app.example.test/scim/v2/Users -H "Authorization: Bearer $SCIM_TOKEN" -H 'Accept: application/scim+json' -H 'Content-Type: application/scim+json' --data-raw '{"userName":"o'\''brien <b>"}'

      fix       Apply `active` of a path-less replace, and `"False"` as a text where the client sends
                it.
      it alone  scimulator check --target https://app.example.test/scim/v2 --only sample.hostile

    === patch: 1 failed

    --- sample.replace-active (must)
    replace of active without a path deactivates the user
      stumbles  Okta, Microsoft Entra ID, somebody
      wrong     after the PATCH the user is still active
      expected  "active": false
      got       "active": true
      rule      RFC 7644 §3.5.2.3, IMPLIED (RFC7644-3.5.2.3-02): replace without path leaves attributes
                not listed untouched.
      rule      RFC 7644 §3.5.2.3, IMPLIED (RFC7644-3.5.2.3-03): replace of a single-valued attribute
                sets the new value.

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

      as curl   curl -sS -i -X PATCH https://app.example.test/scim/v2/Users/2819 -H "Authorization: Bearer $SCIM_TOKEN" -H 'Accept: application/scim+json' -H 'Content-Type: application/scim+json' --data-raw '{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","value":{"active":false,"password":"<redacted>"}}]}'
                curl -sS -i 'https://app.example.test/scim/v2/Users/2819?attributes=active' -H "Authorization: Bearer $SCIM_TOKEN" -H 'Accept: application/scim+json'

      concern   the name is gone as well
      got       no `displayName`
      rule      sent by Entra (Q-G07): apply; expects 204 (200 ok)
      rule      RFC0000-0-00

      fix       Apply `active` of a path-less replace, and `"False"` as a text where the client sends
                it.
      it alone  scimulator check --target https://app.example.test/scim/v2 --only sample.replace-active

      note      The curl lines show what was sent. What the run created is deleted since, so that lines
                that build on it find nothing: the command for a check alone plays all of it anew.

    === 1 warning

    --- sample.media-type (should)
    errors are SCIM
      concern   the error comes as a page
      expected  application/scim+json
      got       text/html
      more      RFC7644-3.12-07; scimulator explain sample.media-type

    === could not be judged
      error   no answer within 10 s
                sample.unreachable
      blocked needs `sample.id`, which failed
                sample.read

    2 skipped
        2  the target does not advertise bulk operations

    known, accepted by the baseline
      fail sample.known: `status` is a number
           ticket 42, until 2027-01-31

    2 passed, 2 failed, 1 warning, 2 skipped, 1 blocked, 1 error, 1 known in 1.2 s
    "#);
    insta::assert_snapshot!(talk, @r#"
    notice: 1 user was left on the target
    "#);
}

#[test]
fn a_quiet_check_tells_what_is_wrong_and_a_verbose_one_everything() {
    let (quiet, _) = told(&samples::check::events(), Detail::Quiet);
    assert!(quiet.contains("--- sample.replace-active"), "{quiet}");
    assert!(!quiet.contains("sample.media-type") && !quiet.contains("advertise"), "{quiet}");
    let (verbose, _) = told(&samples::check::events(), Detail::Verbose);
    assert!(verbose.contains("ok      sample.id"), "{verbose}");
    assert_eq!(verbose.matches("# patch the user").count(), 5, "{verbose}");
    assert!(!verbose.contains("more line"), "{verbose}");
}

#[test]
fn a_selftest_is_a_matrix() {
    let (out, _) = told(&samples::check::selftest_events(), Detail::Normal);
    insta::assert_snapshot!(out, @"

            provider            by which checks
    MISSED  delete-keeps        no check found it
    found   patch-add-replaces  patch.add-appends, patch.add-keeps-primary

    1 defect not found: the checks do not prove what they claim

    1 passed, 1 failed in 2.1 s
    ");
    let (quiet, _) = told(&samples::check::selftest_events(), Detail::Quiet);
    assert!(!quiet.contains("patch-add-replaces"), "{quiet}");
}
