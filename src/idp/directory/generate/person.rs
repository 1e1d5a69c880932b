//! One person.

use serde_json::{Map, Value, json};

use super::super::{ENTERPRISE, Person, PersonStatus};
use super::names::{CULTURES, Culture, DEPARTMENTS, MOBILE, OFFICES, Office};
use super::random::Random;
use super::{Plan, Taken};

/// So many people report to somebody who has people.
const REPORTS: usize = 7;

/// The heads of the departments come directly behind the first person.
const HEADS: usize = DEPARTMENTS.len();

/// Index of the manager of a person; the first one has none.
pub(super) fn manager(index: usize) -> Option<usize> {
    match index {
        0 => None,
        index if index <= HEADS => Some(0),
        index => Some(1 + (index - HEADS - 1) / REPORTS),
    }
}

/// Index of the department: that of the head at the end of the chain of managers.
fn department(index: usize) -> usize {
    let mut index = index.max(1);
    while index > HEADS {
        index = manager(index).unwrap_or(1);
    }
    index - 1
}

pub(super) fn person(
    plan: &Plan,
    index: usize,
    manager: Option<String>,
    random: &mut Random,
    taken: &mut Taken,
) -> Person {
    let culture = culture(random);
    let (given, given_ascii) = random.one(culture.given);
    let (family, family_ascii) = random.one(culture.family);
    let local = format!("{given_ascii}.{family_ascii}");
    let count = taken.names.entry(local.clone()).and_modify(|count| *count += 1).or_insert(1);
    let local = if *count > 1 { format!("{local}{count}") } else { local };
    let user_name = format!("{local}@{}", plan.domain);
    let display = match culture.is_family_first {
        true => format!("{family}{}{given}", culture.joint),
        false => format!("{given}{}{family}", culture.joint),
    };
    let office = &OFFICES[random.below(OFFICES.len() as u64) as usize];
    let (department, division, titles) = DEPARTMENTS[department(index)];
    let user_type = match random.below(100) {
        0..82 => "Employee",
        82..94 => "Contractor",
        _ => "Intern",
    };
    let title = match index {
        0 => "Chief Executive Officer".to_owned(),
        index if index <= HEADS => format!("Head of {department}"),
        // Whoever has people of their own leads them.
        index if HEADS + 1 + (index - 1) * REPORTS < plan.people => format!("Lead {}", titles[1]),
        _ => random.one(&titles).to_owned(),
    };

    let mut attributes = Map::new();
    let mut put = |name: &str, value: Value| drop(attributes.insert(name.to_owned(), value));
    put("userName", user_name.clone().into());
    put("externalId", format!("{:016x}", random.any()).into());
    put("name", name(&display, given, family, random));
    put("displayName", display.into());
    if random.is(8) {
        put("nickName", given.chars().take(3).collect::<String>().into());
    }
    if random.is(10) {
        put("profileUrl", format!("https://people.{}/{local}", plan.domain).into());
    }
    put("title", title.into());
    put("userType", user_type.into());
    put("preferredLanguage", culture.language.into());
    if random.is(60) {
        put("locale", culture.language.into());
        put("timezone", office.timezone.into());
    }
    let mut emails = vec![json!({ "value": user_name, "type": "work", "primary": true })];
    if random.is(10) {
        emails.push(json!({ "value": format!("{local}@home.{}", plan.domain), "type": "home" }));
    }
    put("emails", emails.into());
    if random.is(75) {
        put("phoneNumbers", phones(office, random).into());
    }
    if random.is(45) {
        put("addresses", json!([address(office, random)]));
    }
    for (name, value) in rare(&local, plan, random) {
        put(name, value);
    }
    put(ENTERPRISE, enterprise(index, department, division, random));
    let status = match random.below(1_000) {
        0..20 if index > HEADS => PersonStatus::Suspended,
        20..23 if index > HEADS => PersonStatus::Deleted,
        _ => PersonStatus::Active,
    };
    Person { key: taken.keys.key(&local, "person"), attributes, manager, status }
}

fn culture(random: &mut Random) -> &'static Culture {
    let mut at = random.below(CULTURES.iter().map(|culture| culture.share).sum());
    let found = CULTURES.iter().find(|culture| match at.checked_sub(culture.share) {
        None => true,
        Some(rest) => {
            at = rest;
            false
        }
    });
    found.unwrap_or(&CULTURES[0])
}

fn name(display: &str, given: &str, family: &str, random: &mut Random) -> Value {
    let mut name = json!({ "givenName": given, "familyName": family });
    let mut formatted = display.to_owned();
    if random.is(4) {
        let prefix = random.one(&["Dr.", "Prof.", "Mx."]);
        name["honorificPrefix"] = prefix.into();
        formatted = format!("{prefix} {formatted}");
    }
    if random.is(8) {
        name["middleName"] = random.one(&["Lee", "Ravi", "Noor", "José", "Alex"]).into();
    }
    if random.is(1) {
        let suffix = random.one(&["Jr.", "III", "PhD"]);
        name["honorificSuffix"] = suffix.into();
        formatted = format!("{formatted} {suffix}");
    }
    name["formatted"] = formatted.into();
    name
}

fn phones(office: &Office, random: &mut Random) -> Vec<Value> {
    let mut digits = |count: u32| {
        let width = count as usize;
        format!("{:0width$}", random.below(10u64.pow(count)))
    };
    let work = format!("{}{}", office.phone, digits(office.digits));
    let mobile = format!("{MOBILE}{}", digits(3));
    let mut phones = vec![json!({ "value": work, "type": "work", "primary": true })];
    match random.below(100) {
        0..40 => phones.push(json!({ "value": mobile, "type": "mobile" })),
        40..42 => phones.push(json!({ "value": work, "type": "fax", "display": "Fax" })),
        _ => {}
    }
    phones
}

fn address(office: &Office, random: &mut Random) -> Value {
    let mut address = json!({
        "type": "work",
        "streetAddress": office.street,
        "locality": office.city,
        "region": office.region,
        "postalCode": office.postal_code,
        "country": office.country,
    });
    if random.is(5) {
        address["formatted"] =
            format!("{}\n{} {}\n{}", office.street, office.postal_code, office.city, office.country).into();
        address["primary"] = true.into();
    }
    address
}

/// Attributes that few directories fill.
fn rare(local: &str, plan: &Plan, random: &mut Random) -> Vec<(&'static str, Value)> {
    let mut found = Vec::new();
    if random.is(2) {
        found.push(("ims", json!([{ "value": local, "type": "xmpp" }])));
    }
    if random.is(3) {
        let url = format!("https://people.{}/{local}.jpg", plan.domain);
        found.push(("photos", json!([{ "value": url, "type": "photo" }])));
    }
    if random.is(3) {
        let value = random.one(&["vpn", "source-code", "travel-premium"]);
        found.push(("entitlements", json!([{ "value": value, "display": value, "primary": true }])));
    }
    if random.is(6) {
        let value = random.one(&["approver", "auditor", "on-call", "first-aider"]);
        found.push(("roles", json!([{ "value": value, "type": "business" }])));
    }
    if random.is(1) {
        // Base64, but no certificate of anybody.
        found.push(("x509Certificates", json!([{ "value": "SW52ZW50ZWQgYW5kIG5vIGNlcnRpZmljYXRl" }])));
    }
    found
}

fn enterprise(index: usize, department: &str, division: &str, random: &mut Random) -> Value {
    let mut enterprise = json!({
        "employeeNumber": format!("{:06}", 100_000 + index),
        "department": department,
    });
    if random.is(70) {
        enterprise["costCenter"] = format!("{}", 4_000 + 10 * random.below(60)).into();
    }
    if random.is(50) {
        enterprise["division"] = division.into();
    }
    if random.is(30) {
        enterprise["organization"] = random.one(&["Acme", "Acme Nord GmbH", "Acme Trading Ltd."]).into();
    }
    enterprise
}
