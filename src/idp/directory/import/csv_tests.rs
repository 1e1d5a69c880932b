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
    insta::assert_snapshot!(import(text).unwrap(), @"");
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
    insta::assert_snapshot!(import("userName,titel,password,groups.value,name,,manager,xyzzy\n").unwrap_err(), @"");
    insta::assert_snapshot!(import("email,phone\n").unwrap_err(), @"");
    let rows = "userName,manager,status,active,roles.primary\n\
        ada,,suspendd,,\n\
        ,ada,,,\n\
        ADA,,,,\n\
        bob,adah,,maybe,2\n\
        eve,a,b,c,d,e\n";
    insta::assert_snapshot!(import(rows).unwrap_err(), @"");
    insta::assert_snapshot!(import("").unwrap_err(), @"");
}

#[test]
fn unknown_columns_can_be_left_out() {
    let source = SourceFile::new("a", "userName,shoe size,password\nada,42,hunter2\n");
    let directory = read(&source, true).unwrap();
    assert_eq!(directory.people[0].attributes.len(), 1);
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
