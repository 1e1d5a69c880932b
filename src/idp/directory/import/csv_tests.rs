//! Tables.

use proptest::prelude::*;

use super::*;
use crate::idp::directory::{parse, write};

fn import(text: &str) -> Result<String, String> {
    let source = SourceFile::new("people.csv", text);
    match read(&source, false) {
        Ok(directory) => {
            let text = String::from_utf8(write::write(&directory, "", Vec::new()).unwrap()).unwrap();
            assert_eq!(parse(&SourceFile::new("out", text.as_str())).unwrap(), directory);
            Ok(text)
        }
        Err(found) => Err(found.iter().map(|it| it.render(false)).collect::<Vec<_>>().join("\n\n")),
    }
}

#[test]
fn a_table_becomes_a_directory() {
    let text = "\u{feff}userName;Given Name;family_name;email;phone;Mobile;department;employeeNumber;manager;status;groups;addresses.locality;emails.primary\r\n\
        zoe@a.test;Zoë;\"Müller; geb. Lang\";zoe@a.test;+49 30 23125 001;0170;R&D;007;ADA@a.test;Suspended;\"Staff; R&D\";Berlin;true\r\n\
        \r\n;;;\r\n\
        ada@a.test;Ada;;;;;;;;;Staff\r\n";
    insta::assert_snapshot!(import(text).unwrap(), @r#"
    people:
      zoe:
        userName: zoe@a.test
        name: { givenName: Zoë, familyName: "Müller; geb. Lang" }
        emails:
          - { value: zoe@a.test, type: work, primary: true }
        phoneNumbers:
          - { value: "+49 30 23125 001", type: work }
          - { value: "0170", type: mobile }
        addresses:
          - { locality: Berlin, type: work }
        urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:
          department: R&D
          employeeNumber: "007"
        manager: ada
        status: suspended
      ada:
        userName: ada@a.test
        name: { givenName: Ada }
    groups:
      staff:
        displayName: Staff
        members: [zoe, ada]
      r-d:
        displayName: R&D
        members: [zoe]
    "#);
}

#[test]
fn a_quote_that_is_never_closed_loses_nobody() {
    let told: Vec<String> = [
        "userName,title,department\na,\"Boss,X\nb,Y,Z\nc,Q,R\n",
        "userName,title,department\na,\"Boss,X\nb,\"Y\",Z\n",
        "userName,\"title\na,b\n",
        "userName,title\na,\"the \"\"old\n",
        "userName,password\na,\"x\n",
    ]
    .iter()
    .map(|text| import(text).unwrap_err())
    .collect();
    insta::assert_snapshot!(told.join("\n\n"));
    for fine in [
        "userName,title\na,5\" pipe\n",
        "userName,title\na,5\"\" pipe\n",
        "userName,title\na,\"the \"\"old\"\" site\"\r\n\"b\" ,\"\"\"x\"\"\"\n",
        "userName,title\na,\"two\nlines\"",
        "userName,title\na,\"\"\nb,\"\"",
    ] {
        import(fine).unwrap();
    }
}

#[test]
fn separators_are_found() {
    for text in [
        "userName,title\na,T\n",
        "userName;title\na;T\n",
        "userName\ttitle\na\tT\n",
        "userName,\"title\"\ra,T",
    ] {
        assert!(import(text).unwrap().contains("title: T"), "{text}");
    }
    assert!(import("userName\na\nb\n").unwrap().contains("  b:"));
}

#[test]
fn mistakes_are_shown_at_their_row() {
    insta::assert_snapshot!(import("userName,titel,password,groups.value,name,,manager,xyzzy\n").unwrap_err(), @"
    error: column 2: `titel` is not known
     --> people.csv:1:10
      |
    1 | userName,titel,password,groups.value,name,,manager,xyzzy
      |          ^^^^^ this column
      |
      = help: did you mean `title`?

    error: column 3: `password` holds secrets, which no directory keeps
     --> people.csv:1:16
      |
    1 | userName,titel,password,groups.value,name,,manager,xyzzy
      |                ^^^^^^^^ this column

    error: column 4: `groups.value` is given by the target
     --> people.csv:1:25
      |
    1 | userName,titel,password,groups.value,name,,manager,xyzzy
      |                         ^^^^^^^^^^^^ this column

    error: column 5: `name` has several parts: name one, such as `name.givenName`
     --> people.csv:1:38
      |
    1 | userName,titel,password,groups.value,name,,manager,xyzzy
      |                                      ^^^^ this column

    error: column 6 has no name
     --> people.csv:1:1
      |
    1 | userName,titel,password,groups.value,name,,manager,xyzzy
      | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ this column

    error: column 8: `xyzzy` is not known
     --> people.csv:1:52
      |
    1 | userName,titel,password,groups.value,name,,manager,xyzzy
      |                                                    ^^^^^ this column
      |
      = help: columns that cannot be used are left out with `--ignore-unknown`
    ");
    insta::assert_snapshot!(import("email,phone\n").unwrap_err(), @"
    error: the table has no column `userName`
     --> people.csv:1:1
      |
    1 | email,phone
      | ^^^^^^^^^^^ the first row
      |
      = help: people are known by it; rename the column that holds it
    ");
    let rows = "userName,manager,status,active,roles.primary\n\
        ada,,suspendd,,\n\
        ,ada,,,\n\
        ADA,,,,\n\
        bob,adah,,maybe,2\n\
        eve,a,b,c,d,e\n";
    insta::assert_snapshot!(import(rows).unwrap_err(), @"
    error: `suspendd` is not a status
     --> people.csv:2:6
      |
    2 | ada,,suspendd,,
      |      ^^^^^^^^ not known
      |
      = note: known are `active`, `suspended`, `deleted`
      = help: did you mean `suspended`?

    error: a row without `userName`
     --> people.csv:3:1
      |
    3 | ,ada,,,
      | ^^^^^^^ this row

    error: two people with the userName `ADA`
     --> people.csv:4:1
      |
    2 | ada,,suspendd,,
      | --------------- first here
    3 | ,ada,,,
    4 | ADA,,,,
      | ^^^ again here

    error: no row has the userName `adah` of this manager
     --> people.csv:5:5
      |
    5 | bob,adah,,maybe,2
      |     ^^^^ not known
      |
      = help: did you mean `ada`?

    error: `maybe` is neither `true` nor `false`
     --> people.csv:5:11
      |
    5 | bob,adah,,maybe,2
      |           ^^^^^ not known

    error: `2` is neither `true` nor `false`
     --> people.csv:5:17
      |
    5 | bob,adah,,maybe,2
      |                 ^ not known

    error: a row of 6 cells below 5 columns
     --> people.csv:6:1
      |
    6 | eve,a,b,c,d,e
      | ^^^^^^^^^^^^^ this row
      |
      = help: put a cell that holds the separator into quotes
    ");
    insta::assert_snapshot!(import("").unwrap_err(), @"error: `people.csv` is empty");
}

#[test]
fn unknown_columns_can_be_left_out() {
    let source = SourceFile::new("a", "userName,shoe size,password\nada,42,hunter2\n");
    let directory = read(&source, true).unwrap();
    assert_eq!(directory.people[0].attributes.len(), 1);
}

#[test]
fn rows_with_passwords_are_not_shown() {
    let source = SourceFile::new("a.csv", "userName,Password,manager\nada,hunter2,eve\nADA,hunter2,\n");
    let found = read(&source, true).unwrap_err();
    let shown = found.iter().map(|it| it.render(false)).collect::<Vec<_>>().join("\n\n");
    assert!(!shown.contains("hunter2"));
    insta::assert_snapshot!(shown, @"
    error: a.csv, line 2: no row has the userName `eve` of this manager
     |
     = note: rows are not shown, because the table has a column of secrets

    error: a.csv, line 3: two people with the userName `ADA`
     |
     = note: rows are not shown, because the table has a column of secrets
    ");
}

proptest! {
    #[test]
    fn no_table_panics(rows in proptest::collection::vec(proptest::collection::vec("[a-c,;\"\\té ]{0,5}", 0..5), 0..6)) {
        let rows: Vec<String> = rows.iter().map(|row| row.join(",")).collect();
        let text = format!("userName,manager,groups,status\n{}", rows.join("\n"));
        let _ = import(&text);
        let _ = import(&rows.join("\n"));
    }
}
