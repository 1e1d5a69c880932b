//! What a simulation says.

use super::*;

#[test]
fn a_simulation_tells_what_is_done_and_what_came_of_it() {
    let (out, _) = told(&samples::simulate::events(), Detail::Normal);
    insta::assert_snapshot!(out, @r#"
    skip     users/jun          jun@acme.example.com: not assigned
    create   users/ada          ada@acme.example.com → 0004a737…
    create   users/grace        grace@acme.example.com → 11d2ac11…: the target did not keep title
    FAIL     users/alan         alan.okeefe@acme.example.com: create: POST /Users is answered with 409 Conflict: userName alan.okeefe@acme.example.com is taken
    create   users/zoe          zoe@acme.example.com → 00050669…
    match    users/lin          lin@acme.example.com → 0004d12a… (displayName, emails[type eq "work"].value)
    create   groups/engineering Engineering → 9b9454ac…
    create   groups/everyone    </script><script>alert('x')</script>�[31m� "quoted" | `tick` ``` --> ]]> → 1eadaa72…
    match    groups/security    Security → 46718047…
    manager  users/ada          ada@acme.example.com → 0004a737…
    members  groups/engineering Engineering → 9b9454ac… (3 added)
    members  groups/everyone    </script><script>alert('x')</script>�[31m� "quoted" | `tick` ``` --> ]]> → 1eadaa72… (5 added)
    FAIL     groups/security    Security → 46718047…: members: PATCH /Groups/46718047-7f76-453a-919d-413861904646 is answered with 404 Not Found: no such member
    cycle 1, initial, 1970-01-01 00:00 UTC: users 3 created, 1 matched, managers of 1 changed, 1 skipped, 1 failed; groups 2 created, 1 matched, members of 2 changed, 1 failed

    update   users/grace        grace@acme.example.com → 11d2ac11… (title)
    disable  users/lin          lin@acme.example.com → 0004d12a…
    cycle 2, incremental, 1970-01-01 00:40 UTC: users 1 updated, 1 disabled, 1 skipped, 1 failed, as before

    provisioning log, 2 cycles  success   skipped   failure
      user  create                    3         -         2
      user  match                     1         -         -
      user  update                    1         -         -
      user  disable                   1         -         -
      user  manager                   1         -         -
      user  no action                 -         2         -
      group create                    2         -         -
      group match                     1         -         -
      group members                   2         -         1

    failed
       1 user  POST /Users is answered with 409 Conflict: userName alan.okeefe@acme.example.com is taken (2 times): alan
      1 group  PATCH /Groups/46718047-7f76-453a-919d-413861904646 is answered with 404 Not Found: no such member: security

    sent, but not kept
      1 user  the target did not keep title: grace

    skipped
      1 user  not assigned (2 times): jun

    === the target is not what the directory says

    --- users/alan
    alan.okeefe@acme.example.com
      wrong     was not provisioned: POST /Users is answered with 409 Conflict: userName
                alan.okeefe@acme.example.com is taken

    --- users/grace
    grace@acme.example.com
      wrong     `title` differs
      expected  "VP Engineering"
      got       nothing

        > GET /Users/11d2ac11-7f76-453a-919d-413861904646
        < 200 OK
        {
          "active": true,
          "userName": "grace@acme.example.com"
        }

      as curl   curl -sS -i https://app.example.test/scim/v2/Users/11d2ac11-7f76-453a-919d-413861904646 -H "Authorization: Bearer $SCIM_TOKEN" -H 'Accept: application/scim+json'

    --- users/lin
    lin@acme.example.com
      wrong     is disabled in the directory and can still log in
      expected  active: false
      got       active: true

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

      as curl   curl -sS -i -X PATCH https://app.example.test/scim/v2/Users/0004d12a-7f76-453a-919d-413861904646 -H "Authorization: Bearer $SCIM_TOKEN" -H 'Accept: application/scim+json' -H 'Content-Type: application/scim+json' --data-raw '{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"Replace","path":"active","value":"False"}]}'
                curl -sS -i https://app.example.test/scim/v2/Users/0004d12a-7f76-453a-919d-413861904646 -H "Authorization: Bearer $SCIM_TOKEN" -H 'Accept: application/scim+json'

    --- groups/security
    Security
      wrong     1 of 2 members are missing: alan
      expected  2 members
      got       1 members

        > GET /Groups/46718047-7f76-453a-919d-413861904646
        < 200 OK
        {
          "members": [
            {
              "value": "11d2ac11-7f76-453a-919d-413861904646"
            }
          ]
        }

      as curl   curl -sS -i https://app.example.test/scim/v2/Groups/46718047-7f76-453a-919d-413861904646 -H "Authorization: Bearer $SCIM_TOKEN" -H 'Accept: application/scim+json'

    === could not be judged
      error 1  GET /Groups got no answer: no answer within 10 s: groups/sales

    47 requests in 0.3 s: 152/s; answers: median 1.9 ms, 90 % 3.0 ms, 99 % 8.1 ms, longest 40 ms

    3 of 5 people and 1 of 3 groups differ from what the directory says; 1 group could not be compared

    5 passed, 4 failed, 1 skipped, 1 error in 0.4 s
    "#);
}

#[test]
fn a_quiet_simulation_tells_differences_and_a_verbose_one_every_exchange() {
    let (quiet, _) = told(&samples::simulate::events(), Detail::Quiet);
    insta::assert_snapshot!(quiet, @r#"

    --- users/alan
    alan.okeefe@acme.example.com
      wrong     was not provisioned: POST /Users is answered with 409 Conflict: userName
                alan.okeefe@acme.example.com is taken

    --- users/grace
    grace@acme.example.com
      wrong     `title` differs
      expected  "VP Engineering"
      got       nothing

        > GET /Users/11d2ac11-7f76-453a-919d-413861904646
        < 200 OK
        {
          "active": true,
          "userName": "grace@acme.example.com"
        }

      as curl   curl -sS -i https://app.example.test/scim/v2/Users/11d2ac11-7f76-453a-919d-413861904646 -H "Authorization: Bearer $SCIM_TOKEN" -H 'Accept: application/scim+json'

    --- users/lin
    lin@acme.example.com
      wrong     is disabled in the directory and can still log in
      expected  active: false
      got       active: true

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

      as curl   curl -sS -i -X PATCH https://app.example.test/scim/v2/Users/0004d12a-7f76-453a-919d-413861904646 -H "Authorization: Bearer $SCIM_TOKEN" -H 'Accept: application/scim+json' -H 'Content-Type: application/scim+json' --data-raw '{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"Replace","path":"active","value":"False"}]}'
                curl -sS -i https://app.example.test/scim/v2/Users/0004d12a-7f76-453a-919d-413861904646 -H "Authorization: Bearer $SCIM_TOKEN" -H 'Accept: application/scim+json'

    --- groups/security
    Security
      wrong     1 of 2 members are missing: alan
      expected  2 members
      got       1 members

        > GET /Groups/46718047-7f76-453a-919d-413861904646
        < 200 OK
        {
          "members": [
            {
              "value": "11d2ac11-7f76-453a-919d-413861904646"
            }
          ]
        }

      as curl   curl -sS -i https://app.example.test/scim/v2/Groups/46718047-7f76-453a-919d-413861904646 -H "Authorization: Bearer $SCIM_TOKEN" -H 'Accept: application/scim+json'

    === could not be judged
      error 1  GET /Groups got no answer: no answer within 10 s: groups/sales

    5 passed, 4 failed, 1 skipped, 1 error in 0.4 s
    "#);
    let (verbose, _) = told(&samples::simulate::events(), Detail::Verbose);
    insta::assert_snapshot!(verbose, @r#"
    ok      connection-test
    skip     users/jun          jun@acme.example.com: not assigned
    create   users/ada          ada@acme.example.com → 0004a737-7f76-453a-919d-413861904646

      > POST /Users
      > Content-Type: application/scim+json
      {
        "userName": "ada@acme.example.com",
        "password": "<redacted>"
      }
      < 201 Created (3.4 ms)
      < Content-Type: application/scim+json
      {
        "id": "0004a737-7f76-453a-919d-413861904646"
      }
    create   users/grace        grace@acme.example.com → 11d2ac11-7f76-453a-919d-413861904646: the target did not keep title
    FAIL     users/alan         alan.okeefe@acme.example.com: create: POST /Users is answered with 409 Conflict: userName alan.okeefe@acme.example.com is taken
    create   users/zoe          zoe@acme.example.com → 00050669-7f76-453a-919d-413861904646
    match    users/lin          lin@acme.example.com → 0004d12a-7f76-453a-919d-413861904646 (displayName, emails[type eq "work"].value)
    create   groups/engineering Engineering → 9b9454ac-7f76-453a-919d-413861904646
    create   groups/everyone    </script><script>alert('x')</script>�[31m� "quoted" | `tick` ``` --> ]]> → 1eadaa72-7f76-453a-919d-413861904646
    match    groups/security    Security → 46718047-7f76-453a-919d-413861904646
    manager  users/ada          ada@acme.example.com → 0004a737-7f76-453a-919d-413861904646
    members  groups/engineering Engineering → 9b9454ac-7f76-453a-919d-413861904646 (3 added)
    members  groups/everyone    </script><script>alert('x')</script>�[31m� "quoted" | `tick` ``` --> ]]> → 1eadaa72-7f76-453a-919d-413861904646 (5 added)
    FAIL     groups/security    Security → 46718047-7f76-453a-919d-413861904646: members: PATCH /Groups/46718047-7f76-453a-919d-413861904646 is answered with 404 Not Found: no such member
    cycle 1, initial, 1970-01-01 00:00 UTC: users 3 created, 1 matched, managers of 1 changed, 1 skipped, 1 failed; groups 2 created, 1 matched, members of 2 changed, 1 failed

    skip     users/jun          jun@acme.example.com: not assigned
    update   users/grace        grace@acme.example.com → 11d2ac11-7f76-453a-919d-413861904646 (title)
    disable  users/lin          lin@acme.example.com → 0004d12a-7f76-453a-919d-413861904646
    FAIL     users/alan         alan.okeefe@acme.example.com: create: POST /Users is answered with 409 Conflict: userName alan.okeefe@acme.example.com is taken
    cycle 2, incremental, 1970-01-01 00:40 UTC: users 1 updated, 1 disabled, 1 skipped, 1 failed
    ok      users/ada
    FAIL    users/alan: was not provisioned: POST /Users is answered with 409 Conflict: userName alan.okeefe@acme.example.com is taken
    FAIL    users/grace: `title` differs
    skip    users/jun: not assigned
    FAIL    users/lin: is disabled in the directory and can still log in
    ok      users/zoe
    ok      groups/engineering
    ok      groups/everyone
    FAIL    groups/security: 1 of 2 members are missing: alan
    ERROR   groups/sales: GET /Groups got no answer: no answer within 10 s

    provisioning log, 2 cycles  success   skipped   failure
      user  create                    3         -         2
      user  match                     1         -         -
      user  update                    1         -         -
      user  disable                   1         -         -
      user  manager                   1         -         -
      user  no action                 -         2         -
      group create                    2         -         -
      group match                     1         -         -
      group members                   2         -         1

    failed
       1 user  POST /Users is answered with 409 Conflict: userName alan.okeefe@acme.example.com is taken (2 times): alan
      1 group  PATCH /Groups/46718047-7f76-453a-919d-413861904646 is answered with 404 Not Found: no such member: security

    sent, but not kept
      1 user  the target did not keep title: grace

    skipped
      1 user  not assigned (2 times): jun

    === the target is not what the directory says

    --- users/alan
    alan.okeefe@acme.example.com
      wrong     was not provisioned: POST /Users is answered with 409 Conflict: userName
                alan.okeefe@acme.example.com is taken

    --- users/grace
    grace@acme.example.com
      wrong     `title` differs
      expected  "VP Engineering"
      got       nothing

        > GET /Users/11d2ac11-7f76-453a-919d-413861904646
        < 200 OK (3.4 ms)
        < Content-Type: application/scim+json
        {
          "active": true,
          "userName": "grace@acme.example.com"
        }

      as curl   curl -sS -i https://app.example.test/scim/v2/Users/11d2ac11-7f76-453a-919d-413861904646 -H "Authorization: Bearer $SCIM_TOKEN" -H 'Accept: application/scim+json'

    --- users/lin
    lin@acme.example.com
      wrong     is disabled in the directory and can still log in
      expected  active: false
      got       active: true

        > PATCH /Users/0004d12a-7f76-453a-919d-413861904646
        > Content-Type: application/scim+json
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
        < 200 OK (3.4 ms)
        < Content-Type: application/scim+json
        {
          "id": "0004d12a-7f76-453a-919d-413861904646"
        }

        > GET /Users/0004d12a-7f76-453a-919d-413861904646
        < 200 OK (3.4 ms)
        < Content-Type: application/scim+json
        {
          "active": true,
          "userName": "lin@acme.example.com"
        }

      as curl   curl -sS -i -X PATCH https://app.example.test/scim/v2/Users/0004d12a-7f76-453a-919d-413861904646 -H "Authorization: Bearer $SCIM_TOKEN" -H 'Accept: application/scim+json' -H 'Content-Type: application/scim+json' --data-raw '{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"Replace","path":"active","value":"False"}]}'
                curl -sS -i https://app.example.test/scim/v2/Users/0004d12a-7f76-453a-919d-413861904646 -H "Authorization: Bearer $SCIM_TOKEN" -H 'Accept: application/scim+json'

    --- groups/security
    Security
      wrong     1 of 2 members are missing: alan
      expected  2 members
      got       1 members

        > GET /Groups/46718047-7f76-453a-919d-413861904646
        < 200 OK (3.4 ms)
        < Content-Type: application/scim+json
        {
          "members": [
            {
              "value": "11d2ac11-7f76-453a-919d-413861904646"
            }
          ]
        }

      as curl   curl -sS -i https://app.example.test/scim/v2/Groups/46718047-7f76-453a-919d-413861904646 -H "Authorization: Bearer $SCIM_TOKEN" -H 'Accept: application/scim+json'

    === could not be judged
      error 1  GET /Groups got no answer: no answer within 10 s: groups/sales

    47 requests in 0.3 s: 152/s; answers: median 1.9 ms, 90 % 3.0 ms, 99 % 8.1 ms, longest 40 ms

    3 of 5 people and 1 of 3 groups differ from what the directory says; 1 group could not be compared

    5 passed, 4 failed, 1 skipped, 1 error in 0.4 s
    "#);
    assert!(!verbose.contains("hunter2"));
}

/// 50,000 people, of whom every tenth fails to be created, and as many who are left out.
fn many() -> Vec<Event> {
    use crate::event::provisioning::{Action, CycleDone, Entry, Kind as Of, Status as Outcome};
    let sample = samples::simulate::events();
    let sampled = |is: fn(&Entry) -> bool| {
        let entries = sample.iter().filter_map(|event| match event {
            Event::Provisioned(entry) => Some(&**entry),
            _ => None,
        });
        entries.into_iter().find(|entry| is(entry)).unwrap().clone()
    };
    let created = sampled(|entry| entry.action == Action::Create && entry.kind == Of::User);
    let skipped = sampled(|entry| entry.status == Outcome::Skipped);
    let finding =
        samples::simulate::run().findings.into_iter().find(|one| one.item.id == "users/lin").unwrap();
    let mut events = vec![Event::Started {
        kind: Kind::Simulate,
        target: TargetInfo { url: "https://app.example.test/scim/v2".into(), name: "staging".into() },
        planned: 100_000,
        started: jiff::Timestamp::UNIX_EPOCH,
        options: Vec::new(),
    }];
    let entry = |entry| Event::Provisioned(Box::new(entry));
    events.extend((0..50_000).map(|n| entry(Entry { key: format!("left{n}"), ..skipped.clone() })));
    events.push(Event::Phase { cycle: 1, what: "users", objects: 50_000 });
    events.extend((0..50_000).map(|n| {
        let (key, name) = (format!("p{n:05}"), format!("p{n:05}@acme.example.com"));
        let fails = n % 10 == 0;
        let reason = fails.then(|| format!("POST /Users is answered with 409 Conflict: {name} is taken"));
        let status = if fails { Outcome::Failure } else { Outcome::Success };
        entry(Entry { key, name, status, reason, ..created.clone() })
    }));
    events.push(Event::CycleDone(Box::new(CycleDone {
        number: 1,
        time: jiff::Timestamp::UNIX_EPOCH,
        is_initial: true,
        operations: 50_000,
        failures: 5_000,
        quarantine: Some(jiff::Timestamp::UNIX_EPOCH),
        stopped: Some("GET /Users is answered with 401 Unauthorized".into()),
    })));
    events.push(Event::Phase { cycle: 1, what: "comparison", objects: 50_000 });
    events.extend((0..50_000).rev().map(|n| {
        let item = crate::event::Item { id: format!("users/p{n:05}"), ..(*finding.item).clone() };
        let item = Arc::new(item);
        Event::Finished(Box::new(match n % 10 {
            0 => Finding { item, ..finding.clone() },
            _ => Finding::plain(item, Status::Pass, ""),
        }))
    }));
    events.push(Event::Ended { elapsed: std::time::Duration::from_secs(125), interrupted: false });
    events
}

#[test]
fn of_fifty_thousand_people_a_page_is_told() {
    let (out, _) = told(&many(), Detail::Normal);
    let (head, tail) = out.split_once("--- ").unwrap();
    insta::assert_snapshot!(head, @"
    cycle 1: 50,000 users …
    FAIL     users/p00000       p00000@acme.example.com → 0004a737…: create: POST /Users is answered with 409 Conflict: p00000@acme.example.com is taken
    FAIL     users/p00010       p00010@acme.example.com → 0004a737…: create: POST /Users is answered with 409 Conflict: p00010@acme.example.com is taken
    FAIL     users/p00020       p00020@acme.example.com → 0004a737…: create: POST /Users is answered with 409 Conflict: p00020@acme.example.com is taken
    FAIL     users/p00030       p00030@acme.example.com → 0004a737…: create: POST /Users is answered with 409 Conflict: p00030@acme.example.com is taken
    FAIL     users/p00040       p00040@acme.example.com → 0004a737…: create: POST /Users is answered with 409 Conflict: p00040@acme.example.com is taken
    FAIL     users/p00050       p00050@acme.example.com → 0004a737…: create: POST /Users is answered with 409 Conflict: p00050@acme.example.com is taken
    FAIL     users/p00060       p00060@acme.example.com → 0004a737…: create: POST /Users is answered with 409 Conflict: p00060@acme.example.com is taken
    FAIL     users/p00070       p00070@acme.example.com → 0004a737…: create: POST /Users is answered with 409 Conflict: p00070@acme.example.com is taken
    FAIL     users/p00080       p00080@acme.example.com → 0004a737…: create: POST /Users is answered with 409 Conflict: p00080@acme.example.com is taken
    FAIL     users/p00090       p00090@acme.example.com → 0004a737…: create: POST /Users is answered with 409 Conflict: p00090@acme.example.com is taken
    FAIL     users/p00100       p00100@acme.example.com → 0004a737…: create: POST /Users is answered with 409 Conflict: p00100@acme.example.com is taken
    FAIL     users/p00110       p00110@acme.example.com → 0004a737…: create: POST /Users is answered with 409 Conflict: p00110@acme.example.com is taken
    FAIL     users/p00120       p00120@acme.example.com → 0004a737…: create: POST /Users is answered with 409 Conflict: p00120@acme.example.com is taken
    FAIL     users/p00130       p00130@acme.example.com → 0004a737…: create: POST /Users is answered with 409 Conflict: p00130@acme.example.com is taken
    FAIL     users/p00140       p00140@acme.example.com → 0004a737…: create: POST /Users is answered with 409 Conflict: p00140@acme.example.com is taken
    FAIL     users/p00150       p00150@acme.example.com → 0004a737…: create: POST /Users is answered with 409 Conflict: p00150@acme.example.com is taken
    FAIL     users/p00160       p00160@acme.example.com → 0004a737…: create: POST /Users is answered with 409 Conflict: p00160@acme.example.com is taken
    FAIL     users/p00170       p00170@acme.example.com → 0004a737…: create: POST /Users is answered with 409 Conflict: p00170@acme.example.com is taken
    FAIL     users/p00180       p00180@acme.example.com → 0004a737…: create: POST /Users is answered with 409 Conflict: p00180@acme.example.com is taken
    FAIL     users/p00190       p00190@acme.example.com → 0004a737…: create: POST /Users is answered with 409 Conflict: p00190@acme.example.com is taken
    … and 4,980 more that failed: `--log csv=FILE` lists everything
    cycle 1, initial, 1970-01-01 00:00 UTC: users 45,000 created, 50,000 skipped, 5,000 failed
      stopped   GET /Users is answered with 401 Unauthorized
      in quarantine since 1970-01-01 00:00 UTC
    comparing 50,000 people and groups …

    provisioning log, 1 cycle  success   skipped   failure
      user  create              45,000         -     5,000
      user  no action                -    50,000         -

    failed
      5,000 users  POST /Users is answered with 409 Conflict: … is taken: p00000, p00010, p00020, p00030, p00040 and 4,995 more

    skipped
      50,000 users  not assigned: left0, left1, left2, left3, left4 and 49,995 more

    === the target is not what the directory says
      5,000 users  is disabled in the directory and can still log in: p49990, p49980, p49970, p49960, p49950 and 4,995 more
    ");
    let end: Vec<&str> = tail.lines().rev().take(6).collect();
    insta::assert_snapshot!(end.into_iter().rev().collect::<Vec<_>>().join("\n"), @"

    … and 4,990 more differ: `--report json=FILE` has all of them

    5,000 of 50,000 people differ from what the directory says

    45000 passed, 5000 failed in 2 min 5 s
    ");
    assert!(out.len() < 32 * 1024, "{}", out.len());
}

#[test]
fn of_fifty_thousand_people_the_evidence_of_the_first_ones_is_kept() {
    let mut run = crate::report::collected::Collected::new();
    many().iter().for_each(|event| run.observe(event));
    assert_eq!(run.findings.len(), 50_000);
    assert!(run.findings.is_sorted_by(|a, b| a.item.id <= b.item.id));
    let with = run.findings.iter().filter(|finding| !finding.exchanges.is_empty()).count();
    assert_eq!(with, 1_000);
}

#[test]
fn who_watches_a_directory_sees_every_comparison() {
    let mut events = samples::simulate::events();
    let end = events.pop().unwrap();
    let again =
        events.iter().position(|event| matches!(event, Event::Phase { what: "comparison", .. })).unwrap();
    let cycle = events.iter().position(|event| matches!(event, Event::CycleDone(_))).unwrap();
    events.extend(events[cycle + 1..].to_vec());
    events.extend(events[again..again + 3].to_vec());
    events.push(end);
    let (out, _) = told(&events, Detail::Normal);
    assert_eq!(out.matches("=== the target is not what").count(), 3, "{out}");
    assert_eq!(out.matches("provisioning log, 2 cycles").count(), 1, "{out}");
    assert_eq!(out.matches("provisioning log, 3 cycles").count(), 1, "{out}");
    assert!(out.ends_with("2 passed, 1 failed in 0.4 s\n"), "{out}");
}
